"""Owns the queues and threads between a submitted job and its stored answers."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from engine.cache import ByteCache
from engine.errors import DeviceError, ErrorCode, FileError, LightdeskError
from engine.events import EngineFailed, EventBus, JobChanged
from engine.library import jobs
from engine.library.database import Connection
from engine.library.writer import Writer
from engine.pipeline.lane import Answered, Lane
from engine.pipeline.preparing import Prepared, Preparer, Ticket, quarantined
from engine.pipeline.priority import RightOfWay, step_back
from engine.pipeline.storing import Result, Storer, answered_result, known_result
from engine.pipeline.trial import survivors
from engine.schemas.files import FoundFile, ImageLimits
from engine.schemas.job import Job, JobItem, JobProgress

log = logging.getLogger(__name__)
_CLAIM = 32
_IN_FLIGHT = 96
_RATE_WINDOW_S = 5.0
_WAITING_S = 0.15  # from the wish to the answer, at most
_PAINTING_S = 0.05  # from the answer to the picture on the screen
_GIVE_UP_CRASHES = 10
MakePreparer = Callable[[Lane], Preparer]


class Pipeline:
    """Feeds running jobs through decode, inference and storing.

    Threads: one feeder, `n_decoders` decoders, the lane's inference threads, one storer, and one
    express thread that takes a single urgent picture through all stages by itself. All but the
    express thread and the storer run at lowered priority.

    Parameters
    ----------
    make_preparer
        Returns a preparer with a connection of its own; called on the thread that will use it.
    """

    def __init__(
        self,
        writer: Writer,
        cache: ByteCache,
        events: EventBus,
        *,
        owner: str,
        limits: ImageLimits,
        n_decoders: int,
        make_preparer: MakePreparer,
    ) -> None:
        self._writer = writer
        self._events = events
        self._owner = owner
        self._limits = limits
        self._make_preparer = make_preparer
        self.way = RightOfWay()
        self._lane: Lane | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._jobs: dict[int, Job] = {}
        self._in_flight: dict[int, set[int]] = {}
        self._stuck: LightdeskError | None = None
        self._stored_at: dict[int, deque[tuple[float, int]]] = {}
        self._offline_roots: dict[int, str] = {}
        self._to_decode: queue.Queue[Ticket | None] = queue.Queue(maxsize=2 * _CLAIM)
        self._express: queue.Queue[Ticket | None] = queue.Queue()
        self._storer = Storer(writer, cache, events, on_stored=self._on_stored, on_stuck=self._on_stuck)
        self._n_decoders = n_decoders
        self._threads = [
            threading.Thread(target=self._feed, name="feeder"),
            threading.Thread(target=self._run_express, name="express"),
            *(threading.Thread(target=self._decode, name=f"decode-{i}") for i in range(n_decoders)),
        ]
        for thread in self._threads:
            thread.start()

    def use(self, lane: Lane | None) -> None:
        """Set the model that works; jobs wait while there is none."""
        with self._changed:
            self._lane = lane
            self._changed.notify_all()

    def add_job(self, job: Job) -> None:
        """Work on a job that this process holds."""
        with self._changed:
            self._jobs[job.id] = job
            self._changed.notify_all()

    def wake(self) -> None:
        """Say that there may be new items."""
        with self._changed:
            self._changed.notify_all()

    def refresh(self, job: Job) -> None:
        """Take over a changed state (paused, resumed, cancelled) and tell everybody."""
        with self._changed:
            if job.id in self._jobs:
                self._jobs[job.id] = job
            self._changed.notify_all()
        self._publish(job)

    def states(self) -> dict[int, str]:
        """Return the jobs that this process works on or rests, with the state as last seen here."""
        with self._changed:
            return {job.id: job.state for job in self._jobs.values()}

    def make_way(self) -> None:
        """Hold bulk work back: a person has just asked for something."""
        self.way.claim(_WAITING_S)

    def express(self, found: FoundFile, job_id: int | None, seq: int | None) -> None:
        """Take one file through before everything else."""
        self.make_way()
        self._express.put(Ticket(found, job_id, seq))

    def progress(self, job: Job) -> JobProgress:
        """Return a job with its rate and the time left."""
        times = self._stored_at.get(job.id)
        rate = None
        if times and len(times) > 1 and job.state == "running":
            span_s = max(times[-1][0] - times[0][0], 1e-3)
            rate = sum(n for _, n in list(times)[1:]) / span_s
        if self._stuck is not None and job.state == "running":
            job = replace(job, state="paused", pause_code=str(self._stuck.code), pause_reason=str(self._stuck))
        eta_s = job.n_left / rate if rate and not job.scanning else None
        return JobProgress(job, rate, eta_s)

    def resume_reachable(self, is_gone: Callable[[str], bool]) -> None:
        """Go on with jobs that were paused for a folder which is back."""
        for job_id, root in list(self._offline_roots.items()):
            if not is_gone(root):
                self._offline_roots.pop(job_id, None)
                self.refresh(self._writer.submit(partial(_resumed, job_id), urgent=True).result())

    def close(self, timeout_s: float) -> None:
        """Stop taking work, let go of what waits, store what is through, end the threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        _drain(self._to_decode)
        self._express.put(None)
        if self._lane is not None:
            self._lane.batcher.drain()
            self._lane.close()
        for _ in range(self._n_decoders):
            self._to_decode.put(None)
        deadline_s = time.monotonic() + timeout_s
        lane_threads = self._lane.threads if self._lane is not None else []
        for thread in (*self._threads, *lane_threads):
            thread.join(max(0.1, deadline_s - time.monotonic()))
            if thread.is_alive():
                log.error("The thread %s did not end in time", thread.name)
        self._storer.close()

    # The feeder

    def _feed(self) -> None:
        while True:
            with self._changed:
                while not self._closing and not self._feedable():
                    self._changed.wait(0.5)
                if self._closing:
                    return
                candidates = self._feedable()
            fed = False
            for job_id in candidates:
                try:
                    fed = self._feed_job(job_id) or fed
                except LightdeskError as error:
                    log.warning("Job %d waits: %s", job_id, error)
                except Exception:
                    log.exception("Feeding job %d failed on a bug", job_id)
            if not fed:
                with self._changed:
                    self._changed.wait(0.1)

    def _feedable(self) -> list[int]:
        if self._lane is None or self._stuck is not None:
            return []
        if sum(len(seqs) for seqs in self._in_flight.values()) > _IN_FLIGHT - _CLAIM:
            return []
        return [job.id for job in self._jobs.values() if job.state == "running"]

    def _feed_job(self, job_id: int) -> bool:
        items = self._writer.submit(lambda conn: jobs.claim(conn, job_id, _CLAIM), urgent=True).result()
        if not items:
            return self._try_suspects(job_id)
        with self._changed:
            self._in_flight.setdefault(job_id, set()).update(item.seq for item in items)
        for item in items:
            self._to_decode.put(_ticket(item))
        return True

    def _try_suspects(self, job_id: int) -> bool:
        """Let a child process decode what was in flight when a process died; quarantine what kills it."""
        items = self._writer.submit(lambda conn: jobs.suspects(conn, job_id, 4 * _CLAIM), urgent=True).result()
        if not items or self._closing:
            return False
        verdicts = survivors([item.path for item in items], self._limits)
        cleared = [
            item.seq for item, lives in zip(items, verdicts, strict=True) if lives and item.n_crashes < _GIVE_UP_CRASHES
        ]
        self._writer.submit(lambda conn: jobs.clear_suspects(conn, job_id, cleared), urgent=True).result()
        for item in items:
            if item.seq not in cleared:
                self._fail(_ticket(item), quarantined(item.path))
        return True

    # The stages

    def _decode(self) -> None:
        step_back()
        lane: Lane | None = None
        preparer: Preparer | None = None
        while (ticket := self._to_decode.get()) is not None:
            if self._closing:
                continue
            self.way.give_way()
            current = self._lane
            if current is None:
                self._put_back(ticket)
                continue
            if current is not lane or preparer is None:
                if preparer is not None:
                    preparer.close()
                lane, preparer = current, self._make_preparer(current)
            prepared = self._prepared(preparer, ticket)
            if prepared is None:
                continue
            if prepared.pixels is None:
                self._storer.put(known_result(current, prepared))
            elif not current.batcher.put(prepared):
                self._put_back(ticket)
        if preparer is not None:
            preparer.close()

    def _prepared(self, preparer: Preparer, ticket: Ticket) -> Prepared | None:
        try:
            return preparer.prepare(ticket)
        except FileError as error:
            if error.code is ErrorCode.SOURCE_OFFLINE and ticket.job_id is not None:
                self._pause_offline(ticket, error)
            else:
                self._fail(ticket, error)
        except LightdeskError as error:
            self._fail(ticket, error)
        except Exception as error:
            log.exception("Preparing %r failed on a bug", ticket.found.path)
            self._fail(ticket, LightdeskError(ErrorCode.INTERNAL, f"Internal error: {type(error).__name__}."))
        return None

    def _run_express(self) -> None:
        lane: Lane | None = None
        preparer: Preparer | None = None
        while (ticket := self._express.get()) is not None:
            with self._changed:
                while self._lane is None and not self._closing:
                    self._changed.wait()
                if self._closing or self._lane is None:
                    continue
                current = self._lane
            if current is not lane or preparer is None:
                if preparer is not None:
                    preparer.close()
                lane, preparer = current, self._make_preparer(current)
            prepared = self._prepared(preparer, ticket)
            if prepared is None:
                continue
            try:
                if prepared.pixels is None:
                    result = known_result(current, prepared)
                else:
                    (answered,) = current.infer([prepared])
                    result = answered_result(current, answered)
                self._storer.store_now([result], urgent=True)
                self.way.claim(_PAINTING_S)
            except DeviceError as error:
                self._fail(ticket, error)
            except Exception:
                log.exception("The express lane failed on a bug")
                self._fail(ticket, LightdeskError(ErrorCode.INTERNAL, "Internal error in the express lane."))
        if preparer is not None:
            preparer.close()

    def on_answers(self, lane: Lane, answers: Sequence[Answered]) -> None:
        """Take a batch's answers; called on inference threads."""
        for answered in answers:
            self._storer.put(answered_result(lane, answered))

    def on_failure(self, batch: Sequence[Prepared], error: LightdeskError) -> None:
        """Take what the model could not answer; called on inference threads."""
        for prepared in batch:
            self._fail(prepared.ticket, error)

    def _fail(self, ticket: Ticket, error: LightdeskError) -> None:
        lane = self._lane
        self._storer.put(Result(ticket, lane.model_id if lane is not None else 0, error=error))

    def _put_back(self, ticket: Ticket) -> None:
        job_id, seq = ticket.job_id, ticket.seq
        if job_id is not None and seq is not None:
            self._writer.submit(lambda conn: jobs.requeue(conn, job_id, [seq]), urgent=True)
            self._landed(job_id, [seq])

    def _pause_offline(self, ticket: Ticket, error: FileError) -> None:
        job_id = ticket.job_id
        assert job_id is not None
        self._put_back(ticket)
        if job_id in self._offline_roots:
            return
        self._offline_roots[job_id] = ticket.found.root

        def pause(conn: Connection) -> Job:
            jobs.set_state(conn, job_id, "paused", str(error.code), str(error))
            return jobs.get(conn, job_id, self._owner)

        self.refresh(self._writer.submit(pause, urgent=True).result())

    # What the storer says

    def _on_stored(self, job: Job | None, seqs: Sequence[int]) -> None:
        if job is None:
            return
        now_s = time.monotonic()
        times = self._stored_at.setdefault(job.id, deque())
        times.append((now_s, len(seqs)))
        while now_s - times[0][0] > _RATE_WINDOW_S:
            times.popleft()
        with self._changed:
            self._jobs[job.id] = job
            in_flight = self._in_flight.get(job.id)
            if job.state == "done":
                self._jobs.pop(job.id, None)
                self._in_flight.pop(job.id, None)
                self._stored_at.pop(job.id, None)
            elif in_flight is not None:
                in_flight.difference_update(seqs)
            self._changed.notify_all()
        self._publish(job)

    def _landed(self, job_id: int, seqs: Sequence[int]) -> None:
        with self._changed:
            self._in_flight.get(job_id, set()).difference_update(seqs)
            self._changed.notify_all()

    def _on_stuck(self, error: LightdeskError | None) -> None:
        with self._changed:
            self._stuck = error
            held = list(self._jobs.values())
            self._changed.notify_all()
        if error is not None:
            self._events.publish(EngineFailed(str(error.code), str(error)))
        for job in held:
            self._publish(job)

    def _publish(self, job: Job) -> None:
        self._events.publish(JobChanged(self.progress(job)))


def _resumed(job_id: int, conn: Connection) -> Job:
    jobs.set_state(conn, job_id, "running")
    return jobs.get(conn, job_id)


def _ticket(item: JobItem) -> Ticket:
    return Ticket(FoundFile(item.path, item.root, item.size_bytes, item.mtime_ns), item.job_id, item.seq)


def _drain(waiting: queue.Queue[Ticket | None]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return
