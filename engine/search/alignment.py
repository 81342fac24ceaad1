"""Where one picture lies on another: scale and shift, from two small grey pictures.

Copies are resized and cropped, so that is all that is looked for: one scale for both axes and a shift, and at the
end half a percent of stretch, which rounding to whole pixels makes. A rotation or a parallax is left over, and tells
another shot of the same scene from a copy.

First the middle of one picture is looked for in the other at a tenth of the size and 16 scales (normalised
cross-correlation), then the placement is refined by Gauss-Newton steps with robust weights (Tukey's), so that text laid
over the picture does not pull at it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]

FINE_PX = 192
_MIDDLE_PX = 64
_COARSE_PX = 40
_MARGIN_PX = 3
_SCALES = np.geomspace(0.78, 1.28, 16)
_EXTENT_MIN, _EXTENT_MAX = 0.72, 1.36
_SHORTEST_PX = 16
_MIDDLE_BLUR_PX = 0.8
_FINE_BLUR_PX = 1.0
_STRETCH_STEP = 0.002
_SAME_SHAPE = 0.006
_SLOW_PX = 4
_COARSE_MIN = 0.6
_MIDDLE_MIN = 0.4


@dataclass(frozen=True, slots=True)
class Placement:
    """Where picture b lies on picture a.

    Attributes
    ----------
    width, height
        Size of b, in widths and heights of a.
    left, top
        Its corner, in the same units.
    likeness
        Correlation of the two pictures' detail at 64 pixels, 1 for the same.
    """

    width: float
    height: float
    left: float
    top: float
    likeness: float = 0.0

    @property
    def overhang(self) -> float:
        """How far each picture shows what the other does not, the smaller of the two; 0 where one holds the other."""
        right, bottom = self.left + self.width - 1, self.top + self.height - 1
        of_b = max(-self.left, right, -self.top, bottom, 0.0)
        of_a = max(self.left, -right, self.top, -bottom, 0.0)
        return min(of_a, of_b)


class Sketch:
    """A small grey picture at the sizes that are compared.

    Parameters
    ----------
    grey
        uint8 (height, width), from a thumbnail.
    """

    def __init__(self, grey: NDArray[np.uint8]) -> None:
        self.grey = grey
        self.height_px, self.width_px = grey.shape
        self.aspect = self.width_px / self.height_px

    @cached_property
    def coarse(self) -> Grey:
        """The picture at 40 pixels, without its slow changes: a sky is alike to itself wherever it is laid."""
        return _structure(fitted(self.grey, _COARSE_PX))

    @cached_property
    def padded(self) -> Grey:
        """The same with a margin, for what pokes out."""
        edge = _MARGIN_PX
        return _plain(cv2.copyMakeBorder(self.coarse, edge, edge, edge, edge, cv2.BORDER_REFLECT_101))

    @cached_property
    def middle(self) -> Grey:
        """The picture at 64 pixels, smoothed."""
        return blurred(fitted(self.grey, _MIDDLE_PX), _MIDDLE_BLUR_PX)

    @cached_property
    def core(self) -> Grey:
        """The structure of its inner three fifths, which a slight crop never takes, at 40 pixels for the whole."""
        height, width = self.coarse.shape
        x, y = round(width * 0.2), round(height * 0.2)
        return np.ascontiguousarray(self.coarse[y : height - y, x : width - x])

    @property
    def core_share(self) -> tuple[float, float]:
        """Width and height of the core, in widths and heights of the picture."""
        height, width = self.coarse.shape
        return 1 - 2 * round(width * 0.2) / width, 1 - 2 * round(height * 0.2) / height


def _structure(grey: NDArray[np.uint8] | Grey) -> Grey:
    level = grey.astype(np.float32, copy=False)
    return level - blurred(level, _SLOW_PX)


def _plain(values: object) -> Grey:
    return np.asarray(values, dtype=np.float32)


def blurred(grey: NDArray[np.uint8] | Grey, sigma_px: float) -> Grey:
    """Return the picture after a Gaussian."""
    return _plain(cv2.GaussianBlur(grey.astype(np.float32, copy=False), (0, 0), sigma_px))


def fitted(grey: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Return the picture with its longer side at `side_px`, the shorter at no less than 8; channels may follow the sides."""
    height, width = grey.shape[:2]
    scale = side_px / max(height, width)
    if scale == 1:
        return grey
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=method), dtype=np.uint8)


def correlation(a: Grey, b: Grey) -> float:
    """Return the correlation of two pictures of one size."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / math.sqrt(float((a * a).sum()) * float((b * b).sum()) + 1e-6))


@dataclass(frozen=True, slots=True)
class _Step:
    """A placement in pixels of two rasters: x of a = scale * x of b + shift."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float


def _pixels(place: Placement, a: Grey, b: Grey) -> _Step:
    scale_x, scale_y = place.width * a.shape[1] / b.shape[1], place.height * a.shape[0] / b.shape[0]
    # Centres of pixels lie at halves.
    return _Step(
        scale_x,
        scale_y,
        place.left * a.shape[1] + 0.5 * scale_x - 0.5,
        place.top * a.shape[0] + 0.5 * scale_y - 0.5,
    )


def _shares(step: _Step, a: Grey, b: Grey, likeness: float) -> Placement:
    return Placement(
        step.scale_x * b.shape[1] / a.shape[1],
        step.scale_y * b.shape[0] / a.shape[0],
        (step.shift_x + 0.5 - 0.5 * step.scale_x) / a.shape[1],
        (step.shift_y + 0.5 - 0.5 * step.scale_y) / a.shape[0],
        likeness,
    )


def _laid(a: Grey, b: Grey, step: _Step) -> tuple[Grey, tuple[slice, slice]]:
    """Return b in the raster of a, and the part of it where b has pixels."""
    matrix = np.array([[step.scale_x, 0, step.shift_x], [0, step.scale_y, step.shift_y]], dtype=np.float32)
    on_a = cv2.warpAffine(b, matrix, (a.shape[1], a.shape[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inner = []
    for axis, scale, shift in ((0, step.scale_y, step.shift_y), (1, step.scale_x, step.shift_x)):
        first = max(0, math.ceil(scale + shift))
        last = min(a.shape[axis], math.floor((b.shape[axis] - 2) * scale + shift) + 1)
        inner.append(slice(first, max(first, last)))
    return _plain(on_a), (inner[0], inner[1])


def shown_by_both(a: Grey, b: Grey, place: Placement) -> tuple[Grey, Grey]:
    """Return what both show of two rasters, the second in the raster of the first; channels may follow the sides."""
    on_a, inner = _laid(a, b, _pixels(place, a, b))
    return np.ascontiguousarray(a[inner]), np.ascontiguousarray(on_a[inner])


def middle_of(values: NDArray[Any]) -> float:
    """Return the median, the upper of two: several times faster than what NumPy has, of small arrays."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])


def gradients(grey: Grey) -> tuple[Grey, Grey]:
    """Return the slopes to the right and down, in grey levels a pixel."""
    return (
        _plain(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)),
        _plain(cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)),
    )


def _refined(a: Grey, b: Grey, step: _Step, n_steps: int, *, stretch: bool) -> _Step | None:
    """Return the placement where the two agree best; None where it runs away."""
    height, width = a.shape
    spread = 0.0
    for turn in range(n_steps):
        stretching = stretch and turn >= n_steps - 2
        on_a, (rows, columns) = _laid(a, b, step)
        if rows.stop - rows.start < 0.5 * height or columns.stop - columns.start < 0.5 * width:
            return None
        target, value = a[rows, columns], np.ascontiguousarray(on_a[rows, columns])
        right, down = gradients(value)
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) - width / 2)[None]
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) - height / 2)[:, None]
        mean_a, mean_b = float(target.mean()), float(value.mean())
        gain = float(((target - mean_a) * (value - mean_b)).mean()) / (float(value.var()) + 1e-3)
        gain = min(max(gain, 0.3), 3.0)
        left_over = (target - mean_a) - gain * (value - mean_b)
        if turn < 3:
            spread = 1.4826 * middle_of(np.abs(left_over.ravel()[::3])) + 0.7
        trust = np.clip(1 - (left_over / (4 * spread)) ** 2, 0, None) ** 2
        right_x, down_y = right * x, down * y
        slopes = np.stack(
            [right_x + down_y, right, down, right_x - down_y, value - mean_b, np.ones_like(value)]
        ).reshape(6, -1)
        slopes[:4] *= -gain
        weighted = slopes * trust.ravel()
        matrix = weighted @ slopes.T
        n = float(trust.sum())
        # Weak priors keep a picture without detail where it is; stretch is shut until the rest stands.
        matrix[0, 0] += n * 4e-4 * (width / 4) ** 2
        matrix[1, 1] += n * 0.002
        matrix[2, 2] += n * 0.002
        matrix[3, 3] += n * (width / 4) ** 2 * (1e-6 if stretching else 1e6)
        matrix[4, 4] += n * 1e-3 + 1e-6
        matrix[5, 5] += n * 1e-3 + 1e-6
        if n < 1:
            return None
        grow, move_x, move_y, wide = (float(v) for v in np.linalg.solve(matrix, weighted @ left_over.ravel())[:4])
        wide = min(max(wide, -_STRETCH_STEP), _STRETCH_STEP)
        if abs(grow) > 0.2 or abs(move_x) > 0.15 * width or abs(move_y) > 0.15 * height:
            return None
        grow_x, grow_y = grow + wide, grow - wide
        step = _Step(
            step.scale_x * (1 + grow_x),
            step.scale_y * (1 + grow_y),
            step.shift_x * (1 + grow_x) - grow_x * width / 2 + move_x,
            step.shift_y * (1 + grow_y) - grow_y * height / 2 + move_y,
        )
        still = max(abs(move_x), abs(move_y), abs(grow) * width / 2) < 0.03
        if still and (not stretch or turn >= n_steps - 2):
            break
    return step


def _guesses(a: Sketch, b: Sketch) -> list[tuple[float, Placement]]:
    """Return places where b may lie on a, each with its correlation: the whole, and the best two of a search.

    The likeliest first: the whole where both have one shape, else the two that leave b in its own.
    """
    height, width = a.coarse.shape
    relative = b.aspect / a.aspect
    stretch = abs(math.log(relative))
    guesses = []
    if stretch < 0.35:
        whole = _plain(cv2.resize(b.coarse, (width, height), interpolation=cv2.INTER_LINEAR))
        guesses.append((correlation(a.coarse, whole), Placement(1.0, 1.0, 0.0, 0.0)))
    found = []
    core_width, core_height = b.core_share
    for scale in _SCALES:
        across, along = float(scale) * math.sqrt(relative), float(scale) / math.sqrt(relative)
        if not (_EXTENT_MIN < across < _EXTENT_MAX and _EXTENT_MIN < along < _EXTENT_MAX):
            continue
        size = (round(across * width * core_width), round(along * height * core_height))
        if min(size) < 5 or size[0] > a.padded.shape[1] or size[1] > a.padded.shape[0]:
            continue
        core = _plain(cv2.resize(b.core, size, interpolation=cv2.INTER_LINEAR))
        scores = cv2.matchTemplate(a.padded, core, cv2.TM_CCOEFF_NORMED)
        _, best, _, at = cv2.minMaxLoc(scores)
        if not math.isfinite(best):
            continue
        # The core was rounded to whole pixels: its real scale, the same for both axes.
        real = math.sqrt(size[0] / width / core_width * size[1] / height / core_height)
        across, along = real * math.sqrt(relative), real / math.sqrt(relative)
        x, y = (at[0] - _MARGIN_PX + size[0] / 2) / width, (at[1] - _MARGIN_PX + size[1] / 2) / height
        found.append((float(best), Placement(across, along, x - across / 2, y - along / 2)))
    likeliest = sorted(found, key=lambda guess: -guess[0])[:2]
    return guesses + likeliest if stretch < _SAME_SHAPE else likeliest + guesses


def _sized(b: Sketch, a: Grey, place: Placement, sigma_px: float) -> Grey:
    """Return b at the scale at which it lies on a."""
    height, width = max(8, round(a.shape[0] * place.height)), max(8, round(a.shape[1] * place.width))
    method = cv2.INTER_AREA if width < b.width_px else cv2.INTER_LINEAR
    return blurred(np.asarray(cv2.resize(b.grey, (width, height), interpolation=method), dtype=np.uint8), sigma_px)


def placed(a: Sketch, b: Sketch) -> Placement | None:
    """Return where b lies on a; None where it lies nowhere on it."""
    if min(a.height_px, a.width_px, b.height_px, b.width_px) < _SHORTEST_PX:
        return None
    guesses = _guesses(a, b)
    if not guesses or max(score for score, _ in guesses) < _COARSE_MIN:
        return None
    guesses = [guess for guess in guesses if guess[0] >= _COARSE_MIN]
    best: Placement | None = None
    # All levels first, which lead far; where they lead astray, as a sky with text on it does, the structure alone.
    for structure_alone in (False, True):
        raster = _structure(a.middle) if structure_alone else a.middle
        for _, guess in guesses:
            other = _sized(b, raster, guess, _MIDDLE_BLUR_PX)
            found = _settled(raster, _structure(other) if structure_alone else other, guess)
            if found is not None and (best is None or found.likeness > best.likeness):
                best = found
            if best is not None and best.likeness > 0.97:
                break
        if best is not None and best.likeness > 0.9:
            break
    return best if best is not None and best.likeness >= _MIDDLE_MIN else None


def _settled(raster: Grey, other: Grey, guess: Placement) -> Placement | None:
    step = _refined(raster, other, _pixels(guess, raster, other), 12, stretch=False)
    if step is None:
        return None
    on_a, inner = _laid(raster, other, step)
    if min(part.stop - part.start for part in inner) < 8:
        return None
    here, there = np.ascontiguousarray(raster[inner]), np.ascontiguousarray(on_a[inner])
    return _shares(step, raster, other, correlation(here - blurred(here, 4), there - blurred(there, 4)))


def overlaid(a: Sketch, b: Sketch, place: Placement) -> tuple[Grey, Grey, Placement] | None:
    """Return what both show, in one raster of at most 192 pixels, and the placement made finer; None where it is lost."""
    side = min(FINE_PX, max(a.height_px, a.width_px), max(b.height_px, b.width_px))
    raster = blurred(fitted(a.grey, side), _FINE_BLUR_PX)
    other = _sized(b, raster, place, _FINE_BLUR_PX)
    step = _refined(raster, other, _pixels(place, raster, other), 4, stretch=True)
    if step is None:
        return None
    on_a, inner = _laid(raster, other, step)
    if min(part.stop - part.start for part in inner) < _SHORTEST_PX:
        return None
    fine = _shares(step, raster, other, place.likeness)
    return np.ascontiguousarray(raster[inner]), np.ascontiguousarray(on_a[inner]), fine
