"""The virtual grid: ids for everything, rows and pictures only for what is on the screen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QRect, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

from desktop.ui.ports import ReadPort, ThumbnailPort
from desktop.ui.tile_painter import CAPTION_PX, TilePainter
from engine.schemas.library import Tile

MIN_TILE_PX, MAX_TILE_PX = 96, 320
_ROWS_KEPT = 5000
_DRAG_FILES = 1000
_NO_IDS = np.empty(0, np.int64)


class AssetGrid(QAbstractScrollArea):
    """A grid of contents that stays quick with a million of them. GUI thread."""

    currentChanged = Signal(object)  # content id or None
    selectionChanged = Signal()
    activated = Signal(object)
    contextMenuRequested = Signal(QPoint)

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__()
        self._read = read
        self._thumbnails = thumbnails
        self._model_ref = ""
        self._ids: NDArray[np.int64] = _NO_IDS
        self._rows: OrderedDict[int, Tile] = OrderedDict()
        self._selected: set[int] = set()
        self._all_selected = False
        self._current = -1
        self._anchor = -1
        self._tile_px = 168
        self._press: QPoint | None = None
        self._painter: TilePainter | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Pictures"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self._fetch_soon = QTimer(self)
        self._fetch_soon.setSingleShot(True)
        self._fetch_soon.setInterval(15)
        self._fetch_soon.timeout.connect(self._fetch)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._fetch_soon.start())
        thumbnails.subscribe(self._thumbnails_came)

    # What is shown

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model."""
        if ref != self._model_ref:
            self._model_ref = ref
            self.refresh(None)

    def set_ids(self, ids: NDArray[np.int64]) -> None:
        """Show these contents; the current one stays current and in its place where it is still there."""
        before = self.current_id()
        self._ids = ids
        if before is not None:
            self._current = self._place_of(before, self._current)
        if self._selected:
            self._selected &= set(ids[np.isin(ids, np.fromiter(self._selected, np.int64))].tolist())
        if self._current >= len(ids):
            self._current = len(ids) - 1
        self._layout()
        self._fetch_soon.start()
        if self.current_id() != before:
            self._tell_current()

    def refresh(self, content_ids: Iterable[int] | None) -> None:
        """Read rows again that have changed (all for None)."""
        if content_ids is None:
            self._rows.clear()
        else:
            for content_id in content_ids:
                self._rows.pop(content_id, None)
        self._fetch_soon.start()

    def count(self) -> int:
        """Number of contents shown."""
        return len(self._ids)

    def current_id(self) -> int | None:
        """The current content."""
        return int(self._ids[self._current]) if 0 <= self._current < len(self._ids) else None

    def selected_ids(self) -> list[int]:
        """The selection in the grid's order, or else the current content."""
        if self._all_selected:
            return [int(i) for i in self._ids]
        if self._selected:
            wanted = np.isin(self._ids, np.fromiter(self._selected, np.int64, len(self._selected)))
            return [int(i) for i in self._ids[wanted]]
        current = self.current_id()
        return [] if current is None else [current]

    def step(self, by: int) -> None:
        """Move the current item."""
        self._move_to(self._current + by, Qt.KeyboardModifier.NoModifier)

    def select_all(self) -> None:
        """Select everything shown."""
        self._all_selected = True
        self._selected.clear()
        self.viewport().update()
        self.selectionChanged.emit()

    def zoom(self, steps: int) -> None:
        """Make tiles larger or smaller."""
        first = self._first_visible()
        self._tile_px = max(MIN_TILE_PX, min(MAX_TILE_PX, self._tile_px + 24 * steps))
        self._layout()
        self.verticalScrollBar().setValue(first // self._columns() * self._row_px())

    def visible_share_with_thumbnails(self) -> float:
        """Part of the visible tiles that show their picture; for benchmarks."""
        visible = self._visible()
        have = sum(self._thumbnails.peek(int(self._ids[i])) is not None for i in visible)
        return have / max(1, len(visible))

    # Geometry

    def _columns(self) -> int:
        return max(1, self.viewport().width() // self._tile_px)

    def _row_px(self) -> int:
        return self._tile_px + CAPTION_PX - 16

    def _rect(self, place: int) -> QRect:
        columns = self._columns()
        width = self.viewport().width() // columns
        row, column = divmod(place, columns)
        y = row * self._row_px() - self.verticalScrollBar().value()
        return QRect(column * width, y, width, self._row_px())

    def _first_visible(self) -> int:
        return self.verticalScrollBar().value() // self._row_px() * self._columns()

    def _visible(self) -> range:
        rows = self.viewport().height() // self._row_px() + 2
        first = self._first_visible()
        return range(first, min(len(self._ids), first + rows * self._columns()))

    def _layout(self) -> None:
        rows = -(-len(self._ids) // self._columns())
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, rows * self._row_px() - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._row_px() // 3)
        self.viewport().update()

    def _place_of(self, content_id: int, near: int) -> int:
        if 0 <= near < len(self._ids) and self._ids[near] == content_id:
            return near
        found = np.flatnonzero(self._ids == content_id)
        return int(found[0]) if len(found) else min(near, len(self._ids) - 1)

    def _place_at(self, point: QPoint) -> int | None:
        columns = self._columns()
        column = point.x() // max(1, self.viewport().width() // columns)
        place = (point.y() + self.verticalScrollBar().value()) // self._row_px() * columns + column
        return place if column < columns and 0 <= place < len(self._ids) else None

    # Fetching

    def _fetch(self) -> None:
        visible = self._visible()
        page = len(visible)
        wanted = range(max(0, visible.start - page), min(len(self._ids), visible.stop + page))
        missing = [int(self._ids[i]) for i in (*visible, *wanted) if int(self._ids[i]) not in self._rows]
        if missing:
            ref = self._model_ref
            missing = list(dict.fromkeys(missing))
            self._read.ask("tiles", lambda view: view.tiles(missing, ref), self._rows_came)
        self._wish()
        self.viewport().update()

    def _rows_came(self, rows: list[Tile]) -> None:
        for row in rows:
            self._rows[row.content_id] = row
            self._rows.move_to_end(row.content_id)
        while len(self._rows) > _ROWS_KEPT:
            self._rows.popitem(last=False)
        self._wish()
        self.viewport().update()

    def _wish(self) -> None:
        visible = self._visible()
        page = len(visible)
        around = (*visible, *range(visible.stop, min(len(self._ids), visible.stop + page)))
        rows = (self._rows.get(int(self._ids[i])) for i in around)
        self._thumbnails.want([(row.content_id, row.sha256) for row in rows if row is not None])

    def _thumbnails_came(self, content_ids: list[int]) -> None:
        for place in self._visible():
            if int(self._ids[place]) in content_ids:
                self.viewport().update(self._rect(place))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(event.rect(), self.palette().base())
        if self._painter is None:
            self._painter = TilePainter(self.palette(), self.fontMetrics())
        for place in self._visible():
            rect = self._rect(place)
            if not rect.intersects(event.rect()):
                continue
            content_id = int(self._ids[place])
            self._painter.paint(
                painter,
                rect,
                self._rows.get(content_id),
                self._thumbnails.peek(content_id),
                selected=self._all_selected or content_id in self._selected,
                current=place == self._current,
            )
        painter.end()

    def changeEvent(self, event: object) -> None:
        self._painter = None
        super().changeEvent(event)  # type: ignore[arg-type]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._layout()
        self._fetch_soon.start()
        super().resizeEvent(event)

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        self._press = event.position().toPoint()
        if place is None:
            self._clear_selection()
            return
        if event.button() == Qt.MouseButton.RightButton and int(self._ids[place]) in self.selected_ids():
            return
        self._move_to(place, event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        if (event.position().toPoint() - self._press).manhattanLength() < QApplication.startDragDistance():
            return
        self._press = None
        chosen, ref = self.selected_ids()[:_DRAG_FILES], self._model_ref
        self._read.ask("drag", lambda view: [view.detail(i, ref) for i in chosen], self._drag)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._press = None

    def _drag(self, details: list) -> None:  # type: ignore[type-arg]
        if not QApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            return
        paths = [next((f.path for f in d.files if f.present), None) for d in details if d is not None]
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(path) for path in paths if path])
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.exec(Qt.DropAction.CopyAction)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.activated.emit(self.current_id())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.contextMenuRequested.emit(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1 if event.angleDelta().y() > 0 else -1)
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self._columns()
        page = max(1, self.viewport().height() // self._row_px()) * columns
        targets = {
            Qt.Key.Key_Left: self._current - 1,
            Qt.Key.Key_Right: self._current + 1,
            Qt.Key.Key_Up: self._current - columns,
            Qt.Key.Key_Down: self._current + columns,
            Qt.Key.Key_PageUp: self._current - page,
            Qt.Key.Key_PageDown: self._current + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._ids) - 1,
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None:
            event.ignore()
            return
        self._move_to(target, event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

    def _move_to(self, place: int, modifiers: Qt.KeyboardModifier) -> None:
        if not len(self._ids):
            return
        place = max(0, min(place, len(self._ids) - 1))
        content_id = int(self._ids[place])
        if modifiers & Qt.KeyboardModifier.ShiftModifier and self._anchor >= 0:
            low, high = sorted((self._anchor, place))
            self._selected = {int(i) for i in self._ids[low : high + 1]}
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            if not self._selected and self.current_id() is not None:
                self._selected.add(int(self._ids[self._current]))
            self._selected ^= {content_id}
            self._anchor = place
        else:
            self._selected.clear()
            self._anchor = place
        self._all_selected = False
        self._current = place
        self._reveal(place)
        self.viewport().update()
        self.selectionChanged.emit()
        self._tell_current()

    def _clear_selection(self) -> None:
        self._selected.clear()
        self._all_selected = False
        self.viewport().update()
        self.selectionChanged.emit()

    def _reveal(self, place: int) -> None:
        rect, bar = self._rect(place), self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height())

    def _tell_current(self) -> None:
        content_id = self.current_id()
        row = self._rows.get(content_id) if content_id is not None else None
        if row is not None:
            place = self.tr("{0} of {1}").format(self._current + 1, len(self._ids))
            self.setAccessibleDescription(f"{row.label or row.top1 or ''}, {row.name}, {place}")
        self.currentChanged.emit(content_id)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)
