"""What the benchmark of the first screen measures is what is seen."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.press_to_paint import PressToPaint
from tests.desktop.conftest import Shown, on_first
from tests.desktop.fake_view import FakeView

Show = Callable[..., Shown]


def test_the_clock_stops_when_all_is_painted(show: Show, qtbot, monkeypatch) -> None:
    shown = show(300)
    on_first(qtbot, shown)
    clock = PressToPaint(shown.window, lambda done, _what: qtbot.waitUntil(done, timeout=10_000))
    first = clock.press(100)
    assert 0 < first.listed <= first.painted <= first.with_pictures <= first.whole
    slow = shown.engine.similar
    monkeypatch.setattr(shown.engine, "similar", lambda query: (time.sleep(0.3), slow(query))[1])
    assert clock.press(101).listed >= 300
    monkeypatch.setattr(shown.engine, "similar", slow)
    shown.window.exploring.close()
    qtbot.waitUntil(lambda: shown.window.grid.count() == 300, timeout=5000)
    read = FakeView.tiles
    monkeypatch.setattr(FakeView, "tiles", lambda view, ids, ref: (time.sleep(0.2), read(view, ids, ref))[1])
    times = clock.press(250)
    assert times.painted >= times.listed + 150  # ids alone are not seen
