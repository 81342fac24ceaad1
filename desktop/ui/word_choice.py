"""The choice below the search field: pictures of the words that are typed, where the field itself looks for names."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from desktop.ui.facts import ElidedLabel
from desktop.ui.plain_text import printable
from desktop.ui.word_query import WordQuery, parsed

KEYS = "Ctrl+Return"
_WIDTH_PX, _GAP_PX = 420, 2


class WordChoice(QPushButton):
    """Seen while somebody types something to look for. GUI thread.

    Parameters
    ----------
    field
        Where words are typed; the choice lies below it, over what is there.
    over
        The widget that it lies on.
    """

    searchRequested = Signal(object)  # WordQuery

    def __init__(self, field: QLineEdit, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("wordChoice")
        # The keys stay in the field: the choice has a key of its own.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAutoDefault(False)
        self._field, self._over = field, over
        self._has_model = False
        self.words = ElidedLabel()
        self.key = QLabel(QKeySequence(KEYS).toString(QKeySequence.SequenceFormat.NativeText))
        self.key.setProperty("role", "key")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 6, 3)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.key)
        for label in (self.words, self.key):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.clicked.connect(lambda: self.take())
        field.textChanged.connect(lambda _text: self._show())
        field.installEventFilter(self)
        over.installEventFilter(self)
        self.hide()

    @property
    def has_model(self) -> bool:
        """Whether there is a model that reads words."""
        return self._has_model

    def set_has_model(self, there: bool) -> None:
        """There is one now, or none any more."""
        self._has_model = there
        self._show()

    def take(self) -> None:
        """Search with what is typed; with nothing typed let it be typed."""
        query = parsed(self._field.text())
        if query:
            self.hide()
            self.searchRequested.emit(query)
        else:
            self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def sentence(self, query: WordQuery) -> str:
        """Say what would be looked for."""
        if not self._has_model:
            return self.tr("Search with words: add a model…")
        plus, minus = (", ".join(f"“{printable(words)}”" for words in side) for side in (query.plus, query.minus))
        if not minus:
            return self.tr("Pictures of {0}").format(plus)
        if not plus:
            return self.tr("Pictures, but not of {0}").format(minus)
        return self.tr("Pictures of {0}, but not {1}").format(plus, minus)

    def _show(self) -> None:
        query = parsed(self._field.text())
        if not query or not self._field.hasFocus():
            self.hide()
            return
        text = self.sentence(query)
        self.words.show_text(text)
        self.setAccessibleName(text)
        self._field.setAccessibleDescription(f"{text} ({self.key.text()})")
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        at = self._field.mapTo(self._over, QPoint(0, self._field.height() + _GAP_PX))
        width = min(max(_WIDTH_PX, self._field.width()), self._over.width() - 2 * _GAP_PX)
        left = max(_GAP_PX, min(at.x(), self._over.width() - width - _GAP_PX))
        layout = self.layout()
        assert layout is not None
        self.setGeometry(left, at.y(), width, max(layout.sizeHint().height(), self._field.height()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._show()
        elif event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
