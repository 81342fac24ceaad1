"""Pictures on the map: one for each cell of a grid that few enough points lie in, so that they come as one zooms in."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap

from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import DEPTH, MapIndex, morton
from desktop.ui.ports import ReadPort, ThumbnailPort
from engine.schemas.library import Tile

_CELL_PX = 84  # at least
_MOST = 200
# By how far points lie apart, about: from the first on in cells with a few points only, where dots do not say more than
# one picture; from the second on in all.
_FIRST_SPACING_PX, _ALL_SPACING_PX = 10.0, 22.0
_CROWDED = 14
_GAP_PX = 8
_RADIUS_PX = 4.0
_FRAME_PX = 2.0
_ROWS_KEPT = 4000
_DRAWN_KEPT = 800
_DRAW_S = 0.003  # in one frame, for pictures that have not been drawn before
_ASK_MS = 40


@dataclass(frozen=True, slots=True)
class Spot:
    """A picture on the screen: of which point, and where."""

    place: int
    content_id: int
    rect: QRectF


def picture_side(camera: MapCamera) -> float:
    """Return the side of the square that a picture lies in, in logical pixels: the same at each zoom."""
    return _cell_px(camera) - _GAP_PX


def spots(index: MapIndex, camera: MapCamera, content_id: Callable[[int], int]) -> list[Spot]:
    """Return the pictures that a camera sees. Moving the map moves them, and none lies over another."""
    spacing_px = index.side * camera.scale / max(1.0, len(index) ** 0.5)
    if not len(index) or spacing_px < _FIRST_SPACING_PX:
        return []
    crowded = _CROWDED if spacing_px < _ALL_SPACING_PX else len(index)
    least, side = _cell_px(camera), picture_side(camera)
    depth = min(DEPTH, int(np.floor(np.log2(max(1.0, index.side * camera.scale / least)))))
    cells = (1 << depth) / index.side
    rect, last = camera.rect(), (1 << depth) - 1
    left, right = (max(0, min(last, int((value - index.low[0]) * cells))) for value in (rect[0], rect[2]))
    top, bottom = (max(0, min(last, int((value - index.low[1]) * cells))) for value in (rect[1], rect[3]))
    columns, rows = (np.arange(a, b + 1, dtype=np.uint32) for a, b in ((left, right), (top, bottom)))
    all_columns, all_rows = np.tile(columns, len(rows)), np.repeat(rows, len(columns))
    codes, shift = morton(all_columns, all_rows).astype(np.int64), 2 * (DEPTH - depth)
    begins = np.searchsorted(index.codes, (codes << shift).astype(np.uint32))
    ends = np.searchsorted(index.codes, ((codes + 1) << shift).astype(np.uint32))
    counts = ends - begins
    worth = np.flatnonzero((counts > 0) & (counts <= crowded))
    cell_px = index.side / (1 << depth) * camera.scale
    found = []
    for i in worth[:_MOST].tolist():
        place = int(begins[i] + ends[i]) // 2
        corner = camera.on_screen(index.low[0] + all_columns[i] / cells, index.low[1] + all_rows[i] / cells)
        at = camera.on_screen(float(index.x[place]), float(index.y[place]))
        half, edge = side / 2, (_GAP_PX + side) / 2
        # At the last depth points may lie closer than any cell is wide: there the picture lies in the middle of it.
        x = min(max(at.x(), corner.x() + edge), corner.x() + max(edge, cell_px - edge))
        y = min(max(at.y(), corner.y() + edge), corner.y() + max(edge, cell_px - edge))
        found.append(Spot(place, content_id(place), QRectF(round(x - half), round(y - half), side, side)))
    return found


class MapPictures(QObject):
    """Rows and thumbnails of what the map shows, fetched as the view moves. GUI thread.

    Parameters
    ----------
    came
        Called when there is more to be painted.
    """

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort, came: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._read, self._thumbnails, self._came = read, thumbnails, came
        self._model_ref = ""
        self._rows: OrderedDict[int, Tile] = OrderedDict()
        self._stale: set[int] = set()
        self._absent: set[int] = set()
        self._asked: set[int] = set()  # in the question that is on its way
        self._wanted: list[int] = []
        self._drawn: OrderedDict[tuple[int, int, int, bool, int], QPixmap] = OrderedDict()
        self._spent_s = 0.0
        self._epoch = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_ASK_MS)
        self._soon.timeout.connect(self._ask)
        thumbnails.subscribe(self._thumbnails_came)

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model."""
        if ref != self._model_ref:
            self._model_ref = ref
            self.invalidate(None)

    def invalidate(self, content_ids: Sequence[int] | None) -> None:
        """Read these again when they are wanted (all for None); the old rows are shown until then."""
        known = self._rows.keys() | self._absent | self._asked
        moved = known if content_ids is None else known & set(content_ids)
        if not moved:
            return  # while a folder is read this comes thirty times a second
        self._stale |= moved & self._rows.keys()
        self._absent -= moved
        self._epoch += 1
        if not self._soon.isActive():
            self._soon.start()

    def clear(self) -> None:
        """Forget everything: another library."""
        self.invalidate(None)
        self._rows.clear()
        self._stale.clear()
        self._drawn.clear()
        self._wanted = []

    def row(self, content_id: int) -> Tile | None:
        """Return the row if it is in memory."""
        return self._rows.get(content_id)

    def image(self, content_id: int) -> QImage | None:
        """Return the thumbnail if it is in memory."""
        return self._thumbnails.peek(content_id)

    def want(self, content_ids: Sequence[int]) -> None:
        """Fetch rows and thumbnails of these soon, the first first."""
        wanted = list(dict.fromkeys(content_ids))
        if wanted != self._wanted:
            self._wanted = wanted
            if not self._soon.isActive():
                self._soon.start()

    def begin_frame(self) -> None:
        """Some time for new pictures again."""
        self._spent_s = 0.0

    def pixmap(
        self, content_id: int, side: float, color: QColor, ground: QColor, ratio: float, *, strong: bool
    ) -> QPixmap | None:
        """Return a picture in its frame; None while it is not there, or there is no time left in this frame."""
        key = (content_id, round(side * ratio), color.rgb(), strong, ground.rgb())
        kept = self._drawn.get(key)
        if kept is not None:
            self._drawn.move_to_end(key)
            return kept
        image = self._thumbnails.peek(content_id)
        if image is None or image.isNull():
            return None
        if self._spent_s > _DRAW_S:
            self._came()
            return None
        began_s = time.perf_counter()
        made = self._drawn[key] = framed(image, side, color, ground, ratio, strong=strong)
        self._spent_s += time.perf_counter() - began_s
        while len(self._drawn) > _DRAWN_KEPT:
            self._drawn.popitem(last=False)
        return made

    def _ask(self) -> None:
        missing = [
            content_id
            for content_id in self._wanted
            if (content_id not in self._rows or content_id in self._stale) and content_id not in self._absent
        ]
        self._wish()
        if not missing:
            return
        ref, epoch, self._asked = self._model_ref, self._epoch, set(missing)
        self._read.ask("map rows", lambda view: view.tiles(missing, ref), lambda rows: self._take(rows, missing, epoch))

    def _take(self, rows: Sequence[Tile], asked: list[int], epoch: int) -> None:
        self._asked.clear()
        if epoch != self._epoch:
            self._soon.start()
            return
        for row in rows:
            self._rows[row.content_id] = row
            self._rows.move_to_end(row.content_id)
        self._stale -= set(asked)
        self._absent |= set(asked) - {row.content_id for row in rows}
        while len(self._rows) > max(_ROWS_KEPT, 2 * len(self._wanted)):
            gone, _row = self._rows.popitem(last=False)
            self._stale.discard(gone)
        self._wish()
        self._came()

    def _wish(self) -> None:
        rows = [self._rows[content_id] for content_id in self._wanted if content_id in self._rows]
        self._thumbnails.want([(row.content_id, row.sha256) for row in rows])

    def _thumbnails_came(self, content_ids: list[int]) -> None:
        if not set(self._wanted).isdisjoint(content_ids):
            self._came()


def framed(image: QImage, side: float, color: QColor, ground: QColor, ratio: float, *, strong: bool) -> QPixmap:
    """Return a thumbnail in the middle of a square, with a frame in the colour of its group; `strong`: a wide one."""
    frame = _FRAME_PX * (2 if strong else 1)
    room = side - 2 * frame
    size = QSize(image.width(), image.height()).scaled(
        QSize(round(room), round(room)), Qt.AspectRatioMode.KeepAspectRatio
    )
    size = size.expandedTo(QSize(8, 8))
    small = image.scaled(size * ratio, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    corner = QPointF(round((side - size.width()) / 2), round((side - size.height()) / 2))
    place = QRectF(corner.x(), corner.y(), size.width(), size.height())
    outside = place.adjusted(-frame, -frame, frame, frame)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ground, 1))
    painter.setBrush(color)
    painter.drawRoundedRect(outside.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS_PX + 1, _RADIUS_PX + 1)
    clip = QPainterPath()
    clip.addRoundedRect(place, _RADIUS_PX - 1, _RADIUS_PX - 1)
    painter.setClipPath(clip)
    painter.drawImage(place, small)
    painter.end()
    return picture


def _cell_px(camera: MapCamera) -> float:
    return max(float(_CELL_PX), float(np.ceil((camera.width * camera.height / _MOST) ** 0.5)))
