"""Pairs of contents that are alike, as they were found; which a person has parted; what rules ask of members."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import apsw
import numpy as np
from numpy.typing import NDArray

from engine.library.database import Connection
from engine.schemas.duplicates import Candidate, Pairs
from engine.schemas.encoding import encodable


def contents(conn: Connection, model_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the contents of a space, ascending, their perceptual hashes, and which have one."""
    rows = conn.execute(
        """SELECT v.content_id, coalesce(c.perceptual_hash, 0), c.perceptual_hash IS NOT NULL
           FROM vector_rows v JOIN contents c ON c.id = v.content_id WHERE v.model_id = ? ORDER BY v.content_id""",
        (model_id,),
    ).fetchall()
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return columns[:, 0].copy(), columns[:, 1].copy(), columns[:, 2].astype(np.bool_)


def looked(conn: Connection, model_id: int) -> int:
    """Return how many vectors of a space, from the first, have been looked at."""
    rows = conn.execute("SELECT value FROM meta WHERE key = ?", (_key(model_id),)).fetchall()
    return int(rows[0][0]) if rows else 0


def pairs(conn: Connection) -> Pairs:
    """Return all pairs that are kept."""
    rows = conn.execute(
        'SELECT "first", "second", near, score, cosine, apart, checked FROM duplicate_pairs ORDER BY "first", "second"'
    ).fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    cosines = np.array([np.nan if value is None else value for value in columns[4]], dtype=np.float32)
    return Pairs(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.bool_),
        np.array(columns[3], dtype=np.float32),
        cosines,
        np.array(columns[5], dtype=np.bool_),
        np.array(columns[6], dtype=np.bool_),
    )


def store(conn: Connection, model_id: int, found: Pairs, n_looked: int) -> None:
    """Keep pairs, over those that are there, and remember how far the space has been looked at."""
    conn.executemany(
        "INSERT OR REPLACE INTO duplicate_pairs VALUES(?, ?, ?, ?, ?, ?, ?)",
        (
            (a, b, near, score, None if np.isnan(cosine) else cosine, apart, checked)
            for a, b, near, score, cosine, apart, checked in zip(
                found.first.tolist(),
                found.second.tolist(),
                found.near.astype(int).tolist(),
                found.score.tolist(),
                found.cosine.tolist(),
                found.apart.astype(int).tolist(),
                found.checked.astype(int).tolist(),
                strict=True,
            )
        ),
    )
    conn.execute(
        "INSERT INTO meta VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (_key(model_id), str(n_looked)),
    )


def parted(conn: Connection) -> list[tuple[int, int]]:
    """Return the pairs that a person has said to be no duplicates."""
    return [(int(a), int(b)) for a, b in conn.execute('SELECT "first", "second" FROM parted').fetchall()]


def part(conn: Connection, some: Iterable[tuple[int, int]], *, together: bool = False) -> None:
    """Part pairs, or bring them together again."""
    rows = [(min(pair), max(pair)) for pair in some]
    if together:
        conn.executemany('DELETE FROM parted WHERE "first" = ? AND "second" = ?', rows)
    else:
        conn.executemany("INSERT OR IGNORE INTO parted VALUES(?, ?)", rows)


def hidden(conn: Connection) -> NDArray[np.int64]:
    """Return the contents that are not visible."""
    rows = conn.execute("SELECT id FROM contents WHERE visible = 0").get
    return np.array([] if rows is None else [rows] if isinstance(rows, int) else rows, dtype=np.int64)


def in_several_files(conn: Connection) -> list[int]:
    """Return visible contents that lie in several files."""
    rows = conn.execute(
        """SELECT f.content_id FROM files f JOIN contents c ON c.id = f.content_id AND c.visible = 1
           WHERE f.present = 1 GROUP BY f.content_id HAVING count(*) > 1 ORDER BY f.content_id"""
    ).fetchall()
    return [int(row[0]) for row in rows]


def candidates(conn: Connection, content_ids: Sequence[int]) -> dict[int, Candidate]:
    """Return what the rules want to know of members."""
    if not content_ids:
        return {}
    few = apsw.carray(np.array(content_ids, dtype=np.int64))
    folders: dict[int, list[str]] = {}
    for content_id, path in conn.execute(
        """SELECT f.content_id, f.path FROM carray(?) few CROSS JOIN files f ON f.content_id = few.value
           WHERE f.present = 1 ORDER BY f.id""",
        (few,),
    ).fetchall():
        folders.setdefault(content_id, []).append(encodable(os.path.dirname(os.fsdecode(path))))
    rows = conn.execute(
        """SELECT c.id, c.width, c.height, c.size_bytes, c.sharpness, l.state IS NOT NULL, c.added_at
           FROM carray(?) few CROSS JOIN contents c ON c.id = few.value LEFT JOIN labels l ON l.content_id = c.id""",
        (few,),
    ).fetchall()
    return {
        content_id: Candidate(
            content_id, width, height, size, sharpness, bool(labelled), tuple(folders.get(content_id, ())), added_at
        )
        for content_id, width, height, size, sharpness, labelled, added_at in rows
    }


def _key(model_id: int) -> str:
    return f"duplicates looked {int(model_id)}"
