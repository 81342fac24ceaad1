"""Whether one picture is an edited copy of another: the evidence of their thumbnails, weighed.

The weights are those of a network with one layer of 24 units, the mean of three that were fitted apart
(`engine.search.copy_weights`), on pairs of photos, wallpapers and frames of video that are not part of the project. Its answer
is near the log odds of a copy among pairs half of which are copies, and half the hardest others.

Pictures without detail (a clear sky, a black frame) have no evidence to weigh. Two of them are copies only where shape and
colour are the same all over, within what compression does: brighter or darker ones are not told from others.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.search import copy_weights
from engine.search.alignment import Sketch, fitted
from engine.search.evidence import NAMES, evidence

NEAR = 0.0
_APART = -5.0
_PLAIN_LEVELS = 2.0  # of detail, below which nothing is compared but colour
_PLAIN_SIDE_PX = 16
_PLAIN_MEAN, _PLAIN_MOST = 2.0, 6.0  # levels by which colours may differ
_SAME_SHAPE = 0.02
_OVERHANG = NAMES.index("overhang")
_CLIP = 4.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What two thumbnails say.

    Attributes
    ----------
    score
        Log odds of a copy; `NEAR` and above is one.
    apart
        They are two pictures, however they were cropped.
    same_scene
        The one lies on the other somewhere.
    """

    score: float
    apart: bool
    same_scene: bool

    @property
    def near(self) -> bool:
        """Whether it is a copy."""
        return self.score >= NEAR


class Look:
    """A thumbnail made ready to be compared.

    Parameters
    ----------
    pixels
        uint8, (height, width, 3), RGB, its longer side at most 256 pixels or so.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.sketch = Sketch(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8))
        side = (_PLAIN_SIDE_PX, _PLAIN_SIDE_PX)
        self.colours = np.asarray(cv2.resize(pixels, side, interpolation=cv2.INTER_AREA), dtype=np.float32)
        grey = fitted(self.sketch.grey, 96).astype(np.float32)
        self.detail_levels = float((grey - cv2.GaussianBlur(grey, (0, 0), 4)).std())


def compared(first: Look, second: Look) -> Verdict:
    """Compare two thumbnails. Symmetric but for rounding, so hand over the lower id first."""
    if min(first.detail_levels, second.detail_levels) < _PLAIN_LEVELS:
        return _plain(first, second)
    found = evidence(first.sketch, second.sketch)
    if found is None:
        return Verdict(-10.0, apart=True, same_scene=False)
    score = _weighed(found.values)
    # Two crops of one photo show each what the other does not; as such they are not held against each other.
    inside = found.values.copy()
    inside[_OVERHANG] = min(inside[_OVERHANG], copy_weights.MEANS[_OVERHANG])
    return Verdict(score, apart=_weighed(inside) < _APART, same_scene=True)


def _weighed(values: NDArray[np.float64]) -> float:
    scaled = np.clip((values - copy_weights.MEANS) / copy_weights.SPREADS, -_CLIP, _CLIP)
    return float(np.tanh(copy_weights.HIDDEN @ scaled + copy_weights.HIDDEN_OFFSETS) @ copy_weights.OUTPUT) + (
        copy_weights.OUTPUT_OFFSET
    )


def _plain(first: Look, second: Look) -> Verdict:
    shapes = abs(float(np.log(first.sketch.aspect / second.sketch.aspect)))
    off = np.abs(first.colours - second.colours)
    mean, most = float(off.mean()), float(off.max())
    fits = shapes < _SAME_SHAPE and mean < _PLAIN_MEAN and most < _PLAIN_MOST
    detail = abs(first.detail_levels - second.detail_levels)
    fits = fits and detail < 1
    score = 3 * (1 - mean / _PLAIN_MEAN) + NEAR if fits else -3.0
    return Verdict(score, apart=not fits, same_scene=fits)
