"""What groups are called."""

from __future__ import annotations

import pytest

from desktop.ui.map_groups import group_name, kind_name
from engine.schemas.map import ColourKind, GroupRole, MapGroup


@pytest.mark.parametrize(
    ("role", "kind", "name"),
    [
        ("named", "class", "tench"),
        ("range", "confidence", "tench"),
        ("other", "class", "Other classes"),
        ("other", "source", "Other sources"),
        ("none", "class", "No class"),
        ("none", "confidence", "No prediction"),
        ("none", "source", "Single files"),
        ("accepted", "label", "Labelled"),
        ("rejected", "label", "Prediction rejected"),
        ("unlabelled", "label", "No label yet"),
    ],
)
def test_names(role: GroupRole, kind: ColourKind, name: str) -> None:
    assert group_name(MapGroup("tench", 3, role), kind) == name


def test_a_name_breaks_no_line() -> None:
    assert "\n" not in group_name(MapGroup("a\nb", 1), "class")
    assert len({kind_name(kind) for kind in ("class", "confidence", "label", "source")}) == 4
