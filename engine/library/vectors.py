"""Vectors of a space: the truth in sqlite-vec, in the order in which they came.

A space is a model version. Its vectors lie in ``vectors_N`` (a ``vec0`` table, by content), and ``vector_rows`` gives each
the next place of its space, in the same transaction: whoever has read up to a place needs only what comes after. Each
place carries a number made of all contents before it, the *chain*. Two libraries that agree at one place agree at
all places before; one that was put back from a backup, and went on differently, does not.

``vec0`` keeps a thousand vectors in one blob. Asked for single rows, or for all of them in order, it walks from the blob's
beginning for each (0.6 to 0.9 ms); read blob by blob they cost 2 microseconds each. So `read` looks into the tables in which
``vec0`` keeps its blobs. Where a future version keeps them otherwise, it asks ``vec0`` itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError, ErrorCode
from engine.library.database import Connection

MAX_K = 4096  # what vec0 takes
_CHUNK_ROWS = 1024
_WHOLE_CHUNK = 64  # from so many rows on, a blob is read at once
_UNIT = 1e-3


def checked(vector: NDArray[Any], dim: int, of: str) -> NDArray[np.float32]:
    """Return a vector as it is stored. Raises DeviceError (INFERENCE_FAILED) for one that means nothing.

    Parameters
    ----------
    vector
        Float (dim,), L2 norm 1.
    of
        What it was made of, for the message.
    """
    found = np.asarray(vector, dtype="<f4")
    reason = ""
    if found.shape != (dim,):
        reason = f"has the shape {found.shape}, where the model's others have ({dim},)"
    elif not np.isfinite(found).all():
        reason = "has numbers that are not finite"
    elif abs(float(np.linalg.norm(found)) - 1.0) > _UNIT:
        reason = f"has the length {float(np.linalg.norm(found)):.3g}, which no direction has"
    if reason:
        raise DeviceError(
            ErrorCode.INFERENCE_FAILED,
            f"The model's embedding of {of} {reason}.",
            way_out="Run `lightdesk doctor`; choose the device cpu in the settings, or another model.",
        )
    return np.ascontiguousarray(found)


def store(conn: Connection, model_id: int, content_ids: Sequence[int], vectors: Iterable[NDArray[np.float32]]) -> None:
    """Add vectors to a space, inside the caller's transaction. A content that has one keeps it.

    Raises
    ------
    DeviceError
        INFERENCE_FAILED as `checked` does; nothing of the transaction should stay then.
    """
    dim = dim_of(conn, model_id)
    n, chain = state(conn, model_id)
    for content_id, vector in zip(content_ids, vectors, strict=True):
        good = checked(vector, dim, f"content {content_id}")
        table = f"vectors_{int(model_id)}"
        if has(conn, model_id, content_id):
            continue
        conn.execute(f"INSERT INTO {table}(rowid, embedding) VALUES(?, ?)", (content_id, good.tobytes()))
        ((sha256,),) = conn.execute("SELECT sha256 FROM contents WHERE id = ?", (content_id,)).fetchall()
        chain = linked(chain, sha256)
        conn.execute("INSERT INTO vector_rows VALUES(?, ?, ?, ?)", (model_id, n, content_id, chain))
        n += 1


def linked(chain: int, sha256: bytes) -> int:
    """Return the chain after one more content."""
    before = chain.to_bytes(8, "little", signed=True)
    return int.from_bytes(hashlib.blake2b(before + sha256, digest_size=8).digest(), "little", signed=True)


def dim_of(conn: Connection, model_id: int) -> int:
    """Return the number of dimensions of a space; 0 for a model without embedding."""
    rows = conn.execute("SELECT dim FROM models WHERE id = ?", (model_id,)).fetchall()
    return int(rows[0][0]) if rows else 0


def state(conn: Connection, model_id: int) -> tuple[int, int]:
    """Return how many vectors a space has, and the chain at the last (0 where there is none)."""
    rows = conn.execute(
        "SELECT position, chain FROM vector_rows WHERE model_id = ? ORDER BY position DESC LIMIT 1", (model_id,)
    ).fetchall()
    return (int(rows[0][0]) + 1, int(rows[0][1])) if rows else (0, 0)


def chain_at(conn: Connection, model_id: int, n: int) -> int | None:
    """Return the chain after the first `n` vectors, None where there are fewer."""
    if n == 0:
        return 0
    rows = conn.execute(
        "SELECT chain FROM vector_rows WHERE model_id = ? AND position = ?", (model_id, n - 1)
    ).fetchall()
    return int(rows[0][0]) if rows else None


def rows_from(
    conn: Connection, model_id: int, position: int, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return content ids and chains of the next places, each int64 (n,)."""
    rows = conn.execute(
        "SELECT content_id, chain FROM vector_rows WHERE model_id = ? AND position >= ? ORDER BY position LIMIT ?",
        (model_id, position, limit),
    ).fetchall()
    both = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def missing(conn: Connection, model_id: int, after_id: int, limit: int) -> list[int]:
    """Return the next visible contents without a vector in this space, by id."""
    rows = conn.execute(
        f"""SELECT id FROM contents c WHERE id > ? AND visible = 1
            AND NOT EXISTS (SELECT 1 FROM vectors_{int(model_id)}_rowids v WHERE v.rowid = c.id)
            ORDER BY id LIMIT ?""",
        (after_id, limit),
    ).fetchall()
    return [int(row[0]) for row in rows]


def has(conn: Connection, model_id: int, content_id: int) -> bool:
    """Tell whether a content has a vector in a space that has vectors."""
    sql = f"SELECT 1 FROM vectors_{int(model_id)}_rowids WHERE rowid = ?"
    return bool(dim_of(conn, model_id)) and bool(conn.execute(sql, (content_id,)).fetchall())


def read(conn: Connection, model_id: int, content_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the vectors of contents that have one.

    Parameters
    ----------
    content_ids
        (n,), in any order. Neighbours in the order of storing are read together.

    Returns
    -------
    NDArray[np.float32]
        (n, dim); a row of zeros where a content has no vector.
    """
    dim = dim_of(conn, model_id)
    found = np.zeros((len(content_ids), dim), dtype="<f4")
    if not len(content_ids):
        return found
    table = f"vectors_{int(model_id)}"
    places = conn.execute(
        f"""SELECT few.value, v.chunk_id, v.chunk_offset FROM carray(?) few
            CROSS JOIN {table}_rowids v ON v.rowid = few.value""",
        (apsw.carray(np.ascontiguousarray(content_ids, dtype=np.int64)),),
    ).fetchall()
    row_of: dict[int, list[int]] = {}
    for row, content_id in enumerate(content_ids.tolist()):
        row_of.setdefault(content_id, []).append(row)
    by_chunk: dict[int, list[tuple[int, int]]] = {}
    for content_id, chunk_id, offset in places:
        by_chunk.setdefault(chunk_id, []).append((offset, content_id))
    for chunk_id, members in by_chunk.items():
        for content_id, vector in _of_chunk(conn, table, chunk_id, sorted(members), dim):
            found[row_of[content_id]] = vector
    return found


def _of_chunk(
    conn: Connection, table: str, chunk_id: int, members: list[tuple[int, int]], dim: int
) -> Iterable[tuple[int, NDArray[np.float32]]]:
    size = 4 * dim
    try:
        blob = conn.blob_open("main", f"{table}_vector_chunks00", "vectors", chunk_id, False)
    except apsw.Error:
        yield from _one_by_one(conn, table, [content_id for _, content_id in members])
        return
    try:
        if blob.length() != _CHUNK_ROWS * size:
            yield from _one_by_one(conn, table, [content_id for _, content_id in members])
        elif len(members) >= _WHOLE_CHUNK:
            whole = np.frombuffer(blob.read(), dtype="<f4").reshape(_CHUNK_ROWS, dim)
            for offset, content_id in members:
                yield content_id, whole[offset]
        else:
            for offset, content_id in members:
                blob.seek(offset * size)
                yield content_id, np.frombuffer(blob.read(size), dtype="<f4")
    finally:
        blob.close()


def _one_by_one(conn: Connection, table: str, content_ids: list[int]) -> Iterable[tuple[int, NDArray[np.float32]]]:
    for content_id in content_ids:
        for (vector,) in conn.execute(f"SELECT embedding FROM {table} WHERE rowid = ?", (content_id,)).fetchall():
            yield content_id, np.frombuffer(vector, dtype="<f4")


def nearest(
    conn: Connection, model_id: int, vector: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Search the space in sqlite-vec itself, which reads all of it: exact, and slow where it is large.

    Parameters
    ----------
    vector
        float32 (dim,), L2 norm 1.
    k
        At most `MAX_K`.
    allowed
        Contents that may be found, (n,); None for all.

    Returns
    -------
    tuple
        Content ids (m,) and cosines (m,), best first, equal ones by id.
    """
    within = "" if allowed is None else "AND rowid IN (SELECT value FROM carray(:allowed))"
    if allowed is not None and not len(allowed):
        return np.empty(0, dtype=np.int64), np.empty(0)
    rows = conn.execute(
        f"SELECT rowid, distance FROM vectors_{int(model_id)} WHERE embedding MATCH :vector AND k = :k {within}",
        {
            "vector": np.ascontiguousarray(vector, dtype="<f4").tobytes(),
            "k": min(k, MAX_K),
            **({} if allowed is None else {"allowed": apsw.carray(np.ascontiguousarray(allowed, dtype=np.int64))}),
        },
    ).fetchall()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    cosines = np.round(1.0 - np.array([row[1] for row in rows], dtype=np.float64), 6)
    order = np.lexsort((ids, -cosines))
    return ids[order], cosines[order]
