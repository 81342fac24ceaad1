"""Where the tiles of the grid lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFontMetrics

from desktop.ui.tile_painter import TileShape

MARGIN_PX = 6
_MIN_WIDTH_PX = 48


@dataclass(frozen=True, slots=True)
class TileLayout:
    """Rows of tiles in a viewport that shows a part of them. Logical pixels.

    Rectangles and points are those of the viewport; `scroll_px` says how far it is scrolled down.

    Attributes
    ----------
    left_px
        Where the first column begins; what is left over stands on both sides.
    page_px
        Height of the viewport.
    """

    shape: TileShape
    columns: int
    n: int
    left_px: int
    page_px: int

    @classmethod
    def of(cls, width_px: int, page_px: int, tile_px: int, n: int, metrics: QFontMetrics) -> TileLayout:
        """Return the layout of `n` tiles at least `tile_px` wide that fill a viewport's width."""
        columns = columns_in(width_px, tile_px)
        width = max(_MIN_WIDTH_PX, (width_px - 2 * MARGIN_PX) // columns)
        return cls(TileShape.of(width, metrics), columns, n, (width_px - columns * width) // 2, page_px)

    @property
    def height_px(self) -> int:
        """Height of everything."""
        return -(-self.n // self.columns) * self.shape.height + 2 * MARGIN_PX

    @property
    def rows_on_page(self) -> int:
        """Whole rows in the viewport, one at least."""
        return max(1, self.page_px // self.shape.height)

    def rect(self, place: int, scroll_px: int) -> QRect:
        """Return the cell of a place."""
        row, column = divmod(place, self.columns)
        width, height = self.shape.width, self.shape.height
        return QRect(self.left_px + column * width, MARGIN_PX + row * height - scroll_px, width, height)

    def visible(self, scroll_px: int, pages_before: int = 0, pages_after: int = 0) -> range:
        """Return the places in the viewport, in part at least, and in the pages around."""
        top, height = scroll_px - MARGIN_PX, self.shape.height
        first = max(0, (top - pages_before * self.page_px) // height) * self.columns
        last = (max(0, top + self.page_px * (1 + pages_after) - 1) // height + 1) * self.columns
        return range(min(first, self.n), min(last, self.n))

    def place_at(self, point: QPoint, scroll_px: int) -> int | None:
        """Return the place whose cell holds the point."""
        column = (point.x() - self.left_px) // self.shape.width
        row = (point.y() + scroll_px - MARGIN_PX) // self.shape.height
        place = row * self.columns + column
        return place if 0 <= column < self.columns and row >= 0 and place < self.n else None

    def places_in(self, area: QRect, scroll_px: int) -> NDArray[np.int64]:
        """Return the places whose cells the area touches, also beyond the viewport."""
        width, height = self.shape.width, self.shape.height
        top, bottom = area.top() + scroll_px - MARGIN_PX, area.bottom() + scroll_px - MARGIN_PX
        rows = np.arange(max(0, top // height), max(0, bottom // height + 1))
        left, right = area.left() - self.left_px, area.right() - self.left_px
        across = np.arange(max(0, left // width), max(0, min(self.columns, right // width + 1)))
        places = (rows[:, None] * self.columns + across).ravel()
        return places[places < self.n]


def columns_in(width_px: int, tile_px: int) -> int:
    """Return how many tiles of at least `tile_px` stand side by side."""
    return max(1, (width_px - 2 * MARGIN_PX) // tile_px)
