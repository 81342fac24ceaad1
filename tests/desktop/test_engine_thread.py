"""The thread that owns the engine: calls in order, answers on the GUI thread, an end within two seconds."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QThread

from desktop.engine_thread import EngineThread
from engine.errors import ErrorCode, LightdeskError
from engine.events import (
    PredictionsStored,
)
from tests.desktop.engine_bench import Bench, heard, opened


def test_calls_run_on_the_engines_thread_in_order_and_answer_on_the_gui_thread(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    answers: list[tuple[int, str]] = []
    for i in range(20):
        thread.call("accept", i, done=lambda value: answers.append((value, threading.current_thread().name)))
    qtbot.waitUntil(lambda: len(answers) == 20)
    assert answers == [(i * 10, "MainThread") for i in range(20)]
    assert engine.did("accept") == [(i,) for i in range(20)]
    assert engine.did("start") == [("engine",)]


def test_errors_go_to_the_caller_or_else_to_the_window(qtbot, thread: EngineThread, caplog) -> None:
    opened(qtbot, thread, Bench())
    shown, mine = heard(thread.failed), []
    thread.call("refuse", failed=mine.append)
    qtbot.waitUntil(lambda: len(mine) == 1)
    assert mine[0].code == ErrorCode.DISK_FULL and not shown
    thread.call("refuse")
    qtbot.waitUntil(lambda: len(shown) == 1)
    thread.compute("break_down", done=mine.append)
    qtbot.waitUntil(lambda: len(shown) == 2)
    assert shown[1].code == ErrorCode.INTERNAL and "ZeroDivisionError" in shown[1].message
    assert "a bug" in caplog.text  # the traceback, for whoever mends it


def test_without_a_library_a_call_says_so(qtbot, thread: EngineThread) -> None:
    failed: list[LightdeskError] = []
    thread.call("accept", 1, failed=failed.append)
    thread.compute("accept", 1, done=None, failed=failed.append)
    qtbot.waitUntil(lambda: len(failed) == 2)
    assert {error.code for error in failed} == {ErrorCode.LIBRARY_NOT_FOUND}
    assert all("Library menu" in error.way_out for error in failed)


def test_a_computation_does_not_wait_for_a_call_nor_hold_one_up(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    answers: list[Any] = []
    thread.call("hang", done=answers.append)
    thread.compute("accept", 4, done=answers.append)
    qtbot.waitUntil(lambda: answers == [40])
    engine.gate.set()
    qtbot.waitUntil(lambda: answers == [40, "late"])


def test_aside_answers_and_fails_on_the_gui_thread(qtbot, thread: EngineThread) -> None:
    answers: list[Any] = []

    def refuse() -> None:
        raise LightdeskError(ErrorCode.LIBRARY_DAMAGED, "Damaged.")

    thread.run_aside(lambda: threading.current_thread().name, answers.append)
    thread.run_aside(
        refuse, answers.append, lambda error: answers.append((error.code, threading.current_thread().name))
    )
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert set(answers) == {"aside", (ErrorCode.LIBRARY_DAMAGED, "MainThread")}


# The end


def test_closing_keeps_what_was_asked_before_and_delivers_nothing(qtbot) -> None:
    thread = EngineThread()
    engine = opened(qtbot, thread, Bench())
    late, stored = [], heard(thread.predictionsStored)
    for i in range(50):
        thread.call("accept", i, done=late.append)
    engine.events.publish(PredictionsStored(1, (1,)))
    thread.close()
    assert engine.did("accept") == [(i,) for i in range(50)]
    assert engine.log[-1] == ("close", "engine")
    engine.events.publish(PredictionsStored(1, (2,)))
    thread.call("accept", 99)
    thread.compute("accept", 99, done=late.append)
    thread.run_aside(lambda: engine.accept(99), late.append)
    thread.close()
    qtbot.wait(80)
    assert not late and not stored and (99,) not in engine.did("accept")


@pytest.mark.parametrize("where", ["call", "compute", "aside"])
def test_the_end_comes_within_two_seconds_while_something_hangs(qtbot, where: str, caplog) -> None:
    thread = EngineThread()
    engine = opened(qtbot, thread, Bench())
    late: list[Any] = []
    if where == "call":
        thread.call("hang", done=late.append)
    elif where == "compute":
        for _ in range(4):
            thread.compute("hang", done=late.append)
    else:
        thread.run_aside(engine.hang, late.append)
    assert engine.entered.wait(5)
    started_s = time.monotonic()
    thread.close()
    assert time.monotonic() - started_s < 2.0
    assert "left behind" in caplog.text
    if where != "call":
        assert engine.did("close")  # what hangs beside it does not keep the engine from closing
    engine.gate.set()
    qtbot.wait(30)
    assert not late


def test_a_hanging_call_does_not_keep_the_process(tmp_path: Path) -> None:
    code = """
import os, threading
from PySide6.QtCore import QCoreApplication, QTimer

from desktop.engine_thread import EngineThread
from desktop.reading import LibraryReading
from engine.events import EventBus

class Hangs:
    library_path, events = None, EventBus()
    start = close = lambda self: None
    def hang(self):
        threading.Event().wait()

app = QCoreApplication([])
thread, reading = EngineThread(), LibraryReading()
thread.start(lambda: Hangs(), print, print)
thread.call("hang")
thread.compute("hang", done=None)
reading.open(Hangs)
reading.ask("x", lambda view: view.hang(), None)
QTimer.singleShot(100, app.quit)
app.exec()
reading.close()
if not thread.close():
    os._exit(7)  # as `desktop.app.run` does: Qt would abort over a thread that still runs
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done.stderr


def test_the_engine_lives_on_a_qthread(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    assert isinstance(thread._calls, QThread) and thread._calls.isRunning()
    assert thread.close() and thread._calls.isFinished()
    assert engine.did("close") == [("engine",)]
