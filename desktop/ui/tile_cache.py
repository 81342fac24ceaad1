"""Finished tiles: scrolling copies them, and only what is new is drawn."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtGui import QImage, QPixmap

from desktop.ui.tile_painter import TilePainter
from engine.schemas.library import Tile

_MIN_BYTES = 32 << 20
_PAGES_KEPT = 4


@dataclass(slots=True)
class DrawnTile:
    """A finished tile and what it was made of."""

    pixmap: QPixmap
    row: Tile | None
    has_image: bool
    painter: TilePainter


class TileCache:
    """Finished tiles by content, bounded in bytes. GUI thread."""

    def __init__(self) -> None:
        self._tiles: OrderedDict[int, DrawnTile] = OrderedDict()
        self._limit = 1000

    def set_measures(self, painter: TilePainter, n_visible: int, ratio: float) -> None:
        """Keep at least some pages of tiles of this size."""
        tile_bytes = max(1, round(4 * painter.shape.width * painter.shape.height * ratio * ratio))
        self._limit = max(_MIN_BYTES // tile_bytes, _PAGES_KEPT * n_visible)

    def get(self, content_id: int) -> DrawnTile | None:
        """Return a tile, maybe of an older look: better than a blank."""
        tile = self._tiles.get(content_id)
        if tile is not None:
            self._tiles.move_to_end(content_id)
        return tile

    def is_fresh(self, tile: DrawnTile, painter: TilePainter, row: Tile | None, image: QImage | None) -> bool:
        """Say whether drawing again would change anything."""
        # An image that has left memory since is still on the tile.
        return tile.painter is painter and tile.row is row and (tile.has_image or image is None)

    def draw(self, content_id: int, painter: TilePainter, row: Tile | None, image: QImage | None) -> DrawnTile:
        """Draw a tile and keep it."""
        tile = DrawnTile(painter.render(row, image), row, image is not None, painter)
        self._tiles[content_id] = tile
        self._tiles.move_to_end(content_id)
        while len(self._tiles) > self._limit:
            self._tiles.popitem(last=False)
        return tile

    def has_picture(self, content_id: int) -> bool:
        """Say whether the tile, as drawn last, shows its picture."""
        tile = self._tiles.get(content_id)
        return tile is not None and tile.has_image

    def clear(self) -> None:
        """Forget everything."""
        self._tiles.clear()
