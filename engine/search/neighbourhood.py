"""Which points lie nearest to each other: an inverted file in NumPy, for a few dozen dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Up to so many points every one is compared with every other.
_ALL_PAIRS = 3000
_PROBED = 8
_ROUNDS = 6
_TRAINED_ON = 24  # points a cell
_BLOCK = 1024

Floats = NDArray[np.float32]
Step = Callable[[float], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Points in cells around centres, to be searched a few cells at a time.

    The same points and seed make the same cells. Build it with `of`.

    Attributes
    ----------
    points
        float32, (n, d).
    centres
        float32, (c, d).
    members
        intp, (n,), places of points, those of one cell beside each other.
    begins
        intp, (c + 1,), where in `members` each cell begins.
    """

    points: Floats
    centres: Floats
    members: NDArray[np.intp]
    begins: NDArray[np.intp]

    @classmethod
    def of(cls, points: Floats, seed: int) -> Cells:
        """Sort points into about as many cells as each has members (k-means on a sample)."""
        n = len(points)
        n_cells = 1 if n <= _ALL_PAIRS else round(n**0.5)
        random = np.random.default_rng(seed)
        sample = points[np.sort(random.choice(n, min(n, n_cells * _TRAINED_ON), replace=False))] if n else points
        centres = sample[np.sort(random.choice(len(sample), min(n_cells, len(sample)), replace=False))].copy()
        for _ in range(_ROUNDS if len(centres) > 1 else 0):
            nearest = _nearest_centre(sample, centres)
            order = np.argsort(nearest, kind="stable")
            used, begins = np.unique(nearest[order], return_index=True)
            sums = np.add.reduceat(sample[order], begins, axis=0)
            # A centre that nobody is near to stays where it was.
            centres[used] = sums / np.diff(begins, append=len(order))[:, None]
        nearest = _nearest_centre(points, centres)
        begins = np.zeros(len(centres) + 1, np.intp)
        np.cumsum(np.bincount(nearest, minlength=len(centres)), out=begins[1:])
        return cls(points, centres, np.argsort(nearest, kind="stable"), begins)

    def nearest(self, queries: Floats, k: int, step: Step = lambda _fraction: True) -> NDArray[np.intp] | None:
        """Return the places of the `k` nearest points of each query, the nearest first.

        Where the nearest are in cells that were not looked into, others come instead: with eight cells probed about one
        in fifty of embeddings of photos. A point is among its own neighbours.

        Parameters
        ----------
        queries
            float32, (m, d).
        k
            At most the number of points.
        step
            Called with the fraction that is done; False ends it.

        Returns
        -------
        intp, (m, k), or None where `step` said so.
        """
        found = np.empty((len(queries), k), np.intp)
        sizes = np.diff(self.begins)
        home = _nearest_centre(queries, self.centres)
        order = np.argsort(home, kind="stable")
        homes, begins = np.unique(home[order], return_index=True)
        norms = np.einsum("ij,ij->i", self.points, self.points)
        done = 0
        for cell, asked in zip(homes.tolist(), np.split(order, begins[1:]), strict=True):
            distances = np.square(self.centres - self.centres[cell]).sum(axis=1)
            ways = np.argsort(distances, kind="stable")
            n_probed = max(_PROBED, int(np.searchsorted(np.cumsum(sizes[ways]), k)) + 1)
            places = np.concatenate([self.members[self.begins[c] : self.begins[c + 1]] for c in ways[:n_probed]])
            candidates = self.points[places]
            for start in range(0, len(asked), _BLOCK):
                rows = asked[start : start + _BLOCK]
                # The query's own norm is the same for all candidates.
                far = norms[places] - 2.0 * (queries[rows] @ candidates.T)
                if k < len(places):
                    near = np.argpartition(far, k - 1, axis=1)[:, :k]
                else:
                    near = np.broadcast_to(np.arange(k), (len(rows), k))
                ranked = np.take_along_axis(near, np.argsort(np.take_along_axis(far, near, 1), 1, kind="stable"), 1)
                found[rows] = places[ranked]
            done += len(asked)
            if not step(done / len(queries)):
                return None
        return found


def _nearest_centre(points: Floats, centres: Floats) -> NDArray[np.intp]:
    norms = np.einsum("ij,ij->i", centres, centres)
    nearest = np.empty(len(points), np.intp)
    for start in range(0, len(points), 8 * _BLOCK):
        block = points[start : start + 8 * _BLOCK]
        nearest[start : start + 8 * _BLOCK] = np.argmin(norms - 2.0 * (block @ centres.T), axis=1)
    return nearest
