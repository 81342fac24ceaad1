"""Things in a row, one of them the current one, each with a cross that takes it out: what wells and chips have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.ui.plain_text import tooltip


class Strip(QWidget):
    """Arrows go along it, Delete and a click on a cross take out. A subclass says where things lie, and paints them. GUI thread.

    Attributes
    ----------
    things
        What lies in it, in order. To be changed by `put`.
    current, hovered
        Places; `hovered` is -1 where the mouse is over none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.things: tuple[Any, ...] = ()
        self.current = 0
        self.hovered = -1
        self._pressed: Any = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def put(self, things: Sequence[Any], current: int) -> None:
        """Let other things lie in it."""
        self.things = tuple(things)
        self.current = max(0, min(current, len(self.things) - 1))
        self.hovered, self._pressed = -1, None
        self.setAccessibleDescription(self.described())
        self.updateGeometry()
        self.update()

    def rect_of(self, place: int) -> QRect:
        """Return where a thing lies."""
        raise NotImplementedError

    def cross_of(self, place: int) -> QRect:
        """Return where a click takes it out."""
        raise NotImplementedError

    def order(self) -> Sequence[int]:
        """Return the places from the lowest to the one that lies on top, where they overlap."""
        return range(len(self.things))

    def take_out(self, place: int) -> None:
        """A person wants it out."""
        raise NotImplementedError

    def words_of(self, place: int) -> str:
        """Return what a hint says of a thing, or, at -1, of the strip."""
        raise NotImplementedError

    def described(self) -> str:
        """Return what a screen reader says."""
        raise NotImplementedError

    def is_ours(self, event: QKeyEvent) -> bool:
        """Tell whether a key belongs to the strip although it means something elsewhere in the window."""
        raise NotImplementedError

    def place_at(self, point: QPointF) -> int:
        """Return what lies at a point, -1 where there is nothing."""
        at = point.toPoint()
        return next((place for place in reversed(self.order()) if self.rect_of(place).contains(at)), -1)

    def go_to(self, place: int) -> None:
        """Make a thing the current one."""
        self.current = max(0, min(place, len(self.things) - 1))
        self.setAccessibleDescription(self.described())
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, place: int) -> None:
        if place != self.hovered:
            self.hovered = place
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        self._hover(place)
        self._pressed = None
        if place < 0:
            return
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or self.cross_of(place).contains(event.position().toPoint()):
            self._pressed = self.things[place]
        self.go_to(place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        place = self.place_at(event.position())
        if pressed is not None and place >= 0 and self.things[place] is pressed:
            self.take_out(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.go_to(self.current + step)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.things:
            self.take_out(self.current)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self.words_of(self.place_at(QPointF(event.pos())))
            QToolTip.showText(event.globalPos(), tooltip(words) if words else "", self)
            return True
        is_override = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if is_override and self.is_ours(event):  # type: ignore[arg-type]
            event.accept()
            return True
        return super().event(event)
