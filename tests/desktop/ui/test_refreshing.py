"""Read again soon, but not all the time, and never not at all."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QObject

from desktop.ui import refreshing as module
from desktop.ui.refreshing import MAX_REST_MS, REST_FACTOR, Refresher


class Bench:
    def __init__(self) -> None:
        self.parent = QObject()
        self.asked: list[float] = []
        self.refresher = Refresher(lambda: self.asked.append(time.monotonic()), self.parent)


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench()


def test_the_first_is_asked_at_once_and_a_burst_once_more(bench: Bench, qtbot) -> None:
    for _ in range(50):
        bench.refresher.want()
    assert len(bench.asked) == 1
    bench.refresher.finished()
    for _ in range(50):
        bench.refresher.want()
    assert len(bench.asked) == 1  # it rests
    qtbot.waitUntil(lambda: len(bench.asked) == 2)
    assert bench.asked[1] - bench.asked[0] >= 0.17  # a coarse timer
    bench.refresher.finished()
    qtbot.wait(300)
    assert len(bench.asked) == 2  # nothing changed since


def test_what_changes_during_a_read_is_read_again(bench: Bench, qtbot) -> None:
    bench.refresher.want()
    bench.refresher.want()
    bench.refresher.finished()
    qtbot.waitUntil(lambda: len(bench.asked) == 2)


def test_a_person_does_not_wait(bench: Bench, qtbot) -> None:
    bench.refresher.want()
    bench.refresher.at_once()
    assert len(bench.asked) == 2
    bench.refresher.finished()
    bench.refresher.at_once()
    assert len(bench.asked) == 3


def test_slow_reads_rest_longer_up_to_a_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now_s[0]

    monkeypatch.setattr(module, "time", Clock)
    rests = []
    for took_s in (0.001, 0.05, 0.6, 60.0):
        bench.refresher.at_once()
        now_s[0] += took_s
        bench.refresher.want()
        bench.refresher.finished()
        rests.append(bench.refresher._rest.interval())
    assert rests == [200, 50 * REST_FACTOR, MAX_REST_MS, MAX_REST_MS]
    assert MAX_REST_MS <= 2000  # nobody looks at an old list for longer


def test_who_can_wait_longer_waits_until_somebody_cannot(bench: Bench, qtbot) -> None:
    bench.refresher.want(1000)
    assert len(bench.asked) == 1  # there was no answer to rest from
    bench.refresher.finished()
    answered_s = time.monotonic()
    bench.refresher.want(600)
    qtbot.wait(400)
    assert len(bench.asked) == 1
    bench.refresher.want(600)  # not counted from here
    qtbot.waitUntil(lambda: len(bench.asked) == 2)
    assert 0.55 <= bench.asked[1] - answered_s < 0.9
    bench.refresher.finished()
    bench.refresher.want(5000)
    bench.refresher.want()
    qtbot.waitUntil(lambda: len(bench.asked) == 3, timeout=1000)
    bench.refresher.want()
    bench.refresher.want(5000)  # does not hold back who was there before
    bench.refresher.finished()
    qtbot.waitUntil(lambda: len(bench.asked) == 4, timeout=1000)


def test_another_library_begins_anew(bench: Bench, qtbot) -> None:
    bench.refresher.want()
    bench.refresher.want()
    bench.refresher.reset()  # the answer was dropped: `finished` will not be called
    bench.refresher.want()
    assert len(bench.asked) == 2
    bench.refresher.finished()
    bench.refresher.want()
    bench.refresher.reset()
    qtbot.wait(300)
    assert len(bench.asked) == 2
