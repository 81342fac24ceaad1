"""Points on a plane so that neighbours stay neighbours: t-SNE over a graph of nearest neighbours, in NumPy.

The gradient is that of van der Maaten and Hinton 2008; all neighbours of a point weigh the same (Boehm, Berens and Kobak
2022 find no loss by that). Repulsion comes from a density on a grid, as in FIt-SNE (Linderman et al. 2019), but smeared
by quadratic B-splines and differentiated with them, as particle-mesh Ewald does (Essmann et al. 1995): one transform there
and one back, where FIt-SNE needs three and four.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_EXAGGERATION = 12.0
_EARLY, _LATE = 120, 330  # steps
_MOMENTUM_EARLY, _MOMENTUM_LATE = 0.5, 0.8
_FIRST_SPREAD = 1e-4
_MAX_STEP = 5.0
_SPACING = 0.5  # of the grid; the kernel is about 1 wide
_MIN_NODES, _MAX_NODES = 64, 1024
_NODES_A_POINT = 6  # along one side, by the root of the number of points
_MARGIN = 2
_CHUNK = 1 << 17  # edges that are worked on while they are in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Edges of a symmetric graph, those of one point beside each other; each edge is there twice."""

    begins: NDArray[np.intp]
    ends: NDArray[np.intp]
    weights: Floats

    @classmethod
    def of(cls, neighbours: NDArray[np.intp]) -> Graph:
        """Join each point with its neighbours, (n, k), none of which is itself. All weights together are 1."""
        n, k = neighbours.shape
        here, there = np.repeat(np.arange(n), k), neighbours.ravel()
        keys, counts = np.unique(np.concatenate([here * n + there, there * n + here]), return_counts=True)
        begins = np.searchsorted(keys, np.arange(n + 1) * n)
        return cls(begins, keys % n, (counts / (2.0 * n * k)).astype(np.float32))


def laid_out(graph: Graph, start: Floats, step: Callable[[float], bool] = lambda _fraction: True) -> Floats | None:
    """Return places on the plane, float32, (n, 2), the same for the same input.

    Parameters
    ----------
    start
        float32, (n, 2): where the points begin; only the shape of it matters, not its size.
    step
        Called after each step with the fraction that is done; False ends it.
    """
    n = len(start)
    place = np.ascontiguousarray((start - start.mean(axis=0)).T)
    place *= _FIRST_SPREAD / max(float(place.std(axis=1).max()), 1e-30)
    speed, gain = np.zeros_like(place), np.ones_like(place)
    field = _Field()
    for i in range(_EARLY + _LATE):
        early = i < _EARLY
        exaggeration = _EXAGGERATION if early else 1.0
        push, total = field.repulsion(place)
        slope = 4.0 * (exaggeration * _attraction(graph, place) - push / np.float32(total))
        agrees = np.signbit(slope) == np.signbit(speed)
        gain = np.maximum(np.where(agrees, gain * np.float32(0.8), gain + np.float32(0.2)), np.float32(0.01))
        rate = np.float32(n / exaggeration)
        speed = np.float32(_MOMENTUM_EARLY if early else _MOMENTUM_LATE) * speed - rate * gain * slope
        np.clip(speed, -_MAX_STEP, _MAX_STEP, out=speed)
        place += speed
        place -= place.mean(axis=1, keepdims=True)
        if not step((i + 1) / (_EARLY + _LATE)):
            return None
    return np.ascontiguousarray(place.T)


def _attraction(graph: Graph, place: Floats) -> Floats:
    """Return the sum of p w (y_i - y_j) over the neighbours j of each i, with w = 1 / (1 + distance^2)."""
    pull = np.empty_like(place)
    n = place.shape[1]
    first = 0
    while first < n:
        last = int(np.searchsorted(graph.begins, graph.begins[first] + _CHUNK, "right")) - 1
        last = min(n, max(first + 1, last))
        begin, end = graph.begins[first], graph.begins[last]
        counts = np.diff(graph.begins[first : last + 1])
        offsets = graph.begins[first:last] - begin
        ends = graph.ends[begin:end]
        across = np.repeat(place[0, first:last], counts) - place[0].take(ends)
        along = np.repeat(place[1, first:last], counts) - place[1].take(ends)
        weight = graph.weights[begin:end] / (1.0 + across * across + along * along)
        pull[0, first:last] = np.add.reduceat(across * weight, offsets)
        pull[1, first:last] = np.add.reduceat(along * weight, offsets)
        first = last
    return pull


class _Field:
    """What all points do to each of them, by way of a density on a grid."""

    def __init__(self) -> None:
        self._made_for: tuple[int, float] | None = None
        self._kernel: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def repulsion(self, place: Floats) -> tuple[Floats, float]:
        """Return the sum of w^2 (y_i - y_j) over all j for each i, (2, n), and the sum of w over all pairs."""
        low = place.min(axis=1)
        span = float((place.max(axis=1) - low).max())
        # A few that fly far apart are worth no finer grid than they would need beside each other.
        most = min(_MAX_NODES, max(_MIN_NODES, int(_NODES_A_POINT * place.shape[1] ** 0.5)))
        spacing = max(_SPACING, span / (most - 2 * _MARGIN - 2))
        nodes = _fast_length(max(_MIN_NODES, int(span / spacing) + 2 * _MARGIN + 2))
        self._prepare(nodes, spacing)
        at = (place - low[:, None]) / np.float32(spacing) + np.float32(_MARGIN)
        node = np.rint(at)
        x, y = (_Spline.of(part) for part in at - node)
        corner = ((node[0] - 1) * nodes + node[1] - 1).astype(np.intp)
        density = np.zeros(nodes * nodes)
        for i, wx in enumerate(x.values):
            for j, wy in enumerate(y.values):
                density += np.bincount(corner + (i * nodes + j), wx * wy, nodes * nodes)
        grid = density.reshape(nodes, nodes).astype(np.float32)
        spread = np.fft.rfft2(grid, (2 * nodes, 2 * nodes))
        potential = np.fft.irfft2(spread * self._kernel, (2 * nodes, 2 * nodes))[:nodes, :nodes].ravel()
        felt = np.zeros(place.shape[1], np.float32)
        slope = np.zeros_like(place)
        for i, (wx, sx) in enumerate(zip(x.values, x.slopes, strict=True)):
            for j, (wy, sy) in enumerate(zip(y.values, y.slopes, strict=True)):
                value = potential.take(corner + (i * nodes + j))
                felt += value * (wx * wy)
                slope[0] += value * (sx * wy)
                slope[1] += value * (wx * sy)
        # The gradient of w is -2 w^2 (y_i - y_j). A point does nothing to itself, but is in the sum of w with 1.
        slope *= np.float32(-0.5 / spacing)
        return slope, max(float(felt.sum(dtype=np.float64)) - place.shape[1], 1e-12)

    def _prepare(self, nodes: int, spacing: float) -> None:
        """Make the spectrum of w, divided by what the splines do to it on the way in and out."""
        if self._made_for == (nodes, spacing):
            return
        size = 2 * nodes
        apart = np.minimum(np.arange(size), size - np.arange(size)) * spacing
        kernel = 1.0 / (1.0 + apart[:, None] ** 2 + apart[None, :] ** 2)
        turn = 2.0 * np.pi * np.arange(size) / size
        smeared = 0.75 + 0.25 * np.cos(turn)
        spectrum = np.fft.rfft2(kernel).real
        spectrum /= smeared[:, None] ** 2 * smeared[None, : nodes + 1] ** 2
        self._kernel = spectrum.astype(np.float32)
        self._made_for = nodes, spacing


@dataclass(frozen=True, slots=True, eq=False)
class _Spline:
    """The quadratic B-spline and its slope at the three nodes around points that lie within half a node of one."""

    values: tuple[Floats, Floats, Floats]
    slopes: tuple[Floats, Floats, Floats]

    @classmethod
    def of(cls, off: Floats) -> _Spline:
        half = np.float32(0.5)
        before, after = half - off, half + off
        middle = np.float32(0.75) - off * off
        return cls((half * before * before, middle, half * after * after), (-before, -2 * off, after))


def _fast_length(least: int) -> int:
    """Return the next length that the transform is quick at: it grows by steps, so that kernels can be kept."""
    lengths: list[int] = [(1 << a) * b for a in range(4, 12) for b in (2, 3, 5, 9)]
    return min(length for length in lengths if length >= least)
