"""A library of one space in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.pipeline.ledger import Missing, Turn
from engine.schemas.files import FoundFile
from engine.schemas.job import Job
from tests.images import encoded, picture


def file_at(path: Path | str) -> FoundFile:
    """A file as the library has it."""
    return FoundFile(str(path), str(path), 1, 1)


class MemoryLedger:
    """A library of one space in memory, with the rules of `Ledger`."""

    def __init__(self, folder: Path, n: int) -> None:
        self.lock = threading.RLock()
        self.contents: dict[int, Missing] = {}
        self.vectors: dict[int, NDArray[np.float32]] = {}
        self.stored: list[int] = []
        self.jobs: list[Job] = []
        self.from_the_dead = False
        self.quarantined: list[str] = []
        self.closed = False
        self.trouble: Exception | None = None
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.add(n)

    def add(self, n: int) -> list[int]:
        """Add pictures, each with a file; returns their ids."""
        first = len(self.contents) + 1
        for number in range(first, first + n):
            path = self._folder / f"{number}.png"
            path.write_bytes(encoded(picture(number, (40, 30)), "PNG"))
            digest = hashlib.sha256(path.read_bytes()).digest()
            with self.lock:
                self.contents[number] = Missing(number, digest, (file_at(path),))
        return list(range(first, first + n))

    def set_state(self, state: str) -> None:
        """What a person does with the newest job."""
        with self.lock:
            self.jobs[-1] = replace(self.jobs[-1], state=state, pause_code=None)

    @property
    def newest(self) -> Job:
        with self.lock:
            return self.jobs[-1]

    def begin(self, all_over: bool, given_up: frozenset[int]) -> Turn | None:
        with self.lock:
            if self.trouble is not None:
                raise self.trouble
            if self.jobs and not self.newest.has_ended:
                return Turn(self.newest, self.from_the_dead) if self.newest.state == "running" else None
            open_ids = self.contents.keys() - self.vectors.keys() - given_up
            if not open_ids or (self.jobs and self.newest.state == "cancelled"):
                return None
            number = len(self.jobs) + 1
            n = len(self.contents.keys() - self.vectors.keys())
            self.jobs.append(Job(number, "ingest", "running", "embed", "clip@1", False, n, 0, 0, 0, "now", held_here=True))
            return Turn(self.newest, False)

    def job(self, job_id: int) -> Job:
        with self.lock:
            return self.jobs[job_id - 1]

    def missing(self, after_id: int, limit: int) -> list[Missing]:
        with self.lock:
            ids = sorted(i for i in self.contents.keys() - self.vectors.keys() if i > after_id)
            return [self.contents[i] for i in ids[:limit]]

    def store(self, job_id: int, content_ids: Sequence[int], vectors: Sequence[Any], n_skipped: int) -> Job:
        with self.lock:
            self.stored += content_ids
            self.vectors.update(zip(content_ids, vectors, strict=True))
            job = self.jobs[job_id - 1]
            n_done, n_skipped = job.n_done + len(content_ids), job.n_skipped + n_skipped
            total = max(job.n_total, n_done + n_skipped)
            self.jobs[job_id - 1] = replace(job, n_done=n_done, n_skipped=n_skipped, n_total=total)
            return self.jobs[job_id - 1]

    def end(self, job_id: int) -> Job:
        with self.lock:
            if self.jobs[job_id - 1].state == "running":
                self.jobs[job_id - 1] = replace(self.jobs[job_id - 1], state="done")
            return self.jobs[job_id - 1]

    def pause(self, job_id: int, code: str, reason: str) -> Job:
        with self.lock:
            self.jobs[job_id - 1] = replace(self.jobs[job_id - 1], state="paused", pause_code=code, pause_reason=reason)
            return self.jobs[job_id - 1]

    def quarantine(self, condemned: Sequence[FoundFile]) -> None:
        self.quarantined += [file.path for file in condemned]

    def close(self) -> None:
        self.closed = True
