"""The thread that owns the engine: merged events, answers on the GUI thread, an end within two seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QThread

from desktop.engine_thread import EngineThread
from engine.errors import ErrorCode, LightdeskError
from engine.events import (
    EngineFailed,
    EventBus,
    JobChanged,
    LabelsChanged,
    LibraryChanged,
    ModelStateChanged,
    PredictionsStored,
    PreflightCounted,
    ProblemsChanged,
)
from engine.schemas.device import ModelState
from engine.schemas.job import Job, JobProgress, Preflight

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


@pytest.fixture
def thread(qtbot) -> Iterator[EngineThread]:
    thread = EngineThread()
    yield thread
    thread.close()


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


def job(n_done: int, job_id: int = 1) -> JobChanged:
    return JobChanged(JobProgress(Job(job_id, "ingest", "running", "x", "fake@1", False, 100, n_done, 0, 0, "")))


# Calls


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


# Events


def test_a_burst_of_events_comes_merged_and_in_few_turns(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    stored, jobs, labels = heard(thread.predictionsStored), heard(thread.jobChanged), heard(thread.labelsChanged)
    problems, library, states = (
        heard(thread.problemsChanged),
        heard(thread.libraryChanged),
        heard(thread.modelStateChanged),
    )
    preflights, failures = heard(thread.preflightCounted), heard(thread.failed)

    def publish() -> None:
        for i in range(300):
            engine.events.publish(PredictionsStored(1, (i,)))
            engine.events.publish(job(i))
            engine.events.publish(PreflightCounted(Preflight(1, i, 0, 0, 0)))
            engine.events.publish(ProblemsChanged())
        engine.events.publish(LabelsChanged((7, 8)))
        engine.events.publish(LabelsChanged((9,)))
        engine.events.publish(LibraryChanged())
        engine.events.publish(ModelStateChanged(ModelState("warming", "fake@1")))
        engine.events.publish(EngineFailed("DISK_FULL", "Full."))
        engine.events.publish(EngineFailed("NO_SUCH_CODE", "Odd."))

    started_s = time.monotonic()
    publisher = threading.Thread(target=publish)
    publisher.start()
    qtbot.waitUntil(lambda: len(failures) == 2)
    publisher.join()
    turns = (time.monotonic() - started_s) / 0.033 + 2
    assert [i for ids in stored for i in ids] == list(range(300))  # none lost, none twice, in order
    assert len(stored) <= turns and len(problems) <= turns and len(jobs) <= turns
    assert jobs[-1].job.n_done == 299 and preflights[-1].n_images == 299
    assert [i for ids in labels for i in ids] == [7, 8, 9]
    assert library == [()] and [state.phase for state in states] == ["warming"]
    assert [error.code for error in failures] == [ErrorCode.DISK_FULL, ErrorCode.INTERNAL]


def test_events_come_thirty_times_a_second_at_most(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    turns: list[float] = []
    n_ids = [0]

    def came(ids: tuple[int, ...]) -> None:
        turns.append(time.monotonic())
        n_ids[0] += len(ids)

    thread.predictionsStored.connect(came)
    stop = threading.Event()
    n_sent = [0]

    def publish() -> None:
        while not stop.wait(0.001):
            engine.events.publish(PredictionsStored(1, (n_sent[0],)))
            n_sent[0] += 1

    publisher = threading.Thread(target=publish)
    publisher.start()
    qtbot.waitUntil(lambda: len(turns) >= 10, timeout=10_000)
    stop.set()
    publisher.join()
    qtbot.waitUntil(lambda: n_ids[0] == n_sent[0])
    # A timer may be late and the next one in time: the mean is what counts.
    assert (turns[9] - turns[0]) / 9 >= 0.028
    assert n_sent[0] > 2 * len(turns)


def test_what_a_person_waits_for_comes_at_once_with_what_was_before(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    thread._timer.setInterval(60_000)
    stored, awaited = heard(thread.predictionsStored), heard(thread.awaitedStored)
    engine.events.publish(PredictionsStored(1, (1, 2)))
    qtbot.wait(50)
    assert not stored
    order: list[str] = []
    thread.predictionsStored.connect(lambda _ids: order.append("stored"))
    thread.awaitedStored.connect(lambda _ids: order.append("awaited"))
    engine.events.publish(PredictionsStored(2, (3,), awaited=True))
    qtbot.waitUntil(lambda: bool(awaited))
    assert stored == [(1, 2, 3)] and order == ["stored", "awaited"]


def test_the_answer_to_a_call_brings_the_events_before_it(qtbot, thread: EngineThread) -> None:
    engine = opened(qtbot, thread, Bench())
    thread._timer.setInterval(60_000)
    order: list[Any] = []
    thread.labelsChanged.connect(order.append)

    def accept(content_id: int) -> str:
        engine.events.publish(LabelsChanged((content_id,)))
        return "accepted"

    engine.accept = accept  # type: ignore[method-assign, assignment]
    thread.call("accept", 5, done=order.append)
    qtbot.waitUntil(lambda: len(order) == 2)
    assert order == [(5,), "accepted"]


# Another library


def test_the_engine_before_is_closed_first_and_says_nothing_more(qtbot, thread: EngineThread) -> None:
    first = opened(qtbot, thread, Bench(A))
    second = Bench(B)
    opened(qtbot, thread, second)
    assert first.did("close") == [("engine",)]
    stored = heard(thread.predictionsStored)
    first.events.publish(PredictionsStored(1, (1,)))
    second.events.publish(PredictionsStored(1, (2,)))
    qtbot.waitUntil(lambda: bool(stored))
    qtbot.wait(60)
    assert stored == [(2,)]


def test_an_engine_that_cannot_be_closed_does_not_stop_the_next(qtbot, thread: EngineThread, caplog) -> None:
    first = opened(qtbot, thread, Bench(A))
    first.close_error = OSError("drive gone")
    second = opened(qtbot, thread, Bench(B))
    assert second.did("start") and "drive gone" in caplog.text
    answers: list[int] = []
    thread.call("accept", 1, done=answers.append)
    qtbot.waitUntil(lambda: answers == [10])


def test_a_library_that_fails_leaves_none_open(qtbot, thread: EngineThread) -> None:
    opened(qtbot, thread, Bench(A))
    broken, failed = Bench(B), []
    broken.start_error = LightdeskError(ErrorCode.LIBRARY_DAMAGED, "Damaged.")
    thread.start(lambda: broken, lambda _engine: pytest.fail("opened"), failed.append)
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert broken.did("close")
    thread.call("accept", 1, failed=failed.append)
    qtbot.waitUntil(lambda: len(failed) == 2)
    assert failed[1].code == ErrorCode.LIBRARY_NOT_FOUND


def test_of_several_openings_the_last_counts(qtbot, thread: EngineThread) -> None:
    engines = [Bench(Path(f"/{i}.lightdesk")) for i in range(5)]
    made: list[Bench] = []
    opened_: list[Bench] = []

    def make(engine: Bench) -> Callable[[], Bench]:
        def go() -> Bench:
            made.append(engine)
            return engine

        return go

    for engine in engines:
        thread.start(make(engine), opened_.append, pytest.fail)
    qtbot.waitUntil(lambda: bool(opened_))
    qtbot.wait(30)
    assert opened_ == [engines[-1]]
    assert all(engine.did("close") for engine in made[:-1])


def test_an_opening_that_was_overtaken_is_not_shown(qtbot, thread: EngineThread) -> None:
    first, second, opened_ = Bench(A), Bench(B), []
    thread.start(lambda: first, opened_.append, pytest.fail)
    until_s = time.monotonic() + 5
    while not first.did("start") and time.monotonic() < until_s:  # without letting this thread's events run
        time.sleep(0.005)
    thread.start(lambda: second, opened_.append, pytest.fail)
    qtbot.waitUntil(lambda: bool(opened_))
    qtbot.wait(30)
    assert opened_ == [second] and first.did("close")


def test_a_label_meant_for_one_library_never_goes_to_another(qtbot, thread: EngineThread) -> None:
    """Contents have the same numbers there: the wrong picture would get a person's label."""
    first, second, answers = opened(qtbot, thread, Bench(A)), Bench(B), []
    shown = heard(thread.failed)
    thread.call("hang")
    first.entered.wait(5)
    thread.call("accept", 1)  # before the switch: still goes to the first
    thread.start(lambda: second, answers.append, pytest.fail)
    thread.call("accept", 2, done=lambda _v: pytest.fail("done"))  # the window still shows the first
    first.gate.set()
    qtbot.waitUntil(lambda: answers == [second] and len(shown) == 1)
    assert first.did("accept") == [(1,)] and not second.did("accept")
    assert "closed meanwhile" in shown[0].message
    thread.call("accept", 3)
    qtbot.waitUntil(lambda: second.did("accept") == [(3,)])


def test_the_same_library_with_another_model_takes_calls_on_the_way(qtbot, thread: EngineThread) -> None:
    first, second, answers = opened(qtbot, thread, Bench(A)), Bench(A), []
    thread.call("hang")
    thread.start(lambda: second, answers.append, pytest.fail)
    thread.call("accept", 2, done=answers.append)
    first.gate.set()
    qtbot.waitUntil(lambda: answers == [second, 20])


def test_what_is_dropped_before_the_library_is_open_waits_for_it(qtbot, thread: EngineThread) -> None:
    engine, order = Bench(A), []
    thread.start(lambda: engine, lambda _e: order.append("open"), pytest.fail)
    thread.call("accept", 1, done=order.append)
    qtbot.waitUntil(lambda: order == ["open", 10])


def test_answers_of_the_library_before_are_dropped(qtbot, thread: EngineThread) -> None:
    first = opened(qtbot, thread, Bench(A))
    late: list[Any] = []
    thread.compute("hang", done=late.append, failed=late.append)
    first.entered.wait(5)
    opened(qtbot, thread, Bench(B))
    first.gate.set()
    answers: list[int] = []
    thread.call("accept", 1, done=answers.append)
    qtbot.waitUntil(lambda: answers == [10])
    qtbot.wait(50)
    assert not late


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
    import subprocess
    import sys

    code = """
import os, threading
from PySide6.QtCore import QCoreApplication, QThread, QTimer
from PySide6.QtCore import QThread

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
