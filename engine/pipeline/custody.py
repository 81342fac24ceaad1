"""The jobs that this process holds: made, scanned, leased with a heartbeat, adopted from the dead, followed."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ErrorCode, LightdeskError
from engine.events import EngineFailed, EventBus, JobChanged, LibraryChanged
from engine.library import database, jobs
from engine.library.database import Connection
from engine.library.writer import Writer
from engine.pipeline import mistake
from engine.pipeline.patience import GaveUp, Patience
from engine.pipeline.scanning import Scan
from engine.schemas.files import FoundFile
from engine.schemas.job import Job, JobProgress, JobState

if TYPE_CHECKING:  # it brings the decoders, which what is known already does not need
    from engine.pipeline.runner import Pipeline

log = logging.getLogger(__name__)
_LEASE_S = 15.0
_BEAT_S = 1.0
_ADOPT_EVERY_BEATS = 5
_RELEASE_S = 0.3
URGENT_FILES = 8


class Custody:
    """Jobs from their making to the pipeline, beside other processes on the same library.

    Parameters
    ----------
    owner
        The name under which this process holds leases.
    user_name
        Whose drops they are, for the command log.
    adopts
        Go on with jobs that a process now dead left behind.

    Attributes
    ----------
    library
        What the pipeline too is to write through.

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
        user_name: str,
        adopts: bool,
    ) -> None:
        self._library_path = library_path
        self._writer = writer
        self._events = events
        self._owner = owner
        self._model_ref = model_ref
        self._model_id = model_id
        self._include_hidden = include_hidden
        self._user_name = user_name
        self._adopts = adopts
        self._pipeline: Pipeline | None = None
        self._closing = threading.Event()
        self._woken = threading.Event()
        self.library = Patience(writer, on_changed=self._on_trouble)
        self._scans_lock = threading.Lock()
        self._scans: list[threading.Thread] = []
        self._heart = threading.Thread(target=self._beat, name="heartbeat")
        self._heart.start()

    # What the engine asks

    def create(self, title: str, paths: Sequence[str], *, urgent: bool) -> int:
        """Write a job down and begin to scan its paths; returns its number at once."""
        options = {"paths": [os.fsencode(path).hex() for path in paths]}
        job_id = self.library.attempt(
            lambda conn: jobs.create(conn, "ingest", title, self._model_ref, options, self._owner, _LEASE_S)
        )
        self._scan(job_id, paths, urgent=urgent)
        return job_id

    def set_state(self, job_id: int, state: JobState) -> None:
        """Pause, resume or cancel a job, whoever holds it. Raises JobError."""
        self._hold(self.library.attempt(partial(self._changed_state, job_id, state)))

    def use(self, pipeline: Pipeline) -> None:
        """There is a model now: let the heartbeat hand over the jobs that are waiting, and what others left behind."""
        self._pipeline = pipeline
        self._woken.set()

    def stop(self) -> None:
        """Tell scans and heartbeat to end, and whoever waits for the library; leases are kept until `release`."""
        self._closing.set()
        self._woken.set()
        self.library.give_up()

    def join(self, timeout_s: float) -> None:
        """Wait for scans and heartbeat to end. While the library is locked they do so once its writer is closed."""
        until_s = time.monotonic() + timeout_s
        with self._scans_lock:
            scans = list(self._scans)
        for thread in (*scans, self._heart):
            thread.join(max(0.0, until_s - time.monotonic()))

    def release(self) -> None:
        """Let go of all jobs: what was in flight goes back without blame. Raises LibraryError where that cannot be written."""
        self._writer.submit(lambda conn: jobs.release(conn, self._owner), urgent=True, give_up_s=_RELEASE_S).result()

    # Scanning

    def _scan(self, job_id: int, paths: Sequence[str], *, urgent: bool = False) -> None:
        thread = threading.Thread(target=self._run_scan, args=(job_id, paths, urgent), name=f"scan-{job_id}")
        with self._scans_lock:
            thread.start()
            self._scans = [scan for scan in self._scans if scan.is_alive()] + [thread]

    def _run_scan(self, job_id: int, paths: Sequence[str], urgent: bool) -> None:
        try:
            self._scan_through(job_id, paths, urgent)
        except GaveUp:
            pass  # the next start goes on
        except LightdeskError as error:
            self._events.publish(EngineFailed(str(error.code), str(error)))
        except Exception:
            log.exception("Scanning failed on a bug")
            self._events.publish(
                EngineFailed(str(ErrorCode.INTERNAL), f"Scanning the folder failed. {mistake.way_out()}")
            )

    def _scan_through(self, job_id: int, paths: Sequence[str], urgent: bool) -> None:
        reader = self.library.insist(lambda: database.connect(self._library_path, read_only=True))
        try:
            Scan(
                job_id,
                paths,
                model_id=self._model_id,
                include_hidden=self._include_hidden,
                by=self._user_name,
                reader=reader,
                library=self.library,
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
            for item in self.library.write(lambda conn: jobs.claim(conn, job_id, URGENT_FILES)):
                found = FoundFile(item.path, item.root, item.size_bytes, item.mtime_ns)
                pipeline.express(found, job_id, item.seq)
        self._hold(self.library.write(lambda conn: jobs.get(conn, job_id, self._owner)))

    # Leases

    def _beat(self) -> None:
        """Prolong leases, notice other processes, go on with jobs whose folder is back."""
        last_seen: int | None = None
        beats = 0  # with a pipeline
        while not self._closing.is_set():
            try:
                # On the writer's own connection: it does not count its own commits.
                seen = self.library.attempt(self._heartbeat)
                if last_seen is not None and seen != last_seen:
                    self._events.publish(LibraryChanged())
                last_seen = seen
                pipeline = self._pipeline
                if pipeline is not None:
                    if beats == 0:
                        self._hand_over(pipeline)
                    if self._adopts and beats % _ADOPT_EVERY_BEATS == 0:
                        self._adopt()
                    beats += 1
                    self._follow_others(pipeline)
                    pipeline.resume_reachable()
            except LightdeskError as error:
                log.warning("Heartbeat: %s", error)
            except Exception:
                log.exception("The heartbeat met a bug")
            self._woken.wait(_BEAT_S)
            self._woken.clear()

    def _heartbeat(self, conn: Connection) -> int:
        jobs.heartbeat(conn, self._owner, _LEASE_S)
        return database.change_counter(conn)

    def _hand_over(self, pipeline: Pipeline) -> None:
        """Give the pipeline what was dropped before there was one; what rests too, to see when it goes on."""
        for job in self.library.attempt(lambda conn: jobs.listed(conn, active_only=True, owner=self._owner)):
            if job.held_here:
                pipeline.add_job(job)

    def _follow_others(self, pipeline: Pipeline) -> None:
        """Take over what another process has paused, resumed or cancelled."""
        seen = pipeline.states()
        if not seen:
            return
        for job in self.library.attempt(lambda conn: [jobs.get(conn, job_id, self._owner) for job_id in seen]):
            if job.state != seen[job.id]:
                pipeline.refresh(job)

    def _adopt(self) -> None:
        """Go on with jobs of dead processes."""
        for job, paths in self.library.attempt(self._taken_over):
            if job.scanning:
                self._scan(job.id, paths)
            self._hold(job)

    def _taken_over(self, conn: Connection) -> list[tuple[Job, list[str]]]:
        taken = []
        for job_id in jobs.take_over(conn, self._owner, _LEASE_S):
            jobs.finish_if_through(conn, job_id)
            paths = [os.fsdecode(bytes.fromhex(path)) for path in jobs.options(conn, job_id)["paths"]]
            taken.append((jobs.get(conn, job_id, self._owner), paths))
        return taken

    # What is told

    def _hold(self, job: Job) -> None:
        """Let the pipeline work on a job that this process holds, or no longer on one that has ended; tell everybody."""
        pipeline = self._pipeline
        if pipeline is not None and (job.held_here or job.has_ended):
            pipeline.add_job(job)
        self._events.publish(JobChanged(pipeline.progress(job) if pipeline is not None else JobProgress(job)))

    def _changed_state(self, job_id: int, state: JobState, conn: Connection) -> Job:
        jobs.set_state(conn, job_id, state)
        return jobs.get(conn, job_id, self._owner)

    def _on_trouble(self, error: LightdeskError | None) -> None:
        if error is not None and not self._closing.is_set():
            self._events.publish(EngineFailed(str(error.code), str(error)))
        if self._pipeline is not None:
            self._pipeline.trouble_changed()
