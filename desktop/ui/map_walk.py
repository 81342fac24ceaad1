"""Where an arrow key leads on the map."""

from __future__ import annotations

import numpy as np

from desktop.ui.map_index import MapIndex

_ASIDE = 2.0  # a step aside counts so many times
_FIRST_REACH = 8.0  # by the least step; doubled until something is found


def next_point(index: MapIndex, here: int, dx: int, dy: int, least: float) -> int | None:
    """Return the nearest point in a direction, by place in the index; None at the edge of the map.

    Points in the very same place come first, one after the other. Then one that the eye can tell from this one, if there is
    any; else the nearest at all.

    Parameters
    ----------
    dx, dy
        The direction: one of them is -1 or 1, the other 0.
    least
        So far away, in the map's units, a point can be told from this one.
    """
    x, y = float(index.x[here]), float(index.y[here])
    same = np.sort(index.inside((x, y, x, y)))
    forward = dx + dy > 0
    others = same[same > here] if forward else same[same < here]
    if len(others):
        return int(others[0] if forward else others[-1])
    reach = least * _FIRST_REACH
    while True:
        near = index.inside((x - reach, y - reach, x + reach, y + reach))
        along = (index.x[near] - x) * dx + (index.y[near] - y) * dy
        aside = np.abs((index.x[near] - x) * dy) + np.abs((index.y[near] - y) * dx)
        ahead = (along > 0) & (aside <= _ASIDE * along)
        told = ahead & (along + aside >= least)
        all_seen = reach > 2 * index.side
        worth = told if told.any() or not all_seen else ahead
        if worth.any():
            cost = np.where(worth, along + _ASIDE * aside, np.inf)
            best = int(np.argmin(cost))
            # Outside of the square all cost more than its half side.
            if all_seen or cost[best] <= reach:
                return int(near[best])
        if all_seen:
            return None
        reach *= 2
