"""A whole library as plain values, without ids and times: two are equal when they hold the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from engine.library import database

Whole = dict[str, Any]


def whole_library(path: Path) -> Whole:
    """Read everything that a run writes down. Lists are sorted, so that a row that is there twice shows."""
    conn = database.connect(path, read_only=True)
    try:
        (model_id,) = conn.execute("SELECT id FROM models").fetchall()[0]
        return {
            "contents": sorted(
                conn.execute(
                    """SELECT hex(sha256), kind, content_type, width, height, size_bytes, perceptual_hash, name,
                       mtime_ns, hidden, visible FROM contents"""
                ).fetchall()
            ),
            "predictions": sorted(
                conn.execute(
                    """SELECT hex(c.sha256), k.name, p.confidence, p.margin, p.entropy_nats, hex(p.top), p.device
                       FROM predictions p JOIN contents c ON c.id = p.content_id JOIN classes k ON k.id = p.class_id"""
                ).fetchall()
            ),
            "vectors": sorted(
                conn.execute(
                    f"""SELECT hex(c.sha256), hex(v.embedding) FROM vectors_{model_id} v
                        JOIN contents c ON c.id = v.rowid"""
                ).fetchall()
            ),
            "n_vectors": conn.execute(f"SELECT count(*) FROM vectors_{model_id}").fetchall(),
            "files": sorted(
                (os.fsdecode(file), os.fsdecode(source), *rest)
                for file, source, *rest in conn.execute(
                    """SELECT f.path, s.path, hex(c.sha256), f.size_bytes, f.mtime_ns, f.present FROM files f
                       JOIN sources s ON s.id = f.source_id JOIN contents c ON c.id = f.content_id"""
                ).fetchall()
            ),
            "history": sorted(conn.execute("SELECT file_id, content_id, size_bytes FROM file_history").fetchall()),
            "jobs": conn.execute(
                "SELECT id, kind, state, title, scanning, n_total, n_done, n_failed, n_skipped, lease_owner FROM jobs"
                " ORDER BY id"
            ).fetchall(),
            "items": [
                (job_id, seq, os.fsdecode(item), os.fsdecode(root), *rest)
                for job_id, seq, item, root, *rest in conn.execute(
                    """SELECT i.job_id, i.seq, i.path, i.root, i.size_bytes, i.mtime_ns, i.state, hex(c.sha256)
                       FROM job_items i LEFT JOIN contents c ON c.id = i.content_id ORDER BY i.job_id, i.seq"""
                ).fetchall()
            ],
            "problems": sorted(
                (os.fsdecode(file), code)
                for file, code in conn.execute("SELECT path, code FROM problems").fetchall()
            ),
        }
    finally:
        conn.close()


def undisturbed(folders: list[str], library: Path) -> Whole:
    """Return the library that an undisturbed run makes of folders, each dropped as a job of its own."""
    from engine.service import Engine
    from engine.settings import load

    engine = Engine(load({"model": "fake", "library": library, "cache_dir": library.parent / "its-cache"}))
    engine.start()
    try:
        for folder in folders:
            job = engine.wait(engine.submit([folder]), 120)
            assert job.state == "done", job
    finally:
        engine.close()
    return whole_library(library)
