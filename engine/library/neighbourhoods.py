"""The nearest others of each content in a space, as they were last looked for: what outliers and mistakes are seen by."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library.database import Connection

_PAIR = np.dtype([("content_id", "<i8"), ("cosine", "<f4")])
PAIR_BYTES = _PAIR.itemsize


def packed(content_ids: NDArray[np.int64], cosines: NDArray[np.float32]) -> bytes:
    """Return neighbours, best first, as they are stored."""
    row = np.empty(len(content_ids), dtype=_PAIR)
    row["content_id"], row["cosine"] = content_ids, cosines
    return row[content_ids >= 0].tobytes()


def unpacked(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return contents int64 (k,) and cosines float32 (k,)."""
    row = np.frombuffer(data, dtype=_PAIR)
    return row["content_id"].astype(np.int64), row["cosine"].astype(np.float32)


def missing(conn: Connection, model_id: int, position: int, limit: int) -> NDArray[np.int64]:
    """Return the next contents, in the order in which their vectors came, whose neighbours are not known: (2, n), places and ids."""
    rows = conn.execute(
        """SELECT v.position, v.content_id FROM vector_rows v WHERE v.model_id = ?1 AND v.position >= ?2
           AND NOT EXISTS (SELECT 1 FROM neighbourhoods n WHERE n.model_id = ?1 AND n.content_id = v.content_id)
           ORDER BY v.position LIMIT ?3""",
        (model_id, position, limit),
    ).fetchall()
    return np.array(rows, dtype=np.int64).reshape(-1, 2).T


def count(conn: Connection, model_id: int) -> int:
    """Return how many are known."""
    return int(conn.execute("SELECT count(*) FROM neighbourhoods WHERE model_id = ?", (model_id,)).fetchall()[0][0])


def store(
    conn: Connection,
    model_id: int,
    content_ids: Sequence[int],
    near: Sequence[bytes],
    uniqueness: Sequence[float],
    outlierness: Sequence[float],
) -> None:
    """Write what was found, over what was there before."""
    conn.executemany(
        """INSERT INTO neighbourhoods VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           near = excluded.near, uniqueness = excluded.uniqueness, outlierness = excluded.outlierness""",
        [(model_id, *row) for row in zip(content_ids, near, uniqueness, outlierness, strict=True)],
    )


def of(conn: Connection, model_id: int, content_ids: Sequence[int]) -> dict[int, bytes]:
    """Return packed neighbours of those whose are known."""
    if not len(content_ids):
        return {}
    rows = conn.execute(
        """SELECT few.value, n.near FROM carray(?) few
           CROSS JOIN neighbourhoods n ON n.model_id = ? AND n.content_id = few.value""",
        (apsw.carray(np.array(content_ids, dtype=np.int64)), model_id),
    ).fetchall()
    return {int(content_id): near for content_id, near in rows}


def of_labelled(conn: Connection, model_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]:
    """Return contents with an accepted label whose neighbours are known, their classes, and those neighbours."""
    rows = conn.execute(
        """SELECT l.content_id, l.class_id, n.near FROM labels l
           CROSS JOIN neighbourhoods n ON n.model_id = ? AND n.content_id = l.content_id
           WHERE l.state = 'accepted' ORDER BY l.content_id""",
        (model_id,),
    ).fetchall()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    return ids, np.array([row[1] for row in rows], dtype=np.int64), [row[2] for row in rows]


def outliernesses(conn: Connection, model_id: int, limit: int) -> NDArray[np.float32]:
    """Return the values of at most so many, spread over the space."""
    n = count(conn, model_id)
    step = max(1, n // limit)
    rows = conn.execute(
        "SELECT outlierness FROM neighbourhoods WHERE model_id = ? AND content_id % ? = 0", (model_id, step)
    ).get
    return np.array([] if rows is None else [rows] if isinstance(rows, float) else rows, dtype=np.float32)


def set_outlier_limit(conn: Connection, model_id: int, limit: float) -> None:
    """Remember from where on a value is an outlier."""
    conn.execute(
        "INSERT INTO meta VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (f"outlier limit {int(model_id)}", repr(float(limit))),
    )


def outlier_limit(conn: Connection, model_id: int) -> float:
    """Return from where on a value is an outlier; beyond all values where that is not known yet."""
    rows = conn.execute("SELECT value FROM meta WHERE key = ?", (f"outlier limit {int(model_id)}",)).fetchall()
    return float(rows[0][0]) if rows else float("inf")
