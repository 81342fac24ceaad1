"""Waiting in Qt's event loop, so that the window goes on living meanwhile. GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QTimer


def wait(ms: int) -> None:
    """Let events be handled for a while."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def until(condition: Callable[[], bool], limit_s: float, what: str, *, look_ms: int = 2) -> None:
    """Wait for a condition. Raises SystemExit after `limit_s`, so that a run never hangs.

    Looking costs time of the thread that is measured: `look_ms` is to be long where the wait is.
    """
    until_s = time.perf_counter() + limit_s
    while not condition():
        if time.perf_counter() > until_s:
            raise SystemExit(f"Gave up after {limit_s:.0f} s waiting for {what}.")
        wait(look_ms)
