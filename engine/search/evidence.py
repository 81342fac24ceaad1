"""What speaks for and against one picture being an edited copy of another, measured on their thumbnails laid over each other.

A copy shows the same detail in the same place, but for what compression took and what was written over it. Another shot of
the same scene has moved: in parts of it the difference is explained by a small shift (the step of Lucas and Kanade), the
shifts of neighbouring parts agree, and where something has moved both pictures have detail that the other lacks. Text
laid over a picture changes thin places all to one side, towards one colour, in rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.search.alignment import Grey, Placement, Sketch, blurred, gradients, middle_of, overlaid, placed

Flags = NDArray[np.bool_]
Cells = NDArray[np.float64]

_SMALL_PX, _LARGE_PX = 12, 24
_DETAIL_PX = 4  # Gaussian that is taken off to leave the detail
_SLOW_PX = 6  # differences slower than this are light, not content
_FEW = 400  # pixels that are neither black nor white, below which nothing can be said

NAMES = (
    "overhang",
    "likeness",
    "detail",
    "agreeing_detail",
    "noise",
    "noise_to_detail",
    "odd",
    "odd_3px",
    "odd_6px",
    "changed",
    "one_sided",
    "richer",
    "unexplained",
    "unexplained_share",
    "unexplained_to_change",
    "change",
    "rows",
    "columns",
    "pieces",
    "radius_mean",
    "radius_max",
    "filled",
    "shift_75",
    "shift_90",
    "worst_3",
    "worst_10",
    "moved",
    "explained",
    "coherent",
    "shift_max",
    "certain_90",
    "n_cells",
    "shift_75_large",
    "shift_90_large",
    "worst_3_large",
    "worst_10_large",
    "moved_large",
    "explained_large",
    "coherent_large",
    "shift_max_large",
    "certain_90_large",
    "n_cells_large",
)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was measured on a pair.

    Attributes
    ----------
    values
        float64, one for each of `NAMES`, on scales on which they add up.
    place
        Where the second picture lies on the first.
    detail_levels
        Spread of the detail in grey levels, the lesser of both: below about 2 there is nothing to compare.
    """

    values: NDArray[np.float64]
    place: Placement
    detail_levels: float


def evidence(first: Sketch, second: Sketch) -> Evidence | None:
    """Measure a pair; None where the one picture lies nowhere on the other, or both are flat."""
    place = placed(first, second)
    if place is None:
        return None
    laid = overlaid(first, second, place)
    if laid is None:
        return None
    one, other, place = laid
    # The one with more black and white is predicted from the other: what is clipped cannot be undone.
    if _clipped(other) > _clipped(one):
        one, other = other, one
    predicted = _predicted(one, other)
    if predicted is None:
        return None
    return _measured(one, predicted, place)


def _clipped(grey: Grey) -> float:
    return float(((grey < 3) | (grey > 251)).mean())


def _predicted(one: Grey, other: Grey) -> Grey | None:
    """Return `other` in the light of `one`: a robust parabola through the grey levels."""
    lit = (one > 5) & (one < 250) & (other > 5) & (other < 250)
    if int(lit.sum()) < _FEW:
        return None
    target, level = one[lit][::4].astype(np.float64), other[lit][::4].astype(np.float64) / 128 - 1
    powers = np.stack([np.ones_like(level), level, level * level], axis=1)
    trust = np.ones_like(level)
    curve: NDArray[np.float64] = np.zeros(3)
    for _ in range(4):
        weighted = powers * trust[:, None]
        prior = np.diag([1e-3, 1e-3, 0.02 * len(level)])
        curve = np.asarray(np.linalg.solve(weighted.T @ powers + prior, weighted.T @ target), dtype=np.float64)
        off = target - powers @ curve
        spread = 1.4826 * middle_of(np.abs(off)) + 0.3
        trust = np.clip(1 - (off / (4 * spread)) ** 2, 0, None) ** 2
    level_all = other / 128 - 1
    return np.asarray(np.clip(curve[0] + curve[1] * level_all + curve[2] * level_all**2, 0, 255), dtype=np.float32)


def _measured(one: Grey, predicted: Grey, place: Placement) -> Evidence:
    off = one - predicted
    quick = off - blurred(off, _SLOW_PX)
    noise = 1.4826 * middle_of(np.abs(quick.ravel()[::2])) + 0.2
    right, down = gradients(predicted)
    detail_one, detail_other = one - blurred(one, _DETAIL_PX), predicted - blurred(predicted, _DETAIL_PX)
    spread_one, spread_other = float(np.sqrt((detail_one**2).mean())), float(np.sqrt((detail_other**2).mean()))
    # A tenth or so of a pixel of misplacement, times the slope, is no change.
    tolerance = np.asarray(3 * noise + 2.5 + 0.35 * np.hypot(right, down), dtype=np.float32)
    odd = np.abs(quick) > tolerance
    agreeing = 1 - cv2.dilate(odd.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    values = {
        "overhang": math.log(place.overhang + 0.003),
        "likeness": math.log(1.01 - place.likeness),
        "detail": math.log(1.003 - _agreement(detail_one, detail_other, None)),
        "agreeing_detail": math.log(1.003 - _agreement(detail_one, detail_other, agreeing)),
        "noise": math.log(noise + 0.3),
        "noise_to_detail": math.log(noise / (spread_one + 0.5) + 0.02),
        "odd": math.log(float(odd.mean()) + 0.002),
        "odd_3px": math.log(_opened(odd, 3) + 0.001),
        "odd_6px": math.log(_opened(odd, 6) + 0.001),
    }
    values |= _changes(one, predicted, off, tolerance, (detail_one, detail_other))
    for side, suffix in ((_SMALL_PX, ""), (_LARGE_PX, "_large")):
        values |= {
            name + suffix: value
            for name, value in _shifts(quick, (right, down), (detail_one, detail_other), agreeing, noise, side).items()
        }
    return Evidence(np.array([values[name] for name in NAMES]), place, min(spread_one, spread_other))


def _agreement(one: Grey, other: Grey, where: Grey | None) -> float:
    if where is not None:
        one, other = one * where, other * where
    both = float((one * other).sum())
    return both / math.sqrt(float((one * one).sum()) * float((other * other).sum()) + 1e-6)


def _opened(flags: Flags, side_px: int) -> float:
    """Return the share of the picture in patches into which a square of that side fits."""
    opened = cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side_px, side_px), np.uint8))
    return float(np.asarray(opened).mean())


def _changes(one: Grey, predicted: Grey, off: Grey, tolerance: Grey, details: tuple[Grey, Grey]) -> dict[str, float]:
    """Describe the places that differ: is it something laid over the picture?"""
    changed = np.abs(off) > tolerance
    brighter, darker = changed & (off > 0), changed & (off < 0)
    n_brighter, n_darker = int(brighter.sum()), int(darker.sum())
    n = n_brighter + n_darker
    values = {
        "changed": math.log(n / one.size + 0.002),
        "one_sided": abs(n_brighter - n_darker) / max(n, 1),
        "richer": math.log(0.05),
        "unexplained": 0.0,
        "unexplained_share": math.log(0.02),
        "unexplained_to_change": math.log(0.02),
        "change": 0.0,
        "rows": 0.0,
        "columns": 0.0,
        "pieces": 0.0,
        "radius_mean": 0.0,
        "radius_max": 0.0,
        "filled": 1.0,
    }
    if n < 12:
        return values
    flags = changed.astype(np.uint8)
    around = np.asarray(cv2.dilate(flags, np.ones((3, 3), np.uint8))).astype(bool)
    energy = [float((detail[around] ** 2).sum()) + 1 for detail in details]
    # Something laid over one picture has one colour there, or the other picture shining through: what is left of the
    # variance after a line through both, for the brighter and the darker half apart.
    left, whole = [0.0, 0.0], [0.0, 0.0]
    for part in (brighter, darker):
        if int(part.sum()) < 6:
            continue
        size = np.abs(off[part])
        strong = size >= np.median(size)
        a, b = one[part][strong], predicted[part][strong]
        a, b = a - a.mean(), b - b.mean()
        aa, bb, ab = float((a * a).sum()), float((b * b).sum()), float((a * b).sum())
        left[0] += aa - ab * ab / (bb + 1)
        whole[0] += bb
        left[1] += bb - ab * ab / (aa + 1)
        whole[1] += aa
    unexplained = math.sqrt(max(min(left), 0.0) / max(n / 2, 1) + 1)
    change = middle_of(np.abs(off[changed]))
    # With a border, so that a patch at the edge is not half as thick.
    bordered = cv2.copyMakeBorder(flags, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    radii = np.asarray(cv2.distanceTransform(bordered, cv2.DIST_L2, 3))
    closed = np.asarray(cv2.morphologyEx(flags, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)))
    n_pieces = int(cv2.connectedComponents(flags)[0]) - 1
    return values | {
        "richer": math.log(abs(math.log(energy[0] / energy[1])) + 0.05),
        "unexplained": math.log(unexplained),
        "unexplained_share": math.log(min((left[0] + 20) / (whole[0] + 40), (left[1] + 20) / (whole[1] + 40)) + 0.02),
        "unexplained_to_change": math.log(unexplained / (change + 1) + 0.02),
        "change": math.log(change + 1),
        "rows": float(changed.any(axis=1).mean()),
        "columns": float(changed.any(axis=0).mean()),
        "pieces": math.log(n_pieces + 1),
        "radius_mean": math.log(float(radii[radii > 0].mean())),
        "radius_max": math.log(float(radii.max()) + 1),
        "filled": n / max(int(closed.sum()), 1),
    }


def _shifts(
    quick: Grey, slopes: tuple[Grey, Grey], details: tuple[Grey, Grey], agreeing: Grey, noise: float, side_px: int
) -> dict[str, float]:
    """Ask of each square of the picture whether a small shift explains the difference."""
    values = {
        "shift_75": 0.0,
        "shift_90": 0.0,
        "worst_3": 0.0,
        "worst_10": 0.0,
        "moved": 0.0,
        "explained": 0.5,
        "coherent": 0.5,
        "shift_max": 0.0,
        "certain_90": 3.0,
        "n_cells": 0.0,
    }
    rows, columns = quick.shape[0] // side_px, quick.shape[1] // side_px
    if rows < 2 or columns < 2:
        return values

    right, down = slopes
    area = float(side_px * side_px)

    def sums(field: Grey) -> Cells:
        # The mean of whole squares: the same as a sum, in vector code and without the interpreter's lock.
        part = cv2.resize(field[: rows * side_px, : columns * side_px], (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(part, dtype=np.float64) * area

    damping = area * 0.15

    def solved(field: Grey, at: Grey | None) -> tuple[Cells, Cells, Cells, Cells, Cells]:
        a, b = (right, down) if at is None else (right * at, down * at)
        xx, yy, xy, x_off, y_off = sums(right * a), sums(down * b), sums(right * b), sums(a * field), sums(b * field)
        determinant = (xx + damping) * (yy + damping) - xy * xy
        x = -((yy + damping) * x_off - xy * y_off) / determinant
        y = -((xx + damping) * y_off - xy * x_off) / determinant
        return x, y, -(x * x_off + y * y_off), sums(field * field if at is None else field * field * at), xx + yy

    x, y, gain, energy, _ = solved(quick, None)
    shift = np.hypot(x, y)
    explained = gain / np.maximum(energy, 1e-6)
    certainty = gain / noise**2
    both = [sums(details[0] ** 2), sums(details[1] ** 2)]
    match = sums(details[0] * details[1]) / np.sqrt(both[0] * both[1] + 1e-6)
    textured = np.maximum(both[0], both[1]) / area > 6
    n = int(textured.sum())
    values["n_cells"] = math.log(n + 1)
    if n >= 2:
        shift_75, shift_90 = _quantiles(shift[textured], 0.75, 0.9)
        worst_3, worst_10 = _quantiles(match[textured], 0.03, 0.1)
        values["shift_75"], values["shift_90"] = math.log(shift_75 + 0.03), math.log(shift_90 + 0.03)
        values["worst_3"], values["worst_10"] = math.log(1.01 - worst_3), math.log(1.01 - worst_10)
        moved = textured & (shift > 0.15) & (explained > 0.3) & (certainty > 2 * side_px)
        values["moved"] = math.log(float(moved.sum()) / max(n, 4) + 0.005)
    # The same without what differs by more than a small shift makes.
    x, y, gain, energy, steepness = solved(quick * agreeing, agreeing)
    kept = sums(agreeing)
    usable = (kept > 0.4 * area) & (steepness / np.maximum(kept, 1) > 1)
    if int(usable.sum()) >= 2:
        values["explained"] = float(gain[usable].sum() / max(float(energy[usable].sum()), 1e-3))
        certainty = gain / noise**2
        values["certain_90"] = math.log(_quantiles(certainty[usable], 0.9)[0] + 1)
        values["coherent"] = _coherence(x, y, np.where(usable, np.minimum(certainty, 400), 0))
        sure = (gain / np.maximum(energy, 1e-3) > 0.3) & (certainty > side_px)
        values["shift_max"] = math.log(float((np.hypot(x, y) * sure)[usable].max()) + 0.03)
    return values


def _quantiles(values: Cells, *shares: float) -> list[float]:
    """Return what `np.quantile` does, several times faster: these are some hundreds of values."""
    ordered = np.sort(values)
    found = []
    for share in shares:
        at = share * (len(ordered) - 1)
        low = int(at)
        high = min(low + 1, len(ordered) - 1)
        found.append(float(ordered[low] + (at - low) * (ordered[high] - ordered[low])))
    return found


def _coherence(x: Cells, y: Cells, weight: Cells) -> float:
    """Return how far the shifts of neighbouring squares go one way: 1 together, 0 each its own."""
    along = together = 0.0
    length = np.hypot(x, y)
    for a, b in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        w = np.sqrt(weight[a] * weight[b])
        along += float((w * (x[a] * x[b] + y[a] * y[b])).sum())
        together += float((w * length[a] * length[b]).sum())
    return along / (together + 1e-3)
