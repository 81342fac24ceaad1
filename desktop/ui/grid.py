"""The grid of pictures: what mouse, keys and screen readers do with the surface of tiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip

from desktop.ui.drag_out import DragOut
from desktop.ui.ports import ReadPort, ThumbnailPort
from desktop.ui.problems_view import printable
from desktop.ui.tile_painter import GAP_PX, percent
from desktop.ui.tile_surface import MAX_TILE_PX, MIN_TILE_PX, TileSurface
from engine.schemas.library import Tile

__all__ = ["MAX_TILE_PX", "MIN_TILE_PX", "AssetGrid"]

_AUTOSCROLL_MS = 16
_NOTCH = 120
_NONE = Qt.KeyboardModifier.NoModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_CTRL = Qt.KeyboardModifier.ControlModifier


class AssetGrid(TileSurface):
    """A grid of contents that stays quick with a million of them. GUI thread."""

    currentChanged = Signal(object)  # content id or None
    selectionChanged = Signal()
    activated = Signal(object)  # content id: double click or Space
    contextMenuRequested = Signal(QPoint)  # on the screen

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__(read, thumbnails)
        self._drag_out = DragOut(read, self)
        self._press: QPoint | None = None
        self._select_on_release: int | None = None
        self._band_from: QPoint | None = None  # in the coordinates of the content
        self._band_to = QPoint()
        self._band_mask: NDArray[np.bool_] | None = None
        self._wheel_rest = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Pictures"))
        self._autoscroll = QTimer(self)
        self._autoscroll.setInterval(_AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._scroll_band)

    # What is shown and chosen

    def set_ids(self, ids: NDArray[np.int64]) -> None:
        """Show these contents; current item, selection and what is on the screen stay where they are still there."""
        before, n_before = self.current_id(), self._selection.n
        self._end_band()
        self._show_ids(ids)
        self._tell(before, n_before)

    def reset(self) -> None:
        """Forget everything: another library."""
        before, n_before = self.current_id(), self._selection.n
        super().reset()
        self._tell(before, n_before)

    def current_id(self) -> int | None:
        """The current content."""
        return self._selection.current_id

    def current_place(self) -> int:
        """Place of the current content in the grid's order, from 0; -1 without one."""
        return self._selection.current

    def selected_ids(self) -> list[int]:
        """The selection in the grid's order, or else the current content."""
        return self._selection.selected()

    def n_selected(self) -> int:
        """Length of `selected_ids`, without making it."""
        return self._selection.n

    def set_current(self, content_id: int) -> None:
        """Go to a content, if it is shown."""
        found = np.flatnonzero(self._selection.ids == content_id)
        if len(found):
            self._go_to(int(found[0]), _NONE)

    def step(self, by: int) -> None:
        """Move the current item."""
        self._go_to(self._selection.current + by, _NONE)

    def select_all(self) -> None:
        """Select everything shown."""
        n_before = self._selection.n
        self._selection.select_all()
        self.viewport().update()
        self._tell(self.current_id(), n_before)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def _tell(self, current_before: int | None, n_before: int | None) -> None:
        """Say what has changed; `n_before` None: the selection has in any case."""
        current = self.current_id()
        if current != current_before:
            self._describe_current()
            self.currentChanged.emit(current)
        if n_before is None or self._selection.n != n_before:
            self.selectionChanged.emit()

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        target = self._target(Qt.Key(event.key()))
        if target is not None:
            self._go_to(target, event.modifiers())
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() == Qt.Key.Key_Space and self._selection.current >= 0:
            if event.modifiers() & _CTRL:
                self._selection.toggle(self._selection.current)
                self.viewport().update()
                self._tell(self.current_id(), None)
            else:
                self.activated.emit(self.current_id())
        else:
            event.ignore()

    def _target(self, key: Qt.Key) -> int | None:
        columns, current, last = self._columns(), self._selection.current, self.count() - 1
        page = self._rows_on_page() * columns
        below = current + columns
        if below > last and current // columns < last // columns:
            below = last  # the last row is shorter
        return {
            Qt.Key.Key_Left: current - 1,
            Qt.Key.Key_Right: current + 1,
            Qt.Key.Key_Up: current - columns if current >= columns else current,
            Qt.Key.Key_Down: below if below <= last else current,
            Qt.Key.Key_PageUp: current - page if current >= page else current % columns,
            Qt.Key.Key_PageDown: current + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(key)

    def _go_to(self, place: int, modifiers: Qt.KeyboardModifier) -> None:
        """Move the current item by keys: Shift takes the way along, Ctrl leaves the selection alone."""
        if not self.count():
            return
        before = self.current_id()
        selection = self._selection
        place = 0 if selection.current < 0 and not modifiers & _SHIFT else max(0, min(place, self.count() - 1))
        if modifiers & _SHIFT:
            selection.select_range(place, keep=bool(modifiers & _CTRL))
        elif modifiers & _CTRL:
            selection.current = place
        else:
            selection.select_only(place)
        self._reveal(place)
        self.viewport().update()
        self._tell(before, None)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            event.ignore()
            return
        point = event.position().toPoint()
        place = self._place_at(point)
        if place is not None and not self._card(place).contains(point):
            place = None
        left = event.button() == Qt.MouseButton.LeftButton
        before, selection = self.current_id(), self._selection
        modifiers = event.modifiers()
        self._press, self._select_on_release = (point if left else None), None
        if place is None:
            if not modifiers & (_SHIFT | _CTRL):
                selection.clear()
        elif modifiers & _SHIFT and left:
            selection.select_range(place, keep=bool(modifiers & _CTRL))
        elif modifiers & _CTRL and left:
            selection.toggle(place)
        elif selection.is_selected(place):
            # One of several: it may be the begin of a drag of all of them.
            selection.current = place
            self._select_on_release = place if left else None
        else:
            selection.select_only(place)
        on_picture = place is not None and self._picture(place).contains(point)
        if left and on_picture:
            self._drag_out.prepare(selection.selected())
        elif left:
            self._band_from = self._in_content(point)
            self._band_mask = selection.mask()
        self.viewport().update()
        self._tell(before, None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._press is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        far = (point - self._press).manhattanLength() >= QApplication.startDragDistance()
        if self._band_from is not None:
            if far or not self._band().isEmpty():
                self._band_to = point
                self._select_band()
                self._autoscroll.start()
        elif far:
            self._press = self._select_on_release = None
            current = self.current_id()
            self._drag_out.start(self._thumbnails.peek(current) if current is not None else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            if self._select_on_release is not None and self._band().isEmpty():
                self._selection.select_only(self._select_on_release)
                self.viewport().update()
                self._tell(self.current_id(), None)
            self._press = self._select_on_release = None
            self._drag_out.forget()
            self._end_band()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._place_at(event.position().toPoint()) is not None:
            self.activated.emit(self.current_id())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        where = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self._selection.current >= 0:
            self._reveal(self._selection.current)
            where = self.viewport().mapToGlobal(self._rect(self._selection.current).center())
        self.contextMenuRequested.emit(where)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & _CTRL:
            super().wheelEvent(event)
            return
        self._wheel_rest += event.angleDelta().y()
        steps = int(self._wheel_rest / _NOTCH)
        self._wheel_rest -= steps * _NOTCH
        if steps:
            self.zoom(steps, event.position().toPoint())
        event.accept()

    def _card(self, place: int) -> QRect:
        return self._rect(place).adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)

    def _picture(self, place: int) -> QRect:
        return self._shape().picture.translated(self._rect(place).topLeft())

    # Rubber band

    def _in_content(self, point: QPoint) -> QPoint:
        return point + QPoint(0, self.verticalScrollBar().value())

    def _band(self) -> QRect:
        """The band on the viewport, empty without one."""
        if self._band_from is None or self._band_to.isNull():
            return QRect()
        return QRect(self._band_from - QPoint(0, self.verticalScrollBar().value()), self._band_to).normalized()

    def _select_band(self) -> None:
        band, columns = self._band(), self._columns()
        if self._band_mask is None or not self.count():
            return
        first, shape = self._rect(0), self._shape()
        left, right = (band.left() - first.left()) // shape.width, (band.right() - first.left()) // shape.width
        top, bottom = (band.top() - first.top()) // shape.height, (band.bottom() - first.top()) // shape.height
        rows = np.arange(max(0, top), max(0, bottom + 1))
        across = np.arange(max(0, left), min(columns, right + 1))
        places = (rows[:, None] * columns + across).ravel()
        mask = self._band_mask.copy()
        mask[places[places < self.count()]] = True
        n_before = self._selection.n
        self._selection.set_mask(mask)
        self.viewport().update()
        self._tell(self.current_id(), n_before)

    def _scroll_band(self) -> None:
        y, height = self._band_to.y(), self.viewport().height()
        by = min(0, y) + max(0, y - height)
        if by:
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + by)
            self._select_band()

    def _end_band(self) -> None:
        self._autoscroll.stop()
        if self._band_from is not None:
            self._band_from = self._band_mask = None
            self._band_to = QPoint()
            self.viewport().update()

    def _paint_over(self, painter: QPainter) -> None:
        band = self._band()
        if not band.isEmpty():
            accent = self.palette().color(QPalette.ColorRole.Highlight)
            ground = QColor(accent)
            ground.setAlpha(36)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(accent, 1))
            painter.setBrush(ground)
            painter.drawRect(band)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if self._band_from is not None:
            self.viewport().update()

    # For people who do not see the grid, or not well

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()
        self._describe_current()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(event.pos())
            row = self._rows.get(int(self._selection.ids[place])) if place is not None else None
            if row is not None and place is not None:
                QToolTip.showText(event.globalPos(), "\n".join(self._words(row)), self.viewport(), self._rect(place))
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def _rows_came(self, content_ids: list[int]) -> None:
        super()._rows_came(content_ids)
        if self.current_id() in content_ids:
            self._describe_current()

    def _words(self, row: Tile) -> list[str]:
        """What a tile shows, in words."""
        words = [printable(row.name)]
        if row.label_state == "accepted" and row.label:
            words.append(self.tr("Labelled {0}").format(row.label))
        elif row.label_state == "rejected":
            words.append(self.tr("Prediction rejected"))
        if row.top1 is not None and row.confidence is not None:
            words.append(self.tr("Prediction: {0}, {1}").format(row.top1, percent(row.confidence)))
        if row.n_files > 1:
            words.append(self.tr("{0} files with this content").format(row.n_files))
        return words

    def _describe_current(self) -> None:
        current = self.current_id()
        row = self._rows.get(current) if current is not None else None
        words = self._words(row) if row is not None else []
        if current is not None:
            words.append(self.tr("item {0} of {1}").format(self._selection.current + 1, self.count()))
        if self._selection.n_marked > 1:
            words.append(self.tr("{0} selected").format(self._selection.n_marked))
        text = ", ".join(words)
        if text == self.accessibleDescription():
            return
        self.setAccessibleDescription(text)
        if QAccessible.isActive() and self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))
