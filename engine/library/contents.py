"""Contents: pictures by the sha256 of their bytes."""

from __future__ import annotations

import os
from collections.abc import Collection

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
