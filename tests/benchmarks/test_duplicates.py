"""The benchmark of near-duplicates, small: edited copies are found, and the table says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import duplicates, table

PHOTOS = Path(__file__).resolve().parents[2] / "resources" / "samples"


@pytest.mark.slow
def test_copies_are_counted_and_found(tmp_path: Path) -> None:
    found = duplicates.measure(PHOTOS, tmp_path, tmp_path / "models", n_items=2000, n_photos=2)
    assert found["held_out"]["n_photos"] == 2 and found["held_out"]["n_copies"] > 20
    assert found["held_out"]["recall"] > 0.8 and found["planted"]["recall"] > 0.9
    text = table.rendered({"duplicates": found})
    assert f"recall {found['held_out']['recall']}, precision" in text and "2,000 items" in text


def test_each_kind_of_edit_has_both_figures_and_wrong_pairs_count_for_the_edits_in_them() -> None:
    pictures = [
        ((0, 0), "original"),
        ((0, 0), "jpeg"),
        ((0, 0), "crop+resize+png"),
        ((0, 1), "next shot"),
        ((1, 0), "original"),
        ((1, 0), "jpeg"),
    ]
    found = duplicates.counted(pictures, [(0, 1, 3), (4, 5)])
    assert (found["n_copies"], found["recall"]) == (3, 0.6667)
    assert (found["n_pairs"], found["n_wrong_pairs"], found["precision"]) == (4, 2, 0.5)
    assert found["n_strangers_in_groups"] == {"next shot": 1, "thing changed": 0, "other photo": 0}
    assert found["by_edit"] == {
        "combined": {"n": 1, "recall": 0.0, "precision": 1.0},
        "jpeg": {"n": 2, "recall": 1.0, "precision": 0.6667},
    }
    assert duplicates.counted(pictures, [])["precision"] == 1 and duplicates.counted(pictures, [])["recall"] == 0
    mixed = duplicates.counted(pictures, [(0, 1, 4)])
    assert mixed["n_strangers_in_groups"]["other photo"] == 1


def test_the_table_says_no_where_it_falls_short() -> None:
    def verdicts(recall: float, precision: float, seconds: float) -> list[str]:
        held_out = {"recall": recall, "precision": precision, "n_copies": 1, "n_photos": 1}
        planted = {"n_items": 100_000, "seconds": seconds, "seconds_for_1000_more": 0}
        text = table.rendered({"duplicates": {"held_out": held_out, "planted": planted}})
        return [line.split("|")[-2].strip() for line in text.splitlines()[2:] if line]

    assert verdicts(0.95, 0.99, 60) == ["yes", "yes"]
    assert verdicts(0.949, 1, 60.1) == ["**no**", "**no**"]
    assert verdicts(1, 0.989, 1) == ["**no**", "yes"]
