"""The map's selection: areas, and what is selected but not on the map."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.ui.map_selection import MapSelection

IDS = np.arange(10, 20)


@pytest.fixture
def selection() -> MapSelection:
    made = MapSelection()
    made.set_ids(IDS)
    made.take_over(np.array([12, 13, 99]), 13)
    return made


def ids(selection: MapSelection) -> list[int]:
    return selection.all_marked().tolist()


def test_what_is_not_on_the_map_stays_selected(selection: MapSelection) -> None:
    assert ids(selection) == [12, 13, 99] and selection.current_id == 13 and selection.n_marked == 2
    selection.select_area(np.array([0, 1]), "add")
    assert ids(selection) == [10, 11, 12, 13, 99]
    selection.select_area(np.array([1, 2]), "take")
    assert ids(selection) == [10, 13, 99]


def test_a_new_selection_forgets_it(selection: MapSelection) -> None:
    selection.select_area(np.array([5]), "only")
    assert ids(selection) == [15]


@pytest.mark.parametrize("how", ["select_only", "clear"])
def test_a_click_forgets_it(selection: MapSelection, how: str) -> None:
    (selection.select_only(4) if how == "select_only" else selection.clear())
    assert ids(selection) == ([14] if how == "select_only" else [])


def test_it_goes_and_comes_with_the_points(selection: MapSelection) -> None:
    selection.set_ids(np.array([13, 14]))
    assert sorted(ids(selection)) == [12, 13, 99] and selection.n_marked == 1
    selection.set_ids(np.array([99, 12, 13, 14]))
    assert sorted(ids(selection)) == [12, 13, 99] and selection.n_marked == 3


def test_a_current_content_that_is_not_on_the_map_is_none_here(selection: MapSelection) -> None:
    selection.take_over(np.array([11]), 99)
    assert selection.current_id is None and ids(selection) == [11]
