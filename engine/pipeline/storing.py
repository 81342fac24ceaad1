"""The last stage: thumbnails and predictions into the cache, rows into the library, then the events."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine import cache
from engine.cache import ByteCache
from engine.errors import ErrorCode, LightdeskError
from engine.events import EventBus, PredictionsStored, ProblemsChanged
from engine.library import ingest, jobs, problems
from engine.library.database import Connection
from engine.library.records import StoreItem
from engine.library.writer import Writer
from engine.pipeline.lane import Answered, Lane
from engine.pipeline.preparing import Prepared, Ticket
from engine.schemas.job import Job
from engine.schemas.prediction import Scores

log = logging.getLogger(__name__)
_BATCH = 32
_GATHER_S = 0.03
_RETRY_S = 1.0
_WAIT_FOR = frozenset((ErrorCode.DISK_FULL, ErrorCode.LIBRARY_BUSY, ErrorCode.LIBRARY_READ_ONLY))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What became of one file."""

    ticket: Ticket
    model_id: int
    item: StoreItem | None = None
    error: LightdeskError | None = None
    thumbnail: tuple[str, bytes] | None = None
    prediction: tuple[str, bytes] | None = None


class Storer:
    """Stores results in small transactions and says so once they are committed.

    While the disk is full or the library locked it keeps what it holds and tries again: the stages
    before it fill up and wait, so nothing is lost and memory stays flat.

    Parameters
    ----------
    on_stored
        Called after each commit with the job as it is now and the places of its answered items.
    on_stuck
        Called with the error while storing has to wait, and with None when it goes on.
    """

    def __init__(
        self,
        writer: Writer,
        store: ByteCache,
        events: EventBus,
        *,
        on_stored: Callable[[Job | None, Sequence[int]], None],
        on_stuck: Callable[[LightdeskError | None], None],
    ) -> None:
        self._writer = writer
        self._cache = store
        self._events = events
        self._on_stored = on_stored
        self._on_stuck = on_stuck
        self._queue: queue.Queue[Result | None] = queue.Queue(maxsize=4 * _BATCH)
        self._giving_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="storer")
        self._thread.start()

    def put(self, result: Result) -> None:
        """Hand a result over; waits while too many are waiting."""
        self._queue.put(result)

    def store_now(self, results: Sequence[Result], *, urgent: bool) -> None:
        """Store on the calling thread."""
        self._cache.set_many(dict(pair for r in results for pair in (r.thumbnail, r.prediction) if pair is not None))
        for group in _grouped(results):
            job_id = group[0].ticket.job_id
            committed = self._commit(group, urgent=urgent)
            if committed is None:
                continue
            job, content_ids = committed
            if content_ids:
                self._events.publish(PredictionsStored(job_id or 0, tuple(content_ids), awaited=urgent))
            if any(r.error is not None for r in group):
                self._events.publish(ProblemsChanged())
            self._on_stored(job, [r.ticket.seq for r in group if r.ticket.seq is not None])

    def close(self) -> None:
        """Store what is queued and end the thread; what cannot be stored now is left for the next start."""
        self._giving_up.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            gathered: list[Result] = []
            until_s: float | None = None
            while len(gathered) < _BATCH:
                try:
                    wait_s = None if until_s is None else max(0.0, until_s - time.monotonic())
                    result = self._queue.get(timeout=wait_s)
                except queue.Empty:
                    break
                if result is None:
                    ending = True
                    break
                gathered.append(result)
                until_s = until_s or time.monotonic() + _GATHER_S
            if gathered:
                try:
                    self.store_now(gathered, urgent=False)
                except Exception:
                    log.exception("Storing failed on a bug; %d files are tried again at the next start", len(gathered))

    def _commit(self, group: Sequence[Result], *, urgent: bool) -> tuple[Job | None, list[int]] | None:
        stuck = False
        while True:
            try:
                answer = self._writer.submit(lambda conn: _write(conn, group), urgent=urgent).result()
            except LightdeskError as error:
                if error.code not in _WAIT_FOR or self._giving_up.wait(_RETRY_S if stuck else 0.05):
                    log.error("Not stored: %s", error)
                    return None
                stuck = True
                self._on_stuck(error)
                continue
            if stuck:
                self._on_stuck(None)
            return answer


def _write(conn: Connection, group: Sequence[Result]) -> tuple[Job | None, list[int]]:
    job_id, model_id = group[0].ticket.job_id, group[0].model_id
    items = [r.item for r in group if r.item is not None]
    content_ids = ingest.store(conn, job_id, model_id, items) if items else []
    for result in group:
        if result.error is None:
            continue
        error = result.error
        problem_id = problems.record(conn, result.ticket.found, str(error.code), error.message, error.way_out)
        if job_id is not None and result.ticket.seq is not None:
            jobs.fail(conn, job_id, result.ticket.seq, problem_id)
    if job_id is None:
        return None, content_ids
    jobs.finish_if_through(conn, job_id)
    return jobs.get(conn, job_id), content_ids


def _grouped(results: Sequence[Result]) -> list[list[Result]]:
    groups: dict[tuple[int | None, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.ticket.job_id, result.model_id), []).append(result)
    return list(groups.values())


def answered_result(lane: Lane, answered: Answered) -> Result:
    """Return the result of a file that the model has answered."""
    prepared = answered.prepared
    return Result(
        prepared.ticket,
        lane.model_id,
        item=_item(prepared, lane, answered.scores, answered.inference_ms, cached=False),
        thumbnail=_thumbnail(prepared),
        prediction=(prepared.cache_key, cache.pack_scores(answered.scores)),
    )


def known_result(lane: Lane, prepared: Prepared) -> Result:
    """Return the result of a file whose answer was known, from the library or the cache."""
    item = _item(prepared, lane, prepared.cached_scores, 0.0, cached=True)
    return Result(prepared.ticket, lane.model_id, item=item, thumbnail=_thumbnail(prepared))


def _item(prepared: Prepared, lane: Lane, scores: Scores | None, inference_ms: float, *, cached: bool) -> StoreItem:
    found = prepared.ticket.found
    return StoreItem(
        prepared.ticket.seq,
        found.root,
        found.path,
        prepared.size_bytes,
        prepared.mtime_ns,
        prepared.content,
        scores,
        lane.session.report.device,
        inference_ms,
        cached,
    )


def _thumbnail(prepared: Prepared) -> tuple[str, bytes] | None:
    if prepared.thumbnail is None:
        return None
    return cache.thumbnail_key(prepared.sha256.hex()), prepared.thumbnail
