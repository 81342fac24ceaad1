"""What is chosen in the grid by others, and who is told."""

from __future__ import annotations

import numpy as np

from desktop.ui.grid import AssetGrid
from tests.desktop.ui.grid_hands import fill, places
from tests.desktop.ui.grid_hands import grid as grid


def test_what_is_selected_elsewhere_is_taken_over_and_told(grid: AssetGrid, qtbot) -> None:
    fill(grid, 400)
    said: list[str] = []
    grid.currentChanged.connect(lambda current: said.append(f"current {current}"))
    grid.selectionChanged.connect(lambda: said.append(f"selected {len(grid.marked())}"))
    grid.set_marked(np.array([110, 380, 9999]), 380)
    assert places(grid) == [10, 280] and said == ["current 380", "selected 2"]
    assert 380 in grid._visible_ids()
    grid.set_marked(np.array([111, 381]), 380)
    assert places(grid) == [11, 281] and said[2:] == ["selected 2"]
    grid.set_marked(np.empty(0, np.int64), None)
    assert places(grid) == [] and grid.current_id() is None and said[3:] == ["current None", "selected 0"]


def test_a_range_goes_on_from_what_was_taken_over(grid: AssetGrid) -> None:
    fill(grid, 20)
    grid.set_marked(np.array([103]), 103)
    grid._selection.select_range(5, keep=False)
    assert places(grid) == [3, 4, 5]


def test_lists_are_told_before_what_they_change_in_the_choice(grid: AssetGrid) -> None:
    said: list[str] = []
    grid.listed.connect(lambda: said.append(f"listed {len(grid.ids())}"))
    grid.currentChanged.connect(lambda current: said.append(f"current {current}"))
    ids = fill(grid, 10)
    grid.set_current(104)
    grid.set_ids(ids[:3])
    grid.reset()
    assert said == ["listed 10", "current 104", "listed 3", "current 102", "listed 0", "current None"]
