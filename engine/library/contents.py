"""Contents: pictures by the sha256 of their bytes."""

from __future__ import annotations

import os
from collections.abc import Collection

import apsw
import numpy as np

from engine.library import sources
from engine.library.database import Connection, fold
from engine.schemas.encoding import encodable


def find(conn: Connection, sha256: bytes) -> int | None:
    """Return the id of a content, or None."""
    rows = conn.execute("SELECT id FROM contents WHERE sha256 = ?", (sha256,)).fetchall()
    return int(rows[0][0]) if rows else None


def name_of(path: str) -> str:
    """Return the name under which a content with this file is shown."""
    return encodable(os.path.basename(path))


def refresh(conn: Connection, content_ids: Collection[int]) -> None:
    """Work out again whether contents are shown, and under which name and time.

    Those are of the first file that is there; where none is, they stay what they were.
    """
    sources.refresh_visible(conn, content_ids)
    for content_id in content_ids:
        rows = conn.execute(
            """SELECT f.path, f.mtime_ns, c.name, c.mtime_ns FROM files f JOIN contents c ON c.id = f.content_id
               WHERE f.content_id = ? AND f.present = 1 ORDER BY f.id LIMIT 1""",
            (content_id,),
        ).fetchall()
        for path, mtime_ns, *shown in rows:
            name = name_of(os.fsdecode(path))
            if [name, mtime_ns] != shown:
                conn.execute(
                    "UPDATE contents SET name = ?, name_folded = ?, mtime_ns = ? WHERE id = ?",
                    (name, fold(name), mtime_ns, content_id),
                )


def files_of(conn: Connection, content_ids: Collection[int]) -> dict[int, tuple[str, list[str]]]:
    """Return sha256 and paths of contents, present files first; unknown ids are left out."""
    rows = (
        conn.execute(
            """SELECT c.id, lower(hex(c.sha256)), f.path FROM carray(?) few CROSS JOIN contents c ON c.id = few.value
           LEFT JOIN files f ON f.content_id = c.id ORDER BY c.id, f.present DESC, f.id""",
            (apsw.carray(np.array(list(content_ids), dtype=np.int64)),),
        ).fetchall()
        if content_ids
        else []
    )
    found: dict[int, tuple[str, list[str]]] = {}
    for content_id, sha256, path in rows:
        paths = found.setdefault(content_id, (sha256, []))[1]
        if path is not None:
            paths.append(os.fsdecode(path))
    return found
