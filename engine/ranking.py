"""The nearest of a space's vectors: what its index finds, put right and completed from the library."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.schemas.library import Query
from engine.search.hot_index import DamagedRows, HotIndex, Nearest
from engine.view import LibraryView

log = logging.getLogger(__name__)
LAG_ROWS = 4096  # what the index lacks is read from the library up to here
_MOST_SIFTED = 2000  # hits that are looked at one by one, for those that pass a filter


def ranked(
    view: LibraryView, hot: HotIndex, model_id: int, vector: NDArray[np.float32], k: int, where: Query
) -> Nearest:
    """Return the nearest visible contents that pass a filter, those committed since the index looked among them.

    Notes
    -----
    While others commit, a filter that keeps many would be worked out anew for each query, and take longer than the search: the
    nearest of all are looked at instead, whether they pass, until there are enough of them.

    Raises
    ------
    NotReady
        Too much of the space is not in the index yet.
    DamagedRows
        More than a few rows of its file are damaged; those met first are written again in passing.
    """
    if not view.allows_few(where):
        n = 4 * k
        while n <= _MOST_SIFTED:
            found = _completed(view, hot, model_id, vector, n, None)
            chosen = np.flatnonzero(
                np.isin(found.content_ids, view.passing(where, found.content_ids), assume_unique=True)
            )
            if len(chosen) >= k:
                chosen = chosen[:k]
                return replace(found, content_ids=found.content_ids[chosen], scores=found.scores[chosen])
            n = max(2 * n, 2 * n * k // max(1, len(chosen)))
    return _completed(view, hot, model_id, vector, k, view.allowed(where))


def _completed(
    view: LibraryView,
    hot: HotIndex,
    model_id: int,
    vector: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None,
) -> Nearest:
    """Search the index, and what was committed since it looked."""
    found = _searched(view, hot, model_id, vector, k, allowed)
    content_ids, _chains = view.vector_rows(model_id, found.n_covered, LAG_ROWS)
    if allowed is not None:
        content_ids = content_ids[content_ids < len(allowed)]
        content_ids = content_ids[allowed[content_ids]]
    if not len(content_ids):
        return found
    newest = view.vectors(model_id, content_ids).astype(np.float64) @ vector.astype(np.float64)
    ids = np.concatenate((found.content_ids, content_ids))
    scores = np.concatenate((found.scores, np.round(newest, 9)))
    order = np.lexsort((ids, -scores))[:k]
    return Nearest(ids[order], scores[order], found.n_read + len(content_ids), found.n_covered)


def _searched(
    view: LibraryView,
    hot: HotIndex,
    model_id: int,
    vector: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None,
) -> Nearest:
    try:
        return hot.search(vector, k, allowed)
    except DamagedRows as damage:
        log.warning("%d rows of %s are damaged; they are written again", len(damage.positions), hot.file.path)
        for position in damage.positions.tolist():
            content_ids, chains = view.vector_rows(model_id, position, 1)
            hot.file.write(position, content_ids, chains, view.vectors(model_id, content_ids))
    return hot.search(vector, k, allowed)
