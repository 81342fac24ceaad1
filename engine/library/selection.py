"""Which contents a query selects, and in what order: sets of ids from narrow indexes, combined as arrays.

Each filter and each order is one walk along a covering index that yields nothing but ids; joining
the wide rows of contents and predictions instead costs two to four times as much at 100,000, and
leaves the plan to statistics that a growing library does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library import mistakes, neighbourhoods
from engine.library.database import Connection, fold
from engine.schemas.library import Query

_Ids = NDArray[np.int64]
_Mask = NDArray[np.bool_]

# Below this part of the whole, keys are looked up one by one; above it the whole order is walked.
_FEW = 1 / 8
_FIRST_NS, _LAST_NS = -(2**63), 2**63 - 1

# The class a content counts as: its label's, none when it was rejected, else the model's first.
EFFECTIVE_CLASS = (
    "CASE WHEN l.state = 'accepted' THEN l.class_id WHEN l.state = 'rejected' THEN NULL ELSE p.class_id END"
)

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

    Ids beyond its end do not. The order of `query` does not count.
    """
    with conn:
        if filters(query):
            return _passing(conn, query, model_id)
        hidden = _column(conn, "SELECT id FROM contents WHERE visible = 0")
        ((last,),) = conn.execute("SELECT coalesce(max(id), 0) FROM contents").fetchall()
    if not hidden.size:
        return None
    shown = np.ones(last + 1, dtype=np.bool_)
    shown[hidden] = False
    return shown


def filters(query: Query) -> bool:
    """Tell whether the query leaves anything visible out."""
    everything = Query(sort=query.sort, descending=query.descending, model_ref=query.model_ref)
    return query != everything


def _selected(conn: Connection, query: Query, model_id: int | None) -> _Ids:
    """Return the ids that pass, ascending."""
    return np.flatnonzero(_passing(conn, query, model_id))


def _passing(conn: Connection, query: Query, model_id: int | None) -> _Mask:
    n, last = conn.execute("SELECT count(*), coalesce(max(id), 0) FROM contents").fetchall()[0]
    if n == last:  # no gaps, as long as nobody deletes rows
        mask = np.ones(last + 1, dtype=np.bool_)
        mask[0] = False
    else:
        mask = _mask(last, _column(conn, "SELECT id FROM contents"))
    mask[_column(conn, "SELECT id FROM contents WHERE visible = 0")] = False
    if query.source_id is not None:
        mask &= _mask(last, _column(conn, "SELECT content_id FROM files WHERE source_id = ?", (query.source_id,)))
    if query.confidence_min > 0 or query.confidence_max < 1:
        low, high = query.confidence_min, query.confidence_max
        sql = "SELECT content_id FROM predictions WHERE model_id = ? AND confidence BETWEEN ? AND ?"
        mask &= _mask(last, _column(conn, sql, (model_id, low, high)))
    if query.labelled == "unlabelled":
        mask[_column(conn, "SELECT content_id FROM labels WHERE state IS NOT NULL")] = False
    elif query.labelled != "any":
        state = "accepted" if query.labelled == "labelled" else "rejected"
        mask &= _mask(last, _column(conn, "SELECT content_id FROM labels WHERE state = ?", (state,)))
    if query.only == "outliers":
        limit = neighbourhoods.outlier_limit(conn, model_id or 0)
        sql = "SELECT content_id FROM neighbourhoods WHERE model_id = ? AND outlierness > ?"
        mask &= _mask(last, _column(conn, sql, (model_id, limit)))
    elif query.only == "mistakes":
        suspected, _ = mistakes.likely(conn, model_id)
        mask &= _mask(last, suspected[suspected <= last])
    if query.class_name is not None:
        classes = _column(conn, "SELECT id FROM classes WHERE name = ?", (_sane(query.class_name),))
        mask &= _of_classes(conn, last, classes, model_id)
    if query.mtime_min_ns is not None or query.mtime_max_ns is not None:
        low_ns = _FIRST_NS if query.mtime_min_ns is None else query.mtime_min_ns
        high_ns = _LAST_NS if query.mtime_max_ns is None else query.mtime_max_ns
        mask &= _mask(last, _column(conn, "SELECT id FROM contents WHERE mtime_ns BETWEEN ? AND ?", (low_ns, high_ns)))
    text = fold(_sane(query.text.strip()))
    if text:
        named = _mask(last, _column(conn, "SELECT id FROM contents WHERE instr(name_folded, ?) > 0", (text,)))
        classes = _column(conn, "SELECT id FROM classes WHERE instr(name_folded, ?) > 0", (text,))
        mask &= named | _of_classes(conn, last, classes, model_id)
    return mask


def _of_classes(conn: Connection, last: int, classes: _Ids, model_id: int | None) -> _Mask:
    """Return which contents count as one of the classes."""
    if not classes.size:
        return np.zeros(last + 1, dtype=np.bool_)
    chosen = apsw.carray(classes)
    mask = _mask(
        last,
        _column(
            conn,
            """SELECT p.content_id FROM carray(?) few CROSS JOIN predictions p
               ON p.model_id = ? AND p.class_id = few.value""",
            (chosen, model_id),
        ),
    )
    mask[_column(conn, "SELECT content_id FROM labels WHERE state IS NOT NULL")] = False
    mask[
        _column(
            conn,
            """SELECT l.content_id FROM carray(?) few CROSS JOIN labels l
               ON l.class_id = few.value WHERE l.state = 'accepted'""",
            (chosen,),
        )
    ] = True
    return mask


def _in_order(conn: Connection, sort: str, selected: _Ids, model_id: int | None) -> _Ids:
    whole, few = _ORDERS[sort]
    last = int(selected[-1]) if selected.size else 0
    if selected.size < _FEW * last:
        return _column(conn, few, {"few": apsw.carray(selected), "model": model_id} if selected.size else None)
    order = _column(conn, whole, {"model": model_id} if ":model" in whole else ())
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
    by_name = _column(conn, "SELECT id FROM classes ORDER BY name_folded, id")
    rank = np.zeros(int(by_name.max(initial=0)) + 1, dtype=np.int64)
    rank[by_name] = np.arange(1, by_name.size + 1)  # 0: no class
    last = int(selected[-1])
    class_of = np.zeros(last + 1, dtype=np.int64)
    if selected.size < _FEW * last:
        values = {"few": apsw.carray(selected), "model": model_id}
        sql = f"""SELECT coalesce({EFFECTIVE_CLASS}, 0) FROM carray(:few) few
                  LEFT JOIN predictions p ON p.model_id = :model AND p.content_id = few.value
                  LEFT JOIN labels l ON l.content_id = few.value"""
        class_of[selected] = _column(conn, sql, values)
    else:
        counts = conn.execute(
            "SELECT class_id, count(*) FROM predictions WHERE model_id = ? GROUP BY class_id ORDER BY class_id",
            (model_id,),
        ).fetchall()
        sql = "SELECT content_id FROM predictions WHERE model_id = ? ORDER BY class_id, confidence, content_id"
        predicted = _column(conn, sql, (model_id,))
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


def _column(conn: Connection, sql: str, values: Sequence[Any] | dict[str, Any] | None = ()) -> _Ids:
    """Return a query's one column of integers."""
    if values is None:
        return np.empty(0, dtype=np.int64)
    # `get` makes no tuple a row, which halves the time; it yields a bare value for a single row.
    got = conn.execute(sql, values).get
    return np.array([] if got is None else [got] if isinstance(got, int) else got, dtype=np.int64)


def _mask(last: int, members: _Ids) -> _Mask:
    mask = np.zeros(last + 1, dtype=np.bool_)
    mask[members] = True
    return mask


def _sane(text: str) -> str:
    """Pasted text may hold lone surrogates, which no database text does."""
    return text.encode("utf-8", "replace").decode("utf-8")
