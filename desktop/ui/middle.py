"""The middle of the window: one page at a time, and where the keys go when it turns."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QStackedWidget, QWidget

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PRESS = (Qt.Key.Key_Space, *_ENTER)


class Middle(QStackedWidget):
    """Pages that take each other's place. GUI thread."""

    turned = Signal(QWidget)

    def __init__(self) -> None:
        super().__init__()
        self._stands_in: dict[QWidget, QWidget] = {}

    def let_stand_in(self, page: QWidget, other: QWidget | None) -> None:
        """Show `other` from now on wherever `page` would be shown (None: the page itself again), also where it is now."""
        shown = self._stands_in.get(page, page)
        if other is None:
            self._stands_in.pop(page, None)
        else:
            self._stands_in[page] = other
        if self.currentWidget() is shown:
            self.turn_to(page)

    def turn_to(self, page: QWidget) -> None:
        """Show another page. The keys follow, unless a field or the panel has them."""
        page = self._stands_in.get(page, page)
        if self.currentWidget() is page:
            return
        # What is not seen any more must not keep the focus.
        focus = QGuiApplication.focusObject()
        elsewhere = isinstance(focus, QWidget) and focus is not self.window() and not self.isAncestorOf(focus)
        self.setCurrentWidget(page)
        self.turned.emit(page)
        if not elsewhere:
            page.setFocus()

    def take_keys(self) -> None:
        """Let the keys mean what is shown here."""
        page = self.currentWidget()
        if page is not None:
            page.setFocus()

    def event(self, event: QEvent) -> bool:
        # Space and Return mean the current picture everywhere here, as shortcuts. On a button that has the keys they mean
        # that: only an override that is accepted lets them get there.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _presses(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focus = QApplication.focusWidget()
        # Space was taken by the button itself; Return is left over on most platforms.
        if event.key() in _ENTER and _presses(event) and isinstance(focus, QAbstractButton):
            focus.click()
        else:
            super().keyPressEvent(event)


def _presses(event: QKeyEvent) -> bool:
    """Tell whether a key means the button, or the list that unfolds, that has the keys."""
    plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return plain and event.key() in _PRESS and isinstance(QApplication.focusWidget(), QAbstractButton | QComboBox)
