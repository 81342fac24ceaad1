"""What the colours of a map are made of: class, confidence, label state or source of many contents at once.

As in `selection`, each is one walk along a covering index for all that there are, or a look at each where they are few.
"""

from __future__ import annotations

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library.conditions import EFFECTIVE_CLASS
from engine.library.database import Connection

_Ids = NDArray[np.int64]

# Below this part of the whole, contents are looked up one by one.
_FEW = 1 / 8


def classes(conn: Connection, content_ids: _Ids, model_id: int | None) -> tuple[_Ids, list[str]]:
    """Return for each content the class it counts as, as a place in a list of names, and that list; -1 for none.

    Parameters
    ----------
    content_ids
        (n,).
    model_id
        Whose predictions count where there is no label; None when the library does not know the model.
    """
    with conn:  # one snapshot for all the walks
        class_of = _class_ids(conn, content_ids, model_id)
        used = np.unique(class_of[class_of >= 0])
        names = (
            conn.execute(
                "SELECT id, name FROM carray(?) few CROSS JOIN classes c ON c.id = few.value ORDER BY id",
                (apsw.carray(used),),
            ).fetchall()
            if len(used)
            else []
        )
    codes = np.where(class_of >= 0, np.searchsorted(used, class_of), -1)
    return codes, [str(name) for _id, name in names]


def confidences(conn: Connection, content_ids: _Ids, model_id: int | None) -> NDArray[np.float64]:
    """Return the confidence of each content's first prediction, (n,); NaN without one."""
    found = np.full(len(content_ids), np.nan)
    if _are_few(conn, content_ids):
        sql = """SELECT few.value, p.confidence FROM carray(?) few
                 CROSS JOIN predictions p ON p.model_id = ? AND p.content_id = few.value"""
        known = dict(conn.execute(sql, (apsw.carray(content_ids), model_id)).fetchall()) if len(content_ids) else {}
        for row, content_id in enumerate(content_ids.tolist()):
            found[row] = known.get(content_id, np.nan)
        return found
    with conn:
        order = "FROM predictions WHERE model_id = ? ORDER BY confidence, content_id"
        ids = _column(conn, f"SELECT content_id {order}", model_id)
        values = np.array(_listed(conn, f"SELECT confidence {order}", model_id), np.float64)
    by_content = np.full(_past(content_ids, ids), np.nan)
    by_content[ids] = values
    return by_content[content_ids]


def label_states(conn: Connection, content_ids: _Ids) -> _Ids:
    """Return each content's label state, (n,): 0 for no label yet, 1 for accepted, 2 for rejected."""
    with conn:
        accepted = _column(conn, "SELECT content_id FROM labels WHERE state = 'accepted'")
        rejected = _column(conn, "SELECT content_id FROM labels WHERE state = 'rejected'")
    by_content = np.zeros(_past(content_ids, accepted, rejected), np.int64)
    by_content[accepted], by_content[rejected] = 1, 2
    return by_content[content_ids]


def sources(conn: Connection, content_ids: _Ids) -> tuple[_Ids, list[str]]:
    """Return for each content its source, as a place in a list of titles, and that list; -1 for files dropped alone.

    A content that lies in several counts for the one that was added first, of those that are not removed.
    """
    with conn:
        rows = conn.execute(
            "SELECT id, title, length(path) FROM sources WHERE removed = 0 ORDER BY length(path) > 0, id DESC"
        ).fetchall()
        members = [_column(conn, "SELECT content_id FROM files WHERE source_id = ?", row[0]) for row in rows]
    by_content = np.full(_past(content_ids, *members), -1, np.int64)
    titles: list[str] = []
    # Single files first, then the newest folder: what comes later counts.
    for (_id, title, is_folder), ids in zip(rows, members, strict=True):
        by_content[ids] = len(titles) if is_folder else -1
        if is_folder:
            titles.append(str(title))
    return by_content[content_ids], titles


def _class_ids(conn: Connection, content_ids: _Ids, model_id: int | None) -> _Ids:
    if not len(content_ids):
        return content_ids
    if _are_few(conn, content_ids):
        sql = f"""SELECT coalesce({EFFECTIVE_CLASS}, -1) FROM carray(?) few
                  LEFT JOIN predictions p ON p.model_id = ? AND p.content_id = few.value
                  LEFT JOIN labels l ON l.content_id = few.value"""
        return np.array(_listed(conn, sql, apsw.carray(content_ids), model_id), np.int64)
    counts = conn.execute(
        "SELECT class_id, count(*) FROM predictions WHERE model_id = ? GROUP BY class_id ORDER BY class_id",
        (model_id,),
    ).fetchall()
    sql = "SELECT content_id FROM predictions WHERE model_id = ? ORDER BY class_id, confidence, content_id"
    predicted = _column(conn, sql, model_id)
    labels = conn.execute("SELECT content_id, coalesce(class_id, -1) FROM labels WHERE state IS NOT NULL").fetchall()
    said = np.array(labels, np.int64).reshape(-1, 2)
    by_content = np.full(_past(content_ids, predicted, said[:, 0]), -1, np.int64)
    by_content[predicted] = np.repeat([c for c, _ in counts], [n for _, n in counts]) if counts else -1
    by_content[said[:, 0]] = said[:, 1]
    return by_content[content_ids]


def _are_few(conn: Connection, content_ids: _Ids) -> bool:
    ((last,),) = conn.execute("SELECT coalesce(max(id), 0) FROM contents").fetchall()
    return len(content_ids) < _FEW * int(last)


def _past(*ids: _Ids) -> int:
    """Return a length that every one of these is a place in."""
    return 1 + max(int(some.max(initial=0)) for some in ids)


def _column(conn: Connection, sql: str, *values: object) -> _Ids:
    return np.array(_listed(conn, sql, *values), np.int64)


def _listed(conn: Connection, sql: str, *values: object) -> list[object]:
    """Return a query's one column."""
    # `get` makes no tuple a row, which halves the time; it yields a bare value for a single row.
    got = conn.execute(sql, values).get
    return [] if got is None else got if isinstance(got, list) else [got]
