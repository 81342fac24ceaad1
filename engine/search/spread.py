"""Choosing few of many so that they differ, and seeing where many lie together."""

from __future__ import annotations

from collections.abc import Callable

import faiss
import numpy as np
from numpy.typing import NDArray

_SEED = 7
_ROUNDS = 12
_BLOCK_ROWS = 8192
MAX_ROWS = 200_000  # what is held in memory as halves of a number: half a gigabyte at 1280 dimensions


def most_different(
    vectors: NDArray[np.float16] | NDArray[np.float32],
    n: int,
    taken: NDArray[np.float32] | None = None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows so that each lies as far as can be from all before it (farthest-first traversal: Gonzalez, "Clustering
    to minimize the maximum intercluster distance", 1985; as active learning: Sener and Savarese, ICLR 2018).

    Parameters
    ----------
    vectors
        (m, dim), L2 norm 1.
    taken
        (t, dim): what is covered already, such as what has a label. Without it the first is the row nearest to the
        middle, which is no outlier.

    Returns
    -------
    tuple
        int64 and float32 (k,), k <= n: rows, and each one's distance (1 - cosine) to all chosen or taken before it.
    """
    m = len(vectors)
    nearest = np.full(m, -2.0, dtype=np.float32)  # cosine to the nearest of what is chosen
    for row in np.empty((0, 0), dtype=np.float32) if taken is None else taken:
        np.maximum(nearest, _cosines(vectors, row), out=nearest)
    chosen: list[int] = []
    distances: list[float] = []
    if m and (taken is None or not len(taken)):
        middle = sum(
            (vectors[at : at + _BLOCK_ROWS].astype(np.float32).sum(axis=0) for at in range(0, m, _BLOCK_ROWS)),
            start=np.zeros(vectors.shape[1], dtype=np.float32),
        )
        first = int(np.argmax(_cosines(vectors, middle / max(float(np.linalg.norm(middle)), 1e-9))))
        chosen, distances = [first], [1.0]
        np.maximum(nearest, _cosines(vectors, vectors[first].astype(np.float32)), out=nearest)
        nearest[first] = np.inf
    while len(chosen) < min(n, m) and not cancelled():
        farthest = int(np.argmin(nearest))
        distances.append(float(1.0 - max(nearest[farthest], -1.0)))
        chosen.append(farthest)
        np.maximum(nearest, _cosines(vectors, vectors[farthest].astype(np.float32)), out=nearest)
        nearest[farthest] = np.inf
    return np.array(chosen[:n], dtype=np.int64), np.array(distances[:n], dtype=np.float32)


def clusters(vectors: NDArray[np.float32], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of about `n` clusters each row belongs to, and the row nearest to the middle of each.

    Parameters
    ----------
    vectors
        float32 (m, dim), L2 norm 1; m >= 1.

    Returns
    -------
    tuple
        int64 (m,), from 0; int64 (c,), c <= n: clusters that nobody belongs to are left out. A fixed seed.
    """
    n = max(1, min(n, len(vectors) // 4))
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        n,
        niter=_ROUNDS,
        spherical=True,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=256,
    )
    # Random beginnings put two heaps into one cluster.
    kmeans.cp.init_method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS
    kmeans.train(np.ascontiguousarray(vectors))
    cosines, found = kmeans.index.search(np.ascontiguousarray(vectors), 1)
    belongs = found[:, 0]
    order = np.lexsort((-cosines[:, 0], belongs))
    _, first, numbers = np.unique(belongs[order], return_index=True, return_inverse=True)
    compact = np.empty(len(belongs), dtype=np.int64)
    compact[order] = numbers
    return compact, order[first]


def _cosines(vectors: NDArray[np.float16] | NDArray[np.float32], row: NDArray[np.float32]) -> NDArray[np.float32]:
    found = np.empty(len(vectors), dtype=np.float32)
    for at in range(0, len(vectors), _BLOCK_ROWS):
        found[at : at + _BLOCK_ROWS] = vectors[at : at + _BLOCK_ROWS].astype(np.float32, copy=False) @ row
    return found
