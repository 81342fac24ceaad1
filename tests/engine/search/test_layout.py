"""Forces beside those that adding up all pairs gives, and what they make of points."""

from __future__ import annotations

import numpy as np
import pytest

from engine.search.layout import Graph, _attraction, _Field, laid_out


def cloud(n: int, spread: float, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((2, n)) * spread).astype(np.float32)


def pairs(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All differences, (n, n, 2), and the kernel of all pairs, (n, n)."""
    at = place.T.astype(float)
    difference = at[:, None] - at[None]
    return difference, 1.0 / (1.0 + np.square(difference).sum(axis=2))


def ring(n: int, k: int) -> np.ndarray:
    """Each with those before and after it on a ring."""
    near = [by for step in range(1, k // 2 + 1) for by in (-step, step)]
    return (np.arange(n)[:, None] + np.array(near)[None]) % n


@pytest.mark.parametrize(("spread", "wrong"), [(1.0, 0.02), (5.0, 0.05), (10.0, 0.1)])
def test_repulsion_is_that_of_all_pairs(spread: float, wrong: float) -> None:
    place = cloud(1500, spread)
    push, total = _Field().repulsion(place)
    difference, kernel = pairs(place)
    true = (np.square(kernel)[:, :, None] * difference).sum(axis=1).T
    assert np.linalg.norm(push - true) < wrong * np.linalg.norm(true)
    assert total == pytest.approx(kernel.sum() - 1500, rel=0.01)


def test_repulsion_holds_far_out_where_the_grid_is_coarser() -> None:
    place = cloud(2000, 5.0)
    place[:, 0] = 4000.0
    push, total = _Field().repulsion(place)
    assert np.isfinite(push).all() and total > 0


def test_attraction_is_that_of_the_edges() -> None:
    neighbours = ring(400, 6)
    graph, place = Graph.of(neighbours), cloud(400, 3.0)
    weights = np.zeros((400, 400))
    np.add.at(weights, (np.repeat(np.arange(400), 6), neighbours.ravel()), 1 / (2 * 400 * 6))
    weights += weights.T
    difference, kernel = pairs(place)
    true = ((weights * kernel)[:, :, None] * difference).sum(axis=1).T
    np.testing.assert_allclose(_attraction(graph, place), true, rtol=1e-3, atol=1e-8)
    assert weights.sum() == pytest.approx(1.0) and graph.weights.sum() == pytest.approx(1.0)


def test_attraction_does_not_depend_on_how_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, place = Graph.of(ring(500, 8)), cloud(500, 3.0)
    whole = _attraction(graph, place)
    monkeypatch.setattr("engine.search.layout._CHUNK", 70)
    np.testing.assert_array_equal(_attraction(graph, place), whole)


def test_a_ring_becomes_a_ring() -> None:
    neighbours = ring(600, 6)
    places = laid_out(Graph.of(neighbours), cloud(600, 1.0).T)
    assert places is not None and np.isfinite(places).all()
    near = np.argsort(np.square(places[:, None] - places[None]).sum(axis=2), axis=1)[:, 1:7]
    kept = np.mean([len(np.intersect1d(a, b)) / 6 for a, b in zip(near, neighbours, strict=True)])
    assert kept > 0.8


def test_it_ends_when_told_and_says_how_far_it_is() -> None:
    told: list[float] = []
    graph, start = Graph.of(ring(50, 4)), cloud(50, 1.0).T
    assert laid_out(graph, start, lambda fraction: told.append(fraction) is None and len(told) < 5) is None
    assert len(told) == 5 and told == sorted(told) and told[-1] < 0.1
