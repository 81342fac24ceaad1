"""Owns the queues and threads between a submitted job and its stored answers."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.cache import ByteCache
from engine.errors import ErrorCode, FileError, LightdeskError
from engine.events import EngineFailed, EventBus, JobChanged
from engine.ingest.reading import printable
from engine.library import jobs
from engine.pipeline import job_rows, mistake
from engine.pipeline.express import ExpressQueue
from engine.pipeline.held import HeldJobs
from engine.pipeline.lane import Answered, Lane
from engine.pipeline.patience import GaveUp, Patience
from engine.pipeline.preparing import Prepared, Preparer, Ticket, is_away, offline, quarantined
from engine.pipeline.storing import Result, Storer, answered_result, known_result
from engine.pipeline.suspects import Suspects
from engine.priority import RightOfWay, step_back
from engine.schemas.files import FoundFile, ImageLimits
from engine.schemas.frame import Frame
from engine.schemas.job import Job, JobItem, JobProgress

log = logging.getLogger(__name__)
_CLAIM = 32
_IN_FLIGHT = 96
_WAITING_S = 0.15  # from the wish to the answer, at most
_PAINTING_S = 0.05  # from the answer to the picture on the screen
_IDLE_S = 0.1
MakePreparer = Callable[[], Preparer]


class Pipeline:
    """Feeds running jobs through decode, inference and storing.

    Threads: one feeder, `n_decoders` decoders, the lane's inference threads, one storer, one for
    suspects, and one express thread that takes a single urgent picture through all stages by itself.
    All but the express thread and the storer run at lowered priority.

    Parameters
    ----------
    make_lane
        Returns the model at work; called once, with this pipeline, whose `way`, `on_answers` and `on_failure` it takes.
    make_preparer
        Returns a preparer with a connection of its own; called on the thread that will use it.
    """

    def __init__(
        self,
        library: Patience,
        cache: ByteCache,
        events: EventBus,
        *,
        owner: str,
        limits: ImageLimits,
        n_decoders: int,
        make_lane: Callable[[Pipeline], Lane],
        make_preparer: MakePreparer,
    ) -> None:
        self._library = library
        self._events = events
        self._owner = owner
        self._make_preparer = make_preparer
        self.way = RightOfWay()
        self._held = HeldJobs()
        self._closing = False
        self._to_decode: queue.Queue[Ticket | None] = queue.Queue(maxsize=2 * _CLAIM)
        self._express = ExpressQueue()
        self._lane = make_lane(self)
        self._storer = Storer(library, cache, events, way=self.way, on_stored=self._on_stored, on_lost=self._on_lost)
        self._suspects = Suspects(library, limits, on_condemned=self._quarantine, on_through=self._wake_feeder)
        self._n_decoders = n_decoders
        self._threads = [
            threading.Thread(target=self._feed, name="feeder"),
            threading.Thread(target=self._run_express, name="express"),
            *(threading.Thread(target=self._decode, name=f"decode-{i}") for i in range(n_decoders)),
        ]
        for thread in self._threads:
            thread.start()

    def add_job(self, job: Job) -> None:
        """Work on a job that this process holds; on one that has ended no longer."""
        self._held.add(job)

    def refresh(self, job: Job) -> None:
        """Take over a changed state (paused, resumed, cancelled) and tell everybody."""
        self._held.update(job)
        self._publish(job)

    def states(self) -> dict[int, str]:
        """Return the jobs that this process works on or rests, with the state as last seen here."""
        return {job.id: job.state for job in self._held.all()}

    def is_busy(self) -> bool:
        """Tell whether there is a job to work on now: what is less urgent waits."""
        return self._held.n_in_flight > 0 or bool(self._held.runnable())

    def make_way(self) -> None:
        """Hold bulk work back: a person has just asked for something."""
        self.way.claim(_WAITING_S)

    def express(self, found: FoundFile, job_id: int | None, seq: int | None) -> None:
        """Take one file through before everything else."""
        self.make_way()
        self._express.put(Ticket(found, job_id, seq))

    def embed(self, frame: Frame) -> NDArray[np.float32]:
        """Return the model's vector of a picture, float32 (dim,), before everything else. Raises DeviceError, GaveUp."""
        self.make_way()
        return self._lane.embed(frame)

    @property
    def short_side(self) -> int:
        """How many pixels the model needs of a picture's shorter side."""
        return self._lane.preprocessor.short_side

    def trouble_changed(self) -> None:
        """Take note that the library can be written again or no longer, and tell of each job."""
        self._wake_feeder()
        for job in self._held.all():
            self._publish(job)

    def progress(self, job: Job) -> JobProgress:
        """Return a job with its rate and the time left."""
        rate = self._held.rate_per_s(job.id) if job.state == "running" else None
        trouble = self._library.trouble
        if trouble is not None and job.state == "running":
            job = replace(job, state="paused", pause_code=str(trouble.code), pause_reason=str(trouble))
        eta_s = job.n_left / rate if rate and not job.scanning else None
        return JobProgress(job, rate, eta_s)

    def resume_reachable(self) -> None:
        """Go on with jobs that were paused for a folder which is back, also by an earlier process. Raises LibraryError."""
        for job in self._held.all():
            if job.state == "paused" and job.pause_code == job_rows.OFFLINE:
                self._resume_if_reachable(job.id)

    def _resume_if_reachable(self, job_id: int) -> None:
        met = self._held.offline(job_id)
        roots = [met] if met is not None else self._library.attempt(lambda conn: jobs.pending_roots(conn, job_id))
        root = next(filter(is_away, roots), None)
        if root is not None:
            self._held.waits_for(job_id, root)
            return
        job = self._library.attempt(partial(job_rows.resumed, job_id, self._owner))
        if job is not None:
            self.refresh(job)

    def close(self, timeout_s: float) -> None:
        """Stop taking work, let go of what waits, store what is through, end the threads."""
        until_s = time.monotonic() + timeout_s
        with self._held.changed:
            self._closing = True
            self._held.changed.notify_all()
        self._library.give_up()
        self._suspects.stop()
        self._express.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._to_decode.get_nowait()
        self._lane.batcher.drain()
        self._lane.close()
        for _ in range(self._n_decoders):
            self._to_decode.put(None)
        threads = [*self._threads, self._suspects.thread, *self._lane.threads]
        for thread in threads:
            thread.join(max(0.1, until_s - time.monotonic()))
        if not self._storer.close(max(0.2, until_s - time.monotonic())):
            log.error("The storer did not end in time")
        late = [thread.name for thread in threads if thread.is_alive()]
        if late:
            log.error("Threads did not end in time: %s", ", ".join(late))
        else:
            self._lane.release()

    # The feeder

    def _feed(self) -> None:
        while True:
            with self._held.changed:
                while not self._closing and not self._has_room():
                    self._held.changed.wait(0.5)
                if self._closing:
                    return
                turn = self._held.runnable()
            fed = False
            for job_id in turn:
                if not self._has_room():
                    break
                try:
                    fed = self._feed_job(job_id) or fed
                except GaveUp:
                    return
                except Exception:
                    log.exception("Feeding job %d failed on a bug", job_id)
                self._held.fed(job_id)
            if not fed:
                with self._held.changed:
                    if not self._closing:
                        self._held.changed.wait(_IDLE_S)

    def _has_room(self) -> bool:
        return self._library.trouble is None and self._held.n_in_flight <= _IN_FLIGHT - _CLAIM

    def _feed_job(self, job_id: int) -> bool:
        items, job, suspicious = self._library.write(partial(job_rows.claim, job_id, self._owner, _CLAIM))
        if not job.held_here:  # ended, or taken over by another process
            self._held.forget(job_id)
            self._publish(job)
            return False
        if suspicious:
            self._suspects.ask(job_id)
        self._held.took_off(job_id, [item.seq for item in items])
        for item in items:
            self._to_decode.put(_ticket(item))
        return bool(items)

    def _quarantine(self, items: Sequence[JobItem]) -> None:
        self._storer.store_now(
            [Result(_ticket(item), self._lane.model_id, error=quarantined(item.path)) for item in items], urgent=False
        )

    # The stages

    def _decode(self) -> None:
        step_back()
        desk = _Desk(self._make_preparer)
        while (ticket := self._next_to_decode()) is not None:
            if self._closing:
                continue
            job_id = ticket.job_id
            if job_id is not None and self._held.get(job_id) is None:
                self._landed(ticket)  # cancelled meanwhile, or no longer ours
                continue
            self.way.give_way()
            try:
                self._take_through(desk, ticket)
            except GaveUp:
                continue
            except Exception as error:
                log.exception("Preparing %r failed on a bug", ticket.found.path)
                self._fail(ticket, _mistake(ticket, error))
        desk.close()

    def _next_to_decode(self) -> Ticket | None:
        """Wait for a file; before that, run what waits for the model: nothing more may come."""
        try:
            return self._to_decode.get_nowait()
        except queue.Empty:
            if not self._closing:
                self._lane.run_due(all_of_it=True)
            return self._to_decode.get()

    def _take_through(self, desk: _Desk, ticket: Ticket) -> None:
        prepared = self._prepared(desk, ticket)
        if prepared is None:
            pass  # answered for already
        elif prepared.pixels is None:
            self._storer.put(known_result(self._lane, prepared))
        elif self._lane.batcher.put(prepared):
            self._lane.run_due(all_of_it=False)
        else:
            self._put_back(ticket)

    def _prepared(self, desk: _Desk, ticket: Ticket) -> Prepared | None:
        try:
            return self._library.insist(lambda: desk.prepare(ticket))
        except FileError as error:
            if error.code is ErrorCode.SOURCE_OFFLINE and ticket.job_id is not None:
                self._pause_offline(ticket, error)
            else:
                self._fail(ticket, error)
        except LightdeskError as error:
            self._fail(ticket, error)
        return None

    def _run_express(self) -> None:
        desk = _Desk(self._make_preparer)
        while (ticket := self._express.take()) is not None:
            self.make_way()
            try:
                prepared = self._prepared(desk, ticket)
                if prepared is None:
                    continue
                if prepared.pixels is None:
                    result = known_result(self._lane, prepared)
                else:
                    result = answered_result(self._lane, self._lane.infer_one(prepared))
                self._storer.store_now([result], urgent=True)
                self.way.claim(_PAINTING_S)
            except GaveUp:
                continue
            except LightdeskError as error:
                self._fail(ticket, error)
            except Exception as error:
                log.exception("The express lane failed on a bug")
                self._fail(ticket, _mistake(ticket, error))
        desk.close()

    def on_answers(self, lane: Lane, answers: Sequence[Answered]) -> None:
        """Take a batch's answers; called on inference threads."""
        for answered in answers:
            self._storer.put(answered_result(lane, answered))

    def on_failure(self, batch: Sequence[Prepared], error: LightdeskError) -> None:
        """Take what the model could not answer; called on inference threads."""
        for prepared in batch:
            self._fail(prepared.ticket, error)

    def _fail(self, ticket: Ticket, error: LightdeskError) -> None:
        self._storer.put(Result(ticket, self._lane.model_id, error=error))

    def _put_back(self, ticket: Ticket) -> None:
        job_id, seq = ticket.job_id, ticket.seq
        if job_id is not None and seq is not None:
            self._library.write(lambda conn: jobs.requeue(conn, job_id, [seq]))
            self._landed(ticket)

    def _pause_offline(self, ticket: Ticket, error: FileError) -> None:
        job_id, root = ticket.job_id, ticket.found.root
        assert job_id is not None
        # First the pause: put back before it, the item would be claimed again at once.
        if self._held.went_offline(job_id, root):
            self._pause(job_id, offline(root) if root != ticket.found.path else error)
        self._put_back(ticket)

    def _pause(self, job_id: int, error: LightdeskError) -> None:
        """Let a running job rest; a wish of a person's, to rest or to end, stands."""
        self.refresh(self._library.write(partial(job_rows.paused, job_id, self._owner, str(error.code), str(error))))

    # What the storer and the library say

    def _on_stored(self, job: Job | None, seqs: Sequence[int]) -> None:
        if job is not None:
            self._publish(self._held.stored(job, seqs))

    def _on_lost(self, ticket: Ticket, error: LightdeskError) -> None:
        self._landed(ticket)
        self._events.publish(EngineFailed(str(error.code), f"{os.path.basename(ticket.found.path)}: {error}"))

    def _landed(self, ticket: Ticket) -> None:
        if ticket.job_id is not None and ticket.seq is not None:
            self._held.landed(ticket.job_id, [ticket.seq])

    def _wake_feeder(self) -> None:
        with self._held.changed:
            self._held.changed.notify_all()

    def _publish(self, job: Job) -> None:
        self._events.publish(JobChanged(self.progress(job)))


class _Desk:
    """A thread's preparer, made at first need: where that fails, it fails for one file only."""

    def __init__(self, make: MakePreparer) -> None:
        self._make = make
        self._preparer: Preparer | None = None

    def prepare(self, ticket: Ticket) -> Prepared:
        if self._preparer is None:
            self._preparer = self._make()
        return self._preparer.prepare(ticket)

    def close(self) -> None:
        if self._preparer is not None:
            self._preparer.close()


def _ticket(item: JobItem) -> Ticket:
    return Ticket(FoundFile(item.path, item.root, item.size_bytes, item.mtime_ns), item.job_id, item.seq)


def _mistake(ticket: Ticket, error: Exception) -> LightdeskError:
    name = printable(ticket.found.path)
    return mistake.error(f"{name} could not be looked at: {type(error).__name__}.")
