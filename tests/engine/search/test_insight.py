"""How far a picture lies from all others."""

from __future__ import annotations

import numpy as np

from engine.search import insight


def test_uniqueness_is_the_distance_to_the_nearest_and_outlierness_to_all() -> None:
    cosines = np.array([[0.9, 0.5, -1.0], [1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]], np.float32)
    assert np.allclose(insight.uniqueness(cosines), [0.1, 0.0, 2.0])
    assert np.allclose(insight.outlierness(cosines), [0.3, 0.0, 1.0])


def test_the_limit_is_not_widened_by_outliers() -> None:
    rng = np.random.default_rng(1)
    plain = rng.normal(0.4, 0.05, 1000).astype(np.float32)
    limit = insight.outlier_limit(np.concatenate((plain, np.full(50, 1.5, np.float32))))
    assert 0.5 < limit < 0.65
    assert insight.outlier_limit(np.empty(0, np.float32)) == 2.0
    assert insight.outlier_limit(np.full(9, 0.3, np.float32)) > 0.3
