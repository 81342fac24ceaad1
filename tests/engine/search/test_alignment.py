"""Where one picture lies on another is found to a part of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.search.alignment import Placement, Sketch, overlaid, placed
from tests.engine.search import shots


def sketch(pixels: shots.Pixels) -> Sketch:
    return Sketch(np.asarray(cv2.cvtColor(shots.seen(pixels), cv2.COLOR_RGB2GRAY), dtype=np.uint8))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(shots.NAMES), st.tuples(*[st.floats(0, 0.1)] * 4), st.floats(0.4, 1.0))
def test_a_crop_is_found_in_its_original(name: str, sides: tuple[float, float, float, float], scale: float) -> None:
    original = shots.photo(name)
    height, width = original.shape[:2]
    left, top, right, bottom = (round(s * n) for s, n in zip(sides, (width, height, width, height), strict=True))
    crop = shots.resized(original[top : height - bottom, left : width - right], scale)
    first, second = sketch(original), sketch(crop)
    rough = placed(first, second)
    assert rough is not None
    laid = overlaid(first, second, rough)
    assert laid is not None
    place = laid[2]
    assert place.width == pytest.approx((width - left - right) / width, abs=0.008)
    assert place.height == pytest.approx((height - top - bottom) / height, abs=0.008)
    assert place.left == pytest.approx(left / width, abs=0.008)
    assert place.top == pytest.approx(top / height, abs=0.008)
    assert place.overhang < 0.01


def test_the_overhang_is_what_each_shows_alone() -> None:
    assert Placement(0.9, 0.9, 0.05, 0.05).overhang == 0  # inside
    assert Placement(1.2, 1.1, -0.1, -0.05).overhang == 0  # around
    assert Placement(0.9, 0.9, -0.04, 0.0).overhang == pytest.approx(0.04)
    assert Placement(1.0, 1.0, 0.03, -0.02).overhang == pytest.approx(0.03)


def test_other_photos_lie_nowhere() -> None:
    sketches = [sketch(shots.photo(name)) for name in shots.NAMES]
    for i, one in enumerate(sketches):
        for other in sketches[:i]:
            place = placed(one, other)
            assert place is None or place.likeness < 0.6
