"""Examples on two sides, and how much of a ranking a level lets through."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.ui.likeness import LEVELS, MOST_EXAMPLES, Likeness, Sample, n_at
from engine.schemas.similar import Cuts, Example, Ranking, Region


def of(content_id: int, region: Region | None = None) -> Sample:
    return Sample(f"{content_id}.jpg", content_id, region, example=Example(content_id))


def test_what_is_there_is_not_there_twice_and_never_on_both_sides() -> None:
    a, b, part = of(1), of(2), of(1, Region(0, 0, 0.5, 0.5))
    likeness = Likeness().added("plus", (a, b)).added("plus", (of(1), part))
    assert likeness.plus == (a, b, part)
    other = of(2)
    likeness = likeness.added("minus", (other,))
    assert likeness.plus == (a, part) and likeness.minus == (other,)
    assert likeness.added("plus", (b,)).minus == ()


def test_pasted_pictures_are_each_their_own() -> None:
    first, second = Sample("Pasted"), Sample("Pasted")
    assert Likeness().added("plus", (first, second)).added("plus", (first,)).plus == (first, second)


def test_one_that_is_taken_out_is_gone_from_its_side() -> None:
    a, b = of(1), of(2)
    likeness = Likeness((a,), (b,))
    assert likeness.without(a) == Likeness((), (b,)) and likeness.without(b) == Likeness((a,), ())
    assert likeness.without(of(1)) == likeness  # it is the one that lies there, not one like it


def test_it_is_ready_when_the_model_has_looked_at_all() -> None:
    waiting = Sample("x.jpg", path="/x.jpg")
    assert not Likeness().is_ready and Likeness((of(1),)).is_ready
    likeness = Likeness((of(1),), (waiting,))
    assert not likeness.is_ready
    waiting.example = Example(7)
    assert likeness.is_ready


def test_a_side_takes_so_many_and_no_more() -> None:
    likeness = Likeness().added("plus", tuple(of(i) for i in range(1, 100)))
    assert [sample.content_id for sample in likeness.plus] == list(range(1, MOST_EXAMPLES + 1))


@pytest.mark.parametrize(("level", "n"), [*zip(LEVELS, (1, 2, 3, 4), strict=True)])
def test_a_level_lets_the_first_so_many_through(level, n: int) -> None:
    ranking = Ranking(np.arange(4), np.linspace(1, 0, 4), 4, Cuts(1, 2, 3))
    assert n_at(level, ranking) == n
    short = Ranking(np.arange(0), np.zeros(0), 4, Cuts(0, 0, 0))
    assert n_at(level, short) == 0
