"""The made vectors: the same for everybody, as far apart as said, and with the right answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import similar_data
from benchmarks.similar_data import Cloud, Truth, chosen, recall


@pytest.fixture
def real() -> np.ndarray:
    vectors = np.random.default_rng(1).random((7, 64), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def all_of(cloud: Cloud) -> np.ndarray:
    return np.concatenate([block for _, block in cloud.blocks()])


def test_two_processes_make_the_same_vectors(real: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_data, "BLOCK_ROWS", 100)
    cloud = Cloud(real, 450, 0.3)
    starts = [first for first, _ in cloud.blocks()]
    assert starts == [0, 100, 200, 300, 400]
    cloud.write(tmp_path / "rows.f32")
    written = np.fromfile(tmp_path / "rows.f32", np.float32).reshape(-1, 64)
    assert written.shape == (450, 64)
    assert np.array_equal(written, all_of(Cloud(real, 450, 0.3)))
    assert not (tmp_path / "rows.f32.new").exists()


def test_a_longer_cloud_goes_on_where_a_shorter_one_ends(real: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_data, "BLOCK_ROWS", 100)
    assert np.array_equal(all_of(Cloud(real, 330, 0.1)), all_of(Cloud(real, 500, 0.1))[:330])
    assert np.array_equal(Cloud(real, 330, 0.1).queries(3), Cloud(real, 500, 0.1).queries(50)[:3])


@pytest.mark.parametrize("noise", similar_data.NOISES)
def test_noise_is_as_long_as_said(real: np.ndarray, noise: float) -> None:
    vectors = all_of(Cloud(np.tile(real, (1, 20)) / np.float32(20**0.5), 2000, noise))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    nearest = (vectors @ (np.tile(real, (1, 20)) / np.float32(20**0.5)).T).max(axis=1)
    # Noise at a right angle to a vector of length one: the cosine is one over the length of both.
    assert float(np.median(nearest)) == pytest.approx(1 / (1 + noise**2) ** 0.5, abs=0.02)


def test_what_is_asked_and_what_comes_later_is_not_in_it(real: np.ndarray) -> None:
    cloud = Cloud(real, 2000, 0.1)
    rows = {vector.tobytes() for vector in all_of(cloud)}
    asked = {vector.tobytes() for vector in cloud.queries(100)}
    later = {vector.tobytes() for vector in cloud.later(100)}
    assert len(rows) == 2000 and len(asked) == len(later) == 100
    assert not rows & asked and not rows & later and not asked & later


def test_truth_is_what_sorting_all_says(real: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_data, "BLOCK_ROWS", 128)
    cloud = Cloud(real, 1000, 0.3)
    queries, rows, mask = cloud.queries(20), all_of(cloud), chosen(1000, 0.05)
    truth = Truth(queries, 60, {"some": mask})
    for first, block in cloud.blocks():
        truth.take(first, block)
    scores = queries.astype(np.float64) @ rows.T.astype(np.float64)
    assert np.array_equal(truth.of(), np.argsort(-scores, axis=1)[:, :60])
    scores[:, ~mask] = -2
    assert mask.sum() == 50
    assert np.array_equal(truth.of("some")[:, :50], np.argsort(-scores, axis=1)[:, :50])
    assert (truth.of("some")[:, 50:] == -1).all()


def test_recall_counts_the_true_ones_among_the_first() -> None:
    truth = np.array([[1, 2, 3, 4], [5, 6, -1, -1]])
    assert recall(truth, truth, 4) == 1
    assert recall(np.array([[4, 3, 2, 1], [6, 5, 9, 9]]), truth, 4) == 1
    assert recall(np.array([[4, 3, 2, 1], [6, 5, 9, 9]]), truth, 2) == 2 / 4  # of the first two, in any order
    assert recall(np.array([[1, 8, 8, 8], [-1, -1, -1, -1]]), truth, 4) == 1 / 6  # what is missing is not there
    assert recall(np.full((2, 4), -1), np.full((2, 4), -1), 4) == 1


def test_a_share_is_kept_exactly_and_at_least_one() -> None:
    assert [int(chosen(1000, share).sum()) for share in (0.5, 0.01, 0.00005)] == [500, 10, 1]
    assert np.array_equal(chosen(1000, 0.5), chosen(1000, 0.5))
