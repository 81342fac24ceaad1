"""The last stage: thumbnails and predictions into the cache, rows into the library, then the events."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.cache import ByteCache
from engine.cache_entries import pack_scores, thumbnail_key
from engine.errors import LightdeskError
from engine.events import EngineFailed, EventBus, PredictionsStored, ProblemsChanged
from engine.ingest.reading import printable
from engine.library import ingest, jobs, problems
from engine.library.database import Connection
from engine.library.records import StoreItem
from engine.pipeline import mistake
from engine.pipeline.lane import Answered, Lane
from engine.pipeline.patience import GaveUp, Patience
from engine.pipeline.preparing import Prepared, Ticket
from engine.priority import RightOfWay
from engine.schemas.job import Job
from engine.schemas.prediction import Scores

log = logging.getLogger(__name__)
_BATCH = 32
# The first results after a rest come soon. While they keep coming, each group costs a transaction and a new look of the
# window: groups of 0.03 s gave 4 % fewer pictures a second than groups of 0.1 s.
_FIRST_GATHER_S = 0.03
_GATHER_S = 0.1
_RESTED_S = 0.5
_LOOK_S = 0.2


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
    way
        Asked before bulk results are written, so that a single one does not wait for their transaction.
    on_stored
        Called after each commit with the job as it is now and the places of its answered items.
    on_lost
        Called with what could not be written down at all, on a bug of ours, and why.
    """

    def __init__(
        self,
        library: Patience,
        store: ByteCache,
        events: EventBus,
        *,
        way: RightOfWay,
        on_stored: Callable[[Job | None, Sequence[int]], None],
        on_lost: Callable[[Ticket, LightdeskError], None],
    ) -> None:
        self._library = library
        self._cache = store
        self._events = events
        self._way = way
        self._on_stored = on_stored
        self._on_lost = on_lost
        self._queue: queue.Queue[Result | None] = queue.Queue(maxsize=4 * _BATCH)
        self._ended = threading.Event()
        self._cache_trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="storer")
        self._thread.start()

    def put(self, result: Result) -> None:
        """Hand a result over; waits while too many are waiting. After the end it is left for the next start."""
        while not self._ended.is_set():
            try:
                self._queue.put(result, timeout=_LOOK_S)
            except queue.Full:
                continue
            return

    def store_now(self, results: Sequence[Result], *, urgent: bool) -> None:
        """Store on the calling thread."""
        self._cache.set_many(dict(pair for r in results for pair in (r.thumbnail, r.prediction) if pair is not None))
        self._tell_of_cache()
        for group in _grouped(results):
            self._store_group(group, urgent=urgent)

    def close(self, timeout_s: float) -> bool:
        """Store what is queued and end the thread; tells whether it ended in time."""
        until_s = time.monotonic() + timeout_s
        while self._thread.is_alive() and time.monotonic() < until_s:
            try:
                self._queue.put(None, timeout=_LOOK_S)
            except queue.Full:
                continue
            self._thread.join(max(0.0, until_s - time.monotonic()))
        self._ended.set()
        return not self._thread.is_alive()

    def _run(self) -> None:
        ending = False
        stored_s = -_RESTED_S
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
                if until_s is None:
                    now_s = time.monotonic()
                    until_s = now_s + (_GATHER_S if now_s - stored_s < _RESTED_S else _FIRST_GATHER_S)
            if gathered:
                self._way.give_way()
                try:
                    self.store_now(gathered, urgent=False)
                except Exception:  # whoever listens to events: the thread must outlive it
                    log.exception("Telling of %d stored files failed on a bug", len(gathered))
                stored_s = time.monotonic()
        self._ended.set()

    def _store_group(self, group: Sequence[Result], *, urgent: bool) -> None:
        try:
            job, content_ids = self._library.write(lambda conn: _write(conn, group), urgent=urgent)
        except GaveUp as reason:
            log.warning("%d files are left for the next start: %s", len(group), reason)
            return
        except Exception as error:
            self._one_by_one(group, error, urgent=urgent)
            return
        job_id = group[0].ticket.job_id
        if content_ids:
            self._events.publish(PredictionsStored(job_id or 0, tuple(content_ids), awaited=urgent))
        if any(r.error is not None for r in group):
            self._events.publish(ProblemsChanged())
        self._on_stored(job, [r.ticket.seq for r in group if r.ticket.seq is not None])

    def _one_by_one(self, group: Sequence[Result], error: Exception, *, urgent: bool) -> None:
        """Find the one that cannot be stored, so that it takes no other with it; it becomes a problem with its name."""
        if len(group) > 1:
            for result in group:
                self._store_group([result], urgent=urgent)
            return
        (result,) = group
        log.error("%r could not be stored, on a bug", result.ticket.found.path, exc_info=error)
        name = printable(result.ticket.found.path)
        ours = mistake.error(f"The answer for {name} could not be stored: {type(error).__name__}.")
        if result.error is None:
            self._store_group([Result(result.ticket, result.model_id, error=ours)], urgent=urgent)
        else:
            self._on_lost(result.ticket, ours)

    def _tell_of_cache(self) -> None:
        trouble = self._cache.write_trouble
        if trouble is not None and self._cache_trouble is None:
            self._events.publish(EngineFailed(str(trouble.code), str(trouble)))
        self._cache_trouble = None if trouble is None else str(trouble.code)


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
        prediction=(prepared.cache_key, pack_scores(answered.scores)),
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
    return thumbnail_key(prepared.sha256.hex()), prepared.thumbnail
