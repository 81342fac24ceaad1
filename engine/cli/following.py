"""Follows a job that this process runs: its files in the order in which they were given."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence

from engine.cli.interrupt import Interrupt
from engine.cli.output import is_terminal, say
from engine.cli.status import StatusLine
from engine.errors import ErrorCode, JobError, LightdeskError
from engine.events import EngineFailed, Event, PreflightCounted
from engine.library.records import ItemResult
from engine.schemas.device import ModelState
from engine.schemas.job import Job
from engine.schemas.library import Problem
from engine.service import Engine

_PAGE = 200
_LOOK_EVERY_S = 0.1
_GIVE_UP_S = 5.0
_ENDED = ("done", "failed", "skipped")


class Following:
    """One job from `submit` to its end. Memory does not grow with the list.

    Attributes
    ----------
    n_unseen
        Things inside the given folders that could not be looked at: failures without a record.
    skipped
        What else was passed over: code to count.
    """

    def __init__(self, engine: Engine, interrupt: Interrupt, status: StatusLine) -> None:
        self._engine = engine
        self._interrupt = interrupt
        self._status = status
        self._wake = threading.Event()
        self._failure: EngineFailed | None = None
        self._failed_s = self._moved_s = 0.0
        self._said: set[str] = set()
        self.n_unseen = 0
        self.skipped: dict[str, int] = {}
        self.n_videos = 0
        self._unsubscribe = engine.events.subscribe(self._on_event)

    def submit(self, paths: Sequence[str]) -> Job:
        """Start a job."""
        job_id = self._engine.submit(paths)
        view = self._engine.view()
        try:
            return view.job(job_id)
        finally:
            view.close()

    def results(self, job_id: int, *, ours: bool = True) -> Iterator[list[ItemResult]]:
        """Yield what has been answered for, some at a time, in input order, until the job has ended.

        Parameters
        ----------
        ours
            The job was made for this run only, and is cancelled when the caller stops early; another goes
            on at the next chance.

        Raises
        ------
        Interrupted
            After Ctrl+C.
        LightdeskError
            When the job cannot go on.
        """
        view = self._engine.view()
        n = 0
        ended = False
        try:
            while True:
                self._wake.clear()
                job = view.job(job_id)
                page = view.job_results(job_id, n - 1, _PAGE)
                ready = _leading_ended(page)
                if ready:
                    n += len(ready)
                    yield ready
                self._interrupt.check()
                # The items of a job that ended long ago are pruned: whoever slept over it waits for nothing.
                if job.state == "done" and (n >= job.n_total or not page):
                    ended = True
                    break
                # While it is still being scanned, files come that need their record too.
                if job.state == "paused" and job.pause_code and (not job.scanning or self._failure is not None):
                    yield from self._left_over(job_id, n, job)
                    raise JobError(ErrorCode(job.pause_code), job.pause_reason or "The job rests.")
                if job.state in ("cancelled", "failed"):
                    ended = True
                    raise JobError(ErrorCode.JOB_STATE, f"Job {job_id} was {job.state} from elsewhere.")
                self._look_for_failure(job, moved=bool(ready))
                self._show(n, job)
                if len(ready) < _PAGE:
                    self._wake.wait(_LOOK_EVERY_S)
        finally:
            view.close()
            self._status.clear()
            if ours and not ended:
                self._cancel(job_id)

    def tell_device(self) -> None:
        """Say why the CPU is used where CUDA was asked for by name, also when every answer was known already.

        Raises
        ------
        Interrupted
            After Ctrl+C.
        """
        if self._engine.settings.device != "cuda":
            return
        while (state := self._engine.model_state()).phase not in ("ready", "failed"):
            self._wake.clear()
            self._interrupt.check()
            self._wake.wait(_LOOK_EVERY_S)
        self._say_fallback(state)

    def unseen(self, job: Job, failed: Collection[str]) -> list[Problem]:
        """Return what the given folders held and could not be looked at: it has no place in the job.

        Parameters
        ----------
        job
            As it was when it began.
        failed
            Paths of the job's own files that failed.
        """
        view = self._engine.view()
        try:
            newest = view.problems(self.n_unseen + len(failed) + _PAGE) if self.n_unseen else []
        finally:
            view.close()
        found = [p for p in newest if p.last_at >= job.created_at and p.path not in failed]
        return sorted(found, key=lambda problem: problem.path)[: self.n_unseen]

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, EngineFailed):
            self._failure = event
            self._failed_s = time.monotonic()
        elif isinstance(event, PreflightCounted):
            self.skipped = event.preflight.skipped_reasons
            self.n_videos = event.preflight.n_videos
            self.n_unseen = event.preflight.n_unreadable
        self._wake.set()

    def _look_for_failure(self, job: Job, *, moved: bool) -> None:
        state = self._engine.model_state()
        self._say_fallback(state)
        failure = self._failure
        if failure is None:
            return
        if state.phase == "failed":
            raise JobError(_code(failure.code), failure.message)
        now_s = time.monotonic()
        if moved:
            self._moved_s = now_s
            if now_s - self._failed_s > _GIVE_UP_S:
                # What was under way when it happened has long come: this did not stop the job.
                self._failure = None
                return
        mine = [p.job for p in self._engine.progress() if p.job.id == job.id]
        if mine and mine[0].pause_code:
            # The storer keeps what it holds and tries again by itself.
            self._say_once(f"{mine[0].pause_reason} Waiting; Ctrl+C stops.")
        elif now_s - max(self._failed_s, self._moved_s) > _GIVE_UP_S:
            raise JobError(_code(failure.code), failure.message)

    def _left_over(self, job_id: int, n: int, job: Job) -> Iterator[list[ItemResult]]:
        """Yield the files of a job that cannot go on, each with the job's reason: a record a file."""
        view = self._engine.view()
        try:
            while page := view.job_results(job_id, n - 1, _PAGE):
                n += len(page)
                yield [
                    item
                    if item.state in _ENDED
                    else ItemResult(item.seq, item.path, "failed", None, job.pause_code, job.pause_reason, "")
                    for item in page
                ]
        finally:
            view.close()

    def _show(self, n: int, job: Job) -> None:
        state = self._engine.model_state()
        doing = ""
        if n == 0 and state.phase in ("building", "loading", "warming"):
            doing = state.message or f"{state.phase.capitalize()} the model..."
            if state.progress is not None:
                doing += f" {state.progress:.0%}"
        elif job.n_total == 0:
            doing = "Looking at the files..."
        elif job.state == "paused" and job.pause_code is not None:
            # By the engine, while it still looks at what was given: this ends in the same words.
            doing = job.pause_reason or "The job rests."
            self._say_once(doing)
        elif job.state == "paused":
            doing = f"Paused at {n:,}/{job.n_total:,}. `lightdesk jobs resume {job.id}` goes on."
            if not is_terminal(sys.stderr):  # nobody sees the line of a terminal: a log must not just stop
                self._say_once(f"Job {job.id} was paused from elsewhere. `lightdesk jobs resume {job.id}` goes on.")
        self._status.counted(n, job.n_total, counting=job.scanning, doing=doing)

    def _say_fallback(self, state: ModelState) -> None:
        if state.device is not None and state.device.fallback_reason:
            self._say_once(state.device.fallback_reason)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._status.clear()
            say(f"lightdesk: {text}")

    def _cancel(self, job_id: int) -> None:
        try:
            self._engine.cancel(job_id)
        except LightdeskError:
            pass  # it has ended meanwhile, or the library cannot be written: the reason is already on its way


def _leading_ended(page: Sequence[ItemResult]) -> list[ItemResult]:
    ready = []
    for item in page:
        if item.state not in _ENDED:
            break
        ready.append(item)
    return ready


def _code(text: str) -> ErrorCode:
    return ErrorCode(text) if text in ErrorCode.__members__ else ErrorCode.INTERNAL
