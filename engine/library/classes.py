"""Class names, shared by people's labels and the predictions of every model."""

from __future__ import annotations

from engine.errors import ErrorCode, UsageError
from engine.library.database import Connection, fold

MAX_NAME_CHARS = 200


def clean(name: str) -> str:
    """Return the name without stray white space. Raises UsageError when nothing or too much is left."""
    text = " ".join(name.split())
    if not text or len(text) > MAX_NAME_CHARS or not text.isprintable():
        raise UsageError(
            ErrorCode.INVALID_ARGUMENT,
            f"{text[:40]!r} cannot be the name of a class.",
            way_out=f"Type 1 to {MAX_NAME_CHARS} visible characters.",
        )
    return text


def id_of(conn: Connection, name: str) -> int:
    """Return the class of that name, whatever its case, made when it is new."""
    name = clean(name)
    rows = conn.execute("SELECT id FROM classes WHERE name = ?", (name,)).fetchall()
    rows = rows or conn.execute("SELECT id FROM classes WHERE name_folded = ? ORDER BY id", (fold(name),)).fetchall()
    if rows:
        return int(rows[0][0])
    conn.execute("INSERT INTO classes(name, name_folded) VALUES(?, ?)", (name, fold(name)))
    return conn.last_insert_rowid()
