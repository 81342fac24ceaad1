"""The virtual surface of tiles: ids for everything, rows and pictures only for what is on the screen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea

from desktop.ui.grid_selection import GridSelection
from desktop.ui.ports import ReadPort, ThumbnailPort
from desktop.ui.tile_cache import TileCache
from desktop.ui.tile_layout import MARGIN_PX, TileLayout, columns_in
from desktop.ui.tile_painter import TilePainter
from desktop.ui.tile_rows import TileRows

MIN_TILE_PX, MAX_TILE_PX = 96, 320
DEFAULT_TILE_PX = 160
_ZOOM_STEP_PX = 16
_FETCH_MS = 12
# Flying over pages faster than anyone can look: nothing is fetched but now and then, until it slows down.
_FLYING_MS = 30
_GLANCE_S = 0.15
_FRAME_MS = 8
# A frame may draw new tiles for so long; the others show what they showed before until the next frame.
_DRAW_BUDGET_S = 0.004
_DRAW_BUDGET_AT_REST_S = 0.009
_AT_REST_S = 0.05
# A tile waits so long for its picture before it is drawn without: most come at once, and drawing twice costs twice.
_PATIENCE_MS = 80
# Between frames tiles of the neighbouring pages are made ready, in slices that no one notices.
_AHEAD_SLICE_S = 0.003
_AHEAD_PAUSE_MS = 4
_LOOKS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange)


class TileSurface(QAbstractScrollArea):
    """Lays out, fetches and paints; knows no keys and no mouse. GUI thread."""

    zoomChanged = Signal(int)  # width of a tile in pixels

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__()
        self._read = read
        self._thumbnails = thumbnails
        self._rows = TileRows(read, self._rows_came, self)
        self._cache = TileCache()
        self._selection = GridSelection()
        self._tile_px = DEFAULT_TILE_PX
        self._painter: TilePainter | None = None
        self._blank: QPixmap | None = None
        self._layout = TileLayout.of(1, 1, DEFAULT_TILE_PX, 0, QFontMetrics(self.font()))
        # While only the size changes: where it was scrolled to, and what stands at the top, with what is above of it.
        self._held: tuple[int, int, int] | None = None
        self._going_up = False
        self._fetched_at, self._looked_at, self._fetched_s, self._scrolled_s = 0, 0, 0.0, 0.0
        self._dirty: set[int] = set()
        # What a person waits to see comes before all else that is on the screen with it.
        self._awaited: frozenset[int] = frozenset()
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        # All of it is painted by us: scrolling then copies what is there and paints the strip that is new.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._fetch_soon = self._single_shot(_FETCH_MS, self._fetch)
        self._paint_soon = self._single_shot(_FRAME_MS, self._paint_dirty)
        self._patience = self._single_shot(_PATIENCE_MS, lambda: self._update_tiles(self._visible_ids()))
        self._ahead_soon = self._single_shot(_AHEAD_PAUSE_MS, self._draw_ahead)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._fetch_in_a_moment())
        thumbnails.subscribe(self._thumbnails_came)

    def _single_shot(self, interval_ms: int, call: object) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=interval_ms)
        timer.timeout.connect(call)
        return timer

    # What is shown

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model."""
        if self._rows.set_model_ref(ref):
            self._fetch_in_a_moment()

    def refresh(self, content_ids: Iterable[int] | None) -> None:
        """Read rows again that have changed (all for None); the old ones are shown until then."""
        self._rows.invalidate(content_ids)
        self._fetch_in_a_moment()

    def reset(self) -> None:
        """Forget everything: another library."""
        self._rows.clear()
        self._cache.clear()
        self._dirty.clear()
        self._thumbnails.want([])
        self._selection = GridSelection()
        self._lay_out()

    def count(self) -> int:
        """Number of contents shown."""
        return len(self._selection.ids)

    @property
    def tile_side(self) -> int:
        """Least width of a tile in logical pixels."""
        return self._tile_px

    def set_tile_side(self, side_px: int, at: QPoint | None = None) -> None:
        """Make tiles larger or smaller around a point, or else around the current item."""
        if (side_px := max(MIN_TILE_PX, min(MAX_TILE_PX, side_px))) == self._tile_px:
            return
        place = self._place_near(at)
        y = self._rect(place).top()
        self._tile_px = side_px
        self._lay_out()
        self.verticalScrollBar().setValue(self._rect(place).top() + self.verticalScrollBar().value() - y)
        self._fetch_in_a_moment()
        self.zoomChanged.emit(side_px)

    def zoom(self, steps: int, at: QPoint | None = None) -> None:
        """Make tiles larger or smaller by steps, each of which can be seen."""
        width, columns = self.viewport().width(), self._layout.columns
        side_px = self._tile_px + _ZOOM_STEP_PX * steps
        if columns_in(width, side_px) == columns:
            # Tiles fill the width: they change with the number of columns only.
            other = max(1, columns - 1) if steps > 0 else columns + 1
            side_px = (width - 2 * MARGIN_PX) // other
        self.set_tile_side(side_px, at)

    def _show_ids(self, ids: NDArray[np.int64], *, rests: bool = True) -> None:
        """Go over to another list without moving what the eye rests on; where nothing rests nothing is fetched yet."""
        before = self._selection.ids
        appended = len(before) > 0 and len(ids) >= len(before) and np.array_equal(ids[: len(before)], before)
        if appended and self._visible(1, 1).stop < len(before):
            # Out of sight, and not the next to be seen either: only the scroll bar has to know.
            self._selection.set_ids(ids)
            self._measure()
            return
        resting = self._resting_points() if rests and not appended else []
        self._selection.set_ids(ids)
        self._lay_out()
        if not appended:
            self._restore(resting)
            self._fetched_at = -1  # other pictures: they are given their time to come
        if rests:
            self._fetch_here()

    def _resting_points(self) -> list[tuple[int, int]]:
        """Contents on the screen with their distance from its top: the current one first, then from the top."""
        visible = self._visible()
        current = self._selection.current
        if self.verticalScrollBar().value() == 0 and current not in visible:
            return []
        places = [current, *visible] if current in visible else list(visible)
        return [(int(self._selection.ids[place]), self._rect(place).top()) for place in places]

    def _restore(self, resting: list[tuple[int, int]]) -> None:
        ids = self._selection.ids
        there = np.isin(np.fromiter((i for i, _y in resting), np.int64, len(resting)), ids)
        bar = self.verticalScrollBar()
        if there.any():
            content_id, y = resting[int(np.argmax(there))]
            place = int(np.argmax(ids == content_id))
            bar.setValue(bar.value() + self._rect(place).top() - y)
        elif self._selection.current >= 0:
            self._reveal(self._selection.current)
        else:
            bar.setValue(0)

    # Geometry

    def _rect(self, place: int) -> QRect:
        return self._layout.rect(place, self.verticalScrollBar().value())

    def _visible(self, pages_before: int = 0, pages_after: int = 0) -> range:
        return self._layout.visible(self.verticalScrollBar().value(), pages_before, pages_after)

    def _visible_ids(self) -> list[int]:
        visible = self._visible()
        ids: list[int] = self._selection.ids[visible.start : visible.stop].tolist()
        return ids

    def _place_at(self, point: QPoint) -> int | None:
        """Return the place whose cell holds the point."""
        return self._layout.place_at(point, self.verticalScrollBar().value())

    def _place_near(self, point: QPoint | None) -> int:
        place = self._place_at(point) if point is not None else None
        if place is None:
            visible = self._visible()
            place = self._selection.current if self._selection.current in visible else visible.start
        return max(0, place)

    def _lay_out(self) -> None:
        self._measure()
        self.viewport().update()

    def _measure(self) -> None:
        """Work out where tiles are, and how far can be scrolled."""
        viewport, bar, metrics = self.viewport(), self.verticalScrollBar(), QFontMetrics(self.font())
        self._layout = TileLayout.of(viewport.width(), viewport.height(), self._tile_px, self.count(), metrics)
        height = self._layout.shape.height
        bar.setPageStep(max(height, viewport.height() - height // 2))
        bar.setSingleStep(max(1, height // 3))
        bar.setRange(0, max(0, self._layout.height_px - viewport.height()))
        bar.setEnabled(bar.maximum() > 0)  # it keeps its room; where all is on the screen it has no handle

    def _reveal(self, place: int) -> None:
        rect, bar = self._rect(place), self.verticalScrollBar()
        # Of one that is higher than the window its picture, which stands at the top.
        if rect.top() < 0 or rect.height() > self.viewport().height():
            bar.setValue(bar.value() + rect.top() - MARGIN_PX)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() + 1 + MARGIN_PX - self.viewport().height())

    # Fetching

    def _fetch_in_a_moment(self) -> None:
        if not self._fetch_soon.isActive():
            self._fetch_soon.start(_FETCH_MS)

    def _fetch_here(self) -> None:
        """Fetch at once: someone may be waiting for just these, and nobody flies by."""
        self._fetched_s = 0.0
        self._fetch()

    def _fetch(self) -> None:
        value, now_s = self.verticalScrollBar().value(), time.monotonic()
        flying = abs(value - self._fetched_at) > self.viewport().height() // 2 and value != self._looked_at
        self._looked_at = value
        if flying and now_s - self._fetched_s < _GLANCE_S:
            self._fetch_soon.start(_FLYING_MS)
            return
        if value != self._fetched_at:
            self._patience.start()
        self._fetched_at, self._fetched_s = value, now_s
        ids, visible, around = self._selection.ids, self._visible(), self._visible(1, 1)
        before, after = ids[around.start : visible.start], ids[visible.stop : around.stop]
        near = (before[::-1], after) if self._going_up else (after, before[::-1])
        self._rows.want(ids[visible.start : visible.stop], *near)
        self._wish()

    def _wish(self) -> None:
        keys = []
        for place in self._near():
            row = self._rows.get(int(self._selection.ids[place]))
            if row is not None:
                keys.append((row.content_id, row.sha256))
        keys.sort(key=lambda key: key[0] not in self._awaited)
        self._thumbnails.want(keys)
        self._ahead_soon.start()

    def _near(self) -> Iterator[int]:
        """Places on the screen, then those that come next in the direction of scrolling, then those behind."""
        visible, around = self._visible(), self._visible(1, 1)
        yield from visible
        before, after = range(visible.start - 1, around.start - 1, -1), range(visible.stop, around.stop)
        yield from (*before, *after) if self._going_up else (*after, *before)

    def _rows_came(self, content_ids: list[int]) -> None:
        self._update_tiles(content_ids)
        if not self._awaited.isdisjoint(content_ids):
            self._paint_dirty()
        self._wish()

    def _thumbnails_came(self, content_ids: list[int]) -> None:
        self._update_tiles(content_ids)
        if not self._ahead_soon.isActive():
            self._ahead_soon.start()

    def _update_tiles(self, content_ids: Iterable[int]) -> None:
        """Paint these again with the next frame: what comes until then comes with it."""
        self._dirty.update(content_ids)
        if not self._paint_soon.isActive():
            self._paint_soon.start()

    def _paint_dirty(self) -> None:
        came, self._dirty = self._dirty, set()
        dirty = QRect()
        for place, content_id in zip(self._visible(), self._visible_ids(), strict=True):
            if content_id in came:
                dirty = dirty.united(self._rect(place))
        # One rectangle: clipping to a region of a hundred costs more than copying the tiles between them.
        self.viewport().update(dirty)

    # Painting

    def _tile_painter(self) -> TilePainter:
        shape, ratio = self._layout.shape, self.devicePixelRatioF()
        if self._painter is None or self._painter.shape != shape or self._painter.ratio != ratio:
            self._painter = TilePainter(self.palette(), self.font(), shape.width, ratio)
            self._blank = self._painter.render(None, None)
            self._cache.set_measures(self._painter, len(self._visible()), ratio)
        return self._painter

    def paintEvent(self, event: QPaintEvent) -> None:
        now_s = time.perf_counter()
        until_s = now_s + (_DRAW_BUDGET_S if now_s - self._scrolled_s < _AT_REST_S else _DRAW_BUDGET_AT_REST_S)
        patient = self._patience.isActive()
        tiles = self._tile_painter()
        selection, cache, region = self._selection, self._cache, event.region()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        focus, several = self.hasFocus(), selection.n_marked > 1
        postponed: list[int] = []
        n_drawn = 0
        visible = self._visible()
        origin, columns = self._rect(0).topLeft(), self._layout.columns
        width, height = tiles.shape.width, tiles.shape.height
        cells = zip(visible, self._visible_ids(), strict=True)
        for place, content_id in sorted(cells, key=lambda cell: cell[1] not in self._awaited):
            row_number, column = divmod(place, columns)
            cell = QRect(origin.x() + column * width, origin.y() + row_number * height, width, height)
            if not region.intersects(cell):
                continue
            row, image = self._rows.get(content_id), self._thumbnails.peek(content_id)
            tile = cache.get(content_id)
            if tile is None and image is None and patient and content_id not in self._awaited:
                pass
            elif row is not None and (tile is None or not cache.is_fresh(tile, tiles, row, image)):
                # One in any case: else a slow machine would draw none, again and again.
                if not n_drawn or time.perf_counter() < until_s:
                    tile = cache.draw(content_id, tiles, row, image)
                    n_drawn += 1
                else:
                    postponed.append(content_id)
            if tile is None:
                assert self._blank is not None
                painter.drawPixmap(cell.topLeft(), self._blank)
            elif tile.painter is tiles:
                painter.drawPixmap(cell.topLeft(), tile.pixmap)
            else:
                painter.drawPixmap(cell, tile.pixmap)
            selected, current = selection.is_selected(place), place == selection.current
            if selected or current:
                tiles.selection(painter, cell, selected=selected, current=current, focus=focus)
            if selected and several:
                tiles.tick(painter, cell)
        self._paint_over(painter)
        painter.end()
        if postponed:
            self._update_tiles(postponed)

    def _paint_over(self, painter: QPainter) -> None:
        """For what lies over the tiles."""

    def _draw_ahead(self) -> None:
        """Make tiles of the pages around ready, so that scrolling finds them."""
        until_s = time.perf_counter() + _AHEAD_SLICE_S
        tiles = self._tile_painter()
        ids = self._selection.ids
        n_drawn = 0
        for place in self._near():
            content_id = int(ids[place])
            row, image = self._rows.get(content_id), self._thumbnails.peek(content_id)
            if row is None or image is None:
                continue
            tile = self._cache.get(content_id)
            if tile is None or not self._cache.is_fresh(tile, tiles, row, image):
                if n_drawn and time.perf_counter() > until_s:
                    self._ahead_soon.start()
                    return
                self._cache.draw(content_id, tiles, row, image)
                n_drawn += 1

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._going_up = dy > 0
        self._scrolled_s = time.perf_counter()
        self.viewport().scroll(dx, dy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        bar, before, current = self.verticalScrollBar(), self._layout, self._selection.current
        value = bar.value()
        rect = before.rect(current, value)
        watched = current >= 0 and rect.top() >= 0 and rect.bottom() <= before.page_px
        if self._held is None or self._held[0] != value:
            row, above_px = divmod(value, before.shape.height)
            self._held = value, row * before.columns, above_px
        _, place, above_px = self._held
        self._lay_out()
        if value:
            bar.setValue(place // self._layout.columns * self._layout.shape.height + above_px)
        if watched:
            self._reveal(current)
        # Not the first of what is at the top now: making it narrow and wide again would creep upwards.
        self._held = bar.value(), place, above_px
        self._fetch_in_a_moment()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _LOOKS:
            self._painter = None
            # While the base class is being made there is nothing to lay out.
            if getattr(self, "_held", None) is not None:
                self._lay_out()
                self._fetch_in_a_moment()
        super().changeEvent(event)
