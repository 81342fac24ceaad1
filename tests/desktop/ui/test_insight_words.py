"""One line for each picture that stands out, in the singular and in the plural."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.insight_words import about, asks_for_insight, reason
from engine.schemas.insight import Insight
from engine.schemas.library import Query

LONELY = Insight(7, 0.314, 0.2, True, 10, 3, None, "tench", 0.0)
ODD = Insight(7, 0.91, 0.8, False, 10, 9, "eel", "tench", 0.8)
PLAIN = Insight(7, 0.91, 0.8, False, 10, 0, "eel", None, 0.0)


def said(insight: Insight, *what: str) -> str:
    return reason(insight, *what).replace("\u2068", "").replace("\u2069", "")


def test_what_stands_out() -> None:
    assert said(LONELY) == "Unlike all others: its nearest is only 0.31 alike"
    assert said(ODD) == "9 of its 10 nearest are “tench”; this one is labelled “eel”"
    assert said(PLAIN) == ""
    # A label that is wrong can be put right, so it comes first; but who looks for outliers is told of those.
    both = replace(ODD, outlier=True)
    assert said(both) == said(ODD) and said(both, "outlier").startswith("Unlike all others")


@pytest.mark.parametrize(
    ("n", "n_other", "words"),
    [
        (1, 1, "Its nearest is “tench”; this one is labelled “eel”"),
        (2, 2, "All 2 of its nearest are “tench”; this one is labelled “eel”"),
        (10, 10, "All 10 of its nearest are “tench”; this one is labelled “eel”"),
        (10, 1, "1 of its 10 nearest is “tench”; this one is labelled “eel”"),
        (3, 2, "2 of its 3 nearest are “tench”; this one is labelled “eel”"),
    ],
)
def test_one_and_many(n: int, n_other: int, words: str) -> None:
    assert said(replace(ODD, n_neighbours=n, n_other=n_other)) == words


def test_who_looks_for_mistakes_is_told_why_there_is_none() -> None:
    assert said(PLAIN, "mistake") == "All 10 of its nearest are “eel”, as it is labelled"
    assert said(replace(PLAIN, n_neighbours=1), "mistake") == "Its nearest is “eel” too, as it is labelled"
    assert said(replace(PLAIN, own_class=None), "mistake") == "It has no label that could be a mistake"
    none_known = replace(PLAIN, n_neighbours=0)
    assert said(none_known, "mistake") == "No class is known of its neighbours; this one is labelled “eel”"


@pytest.mark.parametrize("what", ["outlier", "unique"])
def test_who_looks_for_what_is_alone_is_told_how_near_the_next_is(what: str) -> None:
    assert said(PLAIN, what) == "Its nearest is 0.91 alike, its neighbours 0.80 on average"
    assert said(replace(PLAIN, nearest_score=0.99999), what) == "There is another just like it"
    # What is not quite the same is not said to be.
    assert "0.99" in said(replace(PLAIN, nearest_score=0.998), what)
    assert said(replace(PLAIN, nearest_id=None), what) == "There is no other picture to compare it with"
    assert said(replace(LONELY, nearest_id=None)) == "There is no other picture to compare it with"


@given(
    st.builds(
        Insight,
        st.none() | st.integers(1, 9),
        st.floats(-1, 1),
        st.floats(-1, 1),
        st.booleans(),
        st.integers(0, 50),
        st.integers(0, 50),
        st.none() | st.text(min_size=1),
        st.none() | st.text(min_size=1),
        st.floats(0, 1),
    ),
    st.sampled_from(["", "outlier", "unique", "mistake"]),
)
def test_whoever_asks_for_something_gets_a_line(insight: Insight, what: str) -> None:
    line = reason(insight, what)
    assert line or not what
    assert "\n" not in line.replace(insight.own_class or "", "").replace(insight.other_class or "", "")
    assert " 1 of its nearest are" not in line


def test_what_is_looked_for() -> None:
    assert about(Query()) == "" and about(Query(sort="name")) == ""
    assert about(Query(sort="unique")) == "unique" and about(Query(sort="mistake", only="outliers")) == "outlier"
    assert about(Query(only="mistakes")) == "mistake"
    assert [asks_for_insight(q) for q in (Query(), Query(sort="outlier"), Query(only="mistakes"))] == [False, True, True]
