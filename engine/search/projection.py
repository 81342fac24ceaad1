"""The map: contents on a plane, so that what looks alike lies together.

PCA first, which takes as long as reading; then t-SNE from there (`engine.search.layout`), in NumPy alone, so that no extra
is needed for it. Compared on vectors of 1280 numbers (3000 crops of a hundred photos, mixed with their neighbours, noise of
a tenth of the norm), each after the same PCA to 50 axes, on two cores, one after the other. Kept is the share of a point's
ten nearest that are still among its ten nearest on the map, trust is trustworthiness at ten:

================  ==========================  =======================  ========================================
method            20,000: s, kept, trust      100,000: s, kept, trust  brings along
================  ==========================  =======================  ========================================
PCA, 2 axes       --, 0.15, 0.795             --, 0.07, 0.803          nothing
PaCMAP 0.9.1      8 (+ 8), 0.44, 0.9986       38, 0.35, 0.9983         numba, llvmlite, scikit-learn, SciPy: 400 MB
openTSNE 1.0.4    72, 0.68, 0.9998            not run                  scikit-learn, SciPy: 210 MB
this module       4, 0.65, 0.9998             14, 0.57, 0.9999         nothing
================  ==========================  =======================  ========================================

In brackets: importing and compiling, the first time. PaCMAP (Apache-2.0) and openTSNE (BSD-3) are both kept up; neither
reads a million vectors in blocks. ``python -m benchmarks map`` measures 100,000 anew.

Above 200,000 contents a sample is laid out, and the others are placed beside their nearest ones of it, as new contents are.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.schemas.map import MapMethod, ProjectedMap, Projection
from engine.search.layout import Graph, laid_out
from engine.search.neighbourhood import Cells

Floats = NDArray[np.float32]
Read = Callable[[int, int], Floats]

_AXES = 50
_NEIGHBOURS = 15
_LAID_OUT = 200_000
_FITTED_ON = 32_768
_RUN = 64  # contents that follow each other are alike: many short runs see more of a library than few long ones
_BLOCK = 4096
_BESIDE = 10
_FEW = 30  # what fewer contents look like says PCA as well
_JITTER = 0.01
_VERSION = 1


class _Cancelled(Exception):
    """Ends a projection from within."""


def projected(
    read: Read,
    n: int,
    *,
    method: MapMethod = "neighbours",
    seed: int = 0,
    progress: Callable[[float], None] = lambda _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
    draft: Callable[[ProjectedMap], None] = lambda _map: None,
) -> ProjectedMap | None:
    """Project vectors onto a plane. The same vectors and seed make the same map, bit for bit on one machine.

    Takes as long as reading the vectors, then about 15 s for 100,000 on two cores. Of the vectors it holds one block at a
    time, and of each 50 numbers of two bytes.

    Parameters
    ----------
    read
        Returns the vectors from one place up to another, float32, (stop - start, d). Each is read once or twice, in order.
    n
        How many vectors there are.
    method
        ``pca``: the two main axes. ``neighbours``: those, and then t-SNE.
    progress
        Called with the fraction that is done, on this thread.
    cancelled
        Asked several times a second.
    draft
        Called with the map by PCA, while that of the neighbours is still to be made.

    Returns
    -------
    The map, or None if it was cancelled.

    Raises
    ------
    ValueError
        A vector is not finite; its place is named.
    """

    def span(begin: float, end: float) -> Callable[[float], bool]:
        def step(fraction: float) -> bool:
            progress(begin + (end - begin) * fraction)
            if cancelled():
                raise _Cancelled
            return True

        return step

    try:
        return _projected(read, n, method, seed, span, draft)
    except _Cancelled:
        return None


def _projected(
    read: Read,
    n: int,
    method: MapMethod,
    seed: int,
    span: Callable[[float, float], Callable[[float], bool]],
    draft: Callable[[ProjectedMap], None],
) -> ProjectedMap:
    alone = method == "pca" or n < _FEW
    mean, axes = _main_axes(read, n, span(0.0, 0.5 if alone else 0.06))
    compact = np.empty((n, axes.shape[1]), np.float16)
    step = span(0.5, 1.0) if alone else span(0.06, 0.15)
    for start in range(0, n, _BLOCK):
        compact[start : start + _BLOCK] = (_finite(read, start, min(n, start + _BLOCK)) - mean) @ axes
        step(min(n, start + _BLOCK) / n)
    flat = _on_a_plane(compact)
    nothing = np.empty((0, axes.shape[1]), np.float16)
    by_pca = ProjectedMap(flat, Projection("pca", seed, mean, axes, nothing, np.empty((0, 2), np.float32)))
    if alone:
        return by_pca
    draft(by_pca)
    random = np.random.default_rng(seed)
    some = np.sort(random.choice(n, _LAID_OUT, replace=False)) if n > _LAID_OUT else np.arange(n)
    landmarks, ends = compact[some], (0.6, 1.0) if n > _LAID_OUT else (1.0, 1.0)
    cells = Cells.of(landmarks.astype(np.float32), seed)
    near = _others(cells, min(_NEIGHBOURS, len(some) // 3), span(0.15, 0.15 + 0.2 * ends[0]))
    begin = flat[some]
    begin += random.standard_normal(begin.shape, np.float32) * np.float32(_JITTER * begin.std(axis=0).max() + 1e-9)
    places = laid_out(Graph.of(near), begin, span(0.15 + 0.2 * ends[0], ends[0]))
    assert places is not None  # being cancelled goes another way
    result = Projection(method, seed, mean, axes, landmarks, places)
    if n > _LAID_OUT:
        rest = np.setdiff1d(np.arange(n), some, assume_unique=True)
        everywhere = np.empty((n, 2), np.float32)
        everywhere[some], everywhere[rest] = places, _placed(result, cells, compact[rest], span(*ends))
        places = everywhere
    return ProjectedMap(places, result)


class Placing:
    """Finds places for new contents on a map that stays as it is. One thread at a time; what it needs is made once.

    Parameters
    ----------
    projection
        Of the map.
    """

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._cells: Cells | None = None

    def of(self, vectors: Floats) -> Floats:
        """Return where new contents lie, float32, (m, 2).

        By PCA on its axes, else among their nearest neighbours: with the greater part of them where they lie apart. A thousand
        take about a quarter of a second among 100,000.

        Parameters
        ----------
        vectors
            float32, (m, d).
        """
        projection = self._projection
        compact = ((vectors - projection.mean) @ projection.axes).astype(np.float16)
        if projection.method == "pca" or not len(vectors):
            return _on_a_plane(compact)
        if self._cells is None:
            self._cells = Cells.of(projection.landmarks.astype(np.float32), projection.seed)
        return _placed(projection, self._cells, compact, lambda _fraction: True)


def placed(projection: Projection, vectors: Floats) -> Floats:
    """Return where new contents lie, float32, (m, 2); `Placing` for those that come in several lots."""
    return Placing(projection).of(vectors)


def to_bytes(projection: Projection) -> bytes:
    """Return a projection in a fixed layout, to be kept."""
    out = io.BytesIO()
    head = np.array([_VERSION, projection.method == "neighbours", projection.seed], np.int64)
    np.savez(
        out,
        head=head,
        mean=projection.mean,
        axes=projection.axes,
        landmarks=projection.landmarks,
        landmark_places=projection.landmark_places,
    )
    return out.getvalue()


def from_bytes(data: bytes) -> Projection | None:
    """Return what `to_bytes` wrote; None where it is damaged or of another version, and has to be made anew."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as kept:
            version, neighbours, seed = (int(value) for value in kept["head"])
            if version != _VERSION:
                return None
            arrays = [kept[name] for name in ("mean", "axes", "landmarks", "landmark_places")]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return None
    mean, axes, landmarks, places = arrays
    kinds = [array.dtype for array in arrays] == [np.float32, np.float32, np.float16, np.float32]
    shapes = axes.shape[:1] == mean.shape and landmarks.shape == (len(places), *axes.shape[1:])
    if not kinds or not shapes or places.shape[1:] != (2,):
        return None
    return Projection("neighbours" if neighbours else "pca", seed, mean, axes, landmarks, places)


def _main_axes(read: Read, n: int, step: Callable[[float], bool]) -> tuple[Floats, Floats]:
    """Return the mean, (d,), and the main axes, (d, c), of the vectors, or of many short runs of them."""
    runs = [(start, min(n, start + _BLOCK)) for start in range(0, n, _BLOCK)]
    if n > _FITTED_ON:
        starts = np.linspace(0, n - _RUN, _FITTED_ON // _RUN).astype(int)
        runs = [(start, start + _RUN) for start in starts.tolist()]
    total: NDArray[np.float64] | None = None
    products: NDArray[np.float64] | None = None
    count = 0
    held: list[Floats] = []
    for i, (start, stop) in enumerate(runs):
        held.append(_finite(read, start, stop))
        if sum(map(len, held)) >= _BLOCK or i == len(runs) - 1:
            block = np.concatenate(held)
            held, count = [], count + len(block)
            sums, squares = block.sum(axis=0, dtype=np.float64), (block.T @ block).astype(np.float64)
            total = sums if total is None else total + sums
            products = squares if products is None else products + squares
        step((i + 1) / len(runs))
    if total is None or products is None:
        return np.zeros(0, np.float32), np.zeros((0, 0), np.float32)
    mean = total / count
    _values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    axes = vectors[:, ::-1][:, : min(_AXES, count)]
    # The sign of an axis means nothing; this one does not depend on the library that finds it.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return mean.astype(np.float32), np.ascontiguousarray(axes * signs, np.float32)


def _finite(read: Read, start: int, stop: int) -> Floats:
    block = read(start, stop)
    if not np.isfinite(block.sum()):
        wrong = start + int(np.argmax(~np.isfinite(block).all(axis=1)))
        raise ValueError(f"vector {wrong} is not finite")
    return block


def _on_a_plane(compact: NDArray[np.float16]) -> Floats:
    flat = np.zeros((len(compact), 2), np.float32)
    n_axes = min(2, compact.shape[1])
    flat[:, :n_axes] = compact[:, :n_axes]
    return flat


def _others(cells: Cells, k: int, step: Callable[[float], bool]) -> NDArray[np.intp]:
    """Return the nearest points of each point, (n, k), without itself."""
    near = cells.nearest(cells.points, k + 1, step)
    assert near is not None
    itself = near == np.arange(len(near))[:, None]
    itself[~itself.any(axis=1), -1] = True  # hidden behind others that are the same
    others: NDArray[np.intp] = near[~itself].reshape(len(near), k)
    return others


def _placed(
    projection: Projection, cells: Cells, compact: NDArray[np.float16], step: Callable[[float], bool]
) -> Floats:
    points = compact.astype(np.float32)
    near = cells.nearest(points, min(_BESIDE, len(cells.points)), step)
    assert near is not None
    places = np.empty((len(points), 2), np.float32)
    for start in range(0, len(points), _BLOCK):
        rows = near[start : start + _BLOCK]
        apart = np.square(cells.points[rows] - points[start : start + _BLOCK, None, :]).sum(axis=2)
        places[start : start + _BLOCK] = _beside(projection.landmark_places[rows], apart)
    return places


def _beside(around: Floats, apart: Floats) -> Floats:
    """Return a place among neighbours that may lie apart on the map: near the one that most of the others are near to.

    Parameters
    ----------
    around
        float32, (m, k, 2), where they lie, the nearest first.
    apart
        float32, (m, k), squared distances to them.
    """
    more = apart - apart[:, :1]
    weight = np.exp(-more / (more.mean(axis=1, keepdims=True) + 1e-12))
    distance = np.linalg.norm(around[:, :, None, :] - around[:, None, :, :], axis=3)
    middle = (distance * weight[:, None, :]).sum(axis=2).argmin(axis=1)
    from_middle = np.take_along_axis(distance, middle[:, None, None], axis=1)[:, 0, :]
    reach = np.median(from_middle, axis=1, keepdims=True) + 1e-12
    weight = weight / np.square(1.0 + np.square(from_middle / reach))
    place: Floats = ((around * weight[:, :, None]).sum(axis=1) / weight.sum(axis=1)[:, None]).astype(np.float32)
    same = apart[:, 0] < 1e-4 * apart[:, -1]
    place[same] = around[same, 0]
    return place
