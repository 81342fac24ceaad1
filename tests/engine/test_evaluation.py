"""Accuracy, confusions and calibration by hand-counted examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.evaluation import calibration, evaluate, expected_calibration_error

# A busy machine is no failure.
unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TRUE = np.array([0, 0, 0, 1, 1, 2])
GUESSES = np.array([[0, 1, 2], [1, 0, 2], [1, 2, 0], [1, 0, 2], [0, 2, -1], [0, 1, -1]])
CONFIDENCES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])


def test_a_small_example() -> None:
    result = evaluate(TRUE, GUESSES, CONFIDENCES)
    assert result.n == 6
    assert result.top1 == pytest.approx(2 / 6)
    assert result.top5 == pytest.approx(4 / 6)
    assert result.mean_confidence == pytest.approx(0.65)


def test_each_class() -> None:
    by_id = {row.class_id: row for row in evaluate(TRUE, GUESSES, CONFIDENCES).classes}
    assert (by_id[0].n, by_id[0].n_guessed) == (3, 3)
    assert by_id[0].top1 == pytest.approx(1 / 3) and by_id[0].top5 == 1
    assert by_id[0].precision == pytest.approx(1 / 3)
    assert (by_id[2].n, by_id[2].top1, by_id[2].top5, by_id[2].precision) == (1, 0, 0, None)


def test_a_class_that_was_only_guessed() -> None:
    by_id = {row.class_id: row for row in evaluate(np.array([0]), np.array([[7]]), np.array([1.0])).classes}
    assert (by_id[7].n, by_id[7].n_guessed, by_id[7].top1, by_id[7].precision) == (0, 1, None, 0)


def test_confusions_worst_first() -> None:
    result = evaluate(TRUE, GUESSES, CONFIDENCES)
    assert [(c.true_id, c.guessed_id, c.n) for c in result.confusions] == [(0, 1, 2), (1, 0, 1), (2, 0, 1)]
    assert result.confusions[0].share == pytest.approx(2 / 3)
    assert len(evaluate(TRUE, GUESSES, CONFIDENCES, n_confusions=1).confusions) == 1
    assert evaluate(np.array([3]), np.array([[3]]), np.array([0.5])).confusions == ()


def test_calibration_by_hand() -> None:
    right = np.array([True, False, True, True])
    bins = calibration(right, np.array([0.05, 0.15, 0.95, 1.0]), n_bins=10)
    assert [part.n for part in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bins[9].confidence == pytest.approx(0.975) and bins[9].accuracy == 1
    assert bins[2].confidence is None and bins[2].accuracy is None
    assert expected_calibration_error(bins) == pytest.approx((0.95 + 0.15 + 2 * 0.025) / 4)


def test_the_edges_of_bins() -> None:
    bins = calibration(np.ones(3, bool), np.array([0.0, 0.5, 1.0]), n_bins=2)
    assert [part.n for part in bins] == [2, 1]


def test_a_perfect_and_sure_model() -> None:
    result = evaluate(np.arange(5), np.arange(5)[:, None], np.ones(5))
    assert (result.top1, result.top5, result.ece) == (1, 1, 0)


@pytest.mark.parametrize(
    ("true_ids", "guesses", "confidences"),
    [
        (np.array([], np.int64), np.zeros((0, 5), np.int64), np.zeros(0)),
        (np.array([1]), np.zeros((1, 0), np.int64), np.ones(1)),
        (np.array([1]), np.zeros((2, 5), np.int64), np.ones(1)),
        (np.array([1]), np.zeros((1, 5), np.int64), np.ones(2)),
    ],
)
def test_what_cannot_be_compared(true_ids: np.ndarray, guesses: np.ndarray, confidences: np.ndarray) -> None:
    with pytest.raises(ValueError):
        evaluate(true_ids, guesses, confidences)


@unhurried
@given(st.lists(st.tuples(st.integers(0, 4), st.permutations(range(6)), st.floats(0, 1)), min_size=1, max_size=40))
def test_what_always_holds(rows: list[tuple[int, list[int], float]]) -> None:
    true_ids = np.array([row[0] for row in rows])
    result = evaluate(true_ids, np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))
    assert 0 <= result.top1 <= result.top5 <= 1 and 0 <= result.ece <= 1
    assert sum(row.n for row in result.classes) == sum(row.n_guessed for row in result.classes) == result.n
    assert sum(part.n for part in result.calibration) == result.n
    wrong = sum(confusion.n for confusion in result.confusions)
    assert wrong == round((1 - result.top1) * result.n) or len(result.confusions) == 20
