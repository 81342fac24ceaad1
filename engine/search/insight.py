"""What a picture's neighbours say of it: how far it lies from all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

K = 10
_SPREADS = 3.0
_NORMAL = 1.4826


def uniqueness(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far each is from its nearest, 1 - cosine.

    Parameters
    ----------
    cosines
        (n, k), best first; -1 where there is no such neighbour.
    """
    found: NDArray[np.float32] = np.clip(1.0 - cosines[:, 0], 0.0, 2.0).astype(np.float32)
    return found


def outlierness(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far each is from all its neighbours, 1 - their mean cosine (mean distance to the k nearest:
    Angiulli and Pizzuti, "Fast outlier detection in high dimensional spaces", PKDD 2002).

    Parameters
    ----------
    cosines
        (n, k), best first; -1 where there is no such neighbour.
    """
    there = cosines > -1.0
    n = np.maximum(there.sum(axis=1), 1)
    mean = np.where(there, cosines, 0.0).sum(axis=1) / n
    return np.clip(np.where(there.any(axis=1), 1.0 - mean, 1.0), 0.0, 2.0).astype(np.float32)


def outlier_limit(values: NDArray[np.float32]) -> float:
    """Return from where on a value is an outlier among these: three spreads above the median, spreads that outliers do not widen."""
    if not len(values):
        return 2.0
    middle = float(np.median(values))
    spread = float(np.median(np.abs(values - middle))) * _NORMAL
    return middle + _SPREADS * max(spread, 1e-3)
