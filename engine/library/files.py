"""Files on the user's disk, each pointing at the content it had when last read."""

from __future__ import annotations

import os
from collections.abc import Sequence

from engine.library.database import Connection, now
from engine.library.records import Known
from engine.schemas.files import FoundFile


def known(conn: Connection, found: Sequence[FoundFile], model_id: int | None) -> list[Known | None]:
    """Tell for each file whether it is in the library as it is now (path, size and time): no reading needed."""
    answers: list[Known | None] = []
    for file in found:
        rows = conn.execute(
            """SELECT f.content_id, p.content_id IS NOT NULL FROM files f
               LEFT JOIN predictions p ON p.model_id = ? AND p.content_id = f.content_id
               WHERE f.path = ? AND f.size_bytes = ? AND f.mtime_ns = ?""",
            (model_id, os.fsencode(file.path), file.size_bytes, file.mtime_ns),
        ).fetchall()
        answers.append(Known(int(rows[0][0]), bool(rows[0][1])) if rows else None)
    return answers


def attach(conn: Connection, path: str, source_id: int, content_id: int, size_bytes: int, mtime_ns: int) -> None:
    """Point a file at a content. What it held before goes into its history, labels stay with the old content."""
    encoded = os.fsencode(path)
    rows = conn.execute(
        "SELECT id, content_id, size_bytes, mtime_ns, source_id FROM files WHERE path = ?", (encoded,)
    ).fetchall()
    if not rows:
        conn.execute(
            "INSERT INTO files(path, source_id, content_id, size_bytes, mtime_ns) VALUES(?, ?, ?, ?, ?)",
            (encoded, source_id, content_id, size_bytes, mtime_ns),
        )
        return
    file_id, old_content, old_size, old_mtime, old_source = rows[0]
    if old_content != content_id:
        conn.execute(
            "INSERT INTO file_history(file_id, content_id, size_bytes, mtime_ns, until) VALUES(?, ?, ?, ?, ?)",
            (file_id, old_content, old_size, old_mtime, now()),
        )
    # A file dropped alone keeps the folder it belongs to.
    (single,) = conn.execute("SELECT length(path) = 0 FROM sources WHERE id = ?", (source_id,)).fetchall()[0]
    conn.execute(
        "UPDATE files SET content_id = ?, size_bytes = ?, mtime_ns = ?, source_id = ?, present = 1 WHERE id = ?",
        (content_id, size_bytes, mtime_ns, old_source if single else source_id, file_id),
    )


def paths_of(conn: Connection, content_id: int) -> list[str]:
    """Return the files behind a content, present ones first."""
    rows = conn.execute(
        "SELECT path FROM files WHERE content_id = ? ORDER BY present DESC, id", (content_id,)
    ).fetchall()
    return [os.fsdecode(row[0]) for row in rows]
