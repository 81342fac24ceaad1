"""Files on the user's disk, each pointing at the content it had when last read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library import contents, sources
from engine.library.database import Connection, now
from engine.library.records import Known
from engine.schemas.files import FoundFile


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file as the library has it."""

    id: int
    path: str
    content_id: int
    size_bytes: int
    mtime_ns: int


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


def attach(
    conn: Connection, path: str, source_id: int, content_id: int, size_bytes: int, mtime_ns: int
) -> tuple[int, ...]:
    """Point a file at a content. What it held before goes into its history, labels stay with the old content.

    Returns
    -------
    tuple of int
        The contents that are due for `contents.refresh`: none for a file that is as it was.
    """
    encoded = os.fsencode(path)
    rows = conn.execute(
        "SELECT id, source_id, content_id, size_bytes, mtime_ns, present FROM files WHERE path = ?", (encoded,)
    ).fetchall()
    if not rows:
        conn.execute(
            "INSERT INTO files(path, source_id, content_id, size_bytes, mtime_ns) VALUES(?, ?, ?, ?, ?)",
            (encoded, source_id, content_id, size_bytes, mtime_ns),
        )
        return (content_id,)
    file_id, old_source, *old = rows[0]
    if source_id != old_source and _stays(conn, old_source, source_id):
        source_id = old_source
    if [source_id, content_id, size_bytes, mtime_ns, 1] == [old_source, *old]:
        return ()
    old_content, old_size, old_mtime, _ = old
    if old_content != content_id:
        conn.execute(
            "INSERT INTO file_history(file_id, content_id, size_bytes, mtime_ns, until) VALUES(?, ?, ?, ?, ?)",
            (file_id, old_content, old_size, old_mtime, now()),
        )
    conn.execute(
        "UPDATE files SET content_id = ?, size_bytes = ?, mtime_ns = ?, source_id = ?, present = 1 WHERE id = ?",
        (content_id, size_bytes, mtime_ns, source_id, file_id),
    )
    return (content_id,) if old_content == content_id else (content_id, old_content)


def _stays(conn: Connection, old_source: int, new_source: int) -> bool:
    """A file dropped alone keeps the folder it belongs to, unless that was removed from view."""
    (single,) = conn.execute("SELECT length(path) = 0 FROM sources WHERE id = ?", (new_source,)).fetchall()[0]
    return bool(single) and not sources.is_removed(conn, old_source)


def unmet(conn: Connection, job_id: int, folder: str) -> NDArray[np.int64]:
    """Return the files below a folder that count as present and are no items of a job: ids, shape (n,)."""
    below = os.fsencode(folder if folder.endswith(os.sep) else folder + os.sep)
    beyond = below[:-1] + bytes([below[-1] + 1])
    rows = conn.execute(
        """SELECT id FROM files WHERE path > ? AND path < ? AND present = 1
           AND path NOT IN (SELECT path FROM job_items WHERE job_id = ?)""",
        (below, beyond, job_id),
    )
    return np.fromiter((row[0] for row in rows), dtype=np.int64)


def placed(conn: Connection, ids: NDArray[np.int64]) -> list[PlacedFile]:
    """Return files by their ids."""
    rows = conn.execute(
        """SELECT f.id, f.path, f.content_id, f.size_bytes, f.mtime_ns
           FROM carray(?) few CROSS JOIN files f ON f.id = few.value""",
        (apsw.carray(ids),),
    ).fetchall()
    return [PlacedFile(row[0], os.fsdecode(row[1]), *row[2:]) for row in rows]


def mark_absent(conn: Connection, gone: Sequence[PlacedFile]) -> int:
    """Say that files are not there any more, unless they were attached anew meanwhile. Returns how many it hit."""
    touched = {}
    for file in gone:
        conn.execute(
            """UPDATE files SET present = 0
               WHERE id = ? AND present = 1 AND content_id = ? AND size_bytes = ? AND mtime_ns = ?""",
            (file.id, file.content_id, file.size_bytes, file.mtime_ns),
        )
        if conn.changes():
            touched[file.id] = file.content_id
    contents.refresh(conn, set(touched.values()))
    return len(touched)


def paths_of(conn: Connection, content_id: int) -> list[str]:
    """Return the files behind a content, present ones first."""
    rows = conn.execute(
        "SELECT path FROM files WHERE content_id = ? ORDER BY present DESC, id", (content_id,)
    ).fetchall()
    return [os.fsdecode(row[0]) for row in rows]
