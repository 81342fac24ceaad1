"""Where the points of a map lie: found by rectangle, and thinned to what a screen can show, in time that hardly grows.

Points stand in the order of a Morton curve, so those of any cell of a quadtree stand beside each other, and a level of
detail is one point of each cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 15  # halvings of the plane: 30 bits
_COARSEST = 4
_CELLS_ACROSS = 3  # a rectangle is covered by cells of an eighth of it at least: few of them lie outside

Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One point of each occupied cell.

    Attributes
    ----------
    cell
        Side of a cell, in the map's units.
    codes
        uint32, (m,), codes of the points.
    firsts
        int32, (m,), their places in the index.
    """

    cell: float
    codes: NDArray[np.uint32]
    firsts: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class MapIndex:
    """Points of a map in the order of a curve. Made by `of` on any thread, which for a million takes a third of a second.

    Attributes
    ----------
    order
        intp, (n,): for each place in the index its place in the map's own order.
    rank
        int32, (n,): the other way round.
    x, y
        float32, (n,), in the order of the index.
    codes
        uint32, (n,), ascending.
    low, side
        The square that holds all points.
    levels
        From coarse to fine, by depth.
    """

    order: NDArray[np.intp]
    rank: NDArray[np.int32]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    codes: NDArray[np.uint32]
    low: tuple[float, float]
    side: float
    levels: dict[int, Level]

    @classmethod
    def of(cls, places: NDArray[np.float32]) -> MapIndex:
        """Sort the points of a map, float32, (n, 2)."""
        n = len(places)
        low = places.min(axis=0) if n else np.zeros(2, np.float32)
        side = max(float((places.max(axis=0) - low).max()) if n else 0.0, 1e-6) * 1.0001
        cells = np.clip((places - low) * np.float32((1 << DEPTH) / side), 0, (1 << DEPTH) - 1).astype(np.uint32)
        codes = morton(cells[:, 0], cells[:, 1])
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        rank = np.empty(n, np.int32)
        rank[order] = np.arange(n, dtype=np.int32)
        x, y = (np.ascontiguousarray(places[order, axis]) for axis in (0, 1))
        levels: dict[int, Level] = {}
        for depth in range(_COARSEST, DEPTH + 1):
            begins = np.ones(n, np.bool_)
            parents = codes >> np.uint32(2 * (DEPTH - depth))
            np.not_equal(parents[1:], parents[:-1], out=begins[1:])
            firsts = np.flatnonzero(begins).astype(np.int32)
            if len(firsts) > 0.8 * n and n:
                break  # hardly fewer than all of them
            levels[depth] = Level(side / (1 << depth), codes[firsts], firsts)
        return cls(order, rank, x, y, codes, (float(low[0]), float(low[1])), side, levels)

    def __len__(self) -> int:
        return len(self.codes)

    def runs(self, rect: Rect, codes: NDArray[np.uint32] | None = None) -> list[tuple[int, int]]:
        """Return ranges of places that hold all points in a rectangle (left, top, right, bottom), and others near it.

        Parameters
        ----------
        codes
            Those of a level, for places in it; those of all points if None.
        """
        codes = self.codes if codes is None else codes
        span = max(rect[2] - rect[0], rect[3] - rect[1], self.side / (1 << DEPTH))
        depth = min(DEPTH, max(0, int(np.log2(max(1.0, self.side / span))) + _CELLS_ACROSS))
        last, cells = (1 << depth) - 1, (1 << depth) / self.side
        left, right = (int(np.floor((value - self.low[0]) * cells)) for value in (rect[0], rect[2]))
        top, bottom = (int(np.floor((value - self.low[1]) * cells)) for value in (rect[1], rect[3]))
        if right < 0 or bottom < 0 or left > last or top > last:
            return []
        columns = np.arange(max(0, left), min(last, right) + 1, dtype=np.uint32)
        rows = np.arange(max(0, top), min(last, bottom) + 1, dtype=np.uint32)
        found = np.sort(morton(np.tile(columns, len(rows)), np.repeat(rows, len(columns)))).astype(np.int64)
        apart = np.flatnonzero(np.diff(found) > 1)
        shift = 2 * (DEPTH - depth)
        begin = found[np.concatenate([[0], apart + 1])] << shift
        end = (found[np.concatenate([apart, [len(found) - 1]])] + 1) << shift
        begins = np.searchsorted(codes, begin.astype(np.uint32))
        ends = np.searchsorted(codes, end.astype(np.uint32))
        return [(b, e) for b, e in zip(begins.tolist(), ends.tolist(), strict=True) if e > b]

    def inside(self, rect: Rect) -> NDArray[np.intp]:
        """Return the places in the index of the points in a rectangle, its edges included."""
        near = joined(self.runs(rect))
        x, y = self.x[near], self.y[near]
        return near[(x >= rect[0]) & (x <= rect[2]) & (y >= rect[1]) & (y <= rect[3])]

    def nearest(self, x: float, y: float, reach: float) -> int | None:
        """Return the place in the index of the point nearest to a place, if one lies within reach."""
        near = self.inside((x - reach, y - reach, x + reach, y + reach))
        if not len(near):
            return None
        apart = np.square(self.x[near] - x) + np.square(self.y[near] - y)
        best = int(np.argmin(apart))
        return int(near[best]) if apart[best] <= reach * reach else None

    def cells_of(self, places: NDArray[np.intp], depth: int) -> NDArray[np.uint32]:
        """Return the code of the cell that each point lies in."""
        return self.codes[places] >> np.uint32(2 * (DEPTH - depth))


def joined(runs: list[tuple[int, int]]) -> NDArray[np.intp]:
    """Return all numbers in some ranges."""
    return np.concatenate([np.arange(begin, end) for begin, end in runs]) if runs else np.empty(0, np.intp)


def morton(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return codes whose even bits are x and whose odd bits are y."""
    return _spread(x) | (_spread(y) << np.uint32(1))


def cell_corner(code: int, depth: int) -> tuple[int, int]:
    """Return column and row of a cell by its code."""
    bits = range(depth)
    return sum((code >> 2 * i & 1) << i for i in bits), sum((code >> 2 * i + 1 & 1) << i for i in bits)


def _spread(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    value = value.astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        value = (value | (value << np.uint32(shift))) & np.uint32(mask)
    return value
