"""Files that could not be used, with the reason, until a later success or the person removes them.

A source that is out of view takes its problems with it; they come back as it does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from engine.errors import ErrorCode
from engine.library.database import Connection, now
from engine.schemas.files import FoundFile
from engine.schemas.library import Problem

# A file that was dropped alone is its own root, and belongs to the source without a path.
SHOWN = """problems WHERE CASE WHEN root = path THEN x'' ELSE root END NOT IN (SELECT path FROM sources WHERE removed = 1)"""
_COLUMNS = "id, path, root, size_bytes, mtime_ns, code, message, way_out, n_tries, first_at, last_at"


def record(conn: Connection, found: FoundFile, code: str, message: str, way_out: str) -> int:
    """Write a problem down, or count another try of the same file. Returns its id."""
    at = now()
    rows = conn.execute(
        """INSERT INTO problems(path, root, size_bytes, mtime_ns, code, message, way_out, n_tries, first_at, last_at)
           VALUES(?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
           ON CONFLICT(path) DO UPDATE SET root = excluded.root, size_bytes = excluded.size_bytes,
             mtime_ns = excluded.mtime_ns, code = excluded.code, message = excluded.message,
             way_out = excluded.way_out, n_tries = n_tries + 1, last_at = excluded.last_at
           RETURNING id""",
        (
            os.fsencode(found.path),
            os.fsencode(found.root),
            found.size_bytes,
            found.mtime_ns,
            code,
            message,
            way_out,
            at,
            at,
        ),
    ).fetchall()
    return int(rows[0][0])


def resolve(conn: Connection, paths: Sequence[str]) -> None:
    """Forget the problems of files that could be read after all."""
    conn.executemany("DELETE FROM problems WHERE path = ?", [(os.fsencode(path),) for path in paths])


def taken_off(conn: Connection, ids: Sequence[int]) -> list[list[Any]]:
    """Take problems off the list; returns what `put_back` needs, as JSON can hold it."""
    rows = []
    for problem_id in ids:
        for row in conn.execute(
            f"DELETE FROM problems WHERE id = ? RETURNING {_COLUMNS}", (int(problem_id),)
        ).fetchall():
            rows.append([row[0], row[1].hex(), row[2].hex(), *row[3:]])
    return rows


def put_back(conn: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Put problems on the list again, but for files that have a newer one, or have been read since."""
    for problem_id, path, root, *rest in rows:
        file = (bytes.fromhex(path), bytes.fromhex(root))
        known = conn.execute("SELECT 1 FROM problems WHERE path = ?", file[:1]).fetchall()
        read = conn.execute(
            "SELECT 1 FROM files WHERE path = ? AND size_bytes = ? AND mtime_ns = ?", (file[0], *rest[:2])
        ).fetchall()
        if known or read:
            continue
        taken = conn.execute("SELECT 1 FROM problems WHERE id = ?", (problem_id,)).fetchall()
        values = (None if taken else problem_id, *file, *rest)
        conn.execute(f"INSERT INTO problems({_COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def listed(conn: Connection, limit: int) -> list[Problem]:
    """Return the newest problems."""
    rows = conn.execute(
        f"""SELECT id, path, code, message, way_out, n_tries, first_at, last_at FROM {SHOWN}
           ORDER BY last_at DESC, id DESC LIMIT ?""",
        (limit,),
    ).fetchall()
    return [Problem(row[0], os.fsdecode(row[1]), *row[2:]) for row in rows]


def files_of(conn: Connection, ids: Sequence[int] | None) -> list[FoundFile]:
    """Return the files behind problems (all that are shown for None)."""
    columns = "path, root, size_bytes, mtime_ns"
    rows = []
    if ids is None:
        rows = conn.execute(f"SELECT {columns} FROM {SHOWN}").fetchall()
    else:
        for problem_id in ids:
            rows += conn.execute(f"SELECT {columns} FROM problems WHERE id = ?", (problem_id,)).fetchall()
    return [FoundFile(os.fsdecode(r[0]), os.fsdecode(r[1]), r[2], r[3]) for r in rows]


def lift_quarantine(conn: Connection, paths: Sequence[str]) -> None:
    """Let files be tried again that took the program down."""
    conn.executemany(
        "UPDATE problems SET code = ? WHERE path = ? AND code = ?",
        [(str(ErrorCode.UNREADABLE_IMAGE), os.fsencode(path), str(ErrorCode.QUARANTINED)) for path in paths],
    )


def quarantined(conn: Connection, found: FoundFile) -> bool:
    """Tell whether this very file (path, size, time) took the program down before."""
    return bool(
        conn.execute(
            "SELECT 1 FROM problems WHERE path = ? AND size_bytes = ? AND mtime_ns = ? AND code = ?",
            (os.fsencode(found.path), found.size_bytes, found.mtime_ns, str(ErrorCode.QUARANTINED)),
        ).fetchall()
    )
