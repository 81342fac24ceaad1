"""Whether one picture is an edited copy of another: the evidence of their thumbnails, weighed.

The weights are those of a network with one layer of 24 units, the mean of three that were fitted apart
(`engine.search.copy_weights`). Its answer is near the log odds of a copy among pairs half of which are copies, and half the
hardest others. A pair in doubt is measured both ways.

Fitted on 7,000 pairs of a picture and its copy and 12,000 others, from 170 photos and wallpapers, five clips and some series.
On 50 photos and a clip of a talking face that the weights were not fitted on, of 1,950 copies, more than half with text on
them, 97.0 % are found, without text 99.3 %. Taken for copies are none of 1,000 next shots and frames of the clip, none of
680 other photos, 2.8 % of edited copies of one frame with another frame, and 4 % of photos in which one thing has been
changed, 8 % once those are edited as well. The evidence, the threshold and the rules of groups were settled with those
figures in sight, so they flatter.

In groups (`benchmarks.duplicates`), 30 wallpapers looked at only after that gave a recall of 0.974 and a precision of 0.975. Two
lakes at dusk, alike in grey, were taken for one picture: therefore colours are compared (`tint`). Things changed came in by
one lucky pair of fourteen: therefore groups are sifted (`groups`). The limits of both were chosen on those wallpapers
and 50 photos. On the 50 photos named first: recall 0.965, precision 0.994. On 136 photos from elsewhere, not looked at
before: 0.979 and 0.990 with a least mean of 0.75 in a group, then 0.973 and 0.992 with 1.0, raised with that in sight.

Pictures without detail (a clear sky, a black frame) have no evidence to weigh. Two of them are copies only where shape and
colour are the same all over, within what compression does: brighter or darker ones are not told from others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.search import copy_weights
from engine.search.alignment import Sketch, fitted
from engine.search.evidence import NAMES, evidence
from engine.search.tint import SIDE_PX, Tint, colours_differ, tint_of

NEAR = 0.0
_APART = -5.0
_SURE = 3.0
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
        self._small = fitted(pixels, SIDE_PX)
        grey = fitted(self.sketch.grey, 96).astype(np.float32)
        self.detail_levels = float((grey - cv2.GaussianBlur(grey, (0, 0), 4)).std())

    @cached_property
    def colours(self) -> NDArray[np.float32]:
        """The picture at 16 x 16 pixels."""
        side = (_PLAIN_SIDE_PX, _PLAIN_SIDE_PX)
        return np.asarray(cv2.resize(self._small, side, interpolation=cv2.INTER_AREA), dtype=np.float32)

    @cached_property
    def tint(self) -> Tint:
        """Its colours, without its greys."""
        return tint_of(self._small)


def compared(first: Look, second: Look) -> Verdict:
    """Compare two thumbnails, in either order; where it is a near thing, both ways."""
    if min(first.detail_levels, second.detail_levels) < _PLAIN_LEVELS:
        return _plain(first, second)
    found = evidence(first.sketch, second.sketch)
    if found is None:
        return Verdict(-10.0, apart=True, same_scene=False)
    score = _weighed(found.values)
    if abs(score) < _SURE:
        other_way = evidence(second.sketch, first.sketch)
        if other_way is not None:
            score = (score + _weighed(other_way.values)) / 2
    if score >= NEAR and colours_differ(first.tint, second.tint, found.place):
        return Verdict(_APART, apart=True, same_scene=True)
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
