"""One direction from several examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, UsageError

_MINUS_SHARE = 0.5
_NOTHING = 1e-4


def combined(
    plus: NDArray[np.float32],
    minus: NDArray[np.float32],
    plus_weights: Sequence[float],
    minus_weights: Sequence[float],
) -> NDArray[np.float32]:
    """Return the unit vector to search with.

    The weighted mean of what should be alike, less half the weighted mean of what should not (Rocchio, "Relevance
    feedback in information retrieval", 1971): half, because an example says better what is wanted than what is not.

    Parameters
    ----------
    plus, minus
        float32 (n, dim), L2 norm 1.

    Raises
    ------
    UsageError
        INVALID_ARGUMENT where nothing is left: no example, or the same on both sides.
    """
    dim = plus.shape[1] if len(plus) else minus.shape[1] if len(minus) else 0
    total = np.zeros(dim, dtype=np.float64)
    if len(plus):
        total += np.average(plus.astype(np.float64), axis=0, weights=plus_weights)
    if len(minus):
        total -= (_MINUS_SHARE if len(plus) else 1.0) * np.average(
            minus.astype(np.float64), axis=0, weights=minus_weights
        )
    length = float(np.linalg.norm(total))
    if not length > _NOTHING:
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            "The examples cancel each other out, or there are none.",
            way_out="Give at least one picture to look for, and not the same one on both sides.",
        )
    return (total / length).astype(np.float32)
