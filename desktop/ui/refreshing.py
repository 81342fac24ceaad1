"""How often something is read again while it keeps changing: soon, but never for more than a small part of the time."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

MIN_REST_MS = 200
REST_FACTOR = 20  # two of them are at work (ids and counts), so that both together stay under a tenth
_MAX_REST_MS = 10_000


class Refresher(QObject):
    """Asks again when something changed, and then rests by how long the answer took. GUI thread.

    Parameters
    ----------
    ask
        Starts a read; `finished` must be called when its answer has been shown, `failed` when there is none.
    rest_ms
        Least time between an answer and the next read.

    Attributes
    ----------
    n_failed
        Reads in a row that had no answer.
    """

    def __init__(self, ask: Callable[[], None], parent: QObject, *, rest_ms: int = MIN_REST_MS) -> None:
        super().__init__(parent)
        self._ask = ask
        self._rest_ms = rest_ms
        self._dirty = self._running = False
        self._asked_s = 0.0
        self.n_failed = 0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._rested)

    def want(self) -> None:
        """Something changed: read it again when it is due."""
        if self._running or self._rest.isActive():
            self._dirty = True
        else:
            self.at_once()

    def at_once(self) -> None:
        """A person asked for something else: do not wait."""
        self._rest.stop()
        self._dirty, self._running = False, True
        self._asked_s = time.monotonic()
        self._ask()

    def finished(self) -> None:
        """The answer is there and shown."""
        self._running = False
        self.n_failed = 0
        took_ms = (time.monotonic() - self._asked_s) * 1000
        self._rest.start(round(max(self._rest_ms, min(_MAX_REST_MS, took_ms * REST_FACTOR))))

    def failed(self) -> None:
        """There is no answer, as of a busy library: ask again, less and less often."""
        self._running, self._dirty = False, True
        self.n_failed += 1
        self._rest.start(min(_MAX_REST_MS, self._rest_ms << min(self.n_failed, 8)))

    def reset(self) -> None:
        """Forget everything: another library."""
        self._rest.stop()
        self._dirty = self._running = False
        self.n_failed = 0

    def _rested(self) -> None:
        if self._dirty:
            self.at_once()
