"""The first picture of a drop becomes the current one, whichever is told first."""

from __future__ import annotations

import pytest

from desktop.ui import arrivals as module
from desktop.ui.arrivals import Arrivals


class Grid:
    def __init__(self) -> None:
        self.listed: set[int] = set()
        self.gone_to: list[int] = []

    def shows(self, content_id: int) -> bool:
        return content_id in self.listed

    def set_current(self, content_id: int) -> None:
        self.gone_to.append(content_id)


@pytest.mark.parametrize("number_first", [True, False])
def test_job_and_picture_may_be_told_in_either_order(number_first: bool) -> None:
    grid = Grid()
    arrivals = Arrivals(grid, lambda: True)  # type: ignore[arg-type]
    told = [lambda: arrivals.dropped(3), lambda: arrivals.began(3, 42)]
    for tell in told if number_first else reversed(told):
        tell()
        arrivals.shown()
    assert grid.gone_to == []
    grid.listed.add(42)
    arrivals.shown()
    arrivals.shown()
    assert grid.gone_to == [42]


def test_who_is_busy_then_is_not_moved_later(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, free = Grid(), [False]
    grid.listed.add(42)
    arrivals = Arrivals(grid, lambda: free[0])  # type: ignore[arg-type]
    arrivals.dropped(3)
    arrivals.began(3, 42)
    free[0] = True
    arrivals.shown()
    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)
    arrivals.dropped(4)
    arrivals.began(4, 42)
    assert grid.gone_to == []


def test_who_was_busy_is_led_there_when_they_ask() -> None:
    grid, free = Grid(), [False]
    arrivals = Arrivals(grid, lambda: free[0])  # type: ignore[arg-type]
    arrivals.lead()  # nothing was dropped
    arrivals.dropped(3)
    arrivals.began(3, 42)
    grid.listed.add(42)
    arrivals.shown()
    free[0] = True
    arrivals.shown()
    assert grid.gone_to == []
    grid.listed.clear()
    arrivals.lead()
    assert grid.gone_to == []  # not listed yet
    grid.listed.add(42)
    arrivals.shown()
    assert grid.gone_to == [42]


def test_of_jobs_that_nobody_dropped_little_is_kept() -> None:
    arrivals = Arrivals(Grid(), lambda: True)  # type: ignore[arg-type]
    for job_id in range(1000):
        arrivals.began(job_id, job_id)
    assert len(arrivals._first) < 100
    arrivals.forget()
    assert not arrivals._first
