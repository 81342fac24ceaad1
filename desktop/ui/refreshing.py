"""How often something is read again while it keeps changing: soon, and where reads are quick, for a small part of the time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

MIN_REST_MS = 200
REST_FACTOR = 20  # two of them are at work (ids and counts), so that both together stay under a tenth
# One slow read, as the first from a cold disk, must not keep what is shown old for long.
MAX_REST_MS = 2_000
_MAX_PATIENCE_MS = 10_000  # between reads that fail


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
        self._least_rest_ms = rest_ms
        self._running = False
        # Of those who want it read again the one who would wait least; None where nothing has changed.
        self._wanted_rest_ms: int | None = None
        self._rest_ms = 0
        self._asked_s = 0.0
        self._rests_since_s = -math.inf
        self.n_failed = 0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._go_on)

    def want(self, rest_ms: int = 0) -> None:
        """Something changed: read it again when it is due, and no sooner than `rest_ms` after the last answer."""
        self._wanted_rest_ms = rest_ms if self._wanted_rest_ms is None else min(rest_ms, self._wanted_rest_ms)
        if not self._running:
            self._go_on()

    def at_once(self) -> None:
        """A person asked for something else: do not wait."""
        self._rest.stop()
        self._wanted_rest_ms, self._running = None, True
        self._asked_s = time.monotonic()
        self._ask()

    def finished(self) -> None:
        """The answer is there and shown."""
        self.n_failed = 0
        took_ms = (time.monotonic() - self._asked_s) * 1000
        self._rest_for(round(max(self._least_rest_ms, min(MAX_REST_MS, took_ms * REST_FACTOR))))

    def failed(self) -> None:
        """There is no answer, as of a busy library: ask again, less and less often."""
        self.n_failed += 1
        self._wanted_rest_ms = 0
        self._rest_for(min(_MAX_PATIENCE_MS, self._least_rest_ms << min(self.n_failed, 8)))

    def reset(self) -> None:
        """Forget everything: another library."""
        self._rest.stop()
        self._running, self._wanted_rest_ms = False, None
        self._rest_ms = self.n_failed = 0
        self._rests_since_s = -math.inf

    def _rest_for(self, rest_ms: int) -> None:
        self._running = False
        self._rest_ms, self._rests_since_s = rest_ms, time.monotonic()
        if self._wanted_rest_ms is not None:
            self._go_on()

    def _go_on(self) -> None:
        if self._wanted_rest_ms is None:
            return
        due_ms = max(self._rest_ms, self._wanted_rest_ms)
        left_ms = due_ms - (time.monotonic() - self._rests_since_s) * 1000
        if left_ms > 0:
            self._rest.start(math.ceil(left_ms))
        else:
            self.at_once()
