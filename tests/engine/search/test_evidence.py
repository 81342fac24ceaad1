"""What is measured on a pair goes the way that it should."""

from __future__ import annotations

import cv2
import numpy as np

from engine.search.alignment import Sketch
from engine.search.evidence import NAMES, evidence
from tests.engine.search import shots


def measured(one: shots.Pixels, other: shots.Pixels) -> dict[str, float]:
    sketches = [
        Sketch(np.asarray(cv2.cvtColor(shots.seen(p), cv2.COLOR_RGB2GRAY), dtype=np.uint8)) for p in (one, other)
    ]
    found = evidence(*sketches)
    assert found is not None
    assert np.isfinite(found.values).all()
    return dict(zip(NAMES, found.values.tolist(), strict=True))


def test_names_are_as_many_as_values() -> None:
    assert len({*NAMES}) == len(NAMES) == len(measured(shots.photo("coffee"), shots.photo("coffee")))


def test_each_kind_of_difference_shows() -> None:
    original = shots.photo("astronaut")
    same = measured(original, shots.saved(original, quality=80))
    shot = measured(original, shots.moved(original, 0.7, 0.0))
    text = measured(original, shots.lettered(original))
    changed = measured(original, shots.thing_changed(original))
    shifted = measured(shots.cropped(original, 0.05, 0, 0, 0), shots.cropped(original, 0, 0.05, 0.05, 0))
    assert shot["explained"] > same["explained"] + 0.2 and shot["shift_75"] > same["shift_75"] + 1
    assert shot["coherent_large"] > 0.5
    assert text["changed"] > same["changed"] + 1 and text["one_sided"] > 0.8
    assert changed["odd_6px"] > text["odd_6px"] and changed["unexplained"] > text["unexplained"]
    assert shifted["overhang"] > same["overhang"] + 2


def test_what_is_overexposed_is_no_change_whichever_comes_first() -> None:
    original = shots.photo("astronaut")
    bright = shots.brightened(original, 1.35)
    for values in (measured(original, bright), measured(bright, original)):
        assert values["changed"] < -3 and values["odd_6px"] < -6


def test_black_frames_have_no_evidence() -> None:
    black = Sketch(np.zeros((144, 256), np.uint8))
    assert evidence(black, black) is None
