"""One direction from several examples."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import UsageError
from engine.search.query_vector import combined

EYE = np.eye(4, dtype=np.float32)
NONE = np.empty((0, 4), dtype=np.float32)


def test_the_weighted_mean_less_half_of_the_other() -> None:
    assert np.allclose(combined(EYE[:1], NONE, [3], []), EYE[0])
    assert np.allclose(combined(EYE[:2], NONE, [3, 1], []), np.array([3, 1, 0, 0]) / 10**0.5)
    assert np.allclose(combined(EYE[:1], EYE[1:2], [1], [9]), np.array([2, -1, 0, 0]) / 5**0.5)
    assert np.allclose(combined(NONE, EYE[1:2], [], [1]), -EYE[1])


def test_nothing_is_no_direction() -> None:
    for plus, minus in ((NONE, NONE), (np.stack([EYE[0], -EYE[0]]), NONE)):
        with pytest.raises(UsageError):
            combined(plus, minus, [1] * len(plus), [1] * len(minus))
