"""Where groups of duplicates and their tiles lie: groups one under the other, tiles side by side, in as many lines as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect

SIDE_PX = 20  # on the left and on the right of everything
GAP_PX = 12  # between tiles
_TOP_PX = 12
_BETWEEN_PX = 22  # groups: half of it over the line between them, half under
_UNDER_HEAD_PX = 8
_LAST_PX = 24


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies at a point: a group, and its tile, or -1 for its head."""

    group: int
    member: int


@dataclass(frozen=True, slots=True)
class DuplicateLayout:
    """Geometry in logical pixels, from the top of the list.

    Attributes
    ----------
    tops
        int64 (n + 1,): where each group begins, and where the last one ends.
    heads
        int64 (n,): how high the lines over each group's tiles are.
    tile_width, tile_height
        Measures of all tiles.
    """

    tops: NDArray[np.int64]
    columns: int
    width: int
    tile_width: int
    tile_height: int
    heads: NDArray[np.int64]

    @classmethod
    def of(
        cls, width: int, n_members: Sequence[int], heads: Sequence[int], *, tile_width: int, tile_height: int
    ) -> DuplicateLayout:
        """Lay groups of so many tiles out."""
        columns = max(1, (width - 2 * SIDE_PX + GAP_PX) // (tile_width + GAP_PX))
        lines = -(-np.maximum(1, np.asarray(n_members, dtype=np.int64)) // columns)
        head_heights = np.asarray(heads, dtype=np.int64)
        heights = head_heights + _UNDER_HEAD_PX + lines * (tile_height + GAP_PX) - GAP_PX + _BETWEEN_PX
        tops = np.concatenate([[_TOP_PX], _TOP_PX + np.cumsum(heights)]).astype(np.int64)
        return cls(tops, columns, width, tile_width, tile_height, head_heights)

    def __len__(self) -> int:
        return len(self.tops) - 1

    @property
    def height_px(self) -> int:
        """Height of everything."""
        return int(self.tops[-1]) + (_LAST_PX if len(self) else 0)

    def visible(self, scroll_px: int, page_px: int) -> range:
        """Return the places of the groups of which something lies in the page."""
        if not len(self):
            return range(0)
        first = int(np.searchsorted(self.tops, scroll_px, side="right")) - 1
        last = int(np.searchsorted(self.tops, scroll_px + page_px, side="left"))
        return range(max(0, first), min(len(self), last))

    def group(self, place: int) -> QRect:
        """Return all of a group, with the room between it and the next."""
        top, bottom = int(self.tops[place]), int(self.tops[place + 1])
        return QRect(0, top, self.width, bottom - top)

    def head(self, place: int) -> QRect:
        """Return the lines over the tiles."""
        return QRect(SIDE_PX, int(self.tops[place]), max(1, self.width - 2 * SIDE_PX), int(self.heads[place]))

    def tile(self, place: int, member: int) -> QRect:
        """Return a tile."""
        line, column = divmod(member, self.columns)
        top = int(self.tops[place]) + int(self.heads[place]) + _UNDER_HEAD_PX
        return QRect(
            SIDE_PX + column * (self.tile_width + GAP_PX),
            top + line * (self.tile_height + GAP_PX),
            self.tile_width,
            self.tile_height,
        )

    def at(self, point: QPoint, n_members: Sequence[int]) -> Hit | None:
        """Return what lies at a point of the list; None between groups."""
        place = int(np.searchsorted(self.tops, point.y(), side="right")) - 1
        if not 0 <= place < len(self):
            return None
        if self.head(place).contains(point):
            return Hit(place, -1)
        line = (point.y() - self.tile(place, 0).top()) // (self.tile_height + GAP_PX)
        column = (point.x() - SIDE_PX) // (self.tile_width + GAP_PX)
        member = line * self.columns + column
        if line < 0 or not 0 <= column < self.columns or member >= n_members[place]:
            return None
        return Hit(place, int(member)) if self.tile(place, int(member)).contains(point) else None
