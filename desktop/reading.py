"""Reads of the library on threads of their own, each with its own connection."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from desktop.engine_thread import internal
from engine.errors import LightdeskError

log = logging.getLogger(__name__)
# Two may be busy with the long lanes (ids and facets of a large library); one is left for tiles and details.
_THREADS = 3
# A lane with a thread, and so a connection, of its own: what it reads can be compared only on one connection.
WATCH = "watch"
_LET_GO = ""  # a lane nobody asks in: wakes a thread so that it closes the view of a library no longer read


class LibraryReading(QObject):
    """Implements `desktop.ui.ports.ReadPort`. Lives on the GUI thread."""

    _answered = Signal(object, object, object, str, int)

    def __init__(self) -> None:
        super().__init__()
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._watch_queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[int, Any, Any, Any]] = {}
        self._running: set[str] = set()
        self._newest: dict[str, int] = {}
        self._make_view: Callable[[], Any] | None = None
        self._epoch = 0
        self._answered.connect(self._deliver)
        queues = [*[self._queue] * _THREADS, self._watch_queue]
        self._threads = [
            threading.Thread(target=self._run, args=(source,), name=f"reader-{i}") for i, source in enumerate(queues)
        ]
        for thread in self._threads:
            thread.start()

    def open(self, make_view: Callable[[], Any] | None) -> None:
        """Read from another library from now on (None: from none); answers still under way are dropped."""
        with self._lock:
            self._make_view = make_view
            self._epoch += 1
            self._waiting.clear()
            self._newest = {lane: n + 1 for lane, n in self._newest.items()}
        self._tell_all(_LET_GO)

    def ask(self, lane: str, read: Any, answer: Any, failed: Any = None) -> None:
        """See `desktop.ui.ports.ReadPort.ask`."""
        with self._lock:
            if self._make_view is None:
                return
            number = self._newest.get(lane, 0) + 1
            self._newest[lane] = number
            # A lane never takes two threads: what is asked while it runs waits for it, the newest alone.
            fresh = lane not in self._waiting and lane not in self._running
            self._waiting[lane] = (number, read, answer, failed)
        if fresh:
            self._queue_of(lane).put(lane)

    def close(self) -> None:
        """End the threads."""
        self._answered.disconnect(self._deliver)
        with self._lock:
            self._make_view = None
            self._waiting.clear()
        self._tell_all(None)
        for thread in self._threads:
            thread.join()

    def _queue_of(self, lane: str) -> queue.SimpleQueue[str | None]:
        return self._watch_queue if lane == WATCH else self._queue

    def _tell_all(self, word: str | None) -> None:
        for _ in range(_THREADS):
            self._queue.put(word)
        self._watch_queue.put(word)

    def _run(self, source: queue.SimpleQueue[str | None]) -> None:
        view: Any = None
        epoch = -1
        while (lane := source.get()) is not None:
            with self._lock:
                request = self._waiting.pop(lane, None)
                make_view, wanted_epoch = self._make_view, self._epoch
                if request is not None:
                    self._running.add(lane)
            if view is not None and epoch != wanted_epoch:
                view.close()
                view = None
            if request is None:
                continue
            if make_view is None:
                self._finish(lane)
                continue
            number, read, answer, failed = request
            try:
                if view is None:
                    view, epoch = make_view(), wanted_epoch
                value = read(view)
            except LightdeskError as error:
                self._answered.emit(failed, None, error, lane, number)
            except Exception as error:
                log.exception("A read of the library failed on a bug")
                self._answered.emit(failed, None, internal(error), lane, number)
            else:
                self._answered.emit(answer, value, None, lane, number)
            self._finish(lane)
        if view is not None:
            view.close()

    def _finish(self, lane: str) -> None:
        with self._lock:
            self._running.discard(lane)
            again = lane in self._waiting
        if again:
            self._queue_of(lane).put(lane)

    @Slot(object, object, object, str, int)
    def _deliver(self, callback: Any, value: Any, error: Any, lane: str, number: int) -> None:
        if self._newest.get(lane) != number:
            return
        if error is not None:
            if callback is not None:
                callback(error)
            else:
                log.warning("Reading (%s): %s", lane, error)
        elif callback is not None:
            callback(value)
