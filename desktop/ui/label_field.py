"""Where a person types a label: completes from known classes, takes new ones."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from desktop.ui.ports import ReadPort

_LIMIT = 50


class LabelField(QLineEdit):
    """A line with completion. Enter commits, Esc leaves. GUI thread."""

    committed = Signal(str)
    left = Signal()  # Esc: the keys should go back to the pictures
    hintChanged = Signal(str)

    def __init__(self, read: ReadPort) -> None:
        super().__init__()
        self._read = read
        self._model_ref = ""
        self._known: dict[str, str] = {}
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        # The library filters, by any part of the name and with used classes first.
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(10)
        completer.activated.connect(self._take_completion)
        self.setCompleter(completer)
        self._completer = completer
        self._popup = QListView()
        completer.setPopup(self._popup)
        self.setClearButtonEnabled(True)
        self.setPlaceholderText(self.tr("Type a label (L)"))
        self.setAccessibleName(self.tr("Label"))
        self.setAccessibleDescription(self.tr("Type part of a class name; Enter sets the label, Escape leaves"))
        self.textEdited.connect(self._ask)
        self.returnPressed.connect(self._commit)

    def set_model_ref(self, ref: str) -> None:
        """Complete from the classes of another model, besides those that people have used."""
        self._model_ref = ref

    def begin(self) -> None:
        """Take the keys, and offer the classes used so far."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
        self._ask(self.text())

    def _ask(self, text: str) -> None:
        ref = self._model_ref
        self._read.ask(
            "completion", lambda view: view.class_names(text, _LIMIT, ref), lambda names: self._offer(text, names)
        )

    def _offer(self, text: str, names: list[str]) -> None:
        if text != self.text() or not self.hasFocus():
            return
        self._known = {name.casefold(): name for name in names}
        self._names.setStringList(names)
        if names and not (len(names) == 1 and names[0].casefold() == text.strip().casefold()):
            self._completer.complete()
        else:
            self._popup.hide()
        self._hint(text.strip())

    def _hint(self, text: str) -> None:
        if not text:
            self.hintChanged.emit("")
        elif text.casefold() in self._known:
            self.hintChanged.emit(
                self.tr("Enter sets \N{LEFT DOUBLE QUOTATION MARK}{0}\N{RIGHT DOUBLE QUOTATION MARK}.").format(
                    self._known[text.casefold()]
                )
            )
        else:
            self.hintChanged.emit(
                self.tr(
                    "Enter adds the new class \N{LEFT DOUBLE QUOTATION MARK}{0}\N{RIGHT DOUBLE QUOTATION MARK}."
                ).format(text)
            )

    def _take_completion(self, text: str) -> None:
        # After the completer has written it into the line, which it does on the same signal.
        QTimer.singleShot(0, self, lambda: self._commit_text(text))

    def _commit(self) -> None:
        self._commit_text(self.text())

    def _commit_text(self, text: str) -> None:
        text = " ".join(text.split())
        self._popup.hide()
        self.clear()
        self.hintChanged.emit("")
        if text:
            # The spelling of a known class counts, however it was typed.
            self.committed.emit(self._known.get(text.casefold(), text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.hintChanged.emit("")
            self.left.emit()
        elif event.key() == Qt.Key.Key_Down and not self._popup.isVisible():
            self._ask(self.text())
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Esc is a shortcut of the window too; here it belongs to the field.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)
