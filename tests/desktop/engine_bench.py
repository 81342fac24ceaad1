"""An engine whose every call is written down, on the thread that owns engines."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from desktop.engine_thread import EngineThread
from engine.errors import ErrorCode, LightdeskError
from engine.events import EventBus

A, B = Path("/a.lightdesk"), Path("/b.lightdesk")


class Bench:
    """An engine of which every call is written down, with a gate to hold them at."""

    def __init__(self, path: Path = A) -> None:
        self.library_path = path
        self.events = EventBus()
        self.log: list[tuple[Any, ...]] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.start_error: Exception | None = None
        self.close_error: Exception | None = None

    def start(self) -> None:
        self.log.append(("start", threading.current_thread().name))
        if self.start_error is not None:
            raise self.start_error

    def close(self) -> None:
        self.log.append(("close", threading.current_thread().name))
        if self.close_error is not None:
            raise self.close_error

    def accept(self, content_id: int) -> int:
        self.log.append(("accept", content_id))
        return content_id * 10

    def hang(self) -> str:
        self.entered.set()
        self.gate.wait(20)
        return "late"

    def refuse(self) -> None:
        raise LightdeskError(ErrorCode.DISK_FULL, "The disk is full.")

    def break_down(self) -> None:
        raise ZeroDivisionError("a bug")

    def did(self, name: str) -> list[tuple[Any, ...]]:
        return [row[1:] for row in self.log if row[0] == name]


def opened(qtbot, thread: EngineThread, engine: Bench) -> Bench:
    there: list[Any] = []
    thread.start(lambda: engine, there.append, there.append)
    qtbot.waitUntil(lambda: there == [engine])
    return engine


def heard(signal: Any) -> list[Any]:
    """Write down what a signal says, () for nothing."""
    said: list[Any] = []
    signal.connect(lambda *arguments: said.append(arguments[0] if arguments else ()))
    return said
