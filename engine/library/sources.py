"""Dropped folders, and what their removal hides."""

from __future__ import annotations

import os
from collections.abc import Iterable

from engine.library.database import Connection, now
from engine.schemas.encoding import encodable

_VISIBLE = """hidden = 0 AND EXISTS (SELECT 1 FROM files f JOIN sources s ON s.id = f.source_id
              WHERE f.content_id = contents.id AND s.removed = 0)"""


def source_path(root: str, path: str) -> str:
    """Return the source that a file belongs to: its dropped folder, or none when it was dropped alone."""
    return "" if root == path else root


def add(conn: Connection, path: str) -> int:
    """Return the source of a dropped folder, made when it is new. Empty: single files."""
    encoded = os.fsencode(path)
    rows = conn.execute("SELECT id FROM sources WHERE path = ?", (encoded,)).fetchall()
    if rows:
        return int(rows[0][0])
    title = encodable(path).rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
    conn.execute(
        "INSERT INTO sources(path, title, added_at) VALUES(?, ?, ?)", (encoded, title or "Single files", now())
    )
    return conn.last_insert_rowid()


def removed_among(conn: Connection, paths: Iterable[str]) -> list[int]:
    """Return which of these sources a person has removed from view."""
    found = []
    for path in paths:
        found += conn.execute("SELECT id FROM sources WHERE path = ? AND removed = 1", (os.fsencode(path),)).fetchall()
    return [int(row[0]) for row in found]


def title_of(conn: Connection, source_id: int) -> str:
    """Return how a source is called."""
    return str(conn.execute("SELECT title FROM sources WHERE id = ?", (source_id,)).fetchall()[0][0])


def is_removed(conn: Connection, source_id: int) -> bool:
    """Tell whether a person has removed the source from view."""
    return bool(conn.execute("SELECT removed FROM sources WHERE id = ?", (source_id,)).fetchall()[0][0])


def set_removed(conn: Connection, source_id: int, *, removed: bool) -> None:
    """Remove a source from view or bring it back, with the contents that only it shows."""
    conn.execute("UPDATE sources SET removed = ? WHERE id = ?", (int(removed), source_id))
    conn.execute(
        f"UPDATE contents SET visible = ({_VISIBLE}) WHERE id IN (SELECT content_id FROM files WHERE source_id = ?)",
        (source_id,),
    )


def refresh_visible(conn: Connection, content_ids: Iterable[int]) -> None:
    """Work out again whether contents are shown."""
    conn.executemany(
        f"UPDATE contents SET visible = ({_VISIBLE}) WHERE id = ? AND visible <> ({_VISIBLE})",
        [(i,) for i in content_ids],
    )


def contents_of(conn: Connection, source_id: int) -> list[int]:
    """Return the contents that have a file in the source."""
    rows = conn.execute("SELECT DISTINCT content_id FROM files WHERE source_id = ?", (source_id,)).fetchall()
    return [int(row[0]) for row in rows]
