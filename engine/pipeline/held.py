"""The jobs that this process works on or rests, and how far each is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from engine.schemas.job import Job

_RATE_WINDOW_S = 5.0


class HeldJobs:
    """What is known here of each job; the library's row is what counts.

    A state comes from whoever changed it (`update`), counters from whoever stored (`stored`): the two
    run on different threads, and an old row must not undo a newer wish.

    Attributes
    ----------
    changed
        Notified whenever something may have become possible; holds the lock.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._jobs: dict[int, Job] = {}
        self._in_flight: dict[int, set[int]] = {}
        self._stored: dict[int, deque[tuple[float, int]]] = {}
        self._offline: dict[int, str] = {}
        self._last_fed = 0

    def add(self, job: Job) -> None:
        """Work on a job from now on, or take over its state."""
        with self.changed:
            if job.has_ended:
                self.forget(job.id)
            else:
                self._jobs[job.id] = job
                if job.state == "running":
                    self._offline.pop(job.id, None)
            self.changed.notify_all()

    def update(self, job: Job) -> None:
        """Take over the changed state of a job that is held here; of another one nothing is kept."""
        with self.changed:
            if job.id in self._jobs:
                self.add(job)

    def forget(self, job_id: int) -> None:
        """Work on a job no longer. What is in flight of it still counts until it has landed."""
        with self.changed:
            self._jobs.pop(job_id, None)
            self._stored.pop(job_id, None)
            self._offline.pop(job_id, None)
            self.changed.notify_all()

    def get(self, job_id: int) -> Job | None:
        """Return a job as last seen here."""
        with self.changed:
            return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """Return the jobs as last seen here."""
        with self.changed:
            return list(self._jobs.values())

    # In flight

    @property
    def n_in_flight(self) -> int:
        """Items between claim and commit, of all jobs."""
        with self.changed:
            return sum(len(seqs) for seqs in self._in_flight.values())

    def took_off(self, job_id: int, seqs: Sequence[int]) -> None:
        """Count items as in flight; without any, nothing of the job is kept."""
        if not seqs:
            return
        with self.changed:
            self._in_flight.setdefault(job_id, set()).update(seqs)

    def landed(self, job_id: int, seqs: Sequence[int]) -> None:
        """Count items as through, whatever became of them."""
        with self.changed:
            flying = self._in_flight.get(job_id)
            if flying is not None:
                flying.difference_update(seqs)
                if not flying:
                    del self._in_flight[job_id]
            self.changed.notify_all()

    def stored(self, job: Job, seqs: Sequence[int]) -> Job:
        """Take over the counters of a job after a commit; returns it with the state that holds."""
        now_s = time.monotonic()
        with self.changed:
            self.landed(job.id, seqs)
            if job.has_ended:
                self.forget(job.id)
                return job
            known = self._jobs.get(job.id)
            if known is None:
                return job
            times = self._stored.setdefault(job.id, deque())
            times.append((now_s, len(seqs)))
            while now_s - times[0][0] > _RATE_WINDOW_S:
                times.popleft()
            self._jobs[job.id] = replace(
                job,
                state=known.state,
                pause_code=known.pause_code,
                pause_reason=known.pause_reason,
                held_here=known.held_here,
            )
            return self._jobs[job.id]

    def rate_per_s(self, job_id: int) -> float | None:
        """Return the items stored a second lately; None while too few have been."""
        with self.changed:
            times = list(self._stored.get(job_id, ()))
        if len(times) < 2 or time.monotonic() - times[-1][0] > _RATE_WINDOW_S:
            return None
        return sum(n for _, n in times[1:]) / max(times[-1][0] - times[0][0], 1e-3)

    # Whose turn it is

    def runnable(self) -> list[int]:
        """Return the running jobs, the one after the last fed first, so that none starves."""
        with self.changed:
            ids = sorted(job.id for job in self._jobs.values() if job.state == "running")
            return [i for i in ids if i > self._last_fed] + [i for i in ids if i <= self._last_fed]

    def fed(self, job_id: int) -> None:
        """Say that a job has had its turn."""
        self._last_fed = job_id

    # Folders that are away

    def offline(self, job_id: int) -> str | None:
        """Return the folder that a job waits for, if it is known here."""
        with self.changed:
            return self._offline.get(job_id)

    def went_offline(self, job_id: int, root: str) -> bool:
        """Note the folder that a job waits for; False where that is known already."""
        with self.changed:
            known = job_id in self._offline
            self._offline.setdefault(job_id, root)
            return not known

    def waits_for(self, job_id: int, root: str) -> None:
        """Note the folder that a resting job waits for; nothing happens where somebody has let it go on meanwhile."""
        with self.changed:
            job = self._jobs.get(job_id)
            if job is not None and job.state == "paused":
                self._offline[job_id] = root
