"""The map under mouse and keys, and for people who do not see it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QInputDevice,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QNativeGestureEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication

from desktop.ui.map_surface import MapSurface
from desktop.ui.map_walk import next_point
from desktop.ui.ports import ReadPort, ThumbnailPort
from desktop.ui.spoken import describe

Tool = Literal["move", "lasso", "rectangle"]

_REACH_PX = 9.0  # of the mouse, beyond a dot
_REVEAL_PX = 60.0
_NOTCH = 120
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_SHIFT, _CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_ALT = Qt.KeyboardModifier.AltModifier
_LEFT, _MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
_BY_KEYS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)

Chosen = tuple[int | None, int, int]


class MapCanvas(MapSurface):
    """A map to take hold of. GUI thread.

    Attributes
    ----------
    tool
        What the left button does: move the map, or draw an area. With Shift it draws in any case.
    """

    currentChanged = Signal(object)  # content id or None
    selectionChanged = Signal()
    activated = Signal(object)  # content id: double click, Space or Enter
    contextMenuRequested = Signal(QPoint)  # on the screen
    escaped = Signal()  # Escape, where there was nothing to be taken back

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__(read, thumbnails)
        self.tool: Tool = "move"
        self._press: QPointF | None = None
        self._moving: QPointF | None = None
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Map of the pictures"))

    # What is chosen

    def current_id(self) -> int | None:
        """The current content."""
        return self._selection.current_id

    def marked(self) -> NDArray[np.int64]:
        """What is selected, also what is not on the map."""
        return self._selection.all_marked()

    def set_selection(self, marked: NDArray[np.int64], current_id: int | None) -> None:
        """Select what is selected elsewhere. Says nothing; a current point out of sight is not moved to."""
        self._selection.take_over(marked, current_id)
        self._selection_moved()
        self._describe(aloud=False)

    def set_current(self, content_id: int) -> None:
        """Go to a content, if it is on the map."""
        place = self._selection.place_of(content_id)
        if place >= 0:
            before = self._chosen()
            self._selection.select_only(place)
            self._reveal()
            self._tell(before)

    def select_all(self) -> None:
        """Select everything on the map."""
        self._select(np.arange(self.count()), add=True)

    def select_groups(self, groups: list[int]) -> None:
        """Select all points of some groups."""
        places = np.flatnonzero(np.isin(self._scene.groups, groups))
        self._select(self._scene.index.order[places])

    def reset(self) -> None:
        """Forget everything: another library."""
        before = self._chosen()
        self._stop()
        self._pictures.clear()
        self._forget()
        self._tell(before)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def _chosen(self) -> Chosen:
        return self.current_id(), self._selection.n, self._selection.n_marked

    def _tell(self, before: Chosen, *, selected: bool = False) -> None:
        now = self._chosen()
        self._selection_moved()
        self._describe()
        if now[0] != before[0]:
            self.currentChanged.emit(now[0])
        if selected or now[1:] != before[1:]:
            self.selectionChanged.emit()

    def _select(self, places: NDArray[np.intp], *, add: bool = False, take: bool = False) -> None:
        before = self._chosen()
        selection = self._selection
        selection.select_area(places, "take" if take else "add" if add else "only")
        if len(places) and not take and not (selection.current >= 0 and selection.is_selected(selection.current)):
            # What the inspector shows of them, and keys begin from: the one most in the middle.
            at = self._scene.points.places[places]
            selection.current = int(places[np.square(at - np.median(at, axis=0)).sum(axis=1).argmin()])
        self._tell(before, selected=True)

    def _reveal(self) -> None:
        place = self._current_place()
        if place is not None:
            x, y = float(self._scene.index.x[place]), float(self._scene.index.y[place])
            self._look_from(self._camera.showing(x, y, _REVEAL_PX))

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = Qt.Key(event.key()), event.modifiers()
        self._shows_focus = True
        if key in _MOVES:
            self._walk(*_MOVES[key], held)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom(-1)
        elif (key == Qt.Key.Key_0 and held & _CTRL) or key == Qt.Key.Key_Home:
            self.fit()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif key == Qt.Key.Key_Space and held & _CTRL and self._selection.current >= 0:
            before = self._chosen()
            self._selection.toggle(self._selection.current)
            self._tell(before, selected=True)
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selection.current >= 0:
            self.activated.emit(self.current_id())
        elif key == Qt.Key.Key_Escape and self._press is not None:
            self._stop()
            self.update()
        elif key == Qt.Key.Key_Escape and self._selection.n_marked > 1:
            before = self._chosen()
            self._selection.clear()
            self._tell(before, selected=True)
        elif key == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            # The window's Escape leads away: not while there is something here to be taken back.
            taken_back = self._press is not None or self._selection.n_marked > 1
            if event.key() == Qt.Key.Key_Escape and taken_back:
                event.accept()
                return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom_by(1 + event.value(), event.position())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().event(event)

    def _walk(self, dx: int, dy: int, held: Qt.KeyboardModifier) -> None:
        here = self._current_place()
        if here is None:
            x, y = self._camera.on_map(QPointF(self.width() / 2, self.height() / 2))
            place = self._scene.index.nearest(x, y, 4 * self._scene.index.side) if self.count() else None
        else:
            least = (self._raster.radius_px + 1) / self._camera.scale
            place = next_point(self._scene.index, here, dx, dy, least)
        if place is None:
            return
        before, selection = self._chosen(), self._selection
        at = int(self._scene.index.order[place])
        if held & _SHIFT:
            selection.select_area(np.array([at]), "add")
            selection.current = at
        elif held & _CTRL:
            selection.current = at
        else:
            selection.select_only(at)
        self._reveal()
        self._tell(before, selected=True)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        button, at, held = event.button(), event.position(), event.modifiers()
        self._shows_focus = False
        self._stop()
        if button == _MIDDLE or (button == _LEFT and self.tool == "move" and not held & (_SHIFT | _ALT)):
            self._press = self._moving = at
        elif button == _LEFT:
            self._press = at
            self._area.begin("rectangle" if self.tool == "rectangle" else "lasso", at)
        elif button == Qt.MouseButton.RightButton:
            self._press_for_menu(at)
        else:
            event.ignore()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is None or not event.buttons() & (_LEFT | _MIDDLE):
            self._hover(self._place_at(at))
            return
        if (at - self._press).manhattanLength() < QApplication.startDragDistance() and not self._dragging:
            return
        self._dragging = True
        if self._moving is not None:
            by, self._moving = at - self._moving, at
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._look_from(self._camera.moved(by.x(), by.y()))
        else:
            self._area.pull(at)
            self._hover(None)  # its card would lie over what is selected when the area is closed
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is None or event.button() not in (_LEFT, _MIDDLE):
            return
        held, dragged, area = event.modifiers(), self._dragging, self._area.is_open
        if area:
            inside = self._area.places(self._scene.index, self._camera)
            places = self._scene.index.order[inside]
            self._stop()
            self._select(places, add=bool(held & (_SHIFT | _CTRL)), take=bool(held & _ALT))
            return
        self._stop()
        if not dragged and event.button() == _LEFT:
            self._click(event.position(), held)
        self._hover(self._place_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == _LEFT and self._place_at(event.position()) is not None and self.current_id() is not None:
            self.activated.emit(self.current_id())

    def wheelEvent(self, event: QWheelEvent) -> None:
        fine = event.pixelDelta()
        from_pad = event.device() is not None and event.device().type() == QInputDevice.DeviceType.TouchPad
        if from_pad and not fine.isNull() and not event.modifiers() & _CTRL:
            self._look_from(self._camera.moved(fine.x(), fine.y()))
        else:
            self.zoom(event.angleDelta().y() / _NOTCH, event.position())
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        where = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self._current_place() is not None:
            self._reveal()
            at = self._at(self._current_place())
            assert at is not None
            where = self.mapToGlobal(at.toPoint())
        self.contextMenuRequested.emit(where)

    def _press_for_menu(self, at: QPointF) -> None:
        """What is under the mouse is what a menu is about, unless it is one of several selected."""
        place = self._place_at(at)
        if place is None:
            return
        before, chosen = self._chosen(), int(self._scene.index.order[place])
        if self._selection.is_selected(chosen):
            self._selection.current = chosen
        else:
            self._selection.select_only(chosen)
        self._tell(before, selected=True)

    def _click(self, at: QPointF, held: Qt.KeyboardModifier) -> None:
        place = self._place_at(at)
        before, selection = self._chosen(), self._selection
        if place is None:
            if not held & (_SHIFT | _CTRL | _ALT):
                selection.clear()
        else:
            chosen = int(self._scene.index.order[place])
            if held & _CTRL:
                selection.toggle(chosen)
            elif held & _SHIFT:
                selection.select_area(np.array([chosen]), "add")
                selection.current = chosen
            elif held & _ALT:
                selection.select_area(np.array([chosen]), "take")
            else:
                selection.select_only(chosen)
        self._tell(before, selected=True)

    def _place_at(self, at: QPointF) -> int | None:
        """Return the place in the index of the point, or of the picture, under a point of the screen."""
        for spot in self._seen_spots():
            if spot.rect.contains(at) and self._pictures.image(spot.content_id) is not None:
                return spot.place
        x, y = self._camera.on_map(at)
        return self._scene.index.nearest(x, y, (self._raster.radius_px + _REACH_PX) / self._camera.scale)

    def _hover(self, place: int | None) -> None:
        if place != self._hovered:
            self._hovered = place
            self.update()
        if self._press is None:
            drawing = self.tool != "move"
            rest = Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.OpenHandCursor
            self.setCursor(Qt.CursorShape.ArrowCursor if place is not None and not drawing else rest)

    def _zoom_by(self, factor: float, at: QPointF) -> None:
        self._look_from(self._camera.zoomed(max(0.2, factor), at, self._scene.index))

    def _stop(self) -> None:
        self._press = self._moving = None
        self._dragging = False
        self._area.end()

    # For people who do not see the map, or not well

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._shows_focus = event.reason() in _BY_KEYS
        self.update()
        self._describe()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _describe(self, *, aloud: bool = True) -> None:
        """Put what is current and how many are selected into words."""
        place = self._current_place()
        said = self._words(place) if place is not None else []
        if self._selection.n_marked > 1:
            said.append(self.tr("{0} selected").format(f"{self._selection.n_marked:,}"))
        said.append(self.tr("{0} points on the map").format(f"{self.count():,}"))
        text = ", ".join(said)
        describe(self, text, aloud=aloud)
