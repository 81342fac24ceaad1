"""The table says how long each part took, and what was not measured."""

from __future__ import annotations

from benchmarks import table
from benchmarks.parts import PARTS


def test_each_part_has_a_line() -> None:
    text = table.rendered({part: {"failed": f"no {part}"} for part in PARTS})
    assert all(f"not measured: no {part}" in text for part in PARTS)


def test_seconds_are_of_each_part_and_of_all() -> None:
    text = table.rendered({"map": {"failed": "x", "with_start_s": 61.4}, "press": {"failed": "x", "with_start_s": 59.0}})
    assert text.splitlines()[-1] == "Seconds: map 61, press 59; in all 120, 2.0 minutes."
    assert "Seconds" not in table.rendered({"map": {"failed": "x"}})
