"""Ctrl+C as something that is asked for, not as an exception that may strike anywhere."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType


class Interrupted(Exception):
    """The person wants to stop. `exit_code` follows the shells' convention (128 + signal)."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.exit_code = 128 + number


class Interrupt:
    """Notes SIGINT and SIGTERM while entered; a second one ends the process at once.

    Main thread only. The handler sets a plain attribute: locks (so also events) may be held by the
    very code that a signal interrupts.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self._number is not None:
            raise Interrupted(self._number)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._number is not None:
            os._exit(128 + number)
        self._number = number
