"""Reads of the library on threads of their own, each with its own connection."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from desktop.engine_thread import internal
from engine.errors import LightdeskError

log = logging.getLogger(__name__)
# Two may be busy with the long lanes (ids and facets of a large library); one is left for tiles and details.
_THREADS = 3
_CLOSE_S = 0.3


class _Readers:
    """The threads that read one library.

    Each library has its own, so that one whose drive hangs holds up nothing but itself: its threads end by
    themselves when, or if, the drive answers. Daemons, for the same reason.
    """

    def __init__(self, make_view: Callable[[], Any], tell: Callable[[Any, Any, Any, str, int], None]) -> None:
        self._make_view, self._tell = make_view, tell
        self._lock = threading.Lock()
        self._ended = False
        self._waiting: dict[str, tuple[int, Any, Any, Any]] = {}
        self._running: set[str] = set()
        self._lanes: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.threads = [threading.Thread(target=self._run, name=f"reader-{i}", daemon=True) for i in range(_THREADS)]
        for thread in self.threads:
            thread.start()

    def ask(self, lane: str, number: int, read: Any, answer: Any, failed: Any) -> None:
        """Read when the lane is free, in place of what waits there."""
        with self._lock:
            # A lane never takes two threads: what is asked while it runs waits for it, the newest alone.
            fresh = lane not in self._waiting and lane not in self._running
            self._waiting[lane] = (number, read, answer, failed)
        if fresh:
            self._lanes.put(lane)

    def end(self) -> None:
        """Let the threads go, each after the read it is at."""
        with self._lock:
            self._ended = True
            self._waiting.clear()
        for _ in range(_THREADS):
            self._lanes.put(None)

    def _run(self) -> None:
        view: Any = None
        while (lane := self._lanes.get()) is not None:
            with self._lock:
                request = self._waiting.pop(lane, None)
                if request is None:
                    continue
                self._running.add(lane)
            number, read, answer, failed = request
            try:
                if view is None:
                    view = self._make_view()
                value = read(view)
            except LightdeskError as error:
                self._say(failed, None, error, lane, number)
            except Exception as error:
                log.exception("A read of the library failed on a bug")
                self._say(failed, None, internal(error), lane, number)
            else:
                self._say(answer, value, None, lane, number)
            with self._lock:
                self._running.discard(lane)
                again = lane in self._waiting
            if again:
                self._lanes.put(lane)
        if view is not None:
            try:
                view.close()
            except Exception:
                log.exception("A view of the library could not be closed")

    def _say(self, callback: Any, value: Any, error: Any, lane: str, number: int) -> None:
        if not self._ended:
            self._tell(callback, value, error, lane, number)


class LibraryReading(QObject):
    """Implements `desktop.ui.ports.ReadPort`. Lives on the GUI thread."""

    _answered = Signal(object, object, object, str, int)

    def __init__(self) -> None:
        super().__init__()
        self._readers: _Readers | None = None
        self._leaving: list[threading.Thread] = []
        # Never starts anew: the numbers of an earlier library's answers must not come again.
        self._number = 0
        self._newest: dict[str, int] = {}
        self._answered.connect(self._deliver)

    def open(self, make_view: Callable[[], Any] | None) -> None:
        """Read from another library from now on (None: from none); answers still under way are dropped.

        Parameters
        ----------
        make_view
            Returns a `desktop.ui.ports.LibraryReader` with a ``close``. Called on each thread that reads.
        """
        self._newest.clear()
        self._leaving = [thread for thread in self._leaving if thread.is_alive()]
        if self._readers is not None:
            self._readers.end()
            self._leaving += self._readers.threads
        self._readers = _Readers(make_view, self._answered.emit) if make_view is not None else None

    def ask(self, lane: str, read: Any, answer: Any, failed: Any = None) -> None:
        """See `desktop.ui.ports.ReadPort.ask`."""
        if self._readers is None:
            return
        self._number += 1
        self._newest[lane] = self._number
        self._readers.ask(lane, self._number, read, answer, failed)

    def close(self) -> None:
        """End the threads; one that hangs in a slow drive is left behind."""
        self.open(None)
        until_s = time.monotonic() + _CLOSE_S
        for thread in self._leaving:
            thread.join(max(0.0, until_s - time.monotonic()))
        if n_busy := sum(thread.is_alive() for thread in self._leaving):
            log.warning("%d reads of the library were still under way at the end", n_busy)

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
