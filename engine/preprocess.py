"""From a decoded frame to one item of the network's input, by the rules of a manifest."""

from __future__ import annotations

import hashlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.schemas.frame import Frame
from engine.schemas.model import InputSpec

# Raise when the arithmetic below changes: cached predictions of the old rules are then not used.
_RULES = 1
_INTERPOLATION = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}


class Preprocessor:
    """Resize so that the shorter side fits, crop the centre, lay out as the network wants it.

    Only the region that the crop shows is resized. OpenCV's interpolation does not smooth before it
    shrinks, so a picture more than `_SMOOTH_BEYOND` times too large is reduced by area instead.
    """

    _SMOOTH_BEYOND = 1.3

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self.version = hashlib.sha256(f"{_RULES}:{spec}".encode()).hexdigest()[:12]

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
        """Return one item of the network's input, of `item_shape` and `dtype`. Any thread."""
        pixels = self._cropped(frame.pixels)
        if self._spec.mean is None and self._spec.std is None and self._spec.dtype == "uint8":
            item: NDArray[Any] = pixels
        else:
            item = pixels.astype(np.float32)
            if self._spec.mean is not None:
                item -= np.array(self._spec.mean, np.float32)
            if self._spec.std is not None:
                item /= np.array(self._spec.std, np.float32)
            item = item.astype(self.dtype, copy=False)
        return item if self._spec.layout == "NHWC" else np.ascontiguousarray(item.transpose(2, 0, 1))

    def _cropped(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        scale = self._spec.resize_short_side / min(height, width)
        crop = self._spec.crop
        # The crop's square in the frame's own pixels; the frame is only touched inside it.
        side = min(crop / scale, float(min(height, width)))
        left, top = (width - side) / 2, (height - side) / 2
        x0, y0 = int(left), int(top)
        x1, y1 = min(width, int(np.ceil(left + side))), min(height, int(np.ceil(top + side)))
        region = pixels[y0:y1, x0:x1]
        shrink = min(region.shape[:2]) / crop
        how = cv2.INTER_AREA if shrink > self._SMOOTH_BEYOND else _INTERPOLATION[self._spec.interpolation]
        return np.asarray(cv2.resize(region, (crop, crop), interpolation=how), dtype=np.uint8)
