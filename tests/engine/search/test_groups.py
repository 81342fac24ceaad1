"""Groups have a centre that all are alike to, whatever the order, and respect what is known to be apart."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.schemas.duplicates import Group, Pairs
from engine.search.groups import near_groups, similar_groups

Row = tuple[int, int, bool, float, float, bool]


def table(rows: list[Row]) -> Pairs:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    first, second, near, score, cosine, apart = columns
    return Pairs(
        np.array(first, np.int64),
        np.array(second, np.int64),
        np.array(near, bool),
        np.array(score, np.float32),
        np.array(cosine, np.float32),
        np.array(apart, bool),
        np.ones(len(rows), bool),
    )


def near(a: int, b: int, score: float = 5.0) -> Row:
    return a, b, True, score, 0.95, False


def apart(a: int, b: int, cosine: float = 0.95) -> Row:
    return a, b, False, -8.0, cosine, True


def members(groups: list[Group]) -> list[tuple[int, ...]]:
    return [group.members for group in groups]


def test_a_chain_is_no_group() -> None:
    assert members(near_groups(table([near(1, 2, 6), near(2, 3, 5), near(3, 4, 4), near(4, 5, 3)]))) in (
        [(1, 2, 3), (4, 5)],
    )


def test_copies_come_together_around_their_original() -> None:
    (group,) = near_groups(table([near(1, 5), near(2, 5), near(3, 5), near(2, 3, 9)]))
    assert group.members == (1, 2, 3, 5) and group.centre == 5 and group.kind == "near"
    assert group.scores == (5.0, 5.0, 5.0, math.inf)


def test_a_copy_goes_to_the_shot_that_it_was_made_from() -> None:
    # 1 and 2 are two shots of a burst, 3 a copy of 1 that is taken for one of 2 as well.
    assert members(near_groups(table([near(1, 3, 8), near(2, 3, 1), apart(1, 2)]))) == [(1, 3)]


def test_one_wrong_look_does_not_keep_a_copy_from_its_many_like() -> None:
    rows = [near(1, other) for other in range(2, 7)] + [near(2, 6), near(3, 6), near(3, 5), near(4, 5), apart(5, 6)]
    assert members(near_groups(table(sorted(rows)))) == [(1, 2, 3, 4, 5, 6)]


def unlike(a: int, b: int, score: float) -> Row:
    return a, b, False, score, 0.95, False


def test_what_most_looks_speak_against_goes_out_though_one_pair_was_taken_for_a_copy() -> None:
    copies = [near(a, b, 6) for a in range(1, 6) for b in range(a + 1, 6)]
    changed = [near(1, 9, 4), *(unlike(a, 9, -2) for a in range(2, 6))]
    assert members(near_groups(table([*copies, *changed]))) == [(1, 2, 3, 4, 5)]
    doubtful = [near(1, 9, 4), near(2, 9, 3), unlike(3, 9, -1)]
    assert members(near_groups(table([*copies, *doubtful]))) == [(1, 2, 3, 4, 5, 9)]


def test_a_look_that_is_very_sure_counts_for_no_more_than_a_sure_one() -> None:
    copies = [near(a, b, 6) for a in range(1, 5) for b in range(a + 1, 5)]
    lucky = [near(1, 9, 20), *(unlike(a, 9, -3) for a in range(2, 5))]
    assert members(near_groups(table([*copies, *lucky]))) == [(1, 2, 3, 4)]


def test_a_pair_in_doubt_is_no_group_and_what_came_by_it_goes_too() -> None:
    assert members(near_groups(table([near(1, 2, 0.5)]))) == []
    assert members(near_groups(table([near(1, 2, 1.0)]))) == [(1, 2)]
    # 8 and 9 are alike to 99 alone: where that goes, they are no group of strangers.
    assert members(near_groups(table([near(8, 99, 0.7), near(9, 99, 0.7)]))) == []


def test_what_was_never_looked_at_is_left_as_it_is() -> None:
    pairs = table([near(1, 2, 0.01)])
    unchecked = Pairs(
        pairs.first, pairs.second, pairs.near, pairs.score, pairs.cosine, pairs.apart, np.zeros(1, bool)
    )
    assert members(near_groups(unchecked)) == [(1, 2)]


def test_what_is_alike_to_most_comes_in_without_the_centre() -> None:
    # 9 was not compared with 1, the centre of a group of five.
    rows = [near(1, other) for other in range(2, 6)] + [near(2, 3, 3), near(4, 5, 3)]
    assert members(near_groups(table([*rows, *(near(a, 9, 2) for a in (2, 3, 4, 5))]))) == [(1, 2, 3, 4, 5, 9)]
    assert members(near_groups(table([*rows, near(4, 9, 2), near(5, 9, 2)]))) == [(1, 2, 3, 4, 5)]


def test_a_long_chain_is_cut_however_close_its_links() -> None:
    rows = [near(a, a + step, 9 - step) for a in range(60) for step in (1, 2, 3)]
    assert max(len(group.members) for group in near_groups(table(rows))) <= 9


def test_what_a_person_has_parted_stays_apart() -> None:
    pairs = table([near(1, 2), near(1, 3), near(2, 3)])
    assert members(near_groups(pairs)) == [(1, 2, 3)]
    assert members(near_groups(pairs, [(3, 2)])) == [(1, 2)]
    assert members(near_groups(pairs, [(1, 2), (1, 3), (2, 3)])) == []


def test_similar_groups_hold_other_shots_and_leave_out_what_is_near_alone() -> None:
    pairs = table([near(1, 2), apart(2, 3, 0.9), apart(1, 3, 0.92), near(7, 8)])
    (group,) = similar_groups(pairs)
    assert group.kind == "similar" and group.members == (1, 2, 3) and group.centre in (1, 2)
    assert members(similar_groups(pairs, [(1, 3)])) == []


def test_no_pairs_no_groups() -> None:
    assert near_groups(table([])) == similar_groups(table([])) == []


@st.composite
def _graphs(draw: st.DrawFn) -> list[Row]:
    n = draw(st.integers(2, 9))
    everybody = [(a, b) for a in range(n) for b in range(a + 1, n)]
    chosen = draw(st.lists(st.sampled_from(everybody), unique=True, min_size=1))
    return [near(a, b, draw(st.integers(1, 4))) if draw(st.integers(0, 3)) else apart(a, b) for a, b in sorted(chosen)]


@settings(max_examples=200, deadline=None)
@given(_graphs(), st.randoms(use_true_random=False))
def test_every_group_has_a_centre_and_no_order_matters(rows: list[Row], random: object) -> None:
    groups = near_groups(table(rows))
    links = {(a, b): score for a, b, is_near, score, _, _ in rows if is_near}
    taken: set[int] = set()
    for group in groups:
        assert len(group.members) >= 2 and group.members == tuple(sorted(group.members))
        assert taken.isdisjoint(group.members)
        taken |= {*group.members}
        for member, score in zip(group.members, group.scores, strict=True):
            pair = (min(member, group.centre), max(member, group.centre))
            to_others = [links[ends] for other in group.members if (ends := tuple(sorted((member, other)))) in links]
            if member == group.centre:
                assert score == math.inf
            elif pair in links:
                assert score == links[pair]
            else:  # alike to most of those who were there; some of them may have gone
                assert to_others and score == max(to_others)
            said = [
                max(-6, min(6, score))
                for a, b, _, score, _, _ in rows
                if member in (a, b) and {a, b} <= {*group.members}
            ]
            assert said and sum(said) / len(said) >= 1
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert near_groups(table(shuffled)) == groups


@settings(max_examples=100, deadline=None)
@given(_graphs(), st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda p: p[0] != p[1])))
def test_parted_pairs_never_share_a_group(rows: list[Row], split: set[tuple[int, int]]) -> None:
    for groups in (near_groups(table(rows), split), similar_groups(table(rows), split)):
        for a, b in split:
            assert not any({a, b} <= {*group.members} for group in groups)
