"""A map that new contents are added to while others look at it."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from engine.schemas.map import MapPoints, ProjectedMap
from engine.search.map_file import KeptMap, MapMark
from engine.search.projection import Placing

_ROOM = 1.25


class GrowingMap:
    """Contents of a space with their places. `add` on one thread at a time, the rest on any.

    Parameters
    ----------
    kept
        What there is of it.

    Attributes
    ----------
    mark
        Which layout it is.
    chain
        The library's chain after the contents that have a place.
    """

    def __init__(self, kept: KeptMap) -> None:
        self.mark, self.chain = kept.mark, kept.chain
        self._projection = kept.projection
        self._placing = Placing(kept.projection)
        self._lock = threading.Lock()
        self._n = 0
        self._content_ids = np.empty(0, np.int64)
        self._places = np.empty((0, 2), np.float32)
        self._row_of = np.empty(0, np.int32)
        self._take_in(kept.content_ids, kept.places)

    @classmethod
    def of(cls, made: ProjectedMap, content_ids: NDArray[np.int64], chain: int) -> GrowingMap:
        """Begin with a map that was made just now of these contents, the first of the space."""
        mark = MapMark(made.projection.seed, len(content_ids), chain)
        return cls(KeptMap(mark, content_ids, made.places, made.projection, chain))

    @property
    def n(self) -> int:
        """How many contents have a place."""
        return self._n

    @property
    def is_by_pca(self) -> bool:
        """Whether it shows the two main axes only."""
        return self._projection.method == "pca"

    @property
    def layout(self) -> str:
        """Names the layout: the same contents laid out in the same way have the same."""
        return f"{self._projection.method} {self.mark.seed} {self.mark.n_laid} {self.mark.laid_chain:x}"

    def add(self, content_ids: NDArray[np.int64], vectors: NDArray[np.float32], chain: int) -> None:
        """Find places for the next contents of the space.

        Parameters
        ----------
        vectors
            float32, (m, d).
        chain
            The library's after them.
        """
        places = self._placing.of(vectors)
        with self._lock:
            self._take_in(content_ids, places)
            self.chain = chain

    def points(self, content_ids: NDArray[np.int64], layout: str) -> MapPoints:
        """Return those of these contents that have a place, in their order."""
        with self._lock:
            row_of, places, n = self._row_of, self._places, self._n
        inside = (content_ids >= 0) & (content_ids < len(row_of))
        rows = np.full(len(content_ids), -1, np.int32)
        rows[inside] = row_of[content_ids[inside]]
        # What is added meanwhile is not asked for yet.
        there = (rows >= 0) & (rows < n)
        return MapPoints(content_ids[there], places[rows[there]], layout)

    def kept(self) -> KeptMap:
        """Return what is to be kept of it."""
        with self._lock:
            n = self._n
            return KeptMap(self.mark, self._content_ids[:n], self._places[:n], self._projection, self.chain)

    def _take_in(self, content_ids: NDArray[np.int64], places: NDArray[np.float32]) -> None:
        begin, end = self._n, self._n + len(content_ids)
        if end > len(self._content_ids):
            room = int(end * _ROOM)
            self._content_ids = _longer(self._content_ids, room)
            self._places = _longer(self._places, room)
        last = int(content_ids.max(initial=-1))
        if last >= len(self._row_of):
            known = len(self._row_of)
            self._row_of = _longer(self._row_of, int((last + 1) * _ROOM))
            self._row_of[known:] = -1
        self._content_ids[begin:end], self._places[begin:end] = content_ids, places
        self._row_of[content_ids] = np.arange(begin, end)
        self._n = end


def _longer(array: NDArray, length: int) -> NDArray:  # type: ignore[type-arg]
    longer = np.empty((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
