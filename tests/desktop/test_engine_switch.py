"""From one library to the next on the thread that owns the engine: a call means the one that was shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.engine_thread import EngineThread
from engine.errors import ErrorCode, LightdeskError
from engine.events import (
    PredictionsStored,
)
from tests.desktop.engine_bench import A, B, Bench, heard, opened


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
