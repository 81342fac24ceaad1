"""A map made ready to be painted: sorted points, their groups, and where each group has its middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop.ui.map_index import MapIndex
from engine.schemas.map import MapColours, MapPoints

_DEPTH = 5  # of the cells in which the thickest part of a group is looked for
_NAMED = 60  # groups, the first of the legend


@dataclass(frozen=True, slots=True, eq=False)
class MapScene:
    """Points and colours, frozen. Made by `of` on any thread.

    Attributes
    ----------
    points, colours
        As they were given.
    groups
        uint16, (n,), in the order of the index.
    middles
        For each of the first named groups its number and a place of the map where it is thickest.
    """

    points: MapPoints
    colours: MapColours
    index: MapIndex
    groups: NDArray[np.uint16]
    middles: tuple[tuple[int, float, float], ...]

    @classmethod
    def of(cls, points: MapPoints, colours: MapColours, index: MapIndex | None = None) -> MapScene:
        """Make a map ready; an `index` of the same points is used again."""
        index = index if index is not None else MapIndex.of(points.places)
        groups = colours.groups[index.order]
        return cls(points, colours, index, groups, tuple(_middles(index, groups, colours)))

    @classmethod
    def empty(cls) -> MapScene:
        """Return the map of nothing."""
        points = MapPoints(np.empty(0, np.int64), np.empty((0, 2), np.float32))
        return cls.of(points, MapColours("class", np.empty(0, np.uint16), ()))

    def __len__(self) -> int:
        return len(self.index)

    def content_id(self, place: int) -> int:
        """Return the content at a place of the index."""
        return int(self.points.content_ids[self.index.order[place]])


def _middles(index: MapIndex, groups: NDArray[np.uint16], colours: MapColours) -> list[tuple[int, float, float]]:
    if not len(index) or colours.kind not in ("class", "source"):
        return []
    cells = index.cells_of(np.arange(len(index)), _DEPTH)
    n_cells = 1 << 2 * _DEPTH
    counts = np.bincount(groups.astype(np.int64) * n_cells + cells, minlength=len(colours.legend) * n_cells)
    counts = counts[: len(colours.legend) * n_cells].reshape(len(colours.legend), n_cells)
    found = []
    for number, group in enumerate(colours.legend):
        if group.role != "named" or number >= _NAMED or not counts[number].any():
            continue
        cell = int(counts[number].argmax())
        begin, end = np.searchsorted(cells, [cell, cell + 1])
        own = begin + np.flatnonzero(groups[begin:end] == number)
        found.append((number, float(np.median(index.x[own])), float(np.median(index.y[own]))))
    return found
