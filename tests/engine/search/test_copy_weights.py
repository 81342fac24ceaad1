"""The fitted weights belong to the evidence that is measured now."""

from __future__ import annotations

import numpy as np

from engine.search import copy_weights
from engine.search.copies import _weighed
from engine.search.evidence import NAMES


def test_one_weight_for_each_name() -> None:
    n_units = len(copy_weights.OUTPUT)
    assert copy_weights.MEANS.shape == copy_weights.SPREADS.shape == (len(NAMES),)
    assert copy_weights.HIDDEN.shape == (n_units, len(NAMES)) and copy_weights.HIDDEN_OFFSETS.shape == (n_units,)
    assert (copy_weights.SPREADS > 0).all() and np.isfinite(copy_weights.HIDDEN).all()


def test_what_speaks_against_a_copy_lowers_the_score() -> None:
    """Where nothing else is remarkable, by much more than noise."""
    spread = {name: i for i, name in enumerate(NAMES)}
    # A copy as good as they come: at the better end of everything.
    good = copy_weights.MEANS.copy()
    for name in ("overhang", "likeness", "detail", "agreeing_detail", "odd", "odd_6px", "unexplained", "worst_3_large"):
        good[spread[name]] -= 1.0 * copy_weights.SPREADS[spread[name]]
    for name in ("overhang", "odd_6px", "unexplained", "worst_3_large", "explained"):
        worse = good.copy()
        worse[spread[name]] += 3 * copy_weights.SPREADS[spread[name]]
        assert _weighed(worse) < _weighed(good) - 0.5, name
