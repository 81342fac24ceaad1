"""Few that differ, and many that lie together."""

from __future__ import annotations

import numpy as np

from engine.search.spread import clusters, most_different
from tests.engine.search.clouds import clouds


def test_one_from_each_group_before_a_second_from_any() -> None:
    vectors = clouds(300, 64, 6, 0.2, 3)
    belongs = np.argmax(vectors @ vectors[most_different(vectors, 6)[0]].T, axis=1)
    rows, distances = most_different(vectors, 12)
    assert len(set(belongs[rows[:6]].tolist())) == 6 and len(set(rows.tolist())) == 12
    assert distances[5] > 3 * distances[6] and (np.diff(distances[1:]) <= 1e-6).all()


def test_far_from_what_is_taken() -> None:
    vectors = clouds(300, 64, 6, 0.2, 3)
    first = most_different(vectors, 6)[0]
    rows, distances = most_different(vectors.astype(np.float16), 2, vectors[first[:4]])
    near = np.argmax(vectors[rows] @ vectors[first].T, axis=1)
    assert set(near.tolist()) == {4, 5} and (distances > 0.3).all()


def test_no_more_than_there_are_and_none_after_a_cancel() -> None:
    vectors = np.eye(3, 8, dtype=np.float32)
    assert sorted(most_different(vectors, 10)[0].tolist()) == [0, 1, 2]
    assert len(most_different(vectors, 10, cancelled=lambda: True)[0]) == 1
    assert len(most_different(vectors[:0], 5)[0]) == 0


def test_clusters_are_the_groups_and_the_same_each_time() -> None:
    vectors = clouds(400, 32, 5, 0.15, 9)
    belongs, middles = clusters(vectors, 5)
    assert len(middles) == 5 and sorted(belongs[middles].tolist()) == [0, 1, 2, 3, 4]
    for number in range(5):
        assert (vectors[belongs == number] @ vectors[middles[number]]).min() > 0.8
    again, same = clusters(vectors, 5)
    assert np.array_equal(again, belongs) and np.array_equal(same, middles)
    assert clusters(vectors[:1], 8)[0].tolist() == [0]
