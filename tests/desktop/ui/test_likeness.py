"""Examples on two sides, and how much of a ranking a level lets through."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.ui.likeness import LEVELS, MOST_EXAMPLES, Likeness, Sample, n_at
from desktop.ui.word_query import WordQuery
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


def said(text: str) -> Sample:
    return Sample(text, text=text, example=Example(text=text))


def test_words_take_the_place_of_words_and_the_pictures_stay() -> None:
    a, b = of(1), of(2)
    likeness = Likeness((a,), (b,), most=30).with_words(WordQuery(("red car", "lights"), ("rain",)))
    assert likeness.words == WordQuery(("red car", "lights"), ("rain",)) and likeness.has_words and likeness.most == 0
    assert likeness.pictures("plus") == (a,) and likeness.pictures("minus") == (b,)
    assert [e.text or e.content_id for e in likeness.examples("plus")] == ["red car", "lights", 1]
    assert [e.text or e.content_id for e in likeness.examples("minus")] == ["rain", 2]
    again = likeness.with_words(WordQuery(("boat",)))
    assert again.words == WordQuery(("boat",)) and again.samples == (again.plus[0], a, b)
    assert again.with_words(WordQuery()) == Likeness((a,), (b,))
    full = Likeness(tuple(of(n) for n in range(MOST_EXAMPLES))).with_words(WordQuery(("boat",)))
    assert len(full.plus) == MOST_EXAMPLES and full.has_words


def test_the_same_words_are_not_there_twice() -> None:
    likeness = Likeness((said("car"),)).added("plus", (said("car"), said("boat")))
    assert likeness.words.plus == ("car", "boat")
    assert likeness.added("minus", (said("car"),)).words == WordQuery(("boat",), ("car",))
    assert not said("1.jpg").is_same(of(1)) and not of(1).is_same(said("1.jpg"))


@pytest.mark.parametrize(
    ("sample", "elsewhere"),
    [
        (of(1), False),
        (of(1, Region(0, 0, 0.5, 0.5)), True),
        (Sample("x.jpg", path="/x.jpg"), True),
        (Sample("Pasted"), True),
        (said("car"), False),
    ],
)
def test_beside_words_what_is_elsewhere_is_looked_at_by_their_model(sample: Sample, elsewhere: bool) -> None:
    sample.example = sample.example or Example(vector=np.ones(2, np.float32))
    both = Likeness((sample, said("boat")))
    assert sample.is_elsewhere is elsewhere and both.is_ready is not elsewhere and Likeness((sample,)).is_ready
    sample.in_words = Example(vector=np.zeros(3, np.float32))
    assert both.is_ready
    assert both.examples("plus")[0] is (sample.in_words if elsewhere else sample.example)
    assert Likeness((sample,)).examples("plus")[0] is sample.example


def test_picks_need_no_examples() -> None:
    picks = Likeness(n_apart=50)
    assert picks.is_ready and not picks.is_empty and Likeness().is_empty and not Likeness().is_ready
    # With a picture beside it, it is a search like any other.
    assert picks.added("plus", (of(1),)).n_apart == 0
