"""From a decoded frame to one item of the network's input, by the rules of a manifest.

The rule of `InputSpec` (shorter side to so many pixels, then a square from the centre) is done in one
step: only what the square shows is resized. Measured against resizing the whole full-size picture with
antialiased bicubic interpolation, on 100 photos and the default model (2 cores, one thread):

- A frame up to twice too large, which is what the decoders give, goes through OpenCV. That does not smooth
  before it shrinks, so a filter of seven taps does it first: the one that together with OpenCV's kernel comes
  closest to the antialiased one (least squares, see `_taps`). 0.1 to 0.4 ms; mean divergence of the
  probabilities 0.004 nats at 1.46 times too large (0.024 without the filter), top-1 and top-5 the same within
  one photo.
- Everything else, larger and smaller, goes through Pillow, whose result is that of the rule itself:
  0.6 to 2 ms, little beside the decoding of such pictures.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.schemas.frame import Frame
from engine.schemas.model import InputSpec

# Raise when the arithmetic below changes: cached predictions of the old rules are then not used.
_RULES = 4
_DIRECT_UP_TO = 2.0
# Below this there is nothing to smooth.
_SMOOTH_FROM = 1.05
_DIRECT = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
_SMOOTH = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}
# Pixels that the widest filter (Lanczos, 3 at scale 1) reads beyond the square, a pixel to spare.
_SUPPORT = 4
# A frame still so many times too large after the decoder is first averaged over whole blocks.
_BLOCKS_FROM = 4


class Preprocessor:
    """Resize so that the shorter side fits, crop the centre, lay out as the network wants it.

    Attributes
    ----------
    version
        Digest of all that decides the result, for cache keys.

    Notes
    -----
    Holds no state: any number of threads may call it; the heavy part runs without the interpreter's lock.
    """

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._mean = None if spec.mean is None else np.array(spec.mean, np.float32)
        self._factor = None if spec.std is None else 1 / np.array(spec.std, np.float32)
        rules: tuple[Any, ...] = (
            _RULES,
            spec.layout,
            spec.dtype,
            spec.resize_short_side,
            spec.crop,
            spec.interpolation,
            spec.mean,
            spec.std,
        )
        if spec.resize != "shortest":
            rules = (*rules, spec.resize)
        self.version = hashlib.sha256(repr(rules).encode()).hexdigest()[:12]

    @property
    def short_side(self) -> int:
        """Pixels that decoding must give at least on the shorter side."""
        return self._spec.resize_short_side

    @property
    def item_shape(self) -> tuple[int, int, int]:
        """Shape of one item, without the batch axis."""
        crop = self._spec.crop
        return (crop, crop, 3) if self._spec.layout == "NHWC" else (3, crop, crop)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the network's input."""
        return np.dtype(self._spec.dtype)

    def __call__(self, frame: Frame) -> NDArray[Any]:
        """Return one item of the network's input.

        Parameters
        ----------
        frame
            Of any size from 1 x 1 up; its shorter side at least `short_side`, where the picture has it.

        Returns
        -------
        ndarray
            Contiguous, of `item_shape` and `dtype`.
        """
        item: NDArray[Any] = self._square(frame) if self._spec.resize == "shortest" else self._squashed(frame)
        if self._spec.dtype != "uint8":
            item = item.astype(np.float32)
            if self._mean is not None:
                item -= self._mean
            if self._factor is not None:
                item *= self._factor
            item = item.astype(self.dtype, copy=False)
        return item if self._spec.layout == "NHWC" else np.ascontiguousarray(item.transpose(2, 0, 1))

    def _square(self, frame: Frame) -> NDArray[np.uint8]:
        pixels = frame.pixels
        height, width = pixels.shape[:2]
        crop = self._spec.crop
        left, top, right, bottom = self._box(frame)
        shrink = min(height, width) / self._spec.resize_short_side
        how = _DIRECT.get(self._spec.interpolation)
        if how is not None and 1.0 <= shrink <= _DIRECT_UP_TO:
            region = pixels[round(top) : round(bottom), round(left) : round(right)]
            if region.shape[:2] == (crop, crop):
                return np.ascontiguousarray(region)
            if shrink > _SMOOTH_FROM:
                taps = _taps(self._spec.interpolation, round(shrink, 2))
                region = np.asarray(cv2.sepFilter2D(region, -1, taps, taps), dtype=np.uint8)
            return np.asarray(cv2.resize(region, (crop, crop), interpolation=how), dtype=np.uint8)
        # What the filter can reach, so that a very long picture is not copied whole.
        reach = math.ceil(_SUPPORT * max(shrink, 1.0))
        x0, y0 = max(0, math.floor(left) - reach), max(0, math.floor(top) - reach)
        region = pixels[y0 : math.ceil(bottom) + reach, x0 : math.ceil(right) + reach]
        box = (left - x0, top - y0, right - x0, bottom - y0)
        if shrink >= _BLOCKS_FROM:
            region, box = _averaged(region, box, int(shrink / 2))
        image = Image.fromarray(np.ascontiguousarray(region))
        return np.asarray(image.resize((crop, crop), _SMOOTH[self._spec.interpolation], box=box))

    def _squashed(self, frame: Frame) -> NDArray[np.uint8]:
        """Resize the whole picture to the square, by Pillow: OpenCV's taps are for equal scales in both directions."""
        crop = self._spec.crop
        pixels = frame.pixels
        height, width = pixels.shape[:2]
        box = (0.0, 0.0, float(width), float(height))
        if min(height, width) >= _BLOCKS_FROM * crop:
            pixels, box = _averaged(pixels, box, int(min(height, width) / crop / 2))
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.asarray(image.resize((crop, crop), _SMOOTH[self._spec.interpolation], box=box))

    def _box(self, frame: Frame) -> tuple[float, float, float, float]:
        """Return the square in the frame's own pixels: whole sizes and offsets after the resize, as the rule has it.

        The sizes come from the whole picture: those of a frame decoded smaller are rounded already,
        and rounding again can move the crop by half a pixel.
        """
        short, crop = self._spec.resize_short_side, self._spec.crop
        scale = short / min(frame.width, frame.height)
        resized_width, resized_height = max(short, round(frame.width * scale)), max(short, round(frame.height * scale))
        left, top = (resized_width - crop) // 2, (resized_height - crop) // 2
        height, width = frame.pixels.shape[:2]
        x_step, y_step = width / resized_width, height / resized_height
        return (left * x_step, top * y_step, (left + crop) * x_step, (top + crop) * y_step)


@functools.lru_cache(maxsize=256)
def _taps(interpolation: str, shrink: float) -> NDArray[np.float32]:
    """Return seven symmetric taps that make OpenCV's interpolation smooth as the antialiased one does.

    Both kernels are compared at every source pixel for 32 places between two pixels; the taps minimise the
    sum of squares under the condition that they add up to one.

    Parameters
    ----------
    shrink
        How many source pixels become one, 1 to 2.
    """
    reach = 12
    # OpenCV's cubic kernel has a = -0.75; the rule's, as Pillow's and most frameworks', has a = -0.5.
    kernel, wanted = (_cubic(-0.75), _cubic(-0.5)) if interpolation == "bicubic" else (_triangle, _triangle)
    columns, targets = [], []
    for place in np.arange(32) / 32:
        pixels = np.arange(-reach, reach + 1) - place
        target = wanted(pixels / shrink)
        base = kernel(pixels)
        shifted = [np.roll(base, n) + np.roll(base, -n) - 2 * base for n in (1, 2, 3)]
        columns.append(np.stack(shifted, axis=1))
        targets.append(target / target.sum() - base)
    sides = np.linalg.lstsq(np.concatenate(columns), np.concatenate(targets), rcond=None)[0]
    return np.concatenate((sides[::-1], [1 - 2 * sides.sum()], sides)).astype(np.float32)


def _cubic(a: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the cubic convolution kernel (Keys, 1981) with the slope `a` at 1."""

    def kernel(x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.abs(x)
        inner = (a + 2) * x**3 - (a + 3) * x**2 + 1
        outer = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
        return np.asarray(np.where(x < 1, inner, np.where(x < 2, outer, 0.0)))

    return kernel


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(0.0, 1 - np.abs(x)), dtype=np.float64)


def _averaged(
    region: NDArray[np.uint8], box: tuple[float, float, float, float], block: int
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """Average over blocks of `block` x `block` pixels; a rest at the far edges is left out."""
    height, width = region.shape[0] // block, region.shape[1] // block
    whole = region[: height * block, : width * block]
    small = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    left, top, right, bottom = (edge / block for edge in box)
    return small, (left, top, min(right, width), min(bottom, height))
