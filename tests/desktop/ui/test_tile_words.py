"""Tiles in words, and likeness as people read it."""

from __future__ import annotations

import pytest

from desktop.ui.tile_words import score_text, words_of
from tests.desktop.ui.records import tile


def test_a_tile_says_what_it_shows() -> None:
    assert words_of(tile(1, top1="tench", confidence=0.42)) == ["IMG_00001.jpg", "Prediction: tench, 42%"]
    labelled = tile(1, top1="tench", confidence=0.42, label="banjo", label_state="accepted", n_files=3)
    assert words_of(labelled, 0.8249) == [
        "IMG_00001.jpg",
        "Likeness 0.82",
        "Labelled banjo",
        "Prediction: tench, 42%",
        "3 files with this content",
    ]
    assert words_of(tile(1, top1=None, confidence=None, label_state="rejected"), 0.0)[1:] == [
        "Likeness 0.00",
        "Prediction rejected",
    ]


@pytest.mark.parametrize(
    ("score", "text"),
    [(1.0, "1.00"), (0.9996, "1.00"), (0.998, "0.99"), (0.5, "0.50"), (0.004, "0.00"), (-0.254, "\N{MINUS SIGN}0.25")],
)
def test_likeness_has_two_places_and_only_the_same_is_one(score: float, text: str) -> None:
    assert score_text(score) == text
