"""The index of the map, beside looking at every point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.map_index import DEPTH, MapIndex, joined, morton
from tests.desktop.ui.map_hands import cloud

NUMBERS = st.floats(-100, 100, width=32)
RECTS = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
INDEX = MapIndex.of(cloud(3000).places)


@given(RECTS)
def test_a_rectangle_holds_what_lies_in_it(corners: tuple[float, float, float, float]) -> None:
    left, right = sorted(corners[:2])
    top, bottom = sorted(corners[2:])
    rect = (left, top, right, bottom)
    true = np.flatnonzero((INDEX.x >= left) & (INDEX.x <= right) & (INDEX.y >= top) & (INDEX.y <= bottom))
    np.testing.assert_array_equal(INDEX.inside(rect), true)


def test_few_are_looked_at_for_a_small_rectangle() -> None:
    x, y = float(INDEX.x[7]), float(INDEX.y[7])
    assert sum(end - begin for begin, end in INDEX.runs((x - 0.1, y - 0.1, x + 0.1, y + 0.1))) < 100


@given(NUMBERS, NUMBERS, st.floats(0.01, 50))
def test_the_nearest_is_the_nearest(x: float, y: float, reach: float) -> None:
    apart = np.hypot(INDEX.x - x, INDEX.y - y)
    found = INDEX.nearest(x, y, reach)
    if found is None:
        assert apart.min() > reach * 0.999
    else:
        assert apart[found] <= reach * 1.001
        assert apart[found] == pytest.approx(apart.min(), rel=1e-3, abs=1e-4)


def test_levels_have_one_point_of_each_cell() -> None:
    assert list(INDEX.levels) == sorted(INDEX.levels) and 6 in INDEX.levels
    for depth, level in INDEX.levels.items():
        cells = INDEX.codes >> np.uint32(2 * (DEPTH - depth))
        np.testing.assert_array_equal(cells[level.firsts], np.unique(cells))
        assert level.cell == pytest.approx(INDEX.side / 2**depth)


def test_order_and_rank_lead_to_and_fro() -> None:
    places = cloud(500).places
    index = MapIndex.of(places)
    np.testing.assert_array_equal(index.order[index.rank], np.arange(500))
    np.testing.assert_array_equal(places[index.order], np.stack([index.x, index.y], axis=1))


@pytest.mark.parametrize("n", [0, 1, 2, 40])
def test_few_points_and_points_in_one_place(n: int) -> None:
    index = MapIndex.of(np.full((n, 2), 3.5, np.float32))
    assert len(index) == n and len(index.inside((3, 3, 4, 4))) == n
    assert (index.nearest(3.5, 3.5, 0.1) is None) == (n == 0)
    assert index.nearest(9, 9, 1) is None


def test_a_morton_code_interleaves() -> None:
    assert morton(np.array([0b101], np.uint32), np.array([0b011], np.uint32))[0] == 0b011011
    assert joined([(1, 3), (7, 8)]).tolist() == [1, 2, 7] and len(joined([])) == 0
