"""Contents: pictures by the sha256 of their bytes."""

from __future__ import annotations

from engine.library.database import Connection


def find(conn: Connection, sha256: bytes) -> int | None:
    """Return the id of a content, or None."""
    rows = conn.execute("SELECT id FROM contents WHERE sha256 = ?", (sha256,)).fetchall()
    return int(rows[0][0]) if rows else None
