"""The one thread that writes: urgent work first, several submissions in one commit."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import apsw

from engine.errors import ErrorCode, LibraryError
from engine.library import database
from engine.library.checkpoints import Checkpoints
from engine.library.database import Connection

T = TypeVar("T")
log = logging.getLogger(__name__)

_GROUP_S = 0.02  # a commit is not stretched beyond this, so that urgent work gets through
_RETRY_S = 0.2
_BUSY_MS = 250


class Writer:
    """Runs submitted functions on one connection, each in a savepoint, grouped into transactions.

    A result is set only after the commit. When the commit fails, so do all of its group. While
    another process holds the lock the writer waits and tries again; nothing submitted is lost.

    Notes
    -----
    `submit` may be called from any thread but the writer's own.
    """

    def __init__(self, path: Path, *, capacity: int = 64) -> None:
        self._path = path
        self._capacity = capacity
        self._urgent: deque[_Task] = deque()
        self._bulk: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.waiting_since_s: float | None = None
        self._conn = database.connect(path)
        # Short waits in SQLite, our own retries around them: closing need not wait.
        self._conn.set_busy_timeout(_BUSY_MS)
        self._checkpoints = Checkpoints(path, self._conn)
        self._thread = threading.Thread(target=self._run, name="library-writer")
        self._thread.start()

    def submit(
        self,
        work: Callable[[Connection], T],
        *,
        urgent: bool = False,
        durable: bool = False,
        give_up_s: float | None = None,
    ) -> Future[T]:
        """Queue `work`; waits while the queue of bulk work is full.

        Parameters
        ----------
        urgent
            Goes before bulk work and never waits for room.
        durable
            On the disk itself when the future is done, not only with the operating system.
        give_up_s
            Fail with LIBRARY_BUSY when another process has held the library for so long; None to wait on.
        """
        task = _Task(work, durable, None if give_up_s is None else time.monotonic() + give_up_s)
        with self._changed:
            while not urgent and len(self._bulk) >= self._capacity and not self._closing:
                self._changed.wait()
            if self._closing:
                task.future.set_exception(_closed(self._path))
            else:
                (self._urgent if urgent else self._bulk).append(task)
                self._changed.notify_all()
        return task.future

    def close(self) -> None:
        """Finish what is queued and end the thread; what still cannot be written fails."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._urgent and not self._bulk and not self._closing:
                    self._changed.wait()
                if not self._urgent and not self._bulk:
                    break
            done: list[tuple[_Task, Any]] = []
            try:
                self._commit_group(done)
                self._checkpoints.finish()
            except Exception as error:  # the thread must outlive whatever happens: everybody waits for it
                log.exception("The library's writer met a bug")
                self._rollback()
                self._fail([task for task, _ in done], error)
        self._checkpoints.close()
        self._conn.close()

    def _next(self, durable: bool | None) -> _Task | None:
        with self._changed:
            queue = self._urgent or self._bulk
            if not queue or (durable is not None and queue[0].durable and not durable):
                return None
            task = queue.popleft()
            self._changed.notify_all()
            return task

    def _commit_group(self, done: list[tuple[_Task, Any]]) -> None:
        first = self._next(None)
        if first is None:  # given up by whoever wanted it
            return
        try:
            self._begin(first)
        except apsw.Error as error:
            self._fail([first], error)
            if self._closing:  # one after the other they would take minutes to find the same lock
                self._fail(self._taken_off(lambda _task: True), error)
            return
        began_s = time.monotonic()
        task: _Task | None = first
        while task is not None:
            if task.future.set_running_or_notify_cancel():
                self._attempt(task, done)
            if time.monotonic() - began_s > _GROUP_S:
                break
            task = self._next(first.durable)
        try:
            self._until_free(lambda: self._conn.execute("COMMIT"))
        except apsw.Error as error:
            self._rollback()
            self._fail([task for task, _ in done], error)
            return
        for task, result in done:
            task.future.set_result(result)

    def _begin(self, first: _Task) -> None:
        self._conn.execute("PRAGMA synchronous = FULL" if first.durable else "PRAGMA synchronous = NORMAL")
        self._until_free(lambda: self._conn.execute("BEGIN IMMEDIATE"), first)

    def _until_free(self, work: Callable[[], object], wanted: _Task | None = None) -> None:
        while True:
            try:
                work()
            except (apsw.BusyError, apsw.LockedError) as error:
                if self._closing or (wanted is not None and wanted.is_overdue()):
                    raise
                self._fail(self._taken_off(_Task.is_overdue), error)
                if self.waiting_since_s is None:
                    self.waiting_since_s = time.monotonic()
                time.sleep(_RETRY_S)
                continue
            self.waiting_since_s = None
            return

    def _taken_off(self, which: Callable[[_Task], bool]) -> list[_Task]:
        """Take tasks off the queues that are not going to be done."""
        with self._changed:
            taken = [task for task in (*self._urgent, *self._bulk) if which(task)]
            for task in taken:
                (self._urgent if task in self._urgent else self._bulk).remove(task)
            if taken:
                self._changed.notify_all()
        return taken

    def _attempt(self, task: _Task, done: list[tuple[_Task, Any]]) -> None:
        try:
            self._conn.execute("SAVEPOINT task")
            result = task.work(self._conn)
            self._conn.execute("RELEASE task")
        except Exception as error:
            try:
                self._take_back(error, done)
            finally:  # whatever happens, nobody waits for an answer that never comes
                task.future.set_exception(self._ours(error))
        else:
            done.append((task, result))

    def _take_back(self, error: Exception, done: list[tuple[_Task, Any]]) -> None:
        """Undo what a failed task has written, and no more where that can be."""
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK TO task")
            self._conn.execute("RELEASE task")
            return
        # SQLite has already rolled everything back (a full disk does that); there is no savepoint left.
        self._fail([earlier for earlier, _ in done], error)
        done.clear()
        self._until_free(lambda: self._conn.execute("BEGIN IMMEDIATE"))

    def _rollback(self) -> None:
        with contextlib.suppress(apsw.Error):  # nothing more can be done; the next BEGIN tells
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")

    def _fail(self, tasks: list[_Task], error: Exception) -> None:
        for task in tasks:
            if not task.future.done():
                task.future.set_exception(self._ours(error))

    def _ours(self, error: Exception) -> Exception:
        return database.library_error(error, self._path) if isinstance(error, apsw.Error) else error


class _Task:
    __slots__ = ("durable", "future", "until_s", "work")

    def __init__(self, work: Callable[[Connection], Any], durable: bool, until_s: float | None) -> None:
        self.work = work
        self.durable = durable
        self.until_s = until_s
        self.future: Future[Any] = Future()

    def is_overdue(self) -> bool:
        return self.until_s is not None and time.monotonic() > self.until_s


def _closed(path: Path) -> LibraryError:
    return LibraryError(
        ErrorCode.LIBRARY_BUSY, f"The library {path} is being closed.", way_out="Open it again and repeat the step."
    )
