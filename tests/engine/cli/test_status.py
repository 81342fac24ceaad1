"""The line that says how far the work is."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from engine.cli import status
from engine.cli.status import StatusLine


class Terminal(io.StringIO):
    """Keeps what is written, and says that a person looks on."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        """The line as it stands: what a carriage return has not overwritten."""
        line = ""
        for part in self.getvalue().split("\r"):
            line = part + line[len(part) :]
        return line.rstrip()


class Clock:
    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(status, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    # not the real one: between a fixture and its test, pytest puts its own in that place
    monkeypatch.setattr(status, "sys", SimpleNamespace(stderr=terminal))
    monkeypatch.setenv("COLUMNS", "80")
    return terminal


def test_number_rate_and_time_left(clock: Clock, terminal: Terminal) -> None:
    line = StatusLine()
    clock.now_s += 2
    line.counted(50, 200, counting=False)
    assert terminal.shown() == "[######------------------] 50/200  25 img/s  0:06 left"


def test_while_files_are_still_counted_no_time_is_promised(clock: Clock, terminal: Terminal) -> None:
    line = StatusLine()
    clock.now_s += 2
    line.counted(50, 200, counting=True)
    assert terminal.shown().endswith("50/200+  25 img/s")


def test_what_was_known_already_does_not_promise_a_quick_end(clock: Clock, terminal: Terminal) -> None:
    """1,000 files at once from the library, then 10 a second: 9,000 are left, which is a quarter of an hour."""
    line = StatusLine()
    for second in range(1, 31):
        clock.now_s += 1
        line.counted(1000 + 10 * second, 10_000, counting=False)
    assert "10 img/s  14:30 left" in terminal.shown()


def test_nothing_is_promised_while_nothing_moves(clock: Clock, terminal: Terminal) -> None:
    line = StatusLine()
    for _ in range(30):
        clock.now_s += 1
        line.counted(7, 100, counting=False)
    assert terminal.shown().endswith("7/100  0 img/s")


def test_words_in_place_of_the_bar(clock: Clock, terminal: Terminal) -> None:
    line = StatusLine()
    clock.now_s += 1
    line.counted(0, 0, counting=True, doing="Building the model... 40%")
    assert terminal.shown() == "Building the model... 40%"
    clock.now_s += 1
    line.counted(1, 2, counting=True)
    assert "Building" not in terminal.shown() and "1/2+" in terminal.shown()


def test_it_is_not_written_more_often_than_anybody_can_read(clock: Clock, terminal: Terminal) -> None:
    line = StatusLine()
    clock.now_s += 1
    for n in range(1000):
        clock.now_s += 0.001
        line.counted(n, 1000, counting=False)
    assert terminal.getvalue().count("\r") <= 11


def test_cleared_it_leaves_nothing_behind(clock: Clock, terminal: Terminal) -> None:
    line = StatusLine()
    line.clear()
    assert terminal.getvalue() == ""
    clock.now_s += 1
    line.counted(1, 2, counting=False)
    line.clear()
    assert terminal.shown() == "" and terminal.getvalue().endswith("\r")


def test_a_narrow_terminal_gets_one_line(clock: Clock, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "45")
    line = StatusLine()
    clock.now_s += 1
    line.counted(1_000_000, 2_000_000, counting=False)
    assert len(terminal.shown()) <= 44


def test_without_a_terminal_it_is_silent(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(status, "sys", SimpleNamespace(stderr=stream))
    line = StatusLine()
    clock.now_s += 1
    line.counted(1, 2, counting=False)
    line.clear()
    assert stream.getvalue() == ""
