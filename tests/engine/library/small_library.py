"""A library with a few made-up rows, for tests of the room that keeps them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.library import contents, database, files, ingest, jobs, migrations, models
from engine.library.records import NewContent, StoreItem
from engine.schemas.files import FoundFile
from engine.schemas.job import JobItem
from engine.schemas.prediction import Scores
from tests.synthetic_library import manifest

LABELS = ("ant", "Bee", "cat", "Dog", "émeu", "fox")
DIM = 4


def scores(numbers: Sequence[int] = (2, 0, 1), confidences: Sequence[float] = (0.5, 0.25, 0.125)) -> Scores:
    """An answer with these classes and probabilities, best first."""
    embedding = np.zeros(DIM, np.float32)
    embedding[numbers[0] % DIM] = 1
    return Scores(
        np.array(numbers, np.int32),
        np.array(confidences, np.float32),
        float(confidences[0] - confidences[1]) if len(confidences) > 1 else float(confidences[0]),
        0.5,
        embedding,
    )


def new_content(text: str) -> NewContent:
    """A picture whose identity is made from a text."""
    return NewContent(hashlib.sha256(text.encode()).digest(), "image", "image/jpeg", 40, 30, len(text), 7)


def item(
    path: str,
    text: str,
    *,
    root: str | None = None,
    mtime_ns: int = 1,
    seq: int | None = None,
    answer: Scores | None = None,
    cached: bool = False,
    inference_ms: float = 2.5,
) -> StoreItem:
    """An answered file that holds the picture of that text."""
    folder = os.path.dirname(path) if root is None else root
    answer = scores() if answer is None else answer
    return StoreItem(seq, folder, path, len(text), mtime_ns, new_content(text), answer, "cpu", inference_ms, cached)


@dataclass(slots=True)
class SmallLibrary:
    """A library open for writing, with one model of a few classes."""

    path: Path
    conn: database.Connection
    model_id: int

    def add(self, path: str, text: str, **options: object) -> int:
        """Store one file; returns its content."""
        return ingest.store(self.conn, None, self.model_id, [item(path, text, **options)])[0]  # type: ignore[arg-type]

    def content_of(self, text: str) -> int:
        """Return the content of the picture of that text."""
        found = contents.find(self.conn, new_content(text).sha256)
        assert found is not None
        return found

    def placed(self, *paths: str) -> list[files.PlacedFile]:
        """Return files as the library has them."""
        encoded = [os.fsencode(path) for path in paths]
        ids = [self.conn.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchall()[0][0] for path in encoded]
        return files.placed(self.conn, np.array(ids, np.int64))

    def job(self, paths: Sequence[str] = (), *, owner: str = "me", root: str = "/photos", ttl_s: float = 60) -> int:
        """Write a job down, with an item for each path, scanned to the end."""
        job_id = jobs.create(self.conn, "ingest", "photos", "small@1", {"paths": []}, owner, ttl_s)
        found = [FoundFile(path, root, 10, 1) for path in paths]
        jobs.add_items(self.conn, job_id, found, [None] * len(found))
        jobs.finish_scan(self.conn, job_id)
        return job_id

    def through(self, job_id: int, claimed: Sequence[JobItem]) -> None:
        """Store an answer for each claimed item."""
        stored = [item(i.path, i.path, root=i.root, seq=i.seq) for i in claimed]
        ingest.store(self.conn, job_id, self.model_id, stored)

    def shown(self) -> dict[int, tuple[str, bool]]:
        """Return the name of each content, and whether it is shown."""
        rows = self.conn.execute("SELECT id, name, visible FROM contents ORDER BY id").fetchall()
        return {row[0]: (row[1], bool(row[2])) for row in rows}

    @contextlib.contextmanager
    def tried(self) -> Iterator[None]:
        """Take everything back at the end: cheaper than a new library for each example of a property."""
        self.conn.execute("BEGIN")
        try:
            yield
        finally:
            self.conn.execute("ROLLBACK")

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Ask whatever a test wants to know."""
        return list(self.conn.execute(sql, values).fetchall())


def made(path: Path, labels: Sequence[str] = LABELS, *, dim: int = DIM) -> SmallLibrary:
    """Make a library; the caller closes its connection."""
    migrations.open_library(path, create=True)
    conn = database.connect(path)
    conn.execute("PRAGMA synchronous = OFF")
    small = replace(manifest(embedding_dim=dim, n_classes=0, name="small"), labels=tuple(labels))
    return SmallLibrary(path, conn, models.register(conn, small))
