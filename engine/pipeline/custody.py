"""The jobs that this process holds: made, scanned, leased with a heartbeat, adopted from the dead, followed."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.errors import ErrorCode, LightdeskError
from engine.events import EngineFailed, EventBus, JobChanged, LibraryChanged
from engine.ingest.reading import source_is_gone
from engine.library import database, jobs
from engine.library.database import Connection
from engine.library.writer import Writer
from engine.pipeline import patience
from engine.pipeline.scanning import Scan
from engine.schemas.files import FoundFile
from engine.schemas.job import Job, JobProgress, JobState

if TYPE_CHECKING:  # it brings the decoders, which what is known already does not need
    from engine.pipeline.runner import Pipeline

T = TypeVar("T")
log = logging.getLogger(__name__)
_LEASE_S = 15.0
_BEAT_S = 1.0
_ADOPT_EVERY_BEATS = 5
_RETRY_S = 1.0
_LOOK_S = 0.25
_RELEASE_S = 0.3
URGENT_FILES = 8
_OPEN = ("queued", "running", "paused")


class Custody:
    """Jobs from their making to the pipeline, beside other processes on the same library.

    Parameters
    ----------
    owner
        The name under which this process holds leases.
    adopts
        Go on with jobs that a process now dead left behind.

    Notes
    -----
    Any thread. Scanning needs no model: files known already are answered before there is one.
    """

    def __init__(
        self,
        library_path: Path,
        writer: Writer,
        events: EventBus,
        *,
        owner: str,
        model_ref: str,
        model_id: int,
        include_hidden: bool,
        adopts: bool,
    ) -> None:
        self._library_path = library_path
        self._writer = writer
        self._events = events
        self._owner = owner
        self._model_ref = model_ref
        self._model_id = model_id
        self._include_hidden = include_hidden
        self._adopts = adopts
        self._pipeline: Pipeline | None = None
        self._closing = threading.Event()
        self._told_of_lock = False
        self._scans: list[threading.Thread] = []
        self._heart = threading.Thread(target=self._beat, name="heartbeat")
        self._heart.start()

    # What the engine asks

    def create(self, title: str, paths: Sequence[str], *, urgent: bool) -> int:
        """Write a job down and begin to scan its paths; returns its number at once."""
        options = {"paths": [os.fsencode(path).hex() for path in paths]}
        job_id = self._write(
            lambda conn: jobs.create(conn, "ingest", title, self._model_ref, options, self._owner, _LEASE_S)
        )
        self._scan(job_id, paths, urgent=urgent)
        return job_id

    def set_state(self, job_id: int, state: JobState) -> None:
        """Pause, resume or cancel a job, whoever holds it. Raises JobError."""
        job = self._write(partial(self._changed_state, job_id, state))
        if self._pipeline is None:
            self._events.publish(JobChanged(JobProgress(job)))
            return
        if job.held_here and job.state in _OPEN:
            self._pipeline.add_job(job)
        self._pipeline.refresh(job)

    def use(self, pipeline: Pipeline) -> None:
        """There is a model now: let the jobs run that are waiting, and take over what others left behind."""
        self._pipeline = pipeline
        for job_id in self._write(lambda conn: [job.id for job in jobs.listed(conn, active_only=True)]):
            self._hold(job_id)
        if self._adopts:
            self._adopt()

    def stop(self) -> None:
        """Tell scans and heartbeat to end; leases are kept until `release`."""
        self._closing.set()

    def join(self, timeout_s: float) -> None:
        """Wait for scans and heartbeat to end. While the library is locked they do so once its writer is closed."""
        until_s = time.monotonic() + timeout_s
        for thread in (*self._scans, self._heart):
            thread.join(max(0.0, until_s - time.monotonic()))

    def release(self) -> None:
        """Let go of all jobs: what was in flight goes back without blame. Raises LibraryError where that cannot be written."""
        self._writer.submit(lambda conn: jobs.release(conn, self._owner), urgent=True, give_up_s=_RELEASE_S).result()

    # Scanning

    def _scan(self, job_id: int, paths: Sequence[str], *, urgent: bool = False) -> None:
        self._scans = [thread for thread in self._scans if thread.is_alive()]
        thread = threading.Thread(target=self._run_scan, args=(job_id, paths, urgent), name=f"scan-{job_id}")
        self._scans.append(thread)
        thread.start()

    def _run_scan(self, job_id: int, paths: Sequence[str], urgent: bool) -> None:
        told = False
        while not self._closing.is_set():
            try:
                self._scan_through(job_id, paths, urgent)
                return
            except LightdeskError as error:
                if self._closing.is_set():
                    return
                if not told:
                    self._events.publish(EngineFailed(str(error.code), str(error)))
                told = True
                if not patience.passes(error):
                    return
            except Exception:
                log.exception("Scanning failed on a bug")
                self._events.publish(EngineFailed(str(ErrorCode.INTERNAL), "Scanning the folder failed; see the log."))
                return
            # A full disk, a locked library: what was found before is not looked for again.
            self._closing.wait(_RETRY_S)

    def _scan_through(self, job_id: int, paths: Sequence[str], urgent: bool) -> None:
        reader = database.connect(self._library_path, read_only=True)
        try:
            Scan(
                job_id,
                paths,
                model_id=self._model_id,
                include_hidden=self._include_hidden,
                reader=reader,
                writer=self._writer,
                events=self._events,
                stopped=self._closing.is_set,
                on_items=lambda: self._announce(job_id, urgent=urgent),
                urgent=urgent,
            ).run()
        finally:
            reader.close()

    def _announce(self, job_id: int, *, urgent: bool) -> None:
        """Tell the pipeline and everybody of a job's new items."""
        pipeline = self._pipeline
        if urgent and pipeline is not None:
            for item in self._write(lambda conn: jobs.claim(conn, job_id, URGENT_FILES)):
                found = FoundFile(item.path, item.root, item.size_bytes, item.mtime_ns)
                pipeline.express(found, job_id, item.seq)
        job = self._get(job_id)
        if pipeline is not None and job.state in _OPEN:
            pipeline.add_job(job)
        self._events.publish(JobChanged(JobProgress(job)))

    # Leases

    def _beat(self) -> None:
        """Prolong leases, notice other processes, go on with jobs whose folder is back."""
        last_seen: int | None = None
        beats = 0
        while True:
            try:
                # On the writer's own connection: it does not count its own commits.
                seen = self._write(self._heartbeat)
                if last_seen is not None and seen != last_seen:
                    self._events.publish(LibraryChanged())
                last_seen = seen
                if self._pipeline is not None:
                    self._follow_others(self._pipeline)
                    self._pipeline.resume_reachable(source_is_gone)
                    if self._adopts and beats % _ADOPT_EVERY_BEATS == 0:
                        self._adopt()
            except LightdeskError as error:
                log.warning("Heartbeat: %s", error)
            except Exception:
                log.exception("The heartbeat met a bug")
            beats += 1
            if self._closing.wait(_BEAT_S):
                return

    def _heartbeat(self, conn: Connection) -> int:
        jobs.heartbeat(conn, self._owner, _LEASE_S)
        return database.change_counter(conn)

    def _follow_others(self, pipeline: Pipeline) -> None:
        """Take over what another process has paused, resumed or cancelled."""
        seen = pipeline.states()
        if not seen:
            return
        for job in self._write(lambda conn: [jobs.get(conn, job_id, self._owner) for job_id in seen]):
            if job.state != seen[job.id]:
                pipeline.refresh(job)

    def _adopt(self) -> None:
        for job_id in self._write(lambda conn: jobs.take_over(conn, self._owner, _LEASE_S)):
            self._go_on(job_id)

    def _go_on(self, job_id: int) -> None:
        """Go on with a job taken over from a dead process."""
        job = self._get(job_id)
        asked = self._write(lambda conn: jobs.options(conn, job_id))
        if job.scanning:
            self._scan(job_id, [os.fsdecode(bytes.fromhex(path)) for path in asked["paths"]])
        else:
            self._write(lambda conn: jobs.finish_if_through(conn, job_id))
            self._hold(job_id)
        self._events.publish(JobChanged(JobProgress(job)))

    def _hold(self, job_id: int) -> None:
        """Hand a job to the pipeline if this process holds its lease; one that rests too, to see when it goes on."""
        job = self._get(job_id)
        if job.held_here and job.state in _OPEN and self._pipeline is not None:
            self._pipeline.add_job(job)

    # The library

    def _get(self, job_id: int) -> Job:
        return self._write(lambda conn: jobs.get(conn, job_id, self._owner))

    def _changed_state(self, job_id: int, state: JobState, conn: Connection) -> Job:
        jobs.set_state(conn, job_id, state)
        return jobs.get(conn, job_id, self._owner)

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Wait for a commit; while closing, not for a lock that another program holds."""
        future = self._writer.submit(work, urgent=True)
        while True:
            try:
                return future.result(timeout=_LOOK_S)
            except TimeoutError:
                if future.done():
                    return future.result()
            self._tell_of_lock()
            if self._closing.is_set() and future.cancel():
                raise patience.locked()

    def _tell_of_lock(self) -> None:
        """Say once that everything waits, also where no job runs whose line would say it."""
        since_s = self._writer.waiting_since_s
        # Later than the pipeline would: where a job runs, its line says it.
        waiting = since_s is not None and time.monotonic() - since_s > 2 * patience.BUSY_AFTER_S
        told_already = self._told_of_lock or (self._pipeline is not None and self._pipeline.trouble is not None)
        if waiting and not told_already:
            error = patience.locked()
            self._events.publish(EngineFailed(str(error.code), str(error)))
        self._told_of_lock = waiting
