"""Gives every picture of the library its vector in the space of an image tower, as a job behind all other work.

What is missing is asked of the library and nothing is written down before it is done: after a kill, the next start asks
again. So nothing is done twice, and a job costs two numbers and not a row for each picture.

Pictures are decoded from their files and not from the cached thumbnails, which have 256 pixels on the longer side and so
some 190 on the shorter, while towers take 224 to 512. Measured on 100 photos with the vectors of the default model: the cosine
between the vector from the file and the one from the thumbnail is 0.89 on average and 0.73 at worst, and 36 of 100
have another nearest neighbour. To be won were 1.0 ms of decoding beside 45 ms for the tower.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, FileError, LightdeskError
from engine.events import EngineFailed, EventBus, JobChanged
from engine.ingest.decode import decode
from engine.ingest.reading import read_file
from engine.pipeline import mistake
from engine.pipeline.ledger import Ledger, Missing
from engine.pipeline.patience import GaveUp
from engine.pipeline.trial import Trial
from engine.priority import RightOfWay, step_back
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame
from engine.schemas.job import Job, JobProgress

log = logging.getLogger(__name__)
_ROUNDS = 4  # batches for each thread between two looks at the library
_LOOK_S = 0.25
_REST_S = 5.0  # until others are looked after: one that has died, one that has let its job go on
_KEEP_TOWER_S = 60.0
_RATE_WINDOW_S = 30.0
# So many pictures one after the other without a single vector are the model's fault.
_HOPELESS = 16
_LONGEST_CALL_S = 1.0


class Tower(Protocol):
    """What is needed of an image tower (`engine.towers.image.ImageTower`)."""

    best_batch: int
    max_concurrency: int

    @property
    def short_side(self) -> int:
        """Pixels that decoding must give at least."""
        ...

    def prepare(self, frame: Frame) -> NDArray[Any]:
        """Return one item of the input."""
        ...

    def embed_items(self, items: NDArray[Any]) -> NDArray[np.float32]:
        """Return unit vectors. Raises ModelError, DeviceError."""
        ...

    def close(self) -> None:
        """Give the memory back."""
        ...


class Embedding:
    """The thread that keeps one space complete, and those that decode and run the tower for it.

    Parameters
    ----------
    open_tower
        Returns the tower; called when there is work, on a thread of this class. Takes seconds; raises LightdeskError.
    busy
        Tells whether more urgent work is going on: meanwhile nothing is done here.
    way
        Claimed while a person waits for a single picture.
    on_stored
        Called with the ids of contents after their vectors have been committed.

    Notes
    -----
    `wake`, `progress` and `close` may be called from any thread.
    """

    def __init__(
        self,
        ledger: Ledger,
        open_tower: Callable[[], Tower],
        events: EventBus,
        limits: ImageLimits,
        *,
        busy: Callable[[], bool] = lambda: False,
        way: RightOfWay | None = None,
        on_stored: Callable[[Sequence[int]], None] = lambda _ids: None,
    ) -> None:
        self._ledger = ledger
        self._open_tower = open_tower
        self._events = events
        self._limits = limits
        self._busy = busy
        self._way = way or RightOfWay()
        self._on_stored = on_stored
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._all_over = True
        self._given_up: set[int] = set()
        self._tower: Tower | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._used_s = 0.0
        self._n_hopeless = 0
        self._reason = ("", "")
        self._stored: deque[tuple[float, int]] = deque()
        self._trial = Trial(limits)
        self._thread = threading.Thread(target=self._run, name="embedding")
        self._thread.start()

    def wake(self, *, all_over: bool = False) -> None:
        """Say that something may be missing, or that a job has been paused, resumed or cancelled.

        Parameters
        ----------
        all_over
            Among all contents, and not only among those that came since; what could not be read is tried once more.
        """
        if all_over:
            self._all_over = True
        self._woken.set()

    def progress(self, job: Job) -> JobProgress:
        """Return a job with its rate and the time left, where it is being worked on here."""
        times = list(self._stored)
        rate = None
        if job.state == "running" and len(times) > 1 and time.monotonic() - times[-1][0] < _RATE_WINDOW_S:
            rate = sum(n for _, n in times[1:]) / max(times[-1][0] - times[0][0], 1e-3)
        return JobProgress(job, rate, job.n_left / rate if rate else None)

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop after the batches that are being run, and let go of the job: the next start goes on with it."""
        self._closing.set()
        self._woken.set()
        self._trial.stop()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.error("The thread that embeds pictures did not end in time")

    # The thread

    def _run(self) -> None:
        step_back(further=True)
        try:
            while not self._closing.is_set():
                try:
                    worked = self._take_turn()
                except GaveUp:
                    break
                except LightdeskError as error:
                    log.warning("Embedding: %s", error)
                    worked = False
                except Exception:
                    log.exception("Embedding failed on a bug")
                    self._events.publish(
                        EngineFailed(
                            str(ErrorCode.INTERNAL), f"Preparing the search with words failed. {mistake.way_out()}"
                        )
                    )
                    worked = False
                if not worked:
                    self._let_tower_go(after_s=_KEEP_TOWER_S)
                    # The end of more urgent work is told by nobody.
                    self._woken.wait(_LOOK_S if self._busy() else _REST_S)
                    self._woken.clear()
        finally:
            self._let_tower_go(after_s=0.0)
            try:
                self._ledger.close()
            except (LightdeskError, GaveUp) as error:
                log.warning("The job could not be let go: %s", error)

    def _take_turn(self) -> bool:
        """Work on whatever is to be done; tells whether there was something."""
        if self._busy():
            return False
        all_over, self._all_over = self._all_over, False
        if all_over:
            self._given_up.clear()
        try:
            turn = self._ledger.begin(all_over, frozenset(self._given_up))
        except BaseException:
            self._all_over = all_over  # another time, then
            raise
        if turn is None:
            return False
        self._publish(turn.job)
        try:
            tower = self._ready_tower()
            if turn.from_the_dead:
                self._try_suspects(turn.after_id, tower)
            self._stored.clear()
            return self._work(turn.job, turn.after_id, tower)
        except LightdeskError as error:
            # A model that cannot be loaded, vectors that cannot be stored: there is no use in going on.
            self._publish(self._ledger.pause(turn.job.id, str(error.code), str(error)))
            return False

    def _work(self, job: Job, after_id: int, tower: Tower) -> bool:
        """Go through what is missing; tells whether it came to an end, so that there may be something new."""
        batch = tower.best_batch
        while self._may_go_on(job.id):
            page = self._ledger.missing(after_id, self._page(tower))
            if not page:
                self._publish(self._ledger.end(job.id))
                return True
            after_id = page[-1].content_id
            due = [one for one in page if one.content_id not in self._given_up]
            done: list[tuple[int, NDArray[np.float32]]] = []
            assert self._pool is not None
            began_s = time.monotonic()
            chunks = [due[i : i + batch] for i in range(0, len(due), batch)]
            for found in self._pool.map(lambda chunk: self._embedded(chunk, tower), chunks):
                done += found
            if len(chunks) > 1 and (time.monotonic() - began_s) * self._threads(tower) / len(chunks) > _LONGEST_CALL_S:
                batch = 1  # whoever closes the program or pauses the job waits for a batch to end
            hopeless = self._n_hopeless >= _HOPELESS
            if hopeless or (self._closing.is_set() and len(done) < len(due)):
                # Who was not looked at is not given up, nor who has met a tower that answers nobody.
                due = [one for one in due if one.content_id in {content_id for content_id, _ in done}]
            self._keep(job.id, due, done)
            if hopeless:
                self._n_hopeless = 0
                self._publish(self._ledger.pause(job.id, *self._reason))
                return False
        return False

    def _keep(self, job_id: int, due: Sequence[Missing], done: Sequence[tuple[int, NDArray[np.float32]]]) -> None:
        if not due:
            return
        ids = [content_id for content_id, _ in done]
        lost = {one.content_id for one in due} - set(ids)
        job = self._ledger.store(job_id, ids, [vector for _, vector in done], len(lost))
        self._given_up |= lost
        self._used_s = now_s = time.monotonic()
        self._stored.append((now_s, len(ids)))
        while now_s - self._stored[0][0] > _RATE_WINDOW_S:
            self._stored.popleft()
        if ids:
            self._on_stored(ids)
        self._publish(job)

    def _may_go_on(self, job_id: int) -> bool:
        """Wait while there is more urgent work; tells whether the job is still to be worked on, and here."""
        while True:
            if self._closing.is_set():
                return False
            job = self._ledger.job(job_id)
            if job.state != "running" or not job.held_here:
                self._publish(job)
                return False
            if not self._busy():
                return True
            self._woken.wait(_LOOK_S)
            self._woken.clear()

    def _page(self, tower: Tower) -> int:
        return _ROUNDS * self._threads(tower) * tower.best_batch

    def _threads(self, tower: Tower) -> int:
        return max(2, tower.max_concurrency)

    # The tower

    def _ready_tower(self) -> Tower:
        """Return the tower, loaded at first need."""
        if self._tower is None:
            self._tower = self._open_tower()
            self._used_s = time.monotonic()
            # On a device of its own one thread decodes while the other waits for it. They are begun by this thread, and
            # stand as far back as it does.
            self._pool = ThreadPoolExecutor(self._threads(self._tower), thread_name_prefix="embed")
        return self._tower

    def _let_tower_go(self, *, after_s: float) -> None:
        """Give back the memory of a tower that has had nothing to do for so long."""
        if self._tower is None or time.monotonic() - self._used_s < after_s:
            return
        assert self._pool is not None
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._tower.close()
        self._tower = self._pool = None

    # One batch, on a thread of the pool

    def _embedded(self, chunk: Sequence[Missing], tower: Tower) -> list[tuple[int, NDArray[np.float32]]]:
        items: list[tuple[int, NDArray[Any]]] = []
        for one in chunk:
            if self._closing.is_set():
                return []
            self._way.give_way()
            item = self._item(one, tower)
            if item is not None:
                items.append((one.content_id, item))
        return list(self._vectors(items, tower))

    def _vectors(
        self, items: Sequence[tuple[int, NDArray[Any]]], tower: Tower
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        if not items:
            return
        try:
            vectors = tower.embed_items(np.stack([item for _, item in items]))
        except Exception as error:
            if len(items) == 1:
                log.warning("Content %d has no vector", items[0][0], exc_info=error)
                ours = error if isinstance(error, LightdeskError) else mistake.error("A picture could not be embedded.")
                self._reason = (str(ours.code), str(ours))
                self._n_hopeless += 1
                return
            # Whatever it was, it must not take more pictures with it than it has to.
            middle = len(items) // 2
            yield from self._vectors(items[:middle], tower)
            yield from self._vectors(items[middle:], tower)
            return
        self._n_hopeless = 0
        yield from ((content_id, vector) for (content_id, _), vector in zip(items, vectors, strict=True))

    def _item(self, one: Missing, tower: Tower) -> NDArray[Any] | None:
        """Return what the tower takes of a content, from the first of its files that still has it."""
        for path in (file.path for file in one.files):
            try:
                loaded = read_file(path, self._limits)
                if loaded.sha256 != one.sha256:
                    continue  # it has been changed since; the next scan sees that
                frame = decode(loaded.data, short_side=tower.short_side, limits=self._limits, name=path)
                return tower.prepare(frame)
            except FileError as error:
                log.info("Content %d cannot be embedded from %r: %s", one.content_id, path, error)
            except Exception:
                log.exception("Content %d could not be embedded, on a bug", one.content_id)
        return None

    def _try_suspects(self, after_id: int, tower: Tower) -> None:
        """Let a child process decode what was being worked on when a process died, before this one does."""
        suspects = [(file, one) for one in self._ledger.missing(after_id, self._page(tower)) for file in one.files[:1]]
        verdicts = self._trial.survivors([file.path for file, _ in suspects])
        condemned = [at for at, lives in zip(suspects, verdicts, strict=False) if lives is False]
        if condemned:
            self._ledger.quarantine([file for file, _ in condemned])
            self._given_up |= {one.content_id for _, one in condemned}

    def _publish(self, job: Job) -> None:
        self._events.publish(JobChanged(self.progress(job)))
