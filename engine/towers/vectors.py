"""What a tower gave, made into vectors of length one; what is no vector is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, ModelError

_SMALLEST = 1e-12


def unit_rows(raw: NDArray[Any], n: int, dim: int, who: str) -> NDArray[np.float32]:
    """Return float32 (n, dim) rows with an L2 norm of 1.

    Parameters
    ----------
    raw
        What the network gave, any kind of float; rows beyond `n` are filling.
    who
        The tower, for messages.

    Raises
    ------
    ModelError
        MODEL_INVALID where the shape is another, or a row is not finite or has no length.
    """
    if raw.ndim != 2 or raw.shape[1] != dim or len(raw) < n:
        raise _refused(who, f"gave {' x '.join(map(str, raw.shape)) or 'one number'} where {n} x {dim} was due")
    rows = raw[:n].astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(norms).all():
        raise _refused(who, "gave a vector with numbers that are none (NaN or infinite)")
    if n and float(norms.min()) < _SMALLEST:
        raise _refused(who, "gave a vector of nothing but zeros")
    return np.asarray(rows / norms, dtype=np.float32)


def _refused(who: str, what: str) -> ModelError:
    return ModelError(
        ErrorCode.MODEL_INVALID,
        f"{who} {what}.",
        way_out="Take another export of the model; those in whole precision (fp32) are the most robust.",
    )
