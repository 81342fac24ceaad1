"""Ctrl+C, and whatever else politely ends a program, closes the window as its own cross does."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_ASK_AGAIN_S = 0.1


class Interrupt:
    """While entered, a signal closes all windows; the same again ends the process at once. Main thread only.

    Qt's event loop does not let Python's own handlers run until something else calls into Python, and what they raise
    then ends in whatever slot is at work. So Python writes the signal's number to a socket, at once and from C, and a
    thread that waits there asks Qt to quit.

    Enter it before Qt is imported: an exception in the middle of that import ends the process with an abort.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._first: int | None = None

    @property
    def exit_code(self) -> int | None:
        """By the convention of shells, 128 and the signal's number; None where none came."""
        return None if self._first is None else 128 + self._first

    def __enter__(self) -> Interrupt:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._thread = threading.Thread(target=self._listen, name="interrupt", daemon=True)
        self._thread.start()
        for name in _NAMES:
            number = getattr(signal, name, None)
            # What is ignored stays so: the program was started with nohup, or in the background of a script.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._noted)
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, before in self._before.items():
            signal.signal(number, before)
        self._writer.close()
        self._thread.join()
        self._reader.close()

    def _noted(self, number: int, _frame: FrameType | None) -> None:
        """Take the place of Python's own handler, which would raise KeyboardInterrupt wherever the program is."""

    def _listen(self) -> None:
        while True:
            try:
                numbers = self._reader.recv(16)
            except TimeoutError:
                self._quit()
                continue
            if not numbers:
                return
            for number in numbers:
                if number not in self._before:
                    continue
                if self._first is not None:
                    # Only the same again is a person's impatience: the end of a session sends two kinds at once.
                    if number == self._first:
                        os._exit(128 + number)
                    continue
                self._first = number
                # From now on Qt is asked again and again: it hears nothing before its loop runs, and a signal may
                # come at any moment of the start.
                self._reader.settimeout(_ASK_AGAIN_S)
                self._quit()

    def _quit(self) -> None:
        # Not imported here: Qt belongs to the main thread, which may just be importing it.
        core = sys.modules.get("PySide6.QtCore")
        if not all(hasattr(core, name) for name in ("QCoreApplication", "QMetaObject", "Qt")):
            return
        assert core is not None
        application = core.QCoreApplication.instance()
        if application is not None:
            core.QMetaObject.invokeMethod(application, "quit", core.Qt.ConnectionType.QueuedConnection)
