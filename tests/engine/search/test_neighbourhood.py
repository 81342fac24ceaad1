"""Nearest neighbours, beside what comparing all with all finds."""

from __future__ import annotations

import numpy as np
import pytest

from engine.search import neighbourhood
from engine.search.neighbourhood import Cells


def points(n: int, d: int = 12, seed: int = 0) -> np.ndarray:
    """Clusters, as embeddings have them."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(2, n // 40), d))
    return (centres[random.integers(len(centres), size=n)] + 0.3 * random.standard_normal((n, d))).astype(np.float32)


def exact(queries: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    apart = np.square(queries[:, None, :].astype(float) - among[None].astype(float)).sum(axis=2)
    return np.argsort(apart, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("n", [1, 2, 17, 500])
def test_few_points_are_searched_exactly(n: int) -> None:
    among, queries = points(n), points(30, seed=1)
    found = Cells.of(among, 0).nearest(queries, min(10, n))
    assert found is not None
    np.testing.assert_array_equal(found, exact(queries, among, min(10, n)))


def test_many_points_are_searched_in_cells_and_nearly_all_are_found() -> None:
    among = points(5000)
    cells = Cells.of(among, 0)
    assert len(cells.centres) > 50
    assert sorted(cells.members.tolist()) == list(range(5000))
    found = cells.nearest(among, 16)
    assert found is not None
    np.testing.assert_array_equal(found[:, 0], np.arange(5000))
    sample = np.arange(0, 5000, 50)
    true = exact(among[sample], among, 16)
    kept = np.mean([len(np.intersect1d(a, b)) / 16 for a, b in zip(true, found[sample], strict=True)])
    assert kept > 0.95
    apart = np.square(among[sample, None, :] - among[found[sample]]).sum(axis=2)
    assert (np.diff(apart, axis=1) > -1e-4).all()


def test_the_same_seed_makes_the_same_cells() -> None:
    one, other = (Cells.of(points(5000), 3) for _ in range(2))
    np.testing.assert_array_equal(one.members, other.members)
    np.testing.assert_array_equal(one.centres, other.centres)


def test_cells_with_few_members_are_left_for_as_many_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbourhood, "_ALL_PAIRS", 100)
    monkeypatch.setattr(neighbourhood, "_PROBED", 1)
    among = points(400)
    found = Cells.of(among, 0).nearest(among, 399)
    assert found is not None
    assert all(len(set(row)) == 399 for row in found.tolist())


def test_many_points_in_one_place() -> None:
    found = Cells.of(np.ones((5000, 4), np.float32), 0).nearest(np.ones((3, 4), np.float32), 5)
    assert found is not None and all(len(set(row)) == 5 for row in found.tolist())


def test_it_tells_how_far_it_is_and_ends_when_told() -> None:
    among = points(5000)
    cells, told = Cells.of(among, 0), list[float]()
    assert cells.nearest(among, 3, lambda fraction: told.append(fraction) is None) is not None
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 10
    told.clear()
    assert cells.nearest(among, 3, lambda fraction: told.append(fraction) is None and len(told) < 4) is None
    assert len(told) == 4
