"""Vectors have length one, and what is none is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.errors import ErrorCode, ModelError
from engine.towers.vectors import unit_rows


@given(raw=arrays(np.float32, (3, 5), elements=st.floats(-(2.0**90), 2.0**90, width=32)))
def test_length_one_or_refused(raw: np.ndarray) -> None:
    if np.linalg.norm(raw.astype(np.float64), axis=1).min() < 1e-12:
        with pytest.raises(ModelError):
            unit_rows(raw, 3, 5, "It")
        return
    rows = unit_rows(raw, 3, 5, "It")
    assert rows.dtype == np.float32 and np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    # The direction is kept, also of numbers whose squares are beyond float32.
    lengths = np.linalg.norm(raw.astype(np.float64), axis=1)
    assert np.allclose(rows * lengths[:, None], raw, rtol=1e-5, atol=1e-6 * lengths.max())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (np.full((2, 3), np.nan), "NaN"),
        (np.full((2, 3), np.inf), "NaN"),
        (np.zeros((2, 3)), "nothing but zeros"),
        (np.ones((2, 4)), "2 x 4 where 2 x 3 was due"),
        (np.ones((1, 3)), "1 x 3 where 2 x 3 was due"),
        (np.ones(3), "3 where"),
        (np.ones((2, 3, 1)), "2 x 3 x 1"),
    ],
)
def test_what_is_no_vector(raw: np.ndarray, reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        unit_rows(raw, 2, 3, "The tower")
    assert caught.value.code is ErrorCode.MODEL_INVALID and reason in caught.value.message


def test_filling_does_not_count() -> None:
    assert unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]), 1, 2, "It").tolist() == [[np.float32(0.6), np.float32(0.8)]]
