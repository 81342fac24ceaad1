"""Rankings fall into parts at their own gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.schemas.similar import Cuts
from engine.search.score_gap import cuts


def ranking(*parts: np.ndarray) -> np.ndarray:
    return np.sort(np.concatenate(parts))[::-1]


def test_the_parts_of_a_plain_case() -> None:
    rng = np.random.default_rng(1)
    scores = ranking(
        rng.uniform(0.96, 0.99, 6), rng.uniform(0.72, 0.8, 20), rng.uniform(0.45, 0.5, 40), rng.normal(0.18, 0.02, 900)
    )
    found = cuts(scores)
    assert found.near_identical == 6 and found.same_thing in (26, 66) and 60 <= found.same_kind <= 75


def test_nothing_nearly_identical_and_a_gap_later() -> None:
    found = cuts(np.r_[np.linspace(0.8, 0.78, 10), np.linspace(0.3, 0.28, 40)])
    assert found == Cuts(0, 10, 50)


def test_the_query_itself_is_not_all_that_is_the_same() -> None:
    assert cuts(np.array([1.0, 0.97, 0.79, 0.3, 0.28, 0.27])).same_thing == 3
    alone = cuts(np.array([1.0, 0.3, 0.28, 0.27]))
    assert (alone.near_identical, alone.same_thing) == (1, 1), "nothing is like it"


def test_short_ones() -> None:
    assert cuts(np.empty(0)) == Cuts(0, 0, 0)
    assert cuts(np.array([1.0])) == Cuts(1, 1, 1)
    assert cuts(np.array([0.2])) == Cuts(0, 1, 1)
    assert cuts(np.array([1.0, 1.0, 0.4])) == Cuts(2, 2, 3)


@given(st.lists(st.floats(-1, 1), max_size=200))
def test_each_part_holds_the_one_before(values: list[float]) -> None:
    found = cuts(np.sort(np.array(values))[::-1])
    assert 0 <= found.near_identical <= found.same_thing <= found.same_kind <= len(values)
