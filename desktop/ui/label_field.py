"""Where a person types a label: completes from known classes, takes new ones."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QModelIndex, QObject, QPointF, QRect, QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QCompleter, QLineEdit, QListView, QWidget

from desktop.ui.plain_text import isolated
from desktop.ui.ports import ReadPort

_LIMIT = 50
_VISIBLE_ROWS = 10
_MAX_WIDTH_PX = 420
_ROW_EXTRA_PX = 48  # padding, frame and scroll bar beside a name
_COMMIT_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LabelField(QLineEdit):
    """A line with completion. Enter commits what is marked in the list, else what is typed; Esc closes the list, and
    then leaves without setting anything. Going elsewhere sets what was typed. GUI thread.
    """

    committed = Signal(str)
    abandoned = Signal(str)  # typed, and the person went elsewhere without Enter or Esc
    left = Signal()  # Esc: the keys should go back to the pictures
    hintChanged = Signal(str)

    def __init__(self, read: ReadPort) -> None:
        super().__init__()
        self._read = read
        self._model_ref = ""
        self._known: dict[str, str] = {}
        self._n_asked = 0
        self._names = QStringListModel(self)
        self._popup = _Choices()
        self._popup.setAccessibleName(self.tr("Known classes"))
        self._completer = QCompleter(self._names, self)
        # The library filters, by any part of the name and with used classes first.
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(_VISIBLE_ROWS)
        self._completer.setPopup(self._popup)
        # Not setCompleter: the line would open the list itself, with the names for what was typed before.
        self._completer.setWidget(self)
        # After the completer, so before it: it would swallow the click that goes to another picture.
        self._popup.installEventFilter(self)
        self._popup.clicked.connect(self._take)
        self._popup.selectionModel().currentChanged.connect(lambda *_: self._hint())
        self.setClearButtonEnabled(True)
        self.setPlaceholderText(self.tr("Type a label (L)"))
        self.setAccessibleName(self.tr("Label"))
        self.setAccessibleDescription(self.tr("Type part of a class name; Enter sets the label, Escape leaves"))
        self.textEdited.connect(self._ask)
        self.textChanged.connect(self._forget_choices)

    def set_model_ref(self, ref: str) -> None:
        """Complete from the classes of another model, besides those that people have used."""
        self._model_ref = ref
        self._known = {}

    def forget(self) -> None:
        """Another library, which may write the same classes in another way."""
        self._end()
        self._known = {}

    def begin(self) -> None:
        """Take the keys, and offer the classes used so far."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
        self._ask(self.text())

    def take(self) -> str:
        """Return what was typed and is not set yet, and forget it. What is only marked in the list does not count."""
        typed = " ".join(self.text().split())
        self._end()
        return self._known.get(typed.casefold(), typed)

    def choices(self) -> QListView:
        """Return the list of classes under the line, which may be hidden."""
        return self._popup

    # Asking and offering

    def _ask(self, text: str) -> None:
        self._n_asked += 1
        number, ref = self._n_asked, self._model_ref
        self._read.ask(
            "completion",
            lambda view: view.class_names(text.strip(), _LIMIT, ref),
            lambda names: self._offer(number, names),
        )

    def _offer(self, number: int, names: list[str]) -> None:
        # An answer that comes when the label is set, or the field left, must not open the list again.
        if number != self._n_asked or not self.hasFocus():
            return
        self._known |= {name.casefold(): name for name in names}
        self._names.setStringList(names)
        typed = self.text().strip().casefold()
        if names and [name.casefold() for name in names] != [typed]:
            width = max(self.width(), min(_MAX_WIDTH_PX, self._popup.sizeHintForColumn(0) + _ROW_EXTRA_PX))
            self._completer.complete(QRect(0, 0, width, self.height()))
            # Nothing is marked until a key goes down: Enter means what was typed.
            self._popup.setCurrentIndex(QModelIndex())
        else:
            self._popup.hide()
        self._hint()

    def _forget_choices(self, _text: str) -> None:
        self._popup.setCurrentIndex(QModelIndex())
        self._hint()

    def _hint(self) -> None:
        name = self._name()
        if not name:
            self.hintChanged.emit("")
        elif self._marked() or name.casefold() in self._known:
            self.hintChanged.emit(self.tr("Enter sets “{0}”.").format(isolated(name)))
        else:
            self.hintChanged.emit(self.tr("Enter adds the new class “{0}”.").format(isolated(name)))

    def _marked(self) -> str:
        index = self._popup.currentIndex()
        return str(index.data()) if self._popup.isVisible() and index.isValid() else ""

    def _name(self) -> str:
        """What Enter would set now. The spelling of a known class counts, however it was typed."""
        typed = " ".join(self.text().split())
        return self._marked() or self._known.get(typed.casefold(), typed)

    # Setting and leaving

    def _take(self, index: QModelIndex) -> None:
        self._commit(str(index.data()))

    def _commit(self, name: str) -> None:
        self._end()
        if name:
            self.committed.emit(name)

    def _end(self) -> None:
        self._n_asked += 1
        self._popup.hide()
        self.clear()
        self.hintChanged.emit("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # While the list is open the completer brings all keys but those that move in the list here first.
        if event.key() in _COMMIT_KEYS:
            self._commit(self._name())
        elif event.key() == Qt.Key.Key_Escape and self._popup.isVisible():
            self._popup.hide()
            self._hint()
        elif event.key() == Qt.Key.Key_Escape:
            self._end()
            self.left.emit()
        elif event.key() == Qt.Key.Key_Down and not self._popup.isVisible():
            self._ask(self.text())
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        stays = event.reason() in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if not stays and (name := self.take()):
            self.abandoned.emit(name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            at = event.globalPosition()
            if not self._popup.rect().contains(self._popup.mapFromGlobal(at).toPoint()):
                self._popup.hide()
                _click_through(event, at)
                return True
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        # Esc and Enter are shortcuts elsewhere in the window; here they belong to the field.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Escape, *_COMMIT_KEYS)
        ):
            event.accept()
            return True
        return super().event(event)


def _click_through(event: QMouseEvent, at: QPointF) -> None:
    """Give a press to what lies under it, as if no list had been open."""
    below = QApplication.widgetAt(at.toPoint())
    if below is None:
        return
    taker: QWidget | None = below
    while taker is not None and not (taker.isEnabled() and taker.focusPolicy() & Qt.FocusPolicy.ClickFocus):
        taker = taker.parentWidget()
    if taker is not None:
        taker.setFocus(Qt.FocusReason.MouseFocusReason)
    press = QMouseEvent(event.type(), below.mapFromGlobal(at), at, event.button(), event.buttons(), event.modifiers())
    QCoreApplication.sendEvent(below, press)


class _Choices(QListView):
    """The list under the line."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("choices")
        self.setUniformItemSizes(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # the field does
