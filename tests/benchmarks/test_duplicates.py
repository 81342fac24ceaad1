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


def test_the_table_says_no_where_it_falls_short() -> None:
    def verdicts(recall: float, precision: float, seconds: float) -> list[str]:
        held_out = {"recall": recall, "precision": precision, "n_copies": 1, "n_photos": 1}
        planted = {"n_items": 1, "seconds": seconds, "seconds_for_1000_more": 0}
        text = table.rendered({"duplicates": {"held_out": held_out, "planted": planted}})
        return [line.split("|")[-2].strip() for line in text.splitlines()[2:] if line]

    assert verdicts(0.95, 0.99, 60) == ["yes", "yes"]
    assert verdicts(0.949, 1, 60.1) == ["**no**", "**no**"]
    assert verdicts(1, 0.989, 1) == ["**no**", "yes"]
