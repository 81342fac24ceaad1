"""What the window and the command line ask: ids in order, tiles, details, counts."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

import apsw
import numpy as np

from engine.library import problems
from engine.library.database import Connection, fold
from engine.library.selection import ids as ids
from engine.schemas.library import ClassCount, Detail, Facets, FileRow, Label, Source, Tile
from engine.schemas.prediction import ClassScore, Prediction


def tiles(conn: Connection, content_ids: Sequence[int], model_id: int | None) -> list[Tile]:
    """Return what the grid paints, in the order asked; unknown ids are left out."""
    answers = []
    for content_id in content_ids:
        rows = conn.execute(
            """SELECT c.id, lower(hex(c.sha256)), c.name, (SELECT count(*) FROM files f WHERE f.content_id = c.id),
                      pc.name, p.confidence, lc.name, l.state
               FROM contents c
               LEFT JOIN predictions p ON p.model_id = ? AND p.content_id = c.id
               LEFT JOIN classes pc ON pc.id = p.class_id
               LEFT JOIN labels l ON l.content_id = c.id
               LEFT JOIN classes lc ON lc.id = l.class_id
               WHERE c.id = ?""",
            (model_id, int(content_id)),
        ).fetchall()
        if rows:
            answers.append(Tile(*rows[0]))
    return answers


def file_rows(conn: Connection, content_ids: Collection[int]) -> dict[int, tuple[str, tuple[FileRow, ...]]]:
    """Return sha256 and files of contents, present files first; unknown ids are left out."""
    if not content_ids:
        return {}
    rows = conn.execute(
        """SELECT c.id, lower(hex(c.sha256)), f.path, f.size_bytes, f.mtime_ns, f.present, s.title
           FROM carray(?) few CROSS JOIN contents c ON c.id = few.value
           LEFT JOIN files f ON f.content_id = c.id LEFT JOIN sources s ON s.id = f.source_id
           ORDER BY c.id, f.present DESC, f.id""",
        (apsw.carray(np.array(list(content_ids), dtype=np.int64)),),
    ).fetchall()
    found: dict[int, tuple[str, list[FileRow]]] = {}
    for content_id, sha256, path, size_bytes, mtime_ns, present, title in rows:
        files = found.setdefault(content_id, (sha256, []))[1]
        if path is not None:
            files.append(FileRow(os.fsdecode(path), size_bytes, mtime_ns, bool(present), title))
    return {content_id: (sha256, tuple(files)) for content_id, (sha256, files) in found.items()}


def detail(conn: Connection, content_id: int, model_id: int | None) -> Detail | None:
    """Return everything about one content; the prediction of `model_id` comes first."""
    rows = conn.execute(
        "SELECT lower(hex(sha256)), name, kind, content_type, width, height, size_bytes FROM contents WHERE id = ?",
        (content_id,),
    ).fetchall()
    if not rows:
        return None
    label = conn.execute(
        """SELECT c.name, l.state, l.set_by, l.by_person, l.set_at, l.note FROM labels l
           LEFT JOIN classes c ON c.id = l.class_id WHERE l.content_id = ? AND l.state IS NOT NULL""",
        (content_id,),
    ).fetchall()
    predictions = conn.execute(
        # CROSS JOIN: by models, which are few, into the primary key; the other way round reads every prediction.
        """SELECT m.ref, p.model_id, p.top, p.margin, p.entropy_nats, p.device, p.inference_ms, p.predicted_at
           FROM models m CROSS JOIN predictions p ON p.model_id = m.id AND p.content_id = ?
           ORDER BY p.model_id = ? DESC, p.predicted_at DESC""",
        (content_id, model_id),
    ).fetchall()
    sha256, name, kind, content_type, width, height, size_bytes = rows[0]
    return Detail(
        content_id=content_id,
        sha256=sha256,
        name=name,
        kind=kind,
        content_type=content_type,
        width=width,
        height=height,
        size_bytes=size_bytes,
        files=file_rows(conn, [content_id])[content_id][1],
        label=_label(label[0]) if label else None,
        predictions=tuple(_prediction(conn, row) for row in predictions),
    )


def _label(row: Sequence[Any]) -> Label:
    class_name, state, set_by, by_person, set_at, note = row
    return Label(class_name, state, set_by, bool(by_person), set_at, note)


def _prediction(conn: Connection, row: Sequence[Any]) -> Prediction:
    ref, model_id, top, margin, entropy_nats, device, inference_ms, predicted_at = row
    k = len(top) // 8
    numbers = np.frombuffer(top, "<i4", k)
    confidences = np.frombuffer(top, "<f4", k, 4 * k)
    names = dict(
        conn.execute(
            """SELECT m.number, coalesce(m.label, c.name) FROM carray(?) few
               CROSS JOIN model_classes m ON m.model_id = ? AND m.number = few.value
               JOIN classes c ON c.id = m.class_id""",
            (apsw.carray(numbers.astype(np.int64)), model_id),
        ).fetchall()
    )
    scores = tuple(
        ClassScore(number, names[number], confidence)
        for number, confidence in zip(numbers.tolist(), confidences.tolist(), strict=True)
    )
    # Only an answer taken from the cache is stored with no time of its own (`ingest` sees to that).
    cached = inference_ms == 0
    return Prediction(ref, scores, margin, entropy_nats, device, inference_ms, cached, predicted_at)


def facets(conn: Connection, model_id: int | None) -> Facets:
    """Return the counts of the library panel."""

    def count(sql: str) -> int:
        return int(conn.execute(sql).fetchall()[0][0])

    all_visible = "l.content_id NOT IN (SELECT id FROM contents WHERE visible = 0)"
    n_all = count("SELECT count(*) FROM contents") - count("SELECT count(*) FROM contents WHERE visible = 0")
    n_labelled = count(f"SELECT count(*) FROM labels l WHERE state = 'accepted' AND {all_visible}")
    n_rejected = count(f"SELECT count(*) FROM labels l WHERE state = 'rejected' AND {all_visible}")
    sources = conn.execute(
        """SELECT s.id, s.path, s.title, (SELECT count(DISTINCT f.content_id) FROM files f WHERE f.source_id = s.id
             AND f.content_id NOT IN (SELECT id FROM contents WHERE visible = 0)), s.added_at
           FROM sources s WHERE s.removed = 0 ORDER BY s.title COLLATE NOCASE, s.id"""
    ).fetchall()
    by_class: dict[int, int] = {}
    # Predictions counted from one covering index; labels and hidden contents, which are few, correct the sum.
    for class_id, n in conn.execute(
        "SELECT class_id, count(*) FROM predictions WHERE model_id = ? GROUP BY class_id", (model_id,)
    ).fetchall():
        by_class[class_id] = n
    for class_id, n in conn.execute(
        """SELECT p.class_id, -count(*) FROM predictions p WHERE p.model_id = ?1 AND p.content_id IN (
             SELECT content_id FROM labels WHERE state IS NOT NULL UNION SELECT id FROM contents WHERE visible = 0)
           GROUP BY p.class_id""",
        (model_id,),
    ).fetchall():
        by_class[class_id] = by_class.get(class_id, 0) + n
    for class_id, n in conn.execute(
        f"SELECT class_id, count(*) FROM labels l WHERE state = 'accepted' AND {all_visible} GROUP BY class_id"
    ).fetchall():
        by_class[class_id] = by_class.get(class_id, 0) + n
    names = dict(conn.execute("SELECT id, name FROM classes").fetchall())
    classes = sorted(
        (ClassCount(names[i], n) for i, n in by_class.items() if n > 0), key=lambda c: (-c.n, c.class_name)
    )
    return Facets(
        n_all=n_all,
        n_labelled=n_labelled,
        n_unlabelled=n_all - n_labelled - n_rejected,
        n_rejected=n_rejected,
        n_problems=count(f"SELECT count(*) FROM {problems.SHOWN}"),
        sources=tuple(Source(r[0], os.fsdecode(r[1]), r[2], r[3], r[4]) for r in sources if r[3] or r[1]),
        classes=tuple(classes),
    )


def class_names(conn: Connection, prefix: str, limit: int, model_id: int | None) -> list[str]:
    """Return names for completion: classes people have used first, then the model's."""
    pattern = "%" + fold(prefix.strip()).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = conn.execute(
        """SELECT name FROM classes WHERE name_folded LIKE :p ESCAPE '\\'
           AND (id IN (SELECT class_id FROM labels) OR id IN (SELECT class_id FROM model_classes WHERE model_id = :m))
           ORDER BY id IN (SELECT class_id FROM labels) DESC, instr(name_folded, :start) = 1 DESC, name_folded
           LIMIT :n""",
        {"p": pattern, "m": model_id, "start": fold(prefix.strip()) or "\x00", "n": limit},
    ).fetchall()
    return [row[0] for row in rows]
