"""Which of a group is proposed, by which rule, and the reason that is given."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from engine.schemas.duplicates import Candidate, KeepRule, KeepRules
from engine.search.keepers import proposed

PLAIN = Candidate(1, 800, 600, 100_000, 50.0, labelled=False, folders=("/photos/in",), added_at="2024-05-01")


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        ({"labelled": True}, "labelled", "label"),
        ({"folders": ("/photos/best/2024", "/tmp")}, "folder", "/photos/best"),
        ({"width": 1600, "height": 1200}, "resolution", "1600 × 1200 (1.9 megapixels; the next has 0.48)"),
        ({"sharpness": 80.0}, "sharpness", "80 against 50"),
        ({"size_bytes": 2_345_000}, "size", "2,345 kB against 100 kB"),
        ({"size_bytes": 100_002}, "size", "100,002 bytes against 100,000 bytes"),
        ({"added_at": "2023-01-01"}, "oldest", "first in the library"),
    ],
)
def test_each_rule_decides_alone_and_says_why(change: dict[str, object], rule: KeepRule, words: str) -> None:
    better = replace(PLAIN, content_id=7, **change)  # type: ignore[arg-type]
    group = [PLAIN, replace(PLAIN, content_id=2), better]
    rules = KeepRules(folders=("/photos/best", "/photos"))
    for order in permutations(group):
        proposal = proposed(order, rules)
        assert proposal.content_id == 7 and proposal.rule == rule
        assert words in proposal.reason and "\n" not in proposal.reason
    if rule != "labelled":
        without = tuple(name for name in rules.order if name != rule)
        assert proposed(group, replace(rules, order=without)).content_id == 1


def test_small_pictures_are_told_apart_in_words() -> None:
    small, large = replace(PLAIN, width=250, height=125), replace(PLAIN, content_id=2, width=500, height=500)
    assert "(0.25 megapixels; the next has 0.031)" in proposed([small, large], KeepRules()).reason


def test_the_first_rule_that_tells_them_apart_decides() -> None:
    large, heavy = replace(PLAIN, width=1000), replace(PLAIN, content_id=2, size_bytes=900_000)
    assert proposed([large, heavy], KeepRules()).content_id == 1
    assert proposed([large, heavy], KeepRules(order=("size", "resolution"))).content_id == 2
    # The largest two are told apart by the next rule; the small sharp one is out.
    group = [
        replace(large, sharpness=10.0),
        replace(large, content_id=3, sharpness=20.0),
        replace(heavy, sharpness=99.0),
    ]
    assert proposed(group, KeepRules()).content_id == 3


def test_folders_of_the_same_beginning_are_not_one() -> None:
    group = [replace(PLAIN, folders=("/photos/in2",)), replace(PLAIN, content_id=2)]
    assert proposed(group, KeepRules(folders=("/photos/in",))).content_id == 2


def test_sharpness_that_is_unknown_or_nearly_equal_does_not_count() -> None:
    rules = KeepRules(order=("sharpness", "size"))
    unknown = replace(PLAIN, content_id=2, sharpness=None, size_bytes=200_000)
    assert proposed([PLAIN, unknown], rules).content_id == 2
    slightly = replace(PLAIN, content_id=2, sharpness=52.0)
    assert proposed([replace(PLAIN, size_bytes=200_000), slightly], rules).content_id == 1


def test_equal_ones_are_decided_by_id() -> None:
    proposal = proposed([replace(PLAIN, content_id=9), replace(PLAIN, content_id=4)], KeepRules())
    assert proposal.content_id == 4 and proposal.rule is None and proposal.reason


def test_one_and_none() -> None:
    assert proposed([PLAIN], KeepRules()).content_id == 1
    with pytest.raises(ValueError, match="members"):
        proposed([], KeepRules())
