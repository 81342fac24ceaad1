"""Which contents a query selects, and in what order: sets of ids from narrow indexes, combined as arrays.

Each filter and each order is one walk along a covering index that yields nothing but ids; joining
the wide rows of contents and predictions instead costs two to four times as much at 100,000, and
leaves the plan to statistics that a growing library does not have.
"""

from __future__ import annotations

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library import conditions, mistakes
from engine.library.conditions import EFFECTIVE_CLASS, column
from engine.library.database import Connection
from engine.schemas.library import Query

_Ids = NDArray[np.int64]
_Mask = NDArray[np.bool_]

# Below this part of the whole, keys are looked up one by one; above it the whole order is walked.
_FEW = 1 / 8

# Sort key -> (ids of everything in order, keys of a few).
_ORDERS = {
    "name": (
        "SELECT id FROM contents ORDER BY name_folded, id",
        "SELECT few.value FROM carray(:few) few CROSS JOIN contents c ON c.id = few.value ORDER BY c.name_folded, c.id",
    ),
    "time": (
        "SELECT id FROM contents ORDER BY mtime_ns, id",
        "SELECT few.value FROM carray(:few) few CROSS JOIN contents c ON c.id = few.value ORDER BY c.mtime_ns, c.id",
    ),
    "confidence": (
        "SELECT content_id FROM predictions WHERE model_id = :model ORDER BY confidence, content_id",
        """SELECT few.value FROM carray(:few) few CROSS JOIN predictions p
           ON p.model_id = :model AND p.content_id = few.value ORDER BY p.confidence, p.content_id""",
    ),
    "unique": (
        "SELECT content_id FROM neighbourhoods WHERE model_id = :model ORDER BY uniqueness, content_id",
        """SELECT few.value FROM carray(:few) few CROSS JOIN neighbourhoods n
           ON n.model_id = :model AND n.content_id = few.value ORDER BY n.uniqueness, n.content_id""",
    ),
    "outlier": (
        "SELECT content_id FROM neighbourhoods WHERE model_id = :model ORDER BY outlierness, content_id",
        """SELECT few.value FROM carray(:few) few CROSS JOIN neighbourhoods n
           ON n.model_id = :model AND n.content_id = few.value ORDER BY n.outlierness, n.content_id""",
    ),
    "margin": (
        "SELECT content_id FROM predictions WHERE model_id = :model ORDER BY margin, content_id",
        """SELECT few.value FROM carray(:few) few CROSS JOIN predictions p
           ON p.model_id = :model AND p.content_id = few.value ORDER BY p.margin, p.content_id""",
    ),
}


def ids(conn: Connection, query: Query, model_id: int | None) -> NDArray[np.int64]:
    """Return all visible contents that pass the filter, in order.

    Equal keys are ordered by content id, in the direction of the sort; contents without a key (no
    prediction by this model, a rejected class) come last either way.

    Parameters
    ----------
    model_id
        Whose predictions count; None when the library does not know the model.

    Returns
    -------
    NDArray[np.int64]
        Shape (n,).
    """
    with conn:  # one snapshot for all the walks
        selected = _selected(conn, query, model_id)
        if query.sort == "added":
            return selected[::-1].copy() if query.descending else selected
        if query.sort == "class":
            keyed = _by_class(conn, selected, model_id)
        elif query.sort == "mistake":
            keyed = _by_mistake(conn, selected, model_id)
        else:
            keyed = _in_order(conn, query.sort, selected, model_id)
    rest = np.setdiff1d(selected, keyed, assume_unique=True) if keyed.size < selected.size else keyed[:0]
    return np.concatenate((keyed[::-1] if query.descending else keyed, rest))


def allowed(conn: Connection, query: Query, model_id: int | None) -> _Mask | None:
    """Return by content id whether it is visible and passes the filter; None where all that there are do.

    Ids beyond its end do not, and ids that no content has may. The order of `query` does not count.
    """
    with conn:
        hidden = (
            filters(query) or conn.execute("SELECT 1 FROM contents WHERE visible = 0 LIMIT 1").fetchone() is not None
        )
        shown = _passing(conn, query, model_id) if hidden else None
    return shown


def few(conn: Connection, query: Query, model_id: int | None) -> _Ids | None:
    """Return those that pass, ascending, where one condition alone keeps few of all; None where all of them keep many."""
    with conn:
        chosen = conditions.few(conn, conditions.of(conn, query, model_id), model_id)
    return chosen


def passing(conn: Connection, query: Query, model_id: int | None, content_ids: _Ids) -> _Ids:
    """Return those of some contents that are visible and pass the filter, in their order."""
    with conn:
        chosen = conditions.passing(conn, conditions.of(conn, query, model_id), model_id, content_ids)
    return chosen


def filters(query: Query) -> bool:
    """Tell whether the query leaves anything visible out."""
    everything = Query(sort=query.sort, descending=query.descending, model_ref=query.model_ref)
    return query != everything


def _selected(conn: Connection, query: Query, model_id: int | None) -> _Ids:
    """Return the ids that pass, ascending."""
    passing = np.flatnonzero(_passing(conn, query, model_id))
    ((n,),) = conn.execute("SELECT count(*) FROM contents").fetchall()
    if n == _last(conn):  # no gaps, as long as nobody deletes rows
        return passing
    return np.intersect1d(passing, column(conn, "SELECT id FROM contents"), assume_unique=True)


def _passing(conn: Connection, query: Query, model_id: int | None) -> _Mask:
    """Return by content id whether it is visible and passes; ids that no content has may."""
    last = _last(conn)
    parts = conditions.of(conn, query, model_id)
    chosen = conditions.few(conn, parts, model_id)
    if chosen is not None:
        return _mask(last, chosen)
    mask = np.ones(last + 1, dtype=np.bool_)
    mask[0] = False
    mask[column(conn, "SELECT id FROM contents WHERE visible = 0")] = False
    for part in parts:
        conditions.narrowed(conn, mask, part, model_id)
    return mask


def _last(conn: Connection) -> int:
    ((last,),) = conn.execute("SELECT coalesce(max(id), 0) FROM contents").fetchall()
    return int(last)


def _in_order(conn: Connection, sort: str, selected: _Ids, model_id: int | None) -> _Ids:
    whole, few = _ORDERS[sort]
    last = int(selected[-1]) if selected.size else 0
    if selected.size < _FEW * last:
        if not selected.size:
            return selected
        return column(conn, few, {"few": apsw.carray(selected), "model": model_id})
    order = column(conn, whole, {"model": model_id})
    order = order[order <= last]
    return order[_mask(last, selected)[order]]


def _by_mistake(conn: Connection, selected: _Ids, model_id: int | None) -> _Ids:
    """Return those whose label is at odds with their neighbours, the least likely mistake first."""
    suspected, amounts = mistakes.likely(conn, model_id, least=0.0)
    chosen = np.isin(suspected, selected, assume_unique=True)
    return suspected[chosen][np.argsort(amounts[chosen], kind="stable")]


def _by_class(conn: Connection, selected: _Ids, model_id: int | None) -> _Ids:
    """Return those that have a class, by its name."""
    if not selected.size:
        return selected
    by_name = column(conn, "SELECT id FROM classes ORDER BY name_folded, id")
    rank = np.zeros(int(by_name.max(initial=0)) + 1, dtype=np.int64)
    rank[by_name] = np.arange(1, by_name.size + 1)  # 0: no class
    last = int(selected[-1])
    class_of = np.zeros(last + 1, dtype=np.int64)
    if selected.size < _FEW * last:
        values = {"few": apsw.carray(selected), "model": model_id}
        sql = f"""SELECT coalesce({EFFECTIVE_CLASS}, 0) FROM carray(:few) few
                  LEFT JOIN predictions p ON p.model_id = :model AND p.content_id = few.value
                  LEFT JOIN labels l ON l.content_id = few.value"""
        class_of[selected] = column(conn, sql, values)
    else:
        counts = conn.execute(
            "SELECT class_id, count(*) FROM predictions WHERE model_id = ? GROUP BY class_id ORDER BY class_id",
            (model_id,),
        ).fetchall()
        sql = "SELECT content_id FROM predictions WHERE model_id = :model ORDER BY class_id, confidence, content_id"
        predicted = column(conn, sql, {"model": model_id})
        classes = np.repeat([c for c, _ in counts], [n for _, n in counts]) if counts else predicted
        within = predicted <= last
        class_of[predicted[within]] = classes[within]
        said = conn.execute("SELECT content_id, coalesce(class_id, 0) FROM labels WHERE state IS NOT NULL").fetchall()
        for content_id, class_id in said:
            if content_id <= last:
                class_of[content_id] = class_id
    ranks = rank[class_of[selected]]
    known = ranks > 0
    return selected[known][np.argsort(ranks[known], kind="stable")]


def _mask(last: int, members: _Ids) -> _Mask:
    mask = np.zeros(last + 1, dtype=np.bool_)
    mask[members] = True
    return mask
