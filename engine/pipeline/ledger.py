"""What the library keeps of a space that is being filled, as the one who fills it sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode
from engine.library import database, jobs, problems, queries, vectors
from engine.library.database import Connection, translated
from engine.pipeline.patience import Patience
from engine.pipeline.scanning import QUARANTINED, QUARANTINED_WAY_OUT
from engine.schemas.files import FoundFile
from engine.schemas.job import Job

T = TypeVar("T")
KIND = "embed"
_LEASE_S = 60.0
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class Missing:
    """A content without a vector, and the files that have it; none where they are away, or in quarantine."""

    content_id: int
    sha256: bytes
    files: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A job that this process holds now.

    Attributes
    ----------
    from_the_dead
        It was taken over from a process that died over it: what is missing first may be why.
    after_id
        Up to this content nothing is missing that is to be looked at.
    """

    job: Job
    from_the_dead: bool
    after_id: int = 0


class Ledger(Protocol):
    """What the library keeps of one space and its job; each call a transaction of its own, on any thread.

    All wait out what passes by itself, and raise GaveUp when the program is being closed meanwhile.
    """

    def begin(self, all_over: bool, given_up: frozenset[int]) -> Turn | None:
        """Return the job to work on: the open one, unless it rests or somebody alive has it; or a new one.

        Parameters
        ----------
        all_over
            Look at all contents, and not only at those that came since.
        given_up
            Contents that are no reason for a new job.
        """
        ...

    def job(self, job_id: int) -> Job:
        """Return a job as it is now; `held_here` where this process holds it."""
        ...

    def missing(self, after_id: int, limit: int) -> list[Missing]:
        """Return the next contents without a vector, by id."""
        ...

    def store(
        self, job_id: int, content_ids: Sequence[int], vectors: Sequence[NDArray[np.float32]], n_skipped: int
    ) -> Job:
        """Store vectors and count them, in one transaction; returns the job as it is then."""
        ...

    def end(self, job_id: int) -> Job:
        """End a running job: nothing is missing any more. Returns it as it is then."""
        ...

    def pause(self, job_id: int, code: str, reason: str) -> Job:
        """Let a running job rest, with the reason. Returns it as it is then."""
        ...

    def quarantine(self, condemned: Sequence[FoundFile]) -> None:
        """Write down files that take a process down."""
        ...

    def close(self) -> None:
        """Let go of the job, and close what is open."""
        ...


class LibraryLedger:
    """The ledger of a space in a library.

    Parameters
    ----------
    library
        Waits out what passes, for all who write in the background.
    model_ref, model_id
        The space.
    owner
        A name of this ledger's own: the jobs that `Custody` holds have items, and its own rules.
    title
        Of new jobs, for people.

    Notes
    -----
    One thread at a time: it has a connection of its own for reading.
    """

    def __init__(
        self, library: Patience, library_path: Path, *, model_ref: str, model_id: int, owner: str, title: str
    ) -> None:
        self._library = library
        self._path = library_path
        self._model_ref = model_ref
        self._model_id = model_id
        self._owner = owner
        self._title = title
        self._reader: Connection | None = None
        self._through = 0
        self._asked = False

    def ask(self) -> None:
        """Let the next `begin` make a job although the last one was cancelled. Any thread."""
        self._asked = True

    def begin(self, all_over: bool, given_up: frozenset[int]) -> Turn | None:
        """See `Ledger.begin`."""
        if all_over:
            self._through = 0
        newest = self._read(lambda conn: jobs.newest(conn, KIND, self._model_ref, self._owner))
        n_missing = 0
        if newest is None or newest.has_ended:
            if newest is not None and newest.state == "cancelled" and not self._asked:
                return None
            n_missing = self._n_missing(given_up)
            if not n_missing:
                return None
        elif newest.state != "running":
            return None
        return self._library.write(lambda conn: self._taken(conn, n_missing), urgent=False)

    def job(self, job_id: int) -> Job:
        """See `Ledger.job`."""
        return self._read(lambda conn: jobs.get(conn, job_id, self._owner))

    def missing(self, after_id: int, limit: int) -> list[Missing]:
        """See `Ledger.missing`."""
        ids = self._read(lambda conn: vectors.missing(conn, self._model_id, after_id, limit))
        if not ids:
            self._through = max(self._through, after_id)
        return self._read(lambda conn: [_missing(conn, content_id) for content_id in ids])

    def store(
        self, job_id: int, content_ids: Sequence[int], vectors_: Sequence[NDArray[np.float32]], n_skipped: int
    ) -> Job:
        """See `Ledger.store`."""

        def write(conn: Connection) -> Job:
            vectors.store(conn, self._model_id, content_ids, vectors_)
            jobs.count(conn, job_id, len(content_ids), n_skipped)
            jobs.heartbeat(conn, self._owner, _LEASE_S)
            return jobs.get(conn, job_id, self._owner)

        return self._library.write(write, urgent=False)

    def end(self, job_id: int) -> Job:
        """See `Ledger.end`."""
        return self._library.write(lambda conn: self._changed(conn, job_id, "", ""), urgent=False)

    def pause(self, job_id: int, code: str, reason: str) -> Job:
        """See `Ledger.pause`."""
        return self._library.write(lambda conn: self._changed(conn, job_id, code, reason), urgent=False)

    def quarantine(self, condemned: Sequence[FoundFile]) -> None:
        """See `Ledger.quarantine`."""

        def write(conn: Connection) -> None:
            for file in condemned:
                problems.record(conn, file, str(ErrorCode.QUARANTINED), QUARANTINED, QUARANTINED_WAY_OUT)

        self._library.write(write, urgent=False)

    def close(self) -> None:
        """See `Ledger.close`."""
        try:
            self._library.attempt(lambda conn: jobs.release(conn, self._owner))
        finally:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def _read(self, work: Callable[[Connection], T]) -> T:
        """Read on this ledger's connection, until it gets through."""

        def attempt() -> T:
            if self._reader is None:
                self._reader = database.connect(self._path, read_only=True)
            with translated(self._path):
                return work(self._reader)

        return self._library.insist(attempt)

    def _taken(self, conn: Connection, n_missing: int) -> Turn | None:
        """Hold the open job, or make one; under the lock another process may have been quicker."""
        newest = jobs.newest(conn, KIND, self._model_ref, self._owner)
        if newest is None or newest.has_ended:
            if not n_missing or (newest is not None and newest.state == "cancelled" and not self._asked):
                return None
            self._asked = False
            job_id = jobs.create_counted(conn, KIND, self._title, self._model_ref, n_missing, self._owner, _LEASE_S)
            return Turn(jobs.get(conn, job_id, self._owner), False, self._through)
        if newest.state != "running" or (not newest.held_here and jobs.is_held(conn, newest.id)):
            return None
        died = jobs.take(conn, newest.id, self._owner, _LEASE_S)
        return Turn(jobs.get(conn, newest.id, self._owner), died, 0)

    def _changed(self, conn: Connection, job_id: int, code: str, reason: str) -> Job:
        """End a running job, or let it rest where there is a code; a person's wish, to rest or to end, stands."""
        if jobs.get(conn, job_id).state == "running":
            if code:
                jobs.set_state(conn, job_id, "paused", code, reason)
            else:
                jobs.set_state(conn, job_id, "done")
        return jobs.get(conn, job_id, self._owner)

    def _n_missing(self, given_up: frozenset[int]) -> int:
        """Count what is missing, without holding the library for long at a time."""
        n, after_id = 0, self._through
        while ids := self._read(lambda conn: vectors.missing(conn, self._model_id, after_id, _PAGE)):
            n += sum(content_id not in given_up for content_id in ids)
            after_id = ids[-1]
        if not n:
            self._through = after_id
        return n


def _missing(conn: Connection, content_id: int) -> Missing:
    detail = queries.detail(conn, content_id, None)
    if detail is None:
        return Missing(content_id, b"", ())
    there = [FoundFile(f.path, f.path, f.size_bytes, f.mtime_ns) for f in detail.files if f.present]
    files = tuple(file for file in there if not problems.quarantined(conn, file))
    return Missing(content_id, bytes.fromhex(detail.sha256), files)
