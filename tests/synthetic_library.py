"""A library full of made-up rows, for tests and benchmarks that need size rather than pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from engine.library import database, migrations, models
from engine.library import vectors as vector_room
from engine.library.database import fold
from engine.schemas.model import InputSpec, ModelManifest, OutputSpec

N_CLASSES = 1000
EMBEDDING_DIM = 1280
FOLDER = "/photos"
_AT = "2026-01-01T00:00:00.000+00:00"
_FIRST_MTIME_NS = 1_700_000_000_000_000_000
_CHUNK = 20_000


def manifest(*, embedding_dim: int = EMBEDDING_DIM, n_classes: int = N_CLASSES, name: str = "synthetic") -> ModelManifest:
    """Return a model that needs no file."""
    return ModelManifest(
        name=name,
        version="1",
        task="classification",
        title="Synthetic",
        licence="Apache-2.0",
        format="fake",
        file="",
        sha256="0" * 64,
        input=InputSpec("input", "NHWC", "uint8", 256, 224, "bicubic"),
        output=OutputSpec("scores", "probabilities", "embedding" if embedding_dim else None, embedding_dim),
        labels=tuple(f"class {number:04d}" for number in range(n_classes)),
    )


def build(path: Path, n: int, *, with_vectors: bool = False, labelled_share: float = 0.05, seed: int = 7) -> int:
    """Make a library of `n` contents, one file and one prediction each; returns the model's id.

    Parameters
    ----------
    with_vectors
        Also 1280 random floats each: about 0.3 ms and 5 kB an item more. The table for them is there in any case.
    labelled_share
        Part of the contents with a person's label, one in ten of them a rejection.
    """
    migrations.open_library(path, create=True)
    conn = database.connect(path)
    try:
        conn.execute("PRAGMA synchronous = OFF")
        conn.execute("PRAGMA foreign_keys = OFF")  # a million look-ups, of rows that were just made
        conn.execute("BEGIN IMMEDIATE")
        indexes = _drop_indexes(conn)
        model_id = models.register(conn, manifest())
        for number in range(1, 5):
            conn.execute(
                "INSERT INTO sources(id, path, title, added_at) VALUES(?, ?, ?, ?)",
                (number, f"{FOLDER}{number}".encode(), f"photos{number}", _AT),
            )
        class_ids = np.array(
            conn.execute("SELECT class_id FROM model_classes WHERE model_id = ? ORDER BY number", (model_id,)).fetchall()
        )[:, 0]
        rng = np.random.default_rng(seed)
        for start in range(0, n, _CHUNK):
            _fill(conn, rng, model_id, class_ids, start, min(_CHUNK, n - start), with_vectors, labelled_share)
        for sql in indexes:
            conn.execute(sql)
        conn.execute("COMMIT")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        conn.close()
    return model_id


def _drop_indexes(conn: apsw.Connection) -> list[str]:
    """Rows first, then whole indexes at once: several times faster than both row by row."""
    rows = conn.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _sql in rows:
        conn.execute(f"DROP INDEX {name}")
    return [str(sql) for _name, sql in rows]


def _fill(
    conn: apsw.Connection,
    rng: np.random.Generator,
    model_id: int,
    class_ids: np.ndarray[Any, Any],
    start: int,
    n: int,
    with_vectors: bool,
    labelled_share: float,
) -> None:
    ids = range(start + 1, start + n + 1)
    names = [f"IMG_{(i * 7919) % 10_000_019:08d}.jpg" for i in ids]
    mtimes = (_FIRST_MTIME_NS + rng.integers(0, 10**9, n) * 10**6).tolist()
    hashes = rng.integers(-(2**63), 2**63 - 1, n).tolist()
    conn.executemany(
        """INSERT INTO contents(id, sha256, kind, content_type, width, height, size_bytes, perceptual_hash, added_at,
             name, name_folded, mtime_ns) VALUES(?, ?, 'image', 'image/jpeg', 500, 375, 60000, ?, ?, ?, ?, ?)""",
        (
            (i, hashlib.sha256(str(i).encode()).digest(), h, _AT, name, fold(name), m)
            for i, h, name, m in zip(ids, hashes, names, mtimes, strict=True)
        ),
    )
    conn.executemany(
        "INSERT INTO files(id, path, source_id, content_id, size_bytes, mtime_ns) VALUES(?, ?, ?, ?, 60000, ?)",
        (
            (i, f"{FOLDER}{1 + i % 4}/{i // 1000:04d}/{name}".encode(), 1 + i % 4, i, m)
            for i, name, m in zip(ids, names, mtimes, strict=True)
        ),
    )
    conn.executemany(
        "INSERT INTO predictions VALUES(?, ?, ?, ?, ?, ?, ?, 'cpu', 5.0, ?)",
        _predictions(rng, model_id, class_ids, ids, n),
    )
    labelled = np.flatnonzero(rng.random(n) < labelled_share) + start + 1
    conn.executemany(
        "INSERT INTO labels(content_id, state, class_id, set_by, by_person, set_at) VALUES(?, ?, ?, 'ann', 1, ?)",
        (
            (i, *(("rejected", None) if i % 10 == 0 else ("accepted", int(class_ids[i % len(class_ids)]))), _AT)
            for i in labelled.tolist()
        ),
    )
    if with_vectors:
        vectors = rng.standard_normal((n, EMBEDDING_DIM), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store_vectors(conn, model_id, list(ids), vectors)


def store_vectors(conn: apsw.Connection, model_id: int, ids: list[int], vectors: np.ndarray[Any, Any]) -> None:
    """Store as `engine.library.vectors.store` does, without asking for each row what is there already."""
    conn.executemany(
        f"INSERT INTO vectors_{model_id}(rowid, embedding) VALUES(?, ?)",
        ((i, vector.tobytes()) for i, vector in zip(ids, vectors, strict=True)),
    )
    n, chain = vector_room.state(conn, model_id)
    rows = []
    for position, i in enumerate(ids, n):
        ((sha256,),) = conn.execute("SELECT sha256 FROM contents WHERE id = ?", (i,)).fetchall()
        chain = vector_room.linked(chain, sha256)
        rows.append((model_id, position, i, chain))
    conn.executemany("INSERT INTO vector_rows VALUES(?, ?, ?, ?)", rows)


def _predictions(
    rng: np.random.Generator, model_id: int, class_ids: np.ndarray[Any, Any], ids: range, n: int
) -> Iterator[tuple[Any, ...]]:
    confidences = np.sort(rng.random((n, 20), dtype=np.float32), axis=1)[:, ::-1].astype("<f4")
    # Classes are uneven, as they are in folders of photos: the square makes some common and many rare.
    numbers = ((rng.random((n, 20)) ** 2) * len(class_ids)).astype("<i4")
    for i, confidence, number in zip(ids, confidences, numbers, strict=True):
        top1, top2 = float(confidence[0]), float(confidence[1])
        yield (
            model_id, i, int(class_ids[number[0]]), top1, top1 - top2, 1.5, number.tobytes() + confidence.tobytes(), _AT,
        )  # fmt: skip
