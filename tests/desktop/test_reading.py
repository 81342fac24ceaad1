"""Reads of the library off the GUI thread: lanes, the newest wins, nothing of another library comes through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from desktop.reading import LibraryReading
from engine.errors import ErrorCode, LibraryError


class View:
    """Says which thread uses it, and sees that no other does and that it is closed."""

    def __init__(self, library: str, views: list[View]) -> None:
        self.library = library
        self.thread = threading.current_thread()
        self.closed = False
        views.append(self)

    def look(self) -> str:
        assert threading.current_thread() is self.thread and not self.closed
        return self.library

    def close(self) -> None:
        assert threading.current_thread() is self.thread and not self.closed
        self.closed = True


@pytest.fixture
def views() -> list[View]:
    return []


@pytest.fixture
def reading(qtbot, views: list[View]) -> Iterator[LibraryReading]:
    reading = LibraryReading()
    reading.open(lambda: View("a", views))
    yield reading
    reading.close()
    assert all(view.closed for view in views)


class Gate:
    """A read that waits until it is let through."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()

    def __call__(self, view: View) -> str:
        self.entered.set()
        assert self.go.wait(20)
        return view.look()


def test_answers_come_on_the_gui_thread(qtbot, reading: LibraryReading) -> None:
    answers: list[tuple[str, threading.Thread]] = []
    reading.ask("x", lambda view: view.look(), lambda value: answers.append((value, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [("a", threading.main_thread())]


def test_in_a_lane_the_newest_wins_and_what_waited_is_never_read(qtbot, reading: LibraryReading) -> None:
    gate, answers, read = Gate(), [], []

    def reader(i: int) -> Callable[[View], int]:
        def go(_view: View) -> int:
            read.append(i)
            return i

        return go

    reading.ask("x", gate, answers.append)
    assert gate.entered.wait(5)
    for i in range(100):
        reading.ask("x", reader(i), answers.append)
    gate.go.set()
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(30)
    assert answers == [99] and read == [99]


def test_a_lane_never_takes_two_threads(qtbot, reading: LibraryReading) -> None:
    """Else filters typed fast would keep every thread at reads that nobody wants any more."""
    gate, other, answers = Gate(), Gate(), []
    reading.ask("x", gate, answers.append)
    assert gate.entered.wait(5)
    reading.ask("x", other, answers.append)
    assert not other.entered.wait(0.1)
    gate.go.set()
    assert other.entered.wait(5)
    other.go.set()
    qtbot.waitUntil(lambda: answers == ["a"])


def test_lanes_do_not_hold_each_other_up(qtbot, reading: LibraryReading) -> None:
    gates, answers = [Gate(), Gate()], []
    for i, gate in enumerate(gates):
        reading.ask(f"slow {i}", gate, answers.append)
    assert all(gate.entered.wait(5) for gate in gates)
    reading.ask("quick", lambda view: "quick", answers.append)
    qtbot.waitUntil(lambda: answers == ["quick"])
    for gate in gates:
        gate.go.set()
    qtbot.waitUntil(lambda: len(answers) == 3)


def test_errors_are_delivered_and_the_lane_goes_on(qtbot, reading: LibraryReading, caplog) -> None:
    failed: list[Any] = []

    def busy(_view: View) -> None:
        raise LibraryError(ErrorCode.LIBRARY_BUSY, "Busy.")

    def bug(_view: View) -> None:
        raise KeyError("a bug")

    reading.ask("x", busy, lambda _v: pytest.fail("answered"), failed.append)
    qtbot.waitUntil(lambda: len(failed) == 1)
    reading.ask("x", bug, lambda _v: pytest.fail("answered"), failed.append)
    qtbot.waitUntil(lambda: len(failed) == 2)
    assert [error.code for error in failed] == [ErrorCode.LIBRARY_BUSY, ErrorCode.INTERNAL]
    assert "a bug" in caplog.text
    reading.ask("x", busy, lambda _v: pytest.fail("answered"))
    qtbot.waitUntil(lambda: "Reading (x): Busy." in caplog.text)  # nobody asked for errors: the log has them
    answers: list[str] = []
    reading.ask("x", lambda view: view.look(), answers.append)
    qtbot.waitUntil(lambda: answers == ["a"])


def test_a_view_that_cannot_be_made_is_an_error_and_is_tried_again(qtbot, reading: LibraryReading, views) -> None:
    n_tries = [0]

    def make() -> View:
        n_tries[0] += 1
        if n_tries[0] == 1:
            raise LibraryError(ErrorCode.LIBRARY_NOT_FOUND, "Gone.")
        return View("c", views)

    reading.open(make)
    said: list[Any] = []
    reading.ask("x", lambda view: view.look(), said.append, lambda error: said.append(error.code))
    qtbot.waitUntil(lambda: said == [ErrorCode.LIBRARY_NOT_FOUND])
    reading.ask("x", lambda view: view.look(), said.append)
    qtbot.waitUntil(lambda: said[1:] == ["c"])


# Another library


def test_answers_of_another_library_are_dropped(qtbot, reading: LibraryReading, views: list[View]) -> None:
    running, late = Gate(), []
    reading.ask("x", running, late.append, late.append)
    assert running.entered.wait(5)
    reading.ask("x", lambda view: view.look(), late.append)  # waits
    reading.open(lambda: View("b", views))
    answers: list[str] = []
    reading.ask("x", lambda view: view.look(), answers.append)
    qtbot.waitUntil(lambda: answers == ["b"])  # not held up by the read of the old library either
    running.go.set()
    qtbot.waitUntil(lambda: all(view.closed for view in views if view.library == "a"))
    qtbot.wait(20)
    assert not late and answers == ["b"]


def test_an_answer_already_on_its_way_is_dropped_too(qtbot, reading: LibraryReading, views: list[View]) -> None:
    late, done = [], threading.Event()

    def read(view: View) -> str:
        done.set()
        return view.look()

    reading.ask("x", read, late.append)
    assert done.wait(5)
    time.sleep(0.05)  # the signal is queued: nothing has run on this thread since
    reading.open(lambda: View("b", views))
    answers: list[str] = []
    reading.ask("y", lambda view: view.look(), answers.append)
    qtbot.waitUntil(lambda: answers == ["b"])
    assert not late


def test_a_library_whose_drive_hangs_does_not_hold_up_the_next(qtbot, reading: LibraryReading, views) -> None:
    gates = [Gate() for _ in range(3)]
    for i, gate in enumerate(gates):
        reading.ask(f"lane {i}", gate, lambda _v: pytest.fail("answered"))
    assert all(gate.entered.wait(5) for gate in gates)
    reading.open(lambda: View("b", views))
    answers: list[str] = []
    for lane in ("lane 0", "lane 1", "lane 2", "new"):
        reading.ask(lane, lambda view: view.look(), answers.append)
    qtbot.waitUntil(lambda: answers == ["b"] * 4)
    for gate in gates:
        gate.go.set()
    qtbot.waitUntil(lambda: all(view.closed for view in views if view.library == "a"))


def test_views_are_closed_as_soon_as_their_library_is(qtbot, reading: LibraryReading, views: list[View]) -> None:
    answers: list[str] = []
    for lane in ("x", "y", "z"):
        reading.ask(lane, lambda view: view.look(), answers.append)
    qtbot.waitUntil(lambda: len(answers) == 3)
    reading.open(None)
    qtbot.waitUntil(lambda: all(view.closed for view in views))
    reading.ask("x", lambda view: view.look(), lambda _v: pytest.fail("read without a library"))
    qtbot.wait(30)


def test_the_end_does_not_wait_for_a_read_that_hangs(qtbot, caplog) -> None:
    reading, gate, views = LibraryReading(), Gate(), []
    reading.open(lambda: View("a", views))
    late: list[Any] = []
    reading.ask("x", gate, late.append, late.append)
    assert gate.entered.wait(5)
    started_s = time.monotonic()
    reading.close()
    assert time.monotonic() - started_s < 1.0
    assert "still under way" in caplog.text
    gate.go.set()
    qtbot.waitUntil(lambda: all(view.closed for view in views))
    reading.ask("x", gate, late.append)
    qtbot.wait(20)
    assert not late
