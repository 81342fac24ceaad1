"""The one thread that writes: urgent work first, several submissions in one commit."""

from __future__ import annotations

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
from engine.library.database import Connection

T = TypeVar("T")
log = logging.getLogger(__name__)

_GROUP_S = 0.02  # a commit is not stretched beyond this, so that urgent work gets through
_RETRY_S = 0.2


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
        # Short waits in SQLite, our own retries around them: closing need not wait a minute.
        self._conn.set_busy_timeout(1000)
        self._thread = threading.Thread(target=self._run, name="library-writer")
        self._thread.start()

    def submit(self, work: Callable[[Connection], T], *, urgent: bool = False, durable: bool = False) -> Future[T]:
        """Queue `work`; waits while the queue of bulk work is full.

        Parameters
        ----------
        urgent
            Goes before bulk work and never waits for room.
        durable
            On the disk itself when the future is done, not only with the operating system.
        """
        task = _Task(work, durable)
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
            self._commit_group()
        self._conn.close()

    def _next(self, durable: bool | None) -> _Task | None:
        with self._changed:
            queue = self._urgent or self._bulk
            if not queue or (durable is not None and queue[0].durable and not durable):
                return None
            task = queue.popleft()
            self._changed.notify_all()
            return task

    def _commit_group(self) -> None:
        first = self._next(None)
        assert first is not None
        done: list[tuple[_Task, Any]] = []
        tasks = [first]
        try:
            self._begin(first.durable)
        except apsw.Error as error:
            self._fail(tasks, error)
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

    def _begin(self, durable: bool) -> None:
        self._conn.execute("PRAGMA synchronous = FULL" if durable else "PRAGMA synchronous = NORMAL")
        self._until_free(lambda: self._conn.execute("BEGIN IMMEDIATE"))

    def _until_free(self, work: Callable[[], object]) -> None:
        while True:
            try:
                work()
            except (apsw.BusyError, apsw.LockedError):
                if self._closing:
                    raise
                if self.waiting_since_s is None:
                    self.waiting_since_s = time.monotonic()
                time.sleep(_RETRY_S)
                continue
            self.waiting_since_s = None
            return

    def _attempt(self, task: _Task, done: list[tuple[_Task, Any]]) -> None:
        try:
            self._conn.execute("SAVEPOINT task")
            result = task.work(self._conn)
            self._conn.execute("RELEASE task")
        except Exception as error:
            # SQLite may already have rolled everything back (a full disk does); then there is no savepoint.
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK TO task")
                self._conn.execute("RELEASE task")
            else:
                self._fail([earlier for earlier, _ in done], error)
                done.clear()
                self._until_free(lambda: self._conn.execute("BEGIN IMMEDIATE"))
            task.future.set_exception(self._ours(error))
        else:
            done.append((task, result))

    def _rollback(self) -> None:
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")

    def _fail(self, tasks: list[_Task], error: Exception) -> None:
        for task in tasks:
            if not task.future.done():
                task.future.set_exception(self._ours(error))

    def _ours(self, error: Exception) -> Exception:
        return database.library_error(error, self._path) if isinstance(error, apsw.Error) else error


class _Task:
    __slots__ = ("durable", "future", "work")

    def __init__(self, work: Callable[[Connection], Any], durable: bool) -> None:
        self.work = work
        self.durable = durable
        self.future: Future[Any] = Future()


def _closed(path: Path) -> LibraryError:
    return LibraryError(
        ErrorCode.LIBRARY_BUSY, f"The library {path} is being closed.", way_out="Open it again and repeat the step."
    )
