"""Where a ranking falls into parts: by its own gaps, since no threshold fits every query."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.schemas.similar import Cuts

_NEAR = 0.12  # farther than this from the query (1 - cosine) nothing is nearly identical
_EXACT = 0.9999  # the query itself, and what has the same vector
_OF_ITSELF = 1 / 3  # what the step from the query itself to the next counts: it is there in every ranking
_LONG = 60  # a shorter ranking has no end that is known to be unrelated
_QUARTILE = 0.6745  # of a normal distribution, in standard deviations
_SPREADS = 4.0


def cuts(scores: NDArray[np.float64]) -> Cuts:
    """Return how many of a ranking are nearly identical, the same thing, and of the same kind.

    Parameters
    ----------
    scores
        float64 (n,), cosines, descending.

    Notes
    -----
    *The same thing* ends at the largest gap, *nearly identical* at the largest within its reach, and *the same kind* where
    scores sink into those of the ranking's end.
    """
    n = len(scores)
    if n == 0:
        return Cuts(0, 0, 0)
    steps = scores[:-1] - scores[1:]
    steps = np.where(scores[:-1] >= _EXACT, steps * _OF_ITSELF, steps)
    near = int(np.count_nonzero(scores >= 1.0 - _NEAR))
    # What ends at the reach ends at a gap too, if nothing larger comes before.
    within = steps[: min(near, n - 1)]
    identical = int(np.argmax(within)) + 1 if len(within) else near
    same = max(identical, int(np.argmax(steps)) + 1) if n > 1 else 1
    kind = n
    if n >= _LONG:
        # The end of the ranking alone: half of what is unrelated lies below its middle, where nothing alike reaches.
        middle, low = np.quantile(scores, (0.5, 0.25))
        spread = float(middle - low) / _QUARTILE
        kind = int(np.count_nonzero(scores > middle + _SPREADS * spread))
    return Cuts(identical if near else 0, same, max(same, kind))
