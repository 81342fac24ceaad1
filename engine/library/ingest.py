"""Storing answers: content, file, prediction, vector and job item in one transaction, never twice."""

from __future__ import annotations

from collections.abc import Sequence

from engine.library import contents, files, jobs, problems, sources, vectors
from engine.library.database import Connection, fold, now
from engine.library.records import Known, NewContent, StoreItem
from engine.schemas.prediction import Scores

_LEAST_MS = 1e-6


def find(conn: Connection, sha256: bytes, model_id: int) -> Known | None:
    """Look a content up by its bytes."""
    rows = conn.execute(
        """SELECT c.id, p.content_id IS NOT NULL FROM contents c
           LEFT JOIN predictions p ON p.model_id = ? AND p.content_id = c.id WHERE c.sha256 = ?""",
        (model_id, sha256),
    ).fetchall()
    return Known(int(rows[0][0]), bool(rows[0][1])) if rows else None


def store(conn: Connection, job_id: int | None, model_id: int, items: Sequence[StoreItem]) -> list[int]:
    """Write answered files down; returns their content ids. Doing it again changes nothing."""
    at = now()
    content_ids: list[int] = []
    source_ids: dict[str, int] = {}
    removed: set[int] = set()
    classes: dict[int, int] = {}
    touched: set[int] = set()
    for item in items:
        source = sources.source_path(item.root, item.path)
        if source not in source_ids:
            source_ids[source] = sources.add(conn, source)
            if sources.is_removed(conn, source_ids[source]):
                removed.add(source_ids[source])
        source_id = source_ids[source]
        content_id, is_new = (
            (item.content, False) if isinstance(item.content, int) else _content(conn, item, item.content, at)
        )
        due = files.attach(conn, item.path, source_id, content_id, item.size_bytes, item.mtime_ns)
        # A new content was just given the name of this file.
        touched.update(i for i in due if i != content_id or not is_new or source_id in removed)
        if item.scores is not None:
            _predict(conn, model_id, content_id, item, item.scores, classes, at)
        content_ids.append(content_id)
    problems.resolve(conn, [item.path for item in items])
    contents.refresh(conn, touched)
    if job_id is not None:
        jobs.finish(
            conn,
            job_id,
            [(item.seq, cid) for item, cid in zip(items, content_ids, strict=True) if item.seq is not None],
        )
    return content_ids


def _content(conn: Connection, item: StoreItem, content: NewContent, at: str) -> tuple[int, bool]:
    """Return the id of a content and whether it was made just now."""
    name = contents.name_of(item.path)
    rows = conn.execute(
        """INSERT INTO contents(sha256, kind, content_type, width, height, size_bytes, perceptual_hash, sharpness,
             added_at, name, name_folded, mtime_ns) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT(sha256) DO NOTHING RETURNING id""",
        (
            content.sha256,
            content.kind,
            content.content_type,
            content.width,
            content.height,
            content.size_bytes,
            content.perceptual_hash,
            content.sharpness,
            at,
            name,
            fold(name),
            item.mtime_ns,
        ),
    ).fetchall()
    if rows:
        return int(rows[0][0]), True
    known = contents.find(conn, content.sha256)
    assert known is not None
    return known, False


def _predict(
    conn: Connection,
    model_id: int,
    content_id: int,
    item: StoreItem,
    scores: Scores,
    classes: dict[int, int],
    at: str,
) -> None:
    number = int(scores.class_ids[0])
    if number not in classes:
        row = conn.execute("SELECT class_id FROM model_classes WHERE model_id = ? AND number = ?", (model_id, number))
        classes[number] = int(row.fetchall()[0][0])
    rows = conn.execute(
        """INSERT INTO predictions VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING RETURNING 1""",
        (
            model_id,
            content_id,
            classes[number],
            float(scores.confidences[0]),
            scores.margin,
            scores.entropy_nats,
            scores.class_ids.astype("<i4").tobytes() + scores.confidences.astype("<f4").tobytes(),
            item.device,
            # A time of nothing means "from the cache", so an answer that was computed never has it.
            0.0 if item.cached else max(item.inference_ms, _LEAST_MS),
            at,
        ),
    ).fetchall()
    if rows and scores.embedding is not None:
        vectors.store(conn, model_id, [content_id], [scores.embedding])
