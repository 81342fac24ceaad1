"""Fields to choose from a list: narrow in a narrow window, with lists as wide as their names."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
)

from desktop.ui.plain_text import tooltip

_EXTRA_PX = 46  # padding and the arrow
_WIDEST_LIST_PX = 460


class Combo(QComboBox):
    """As wide as so many characters, and narrower in a narrow window; a long text ends in dots, not in half a letter.

    Parameters
    ----------
    n_chars, n_min_chars
        Width where there is room, and where there is none.
    """

    def __init__(self, n_chars: int, n_min_chars: int, elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._n_chars, self._n_min_chars, self._elide = n_chars, n_min_chars, elide
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaxVisibleItems(20)
        self.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def sizeHint(self) -> QSize:
        return QSize(self._width(self._n_chars), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width(self._n_min_chars), super().minimumSizeHint().height())

    def _width(self, n_chars: int) -> int:
        return n_chars * self.fontMetrics().averageCharWidth() + _EXTRA_PX

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.isEditable():
            super().paintEvent(event)
            return
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = self.fontMetrics().elidedText(option.currentText, self._elide, room.width() - 4)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:
        # The list may be wider than the field: names of folders and classes are long.
        content_px = self.view().sizeHintForColumn(0) + 2 * _EXTRA_PX
        self.view().setMinimumWidth(min(max(self.width(), content_px), _WIDEST_LIST_PX))
        super().showPopup()


class _Line(QLineEdit):
    """A long text ends in dots while nobody types."""

    def paintEvent(self, event: QPaintEvent) -> None:
        room = self.rect().adjusted(2, 0, -2, 0)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        if self.hasFocus() or shown == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class ClassCombo(Combo):
    """Classes to type or choose from; the first row is "any"."""

    def __init__(self, any_text: str) -> None:
        super().__init__(15, 9)
        self.setEditable(True)
        self.setLineEdit(_Line())
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItem(any_text, None)
        self._offered: list[str] = []
        self._pending: list[str] | None = None  # came while someone was choosing
        completer = QCompleter(self.model(), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(12)
        self.setCompleter(completer)
        self.line().editingFinished.connect(self._settle)
        self.currentIndexChanged.connect(self._show_beginning)

    def line(self) -> QLineEdit:
        """Return the field in which a class is typed."""
        edit = self.lineEdit()
        assert edit is not None
        return edit

    def chosen(self) -> str | None:
        value = self.itemData(self.currentIndex())
        return value if isinstance(value, str) else None

    def choose(self, name: str | None) -> None:
        index = 0 if name is None else self.findData(name)
        if index < 0:
            self.addItem(name or "", name)
            index = self.count() - 1
        self.setCurrentIndex(index)
        self._show_beginning()

    def offer(self, names: list[str]) -> None:
        """Offer these classes, keeping the choice and what is being typed."""
        names = sorted(names, key=str.casefold)
        if self.line().hasFocus() or self.view().isVisible():
            self._pending = names
            return
        self._pending = None
        if names == self._offered:
            return
        self._offered = names
        chosen = self.chosen()
        with QSignalBlocker(self):
            any_text = self.itemText(0)
            self.clear()
            self.addItem(any_text, None)
            self.addItems(names)
            for index, name in enumerate(names):
                self.setItemData(index + 1, name)
            self.choose(chosen)

    def _settle(self) -> None:
        """What was typed names a class, in full or as the only one with this part; else the choice stays."""
        text = self.currentText().strip().casefold()
        rows = [self.itemText(index).casefold() for index in range(self.count())]
        fitting = [index for index, row in enumerate(rows) if index and text in row]
        if not text:
            self.setCurrentIndex(0)
        elif text in rows:
            self.setCurrentIndex(rows.index(text))
        elif len(fitting) == 1:
            self.setCurrentIndex(fitting[0])
        self.setEditText(self.itemText(self.currentIndex()))
        self._show_beginning()
        # The field still has the keys while it says that the editing has ended.
        QTimer.singleShot(0, self, self._offer_pending)

    def _offer_pending(self) -> None:
        if self._pending is not None:
            self.offer(self._pending)

    def _show_beginning(self) -> None:
        """A long name begins at its beginning; all of it stands in the tooltip."""
        self.setToolTip(tooltip(self.chosen() or self.accessibleName()))
        if not self.line().hasFocus():
            self.line().setCursorPosition(0)
