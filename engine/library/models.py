"""Model versions that have answered in this library."""

from __future__ import annotations

from engine.library import classes
from engine.library.database import Connection
from engine.schemas.model import ModelManifest


def register(conn: Connection, manifest: ModelManifest) -> int:
    """Return the id of a model version, with its classes and its table of vectors made when new."""
    rows = conn.execute("SELECT id FROM models WHERE ref = ?", (manifest.ref,)).fetchall()
    if rows:
        return int(rows[0][0])
    dim = manifest.output.embedding_dim if manifest.output.embedding else 0
    conn.execute("INSERT INTO models(ref, sha256, dim) VALUES(?, ?, ?)", (manifest.ref, manifest.sha256, dim))
    model_id = conn.last_insert_rowid()
    for number, (label, name) in enumerate(zip(manifest.labels, classes.names_apart(manifest.labels), strict=True)):
        class_id = classes.id_of(conn, name)
        conn.execute(
            """INSERT INTO model_classes(model_id, number, class_id, label)
               SELECT ?, ?, id, CASE WHEN name <> ?4 THEN ?4 END FROM classes WHERE id = ?3""",
            (model_id, number, class_id, label),
        )
    if dim:
        conn.execute(
            f"CREATE VIRTUAL TABLE vectors_{model_id} USING vec0(embedding float[{dim}] distance_metric=cosine)"
        )
    return model_id


def register_space(conn: Connection, ref: str, sha256: str, dim: int) -> int:
    """Return the id of a version that gives vectors and no classes, with its table of vectors made when new."""
    known = find(conn, ref)
    if known is not None:
        return known
    conn.execute("INSERT INTO models(ref, sha256, dim) VALUES(?, ?, ?)", (ref, sha256, dim))
    model_id = conn.last_insert_rowid()
    conn.execute(f"CREATE VIRTUAL TABLE vectors_{model_id} USING vec0(embedding float[{dim}] distance_metric=cosine)")
    return model_id


def find(conn: Connection, ref: str) -> int | None:
    """Return the id of a model version that this library knows."""
    rows = conn.execute("SELECT id FROM models WHERE ref = ?", (ref,)).fetchall()
    return int(rows[0][0]) if rows else None
