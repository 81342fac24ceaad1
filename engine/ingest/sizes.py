"""How many pixels are too many, and how many are needed."""

from __future__ import annotations

from engine.errors import ErrorCode, FileError
from engine.ingest.colour import Pixels, shrunk
from engine.ingest.refusals import unreadable
from engine.schemas.files import ImageLimits


def check_pixels(width: int, height: int, limits: ImageLimits, name: str) -> None:
    """Refuse a picture whose header announces more pixels than the limit, or none."""
    if width < 1 or height < 1:
        raise unreadable(name, f"it says that it has {width} x {height} pixels")
    if width * height > limits.max_pixels:
        raise FileError(
            ErrorCode.TOO_MANY_PIXELS,
            f"{name} has {width} x {height} pixels ({width * height / 1e6:.0f} megapixels); "
            f"the limit is {limits.max_pixels / 1e6:.0f} megapixels.",
            way_out="Raise the limit max_megapixels in the settings, or make the picture smaller.",
            width=width,
            height=height,
            max_pixels=limits.max_pixels,
        )


def factor_towards(width: int, height: int, short_side: int, long_side: int) -> int:
    """Return how many times smaller a picture may be made at once and still serve what is wanted.

    Parameters
    ----------
    short_side
        Pixels that the shorter side must keep; 0 for no such wish.
    long_side
        Pixels that the longer side must keep; 0 for no such wish. With neither, the answer is 1.
    """
    if short_side:
        return max(1, min(width, height) // short_side)
    return max(1, max(width, height) // long_side) if long_side else 1


def fit_within(pixels: Pixels, long_side: int) -> Pixels:
    """Shrink by area until the longer side has at most `long_side` pixels; 0 leaves the picture as it is."""
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    if not 0 < scale < 1:
        return pixels
    return shrunk(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
