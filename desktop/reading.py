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
_THREADS = 2


class LibraryReading(QObject):
    """Implements `desktop.ui.ports.ReadPort`. Lives on the GUI thread."""

    _answered = Signal(object, object, object, str, int)

    def __init__(self) -> None:
        super().__init__()
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[int, Any, Any, Any]] = {}
        self._newest: dict[str, int] = {}
        self._make_view: Callable[[], Any] | None = None
        self._epoch = 0
        self._answered.connect(self._deliver)
        self._threads = [threading.Thread(target=self._run, name=f"reader-{i}") for i in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def open(self, make_view: Callable[[], Any] | None) -> None:
        """Read from another library from now on; answers still under way are dropped."""
        with self._lock:
            self._make_view = make_view
            self._epoch += 1
            self._waiting.clear()
            self._newest = {lane: n + 1 for lane, n in self._newest.items()}

    def ask(self, lane: str, read: Any, answer: Any, failed: Any = None) -> None:
        """See `desktop.ui.ports.ReadPort.ask`."""
        with self._lock:
            if self._make_view is None:
                return
            number = self._newest.get(lane, 0) + 1
            self._newest[lane] = number
            fresh = lane not in self._waiting
            self._waiting[lane] = (number, read, answer, failed)
        if fresh:
            self._queue.put(lane)

    def close(self) -> None:
        """End the threads."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        view: Any = None
        epoch = -1
        while (lane := self._queue.get()) is not None:
            with self._lock:
                request = self._waiting.pop(lane, None)
                make_view, wanted_epoch = self._make_view, self._epoch
            if request is None or make_view is None:
                continue
            number, read, answer, failed = request
            try:
                if view is None or epoch != wanted_epoch:
                    if view is not None:
                        view.close()
                    view, epoch = make_view(), wanted_epoch
                value = read(view)
            except LightdeskError as error:
                self._answered.emit(failed, None, error, lane, number)
            except Exception as error:
                log.exception("A read of the library failed on a bug")
                self._answered.emit(failed, None, internal(error), lane, number)
            else:
                self._answered.emit(answer, value, None, lane, number)
        if view is not None:
            view.close()

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
