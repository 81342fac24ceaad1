"""Labels at odds with what a content's neighbours are labelled or predicted to be.

The arithmetic stands here and not in a room of its own: it is a filter and an order of the library's, and follows each label at once.
"""

from __future__ import annotations

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library import neighbourhoods
from engine.library.database import Connection

LIKELY = 0.5


def likely(
    conn: Connection, model_id: int | None, *, least: float = LIKELY
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return labelled contents, and how much of their neighbourhood speaks against the label, above `least`; ascending by id."""
    ids, own, near = neighbourhoods.of_labelled(conn, model_id or 0)
    if not len(ids):
        return ids, np.empty(0, dtype=np.float32)
    amounts = amounts_of(conn, model_id or 0, own, near)
    chosen = amounts > least
    return ids[chosen], amounts[chosen]


def amounts_of(conn: Connection, model_id: int, own: NDArray[np.int64], near: list[bytes]) -> NDArray[np.float32]:
    """Return `disagreement` for contents of these classes with these packed neighbours."""
    k = max((len(row) // neighbourhoods.PAIR_BYTES for row in near), default=0)
    neighbours = np.full((len(own), k), -1, dtype=np.int64)
    cosines = np.full((len(own), k), -1.0, dtype=np.float32)
    for row, data in enumerate(near):
        ids, cos = neighbourhoods.unpacked(data)
        neighbours[row, : len(ids)], cosines[row, : len(ids)] = ids, cos
    return disagreement(own, classes_of(conn, model_id, neighbours), cosines)


def classes_of(conn: Connection, model_id: int, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of each, by its label or else by the model; 0 for none, in the same shape."""
    distinct = np.unique(content_ids)
    distinct = distinct[distinct >= 0]
    if not len(distinct):
        return np.zeros_like(content_ids)
    rows = conn.execute(
        """SELECT coalesce(CASE WHEN l.state = 'accepted' THEN l.class_id WHEN l.state = 'rejected' THEN NULL
                           ELSE p.class_id END, 0)
           FROM carray(?) few LEFT JOIN predictions p ON p.model_id = ? AND p.content_id = few.value
           LEFT JOIN labels l ON l.content_id = few.value""",
        (apsw.carray(distinct), model_id),
    ).get
    classes = np.array([rows] if isinstance(rows, int) else rows, dtype=np.int64)
    places = np.searchsorted(distinct, np.maximum(content_ids, distinct[0]))
    return np.where(content_ids >= 0, classes[np.minimum(places, len(distinct) - 1)], 0)


def disagreement(
    own: NDArray[np.int64], of_neighbours: NDArray[np.int64], cosines: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return how much of each one's neighbourhood has one and the same other class, 0 to 1.

    Neighbours count by their likeness. A neighbourhood of many classes says little: so it is the weight of its commonest
    class less that of one's own, where that is positive (Brodley and Friedl, "Identifying mislabeled training
    data", JAIR 1999, with a vote of neighbours).

    Parameters
    ----------
    own
        int64 (n,), class of each.
    of_neighbours
        int64 (n, k), classes of its neighbours; 0 where one has none.
    cosines
        (n, k), as for `uniqueness`.
    """
    weights = np.where(of_neighbours > 0, np.clip(cosines, 0.0, 1.0), 0.0).astype(np.float64)
    total = np.maximum(weights.sum(axis=1), 1e-9)
    same = (weights * (of_neighbours == own[:, None])).sum(axis=1)
    most = np.zeros(len(own))
    for column in range(of_neighbours.shape[1]):
        candidate = of_neighbours[:, column]
        weight = (weights * (of_neighbours == candidate[:, None])).sum(axis=1)
        most = np.where((candidate > 0) & (candidate != own), np.maximum(most, weight), most)
    found: NDArray[np.float32] = np.clip((most - same) / total, 0.0, 1.0).astype(np.float32)
    return found
