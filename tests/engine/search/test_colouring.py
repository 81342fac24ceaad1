"""Groups of a map and their counts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.schemas.map import MapColours
from engine.search import colouring

NAMES = [f"class {i}" for i in range(60)]


def check(colours: MapColours, n: int) -> None:
    """Each point has a group, and the legend counts them."""
    assert len(colours.groups) == n and colours.groups.dtype == np.uint16
    assert np.bincount(colours.groups, minlength=len(colours.legend)).tolist() == [group.n for group in colours.legend]


@given(st.lists(st.integers(-1, 59), max_size=400))
def test_the_most_frequent_have_names_and_the_rest_is_counted(codes: list[int]) -> None:
    colours = colouring.by_name(np.array(codes, np.int64), NAMES, "class")
    check(colours, len(codes))
    named = [group for group in colours.legend if group.role == "named"]
    assert [group.n for group in named] == sorted((group.n for group in named), reverse=True)
    for group, code in zip(colours.groups.tolist(), codes, strict=True):
        line = colours.legend[group]
        assert line.role == ("none" if code < 0 else line.role) and line.role in ("named", "other", "none")
        if line.role == "named":
            assert line.name == NAMES[code]
    assert all(group.n for group in colours.legend)


def test_beyond_forty_names_the_others_are_together() -> None:
    codes = np.repeat(np.arange(60), np.arange(60, 0, -1))
    colours = colouring.by_name(codes, NAMES, "class")
    check(colours, len(codes))
    assert len(colours.legend) == 41 and colours.legend[0].name == "class 0" and colours.legend[40].role == "other"


@given(st.lists(st.one_of(st.floats(0, 1, width=32), st.just(float("nan"))), max_size=60))
def test_confidence_in_fifths(confidences: list[float]) -> None:
    colours = colouring.by_confidence(np.array(confidences, np.float32))
    check(colours, len(confidences))
    for group, value in zip(colours.groups.tolist(), confidences, strict=True):
        if np.isnan(value):
            assert colours.legend[group].role == "none"
        else:
            low, high = colours.legend[group].name.rstrip("%").split("\N{EN DASH}")
            assert int(low) / 100 <= value + 1e-6 and value <= int(high) / 100 + 1e-6


def test_label_states() -> None:
    colours = colouring.by_label(np.array([0, 0, 1, 2, 0]))
    check(colours, 5)
    assert [(group.role, group.n) for group in colours.legend] == [("accepted", 1), ("rejected", 1), ("unlabelled", 3)]
    assert colours.groups.tolist() == [2, 2, 0, 1, 2]
