"""Whether the colours of two pictures agree, laid over each other.

Evidence of grey levels alone takes two evenings over still water for one picture. A copy has the same colours, but for one
gain, which brightness and contrast give to all that is not grey.

The limits were chosen on 9,000 pairs of copies of 250 photos and wallpapers, of which none is beyond them, and two lakes
which are.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.search.alignment import Grey, Placement, fitted, shown_by_both

Tint = NDArray[np.float32]

SIDE_PX = 48
_GREY_LEVELS, _COLOURED_LEVELS = 1.5, 6.0
_GAIN_MIN, _GAIN_MAX = 0.4, 2.5
_EVEN_LEVELS = 2.0  # so that noise in grey counts for no colour
_OFF_LEVELS, _OFF_SHARE = 18.0, 0.65


def tint_of(pixels: NDArray[np.uint8]) -> Tint:
    """Return by how much red and blue differ from grey, float32 (height, width, 2), at most 48 pixels a side.

    Parameters
    ----------
    pixels
        uint8, (height, width, 3), RGB.
    """
    small = fitted(pixels, SIDE_PX).astype(np.float32)
    grey = small @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    # Compression keeps colours at half the size, and rounds them where they are.
    tint = cv2.GaussianBlur(np.stack([small[..., 0] - grey, small[..., 2] - grey], axis=2), (0, 0), 1.0)
    return np.asarray(tint, dtype=np.float32)


def colours_differ(first: Tint, second: Tint, place: Placement) -> bool:
    """Tell whether no gain makes one picture's colours the other's; where one has none, they do not.

    Parameters
    ----------
    place
        Where the second lies on the first.
    """
    one, other = shown_by_both(first, second, place)
    spreads = _spread(one), _spread(other)
    if min(spreads) < _GREY_LEVELS and max(spreads) > _COLOURED_LEVELS:
        return False  # a copy in black and white
    off, gain = _left_over(one, other)
    return off > _OFF_LEVELS and off > _OFF_SHARE * (max(spreads[0], gain * spreads[1]) + _EVEN_LEVELS)


def _spread(tint: Grey) -> float:
    return float(np.sqrt(np.square(tint).sum(axis=-1).mean()))


def _left_over(one: Grey, other: Grey) -> tuple[float, float]:
    """Return the spread of what no gain explains, and the gain: robust, so that text laid over a picture sets none."""
    trust = np.ones((*one.shape[:2], 1), dtype=np.float32)
    prior = _EVEN_LEVELS**2 * trust.size
    gain, off = 1.0, one - other
    for _ in range(4):
        top, bottom = float((trust * one * other).sum()), float((trust * other * other).sum())
        gain = min(max((top + prior) / (bottom + prior), _GAIN_MIN), _GAIN_MAX)
        off = one - gain * other
        size = np.hypot(off[..., :1], off[..., 1:])
        spread = 1.4826 * float(np.median(size)) + 1.0
        trust = np.clip(1 - (size / (4 * spread)) ** 2, 0, None) ** 2
    return _spread(np.asarray(off, dtype=np.float32)), gain
