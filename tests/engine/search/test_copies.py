"""Edited copies are told from other shots, from changed pictures and from other plain ones."""

from __future__ import annotations

import numpy as np
import pytest

from engine.search.copies import Look, compared
from tests.engine.search import shots
from tests.engine.search.shots import photo, saved, seen


@pytest.mark.parametrize("name", shots.NAMES)
def test_edited_copies_are_near_and_no_copy_of_another_photo(name: str) -> None:
    original = Look(seen(photo(name)))
    for edit, pixels in shots.copies(name).items():
        copy = Look(seen(pixels))
        verdict = compared(original, copy)
        assert verdict.same_scene and not verdict.apart, edit
        if edit != "all of it":
            assert verdict.near and compared(copy, original).near, edit
        for other in shots.NAMES:
            if other != name:
                verdict = compared(Look(seen(photo(other))), copy)
                assert not verdict.near and verdict.apart, (edit, other)


def test_all_edits_at_once_leave_most_copies_near() -> None:
    near = [compared(Look(seen(photo(name))), Look(seen(shots.copies(name)["all of it"]))).near for name in shots.NAMES]
    assert sum(near) >= 3


@pytest.mark.parametrize("name", shots.NAMES)
@pytest.mark.parametrize(("degrees", "shift"), [(0.7, 0.0), (-0.4, 0.02)])
def test_the_next_shot_of_a_burst_is_no_copy(name: str, degrees: float, shift: float) -> None:
    original = photo(name)
    shot = shots.moved(original, degrees, shift)
    for pixels in (shot, saved(shot, quality=60), shots.resized(shot, 0.6)):
        verdict = compared(Look(seen(original)), Look(seen(pixels)))
        assert not verdict.near and verdict.same_scene


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_a_picture_in_which_a_thing_has_changed_is_no_copy(name: str) -> None:
    verdict = compared(Look(seen(photo(name))), Look(seen(shots.thing_changed(photo(name)))))
    assert not verdict.near and verdict.same_scene and verdict.apart


def test_two_crops_of_one_photo_are_not_held_apart() -> None:
    original = photo("astronaut")
    one, other = shots.cropped(original, 0.08, 0.0, 0.0, 0.08), shots.cropped(original, 0.0, 0.08, 0.08, 0.0)
    verdict = compared(Look(seen(one)), Look(seen(other)))
    assert verdict.same_scene and not verdict.apart


def test_plain_pictures_are_copies_where_colour_and_shape_are_the_same() -> None:
    def plain(levels: tuple[int, int, int], width: int = 400, noise: float = 0.0) -> Look:
        pixels = np.full((300, width, 3), levels, np.float32)
        if noise:
            pixels += np.random.default_rng(1).normal(0, noise, pixels.shape).astype(np.float32)
        return Look(seen(saved(pixels.clip(0, 255).astype(np.uint8), quality=70)))

    black = plain((2, 2, 3))
    assert compared(black, plain((2, 2, 3))).near
    assert compared(plain((90, 130, 200), noise=1.0), plain((90, 130, 200))).near
    grey = compared(black, plain((12, 12, 13)))
    assert not grey.near and grey.apart
    assert not compared(plain((90, 130, 200)), plain((130, 90, 200))).near
    assert not compared(black, plain((2, 2, 3), width=300)).near
    assert not compared(black, Look(seen(photo("rocket")))).near
    # The same colours all in all, but there is something in it.
    chequered = np.full((300, 400, 3), 90, np.uint8)
    chequered[::25, ::25] = 255
    assert not compared(plain((90, 90, 90)), Look(seen(chequered))).near


@pytest.mark.parametrize("shape", [(1, 1), (3, 256), (256, 3), (15, 15), (16, 16)])
def test_very_small_and_thin_pictures_are_compared_too(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    look = Look(pixels)
    assert np.isfinite(compared(look, look).score)
    assert not compared(look, Look(seen(photo("coffee")))).near


def test_noise_is_no_copy_of_other_noise() -> None:
    a, b = (np.random.default_rng(s).integers(0, 256, (192, 256, 3), dtype=np.uint8) for s in (1, 2))
    assert not compared(Look(a), Look(b)).near
    assert compared(Look(a), Look(a)).near
