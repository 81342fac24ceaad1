"""Colours of copies agree but for a gain; those of another picture with the same greys do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.search.alignment import Placement
from engine.search.copies import Look, compared
from engine.search.tint import colours_differ, tint_of
from tests.engine.search import shots

WHOLE = Placement(1.0, 1.0, 0.0, 0.0)


def with_colours_of(pixels: shots.Pixels, degrees: float) -> shots.Pixels:
    """The same greys, the colours turned around the wheel."""
    yuv = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV).astype(np.float32)
    turn = np.radians(degrees)
    u, v = yuv[..., 1] - 128, yuv[..., 2] - 128
    yuv[..., 1] = 128 + np.cos(turn) * u - np.sin(turn) * v
    yuv[..., 2] = 128 + np.sin(turn) * u + np.cos(turn) * v
    return np.asarray(cv2.cvtColor(yuv.clip(0, 255).round().astype(np.uint8), cv2.COLOR_YUV2RGB))


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_edits_leave_colours_what_they_are(name: str) -> None:
    photo = shots.seen(shots.photo(name))
    for edit, copy in shots.copies(name).items():
        if "crop" not in edit:
            assert not colours_differ(tint_of(photo), tint_of(shots.seen(copy)), WHOLE), edit
    darker = (photo * 0.6).astype(np.uint8)
    assert not colours_differ(tint_of(photo), tint_of(darker), WHOLE)


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_the_same_greys_in_other_colours_are_another_picture(name: str) -> None:
    photo = shots.seen(shots.photo(name))
    other = with_colours_of(photo, 180)
    assert colours_differ(tint_of(photo), tint_of(other), WHOLE)
    verdict = compared(Look(photo), Look(other))
    assert not verdict.near and verdict.apart and verdict.same_scene
    assert compared(Look(photo), Look(with_colours_of(photo, 10))).near


def test_a_copy_in_black_and_white_is_a_copy() -> None:
    photo = shots.seen(shots.photo("coffee"))
    grey = np.repeat(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert compared(Look(photo), Look(grey)).near


def test_colours_are_compared_where_the_one_lies_on_the_other() -> None:
    photo = shots.seen(shots.photo("astronaut"))
    height, width = photo.shape[:2]
    part = np.ascontiguousarray(photo[: height * 3 // 4, : width * 3 // 4])
    assert not colours_differ(tint_of(photo), tint_of(part), Placement(0.75, 0.75, 0.0, 0.0))
    assert colours_differ(tint_of(photo), tint_of(np.ascontiguousarray(photo[:, ::-1])), WHOLE)
