"""Items that were in flight when a process died: tried in a child, cleared or put into quarantine."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial

from engine.errors import LightdeskError
from engine.library import jobs
from engine.library.database import Connection
from engine.pipeline.patience import GaveUp, Patience
from engine.pipeline.trial import Trial
from engine.schemas.files import ImageLimits
from engine.schemas.job import JobItem

log = logging.getLogger(__name__)
_AT_ONCE = 128
_GIVE_UP_CRASHES = 10
# Where no child can be started: as often may an item have been in flight when the program died.
_UNTRIED_CRASHES = 2


class Suspects:
    """A thread that tries one job's suspects after another, so that the other jobs go on meanwhile.

    Parameters
    ----------
    on_condemned
        Called with what takes a process down; returns when that is written down.
    on_through
        Called when the suspects of a job have been tried.
    """

    def __init__(
        self,
        library: Patience,
        limits: ImageLimits,
        *,
        on_condemned: Callable[[Sequence[JobItem]], None],
        on_through: Callable[[], None],
    ) -> None:
        self._library = library
        self._on_condemned = on_condemned
        self._on_through = on_through
        self._trial = Trial(limits)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._asked: set[int] = set()
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="suspects")
        self.thread.start()

    def ask(self, job_id: int) -> None:
        """Let a job's suspects be tried; nothing happens where they already are."""
        with self._lock:
            if job_id in self._asked:
                return
            self._asked.add(job_id)
        self._queue.put(job_id)

    def stop(self) -> None:
        """End the thread soon; what was not judged is tried at the next start."""
        self._stopped.set()
        self._trial.stop()
        self._queue.put(None)

    def _run(self) -> None:
        while (job_id := self._queue.get()) is not None:
            stuck = False
            try:
                stuck = self._try_all(job_id)
            except GaveUp:
                pass  # the next start tries them
            except LightdeskError as error:
                log.warning("The suspects of job %d were not tried: %s", job_id, error)
            except Exception:
                log.exception("Trying the suspects of job %d failed on a bug", job_id)
            if not stuck:
                with self._lock:
                    self._asked.discard(job_id)
            self._on_through()

    def _try_all(self, job_id: int) -> bool:
        """Try a job's suspects; tells whether some remain whose verdict cannot be written down: for the next start."""
        before: list[int] = []
        while not self._stopped.is_set() and (judged := self._try_some(job_id)):
            if judged == before:
                log.error("%d suspects of job %d were tried, and it cannot be written down", len(judged), job_id)
                return True
            before = judged
        return False

    def _try_some(self, job_id: int) -> list[int]:
        """Return the places of those that a verdict was reached on."""
        items = self._library.write(partial(_suspects, job_id))
        verdicts = self._trial.survivors([item.path for item in items])
        judged = list(zip(items, verdicts, strict=False))  # fewer verdicts when it was stopped
        cleared = [item for item, lives in judged if _is_cleared(item, lives)]
        condemned = [item for item, lives in judged if not _is_cleared(item, lives)]
        if cleared:
            self._library.write(lambda conn: jobs.clear_suspects(conn, job_id, [item.seq for item in cleared]))
        if condemned:
            self._on_condemned(condemned)
        self._on_through()
        return [item.seq for item, _ in judged]


def _suspects(job_id: int, conn: Connection) -> list[JobItem]:
    if jobs.get(conn, job_id).state != "running":
        return []
    return jobs.suspects(conn, job_id, _AT_ONCE)


def _is_cleared(item: JobItem, lives: bool | None) -> bool:
    if lives is None:
        return item.n_crashes < _UNTRIED_CRASHES
    return lives and item.n_crashes < _GIVE_UP_CRASHES
