"""From whatever a decoder gives to uint8 RGB.

Colour profiles are not applied: the networks were trained on pictures read the same way.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
# Cameras and scanners store 10, 12 or 14 significant bits in 16-bit TIFFs without saying so.
_TOPS_TIFF = (255, 1023, 4095, 16383, 65535)
_TOPS = (255, 65535)


# Pictures beyond this are converted a band of rows at a time: whole, each step would cost 3 or 4 bytes a pixel.
_BANDS_BEYOND_PIXELS = 8_000_000
_BAND_PIXELS = 2_000_000


def to_reduced_rgb(image: Image.Image, content_type: str, factor: int) -> Pixels:
    """Return the loaded picture as `to_rgb` does, `factor` times smaller by area, with little memory beside it."""
    width, height = image.size
    if factor < 2 or width * height <= _BANDS_BEYOND_PIXELS or image.mode in _DEEP_MODES:
        pixels = to_rgb(image, content_type)
        return shrunk(pixels, max(1, width // factor), max(1, height // factor)) if factor > 1 else pixels
    columns, rows = width // factor, height // factor
    out = np.empty((rows, columns, 3), np.uint8)
    step = max(1, _BAND_PIXELS // (width * factor))
    for row in range(0, rows, step):
        n = min(step, rows - row)
        # The rest of the division, less than `factor` pixels at the right and the lower edge, is left out.
        band = image.crop((0, row * factor, columns * factor, (row + n) * factor))
        band.info = image.info  # `crop` keeps it today; transparency hangs on it
        out[row : row + n] = shrunk(to_rgb(band, content_type), columns, n)
    return out


def shrunk(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return the picture made smaller by area."""
    return pixels_of(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))


def to_rgb(image: Image.Image, content_type: str) -> Pixels:
    """Return the loaded picture as uint8 RGB; transparency over white, 16 bits and floats scaled to 8."""
    if image.mode in _DEEP_MODES:
        return _from_deep(np.asarray(image), _TOPS_TIFF if content_type == "image/tiff" else _TOPS)
    if image.mode == "LAB":  # Pillow has no conversion for it
        return pixels_of(cv2.cvtColor(np.asarray(image), cv2.COLOR_LAB2RGB))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return over_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def over_white(rgba: Pixels) -> Pixels:
    """Composite (height, width, 4) over white. OpenCV, because it works without the interpreter's lock."""
    alpha = cv2.extractChannel(rgba, 3)
    rgb = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)
    if cv2.minMaxLoc(alpha)[0] == 255:
        return pixels_of(rgb)
    alpha = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
    covered = cv2.multiply(rgb, alpha, scale=1 / 255)
    return pixels_of(cv2.add(covered, cv2.bitwise_not(alpha)))


def from_inverted_cmyk(cmyk: Pixels) -> Pixels:
    """Turn (height, width, 4) as Adobe's programs store it in JPEG (255 is no ink) into RGB."""
    black = cv2.cvtColor(cv2.extractChannel(cmyk, 3), cv2.COLOR_GRAY2RGB)
    return pixels_of(cv2.multiply(cv2.cvtColor(cmyk, cv2.COLOR_RGBA2RGB), black, scale=1 / 255))


def _from_deep(values: NDArray[Any], tops: tuple[int, ...]) -> Pixels:
    """Scale one channel of 16-bit, 32-bit or float values to grey."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and values.dtype.kind in "ui" and high <= 65535:
        low, high = 0.0, float(next(top for top in tops if top >= high))
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    # Otherwise no range is agreed on (elevations, counts): from the lowest value to the highest.
    scale = 255.0 / (high - low) if high > low else 0.0
    gray = np.clip((values.astype(np.float32) - low) * scale, 0, 255).astype(np.uint8)
    return pixels_of(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB))


def pixels_of(array: Any) -> Pixels:
    """Tell the type checker what OpenCV returned."""
    return np.asarray(array, dtype=np.uint8)
