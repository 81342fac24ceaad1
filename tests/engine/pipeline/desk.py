"""A library with its writer, photos, and a scan of them answered as the pipeline would."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.events import Event, EventBus
from engine.library import database, ingest, jobs, upkeep
from engine.library.writer import Writer
from engine.pipeline.patience import Patience
from engine.pipeline.scanning import Scan
from tests.engine.library.small_library import item, made
from tests.images import encoded, picture


@dataclass
class Desk:
    """A library, its writer, and what a scan says."""

    path: Path
    model_id: int
    writer: Writer
    events: list[Event] = field(default_factory=list)

    def drop(self, *paths: Path, stopped: Callable[[], bool] = lambda: False, job_id: int | None = None) -> int:
        """Scan what is dropped and answer for what it found, as the pipeline would."""
        given = [str(path) for path in paths]
        if job_id is None:
            job_id = self.write(lambda conn: jobs.create(conn, "ingest", "drop", "small@1", {"paths": []}, "me", 60))
        bus = EventBus()
        bus.subscribe(self.events.append)
        reader = database.connect(self.path, read_only=True)
        try:
            Scan(
                job_id,
                given,
                model_id=self.model_id,
                include_hidden=False,
                by="ann",
                reader=reader,
                library=Patience(self.writer, on_changed=lambda error: None),
                events=bus,
                stopped=stopped,
                on_items=lambda: None,
            ).run()
        finally:
            reader.close()
        return job_id

    def answer(self, job_id: int) -> None:
        """Store an answer for each open item; the bytes of a file are its identity."""

        def store(conn: database.Connection) -> None:
            for i in jobs.claim(conn, job_id, 10_000):
                text = Path(i.path).read_bytes().hex()
                answered = item(i.path, text, root=i.root, mtime_ns=i.mtime_ns, seq=i.seq)
                stored = ingest.StoreItem(**{**{f: getattr(answered, f) for f in answered.__slots__}, "size_bytes": i.size_bytes})
                ingest.store(conn, job_id, self.model_id, [stored])
            jobs.finish_if_through(conn, job_id)

        self.write(store)

    def ingest(self, *paths: Path) -> int:
        """Drop and answer; returns the job."""
        job_id = self.drop(*paths)
        self.answer(job_id)
        return job_id

    def write(self, work: Callable[[database.Connection], object]) -> object:
        """Run something on the writer's thread."""
        return self.writer.submit(work).result()

    def present(self) -> dict[str, bool]:
        """Return each file by its name below the test's folder, and whether it counts as there."""
        rows = self.rows("SELECT path, present FROM files ORDER BY path")
        return {os.fsdecode(row[0]).removeprefix(f"{self.path.parent}/"): bool(row[1]) for row in rows}

    def names(self) -> list[str]:
        """Return the names of what is shown."""
        return [row[0] for row in self.rows("SELECT name FROM contents WHERE visible = 1 ORDER BY name")]

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:
        """Ask whatever a test wants to know."""
        reader = database.connect(self.path, read_only=True)
        try:
            return list(reader.execute(sql, values).fetchall())
        finally:
            reader.close()

    def said(self, kind: type) -> list:
        """Return the events of one kind, and forget all."""
        said = [event for event in self.events if isinstance(event, kind)]
        self.events.clear()
        return said


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    small = made(tmp_path / "desk.lightdesk")
    small.conn.close()
    writer = Writer(small.path)
    yield Desk(small.path, small.model_id, writer)
    writer.close()
    assert upkeep.check(small.path).findings == ()


def photos(folder: Path, *names: str) -> Path:
    """A folder of tiny different pictures, each with its name's bytes behind it."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encoded(picture(1, (8, 6)), "PNG") + name.encode())
    return folder
