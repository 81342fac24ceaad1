"""Arrow keys on the map."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.ui.map_index import MapIndex
from desktop.ui.map_walk import next_point
from tests.desktop.ui.map_hands import cloud, lattice


def walk(places: np.ndarray, here: int, dx: int, dy: int, least: float = 0.01) -> int | None:
    """Walk from and to places in the map's own order."""
    index = MapIndex.of(places)
    found = next_point(index, int(index.rank[here]), dx, dy, least)
    return None if found is None else int(index.order[found])


@pytest.mark.parametrize(
    ("dx", "dy", "there"), [(1, 0, 13), (-1, 0, 11), (0, 1, 17), (0, -1, 7)], ids=["right", "left", "down", "up"]
)
def test_on_a_lattice_it_is_the_neighbour(dx: int, dy: int, there: int) -> None:
    assert walk(lattice(5).places, 12, dx, dy) == there


def test_the_edge_is_the_end() -> None:
    assert walk(lattice(5).places, 4, 1, 0) is None and walk(lattice(5).places, 0, 0, -1) is None
    assert walk(lattice(1).places, 0, 1, 0) is None


def test_far_away_points_are_found_too() -> None:
    places = np.array([[0, 0], [1000, 5], [2000, 0]], np.float32)
    assert walk(places, 0, 1, 0) == 1 and walk(places, 1, 1, 0) == 2 and walk(places, 2, -1, 0) == 1


def test_straight_ahead_comes_before_aside() -> None:
    places = np.array([[0, 0], [1, 1.2], [1.5, 0]], np.float32)
    assert walk(places, 0, 1, 0) == 2


def test_what_the_eye_cannot_tell_apart_is_passed_unless_there_is_nothing_else() -> None:
    places = np.array([[0, 0], [0.001, 0], [5, 0]], np.float32)
    assert walk(places, 0, 1, 0, least=0.5) == 2
    assert walk(places[:2], 0, 1, 0, least=0.5) == 1


def test_points_in_one_place_are_all_reached() -> None:
    index = MapIndex.of(np.array([[0, 0], [0, 0], [0, 0], [3, 0]], np.float32))
    at, seen = 0, [0]
    while (following := next_point(index, at, 1, 0, 0.1)) is not None:
        at = following
        seen.append(at)
    assert sorted(seen) == [0, 1, 2, 3] and seen[-1] == 3
    assert next_point(index, 1, -1, 0, 0.1) == 0


def test_the_nearest_of_many_in_the_cone() -> None:
    index = MapIndex.of(cloud(2000).places)
    for here in range(0, 2000, 97):
        along, aside = index.x - index.x[here], np.abs(index.y - index.y[here])
        ahead = (along > 0) & (aside <= 2 * along) & (along + aside >= 0.05)
        true = int(np.argmin(np.where(ahead, along + 2 * aside, np.inf))) if ahead.any() else None
        found = next_point(index, here, 1, 0, 0.05)
        assert (found == true) or (true is None)
