"""The grid of pictures: what mouse, keys and screen readers do with the surface of tiles."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication

from desktop.ui.drag_out import MAX_FILES, DragOut
from desktop.ui.ports import ReadPort, ThumbnailPort
from desktop.ui.rubber_band import RubberBand
from desktop.ui.score_marks import ScoreMarks
from desktop.ui.spoken import describe
from desktop.ui.tile_choice import TileChoice
from desktop.ui.tile_painter import GAP_PX
from desktop.ui.tile_surface import MAX_TILE_PX, MIN_TILE_PX
from desktop.ui.tile_tip import TileTip
from desktop.ui.tile_words import words_of

__all__ = ["MAX_TILE_PX", "MIN_TILE_PX", "AssetGrid"]

_AUTOSCROLL_MS = 16
_NOTCH = 120
_NONE = Qt.KeyboardModifier.NoModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_CTRL = Qt.KeyboardModifier.ControlModifier


class AssetGrid(TileChoice):
    """A grid of contents that stays quick with a million of them. GUI thread.

    Attributes
    ----------
    is_driven
        Whether the last list took something away from a screen that was full.
    marks
        What a ranking says of the tiles, by their places.
    """

    activated = Signal(object)  # content id: double click or Space
    contextMenuRequested = Signal(QPoint)  # on the screen

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__(read, thumbnails)
        self._drag_out = DragOut(read, self)
        self._press: QPoint | None = None
        self._select_on_release: int | None = None  # a content, not a place: the list may change meanwhile
        self._band = RubberBand()
        self.marks = ScoreMarks()
        self.tip = TileTip(read, self.viewport())
        self._wheel_rest = 0
        self.is_driven = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Pictures"))
        self._autoscroll = QTimer(self)
        self._autoscroll.setInterval(_AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._scroll_band)

    # What is shown and chosen

    def set_ids(
        self,
        ids: NDArray[np.int64],
        scores: NDArray[np.float64] | None = None,
        cut: int = 0,
        *,
        at_start: bool = False,
    ) -> None:
        """Show these contents; current item, selection and what is on the screen stay where they are still there.

        Parameters
        ----------
        scores, cut
            Of a ranking: float64 (n,), and after how many it falls apart.
        at_start
            Begin at the first item all the same, as in a new order.
        """
        if self.marks.show(scores, cut):
            self.viewport().update()
        before, bar = self._chosen(), self.verticalScrollBar()
        scroll_px, n_before, seen = bar.value(), self.count(), self._visible_ids()
        self._show_ids(ids, rests=not at_start)
        self.is_driven = n_before > len(seen) > 0 and not set(self._visible_ids()).issuperset(seen)
        self._band.shift(bar.value() - scroll_px)
        if self._band.is_open:
            self._select_band()
        if at_start:
            self.go_to_start()
        self.listed.emit()
        self._tell(before)

    def expect(self, content_ids: Iterable[int]) -> None:
        """Read the rows of contents that are about to be shown, while their places are still being read."""
        self._awaited = frozenset(content_ids)
        self._rows.expect(self._awaited)

    def reset(self) -> None:
        """Forget everything: another library."""
        before = self._chosen()
        self._end_press()
        super().reset()
        self.marks.show(None)
        self.listed.emit()
        self._tell(before)

    def go_to_start(self) -> None:
        """Begin at the first item, as in a new order; a selection of several stays."""
        if self._selection.n_marked <= 1 and self._selection.current_id is not None:
            self._go_to(0, _NONE)
        self.verticalScrollBar().setValue(0)
        self._fetch_here()

    def set_current(self, content_id: int) -> None:
        """Go to a content, if it is shown."""
        place = self._selection.place_of(content_id)
        if place >= 0:
            self._go_to(place, _NONE)

    def step(self, by: int) -> None:
        """Move the current item."""
        self._go_to(self._selection.current + by, _NONE)

    def visible_share_with_thumbnails(self) -> float:
        """Part of the visible tiles that have been painted with their picture; for benchmarks."""
        visible = self._visible_ids()
        return sum(self._cache.has_picture(content_id) for content_id in visible) / max(1, len(visible))

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        target = self._target(Qt.Key(event.key()))
        if target is not None:
            self._go_to(target, event.modifiers())
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() == Qt.Key.Key_Space and self._selection.current >= 0:
            if event.modifiers() & _CTRL:
                before = self._chosen()
                self._selection.toggle(self._selection.current)
                self.viewport().update()
                self._tell(before, selected=True)
            else:
                self.activated.emit(self.current_id())
        else:
            event.ignore()

    def _target(self, key: Qt.Key) -> int | None:
        columns, last = self._layout.columns, self.count() - 1
        page = self._layout.rows_on_page * columns
        # Without a current item every way but one leads to the first.
        nowhere = self._selection.current < 0
        current = 0 if nowhere else self._selection.current
        below = current + columns
        if below > last and current // columns < last // columns:
            below = last  # the last row is shorter
        target = {
            Qt.Key.Key_Left: current - 1,
            Qt.Key.Key_Right: current + 1,
            Qt.Key.Key_Up: current - columns if current >= columns else current,
            Qt.Key.Key_Down: below if below <= last else current,
            Qt.Key.Key_PageUp: current - page if current >= page else current % columns,
            Qt.Key.Key_PageDown: current + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(key)
        return 0 if nowhere and target is not None and key != Qt.Key.Key_End else target

    def _go_to(self, place: int, modifiers: Qt.KeyboardModifier) -> None:
        """Move the current item by keys: Shift takes the way along, Ctrl leaves the selection alone."""
        if not self.count():
            return
        before, selection = self._chosen(), self._selection
        place = max(0, min(place, self.count() - 1))
        if modifiers & _SHIFT:
            selection.select_range(place, keep=bool(modifiers & _CTRL))
        elif modifiers & _CTRL:
            selection.current = place
        else:
            selection.select_only(place)
        self._reveal(place)
        self.viewport().update()
        self._tell(before, selected=True)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            event.ignore()
            return
        point = event.position().toPoint()
        place = self._card_at(point)
        left = event.button() == Qt.MouseButton.LeftButton
        before, selection = self._chosen(), self._selection
        modifiers = event.modifiers()
        self._end_press()
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
            self._select_on_release = self.current_id() if left else None
        else:
            selection.select_only(place)
        on_picture = place is not None and self._picture(place).contains(point)
        if left and on_picture:
            self._drag_out.prepare(selection.selected(MAX_FILES), selection.n)
        elif left:
            self._band.begin(point, self.verticalScrollBar().value(), selection.marked())
        self.viewport().update()
        self._tell(before, selected=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._press is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        far = (point - self._press).manhattanLength() >= QApplication.startDragDistance()
        if self._band.is_ready:
            if far or self._band.is_open:
                self._band.pull(point)
                self._select_band()
                self._autoscroll.start()
        elif far:
            self._press = self._select_on_release = None
            current = self.current_id()
            self._drag_out.start(self._thumbnails.peek(current) if current is not None else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            before, clicked = self._chosen(), self._select_on_release
            place = self._selection.place_of(clicked) if clicked is not None and not self._band.is_open else -1
            self._end_press()
            if place >= 0:
                self._selection.select_only(place)
                self.viewport().update()
                self._tell(before, selected=True)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._card_at(event.position().toPoint()) is not None:
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

    def _end_press(self) -> None:
        self._press = self._select_on_release = None
        self._drag_out.forget()
        self._autoscroll.stop()
        if self._band.is_open:
            self.viewport().update()
        self._band.end()

    def _card_at(self, point: QPoint) -> int | None:
        """Return the place whose card, without the gaps around it, holds the point."""
        place = self._place_at(point)
        inside = place is not None and self._rect(place).adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX).contains(point)
        return place if inside else None

    def _picture(self, place: int) -> QRect:
        return self._layout.shape.picture.translated(self._rect(place).topLeft())

    # Rubber band

    def _select_band(self) -> None:
        before, scroll_px = self._chosen(), self.verticalScrollBar().value()
        places = self._layout.places_in(self._band.rect(scroll_px), scroll_px)
        self._selection.set_mask(self._band.mask(self._selection.ids, places))
        self.viewport().update()
        self._tell(before)

    def _scroll_band(self) -> None:
        y, height = self._band.end_y, self.viewport().height()
        by = min(0, y) + max(0, y - height)
        if by:
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + by)
            self._select_band()

    def _paint_over(self, painter: QPainter) -> None:
        self.marks.paint(painter, self._layout, self.verticalScrollBar().value(), self.palette(), self.font())
        self._band.paint(painter, self.verticalScrollBar().value(), self.palette())

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if self._band.is_open:
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
                words = words_of(row, self.marks.score_at(place))
                self.tip.show(event.globalPos(), row.content_id, words, self._rect(place))
            else:
                self.tip.hide()
            return True
        return super().viewportEvent(event)

    def _rows_came(self, content_ids: list[int]) -> None:
        super()._rows_came(content_ids)
        if self.current_id() in content_ids:
            self._describe_current()

    def _describe_current(self, *, aloud: bool = True) -> None:
        """Put what is current and how many are selected into words.

        Not said aloud where only the list around has grown, as it does all the time while a folder is read.
        """
        current = self.current_id()
        row = self._rows.get(current) if current is not None else None
        words = words_of(row, self.marks.score_at(self._selection.current)) if row is not None else []
        if current is not None:
            words.append(self.tr("item {0} of {1}").format(f"{self._selection.current + 1:,}", f"{self.count():,}"))
        if self._selection.n_marked > 1:
            words.append(self.tr("{0} selected").format(f"{self._selection.n_marked:,}"))
        text = ", ".join(words)
        describe(self, text, aloud=aloud)
