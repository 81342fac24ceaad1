"""The window never freezes: the heart of the GUI thread beats while thousands of pictures come and are painted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np
import pytest
import simplejpeg
from PySide6.QtCore import QTimer

from desktop.reading import LibraryReading
from desktop.thumbnails import Thumbnails
from desktop.ui import theme
from desktop.ui.grid import AssetGrid
from tests.desktop.ui.records import tile


class Shelf:
    """A library's view and thumbnails for real reader and decoder threads."""

    def __init__(self) -> None:
        self.jpegs = [
            bytes(
                simplejpeg.encode_jpeg(np.random.default_rng(i).integers(0, 255, (192, 256, 3), np.uint8), quality=70)
            )
            for i in range(8)
        ]

    def tiles(self, content_ids: list[int], _ref: str) -> list:
        return [tile(i) for i in content_ids]

    def thumbnail(self, sha256: str) -> bytes:
        return self.jpegs[int(sha256, 16) % 8]

    def close(self) -> None:
        pass


@pytest.fixture
def living(qtbot, qapp) -> Iterator[AssetGrid]:
    theme.apply(qapp, "light")
    reading, thumbnails, shelf = LibraryReading(), Thumbnails(), Shelf()
    reading.open(lambda: shelf)
    thumbnails.open(shelf.thumbnail)
    grid = AssetGrid(reading, thumbnails)
    qtbot.addWidget(grid)
    grid.resize(1300, 900)
    grid.show()
    yield grid
    reading.close()
    thumbnails.close()


def beats_while_filling(grid: AssetGrid, qtbot) -> tuple[float, float]:
    """Return the longest gap of a 5 ms timer, in seconds by the clock and by this thread's own time."""
    bar, everything = grid.verticalScrollBar(), np.arange(100, 20_100, dtype=np.int64)
    grid.reset()
    grid.set_ids(everything[:200])
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0, timeout=20_000)
    gaps: list[tuple[float, float]] = []
    last = [(time.perf_counter(), time.thread_time())]

    def beat() -> None:
        now = time.perf_counter(), time.thread_time()
        gaps.append((now[0] - last[0][0], now[1] - last[0][1]))
        last[0] = now

    heart, chunks, turn = QTimer(), QTimer(), [0]

    def more() -> None:
        turn[0] += 1
        n = min(20_000, 200 + turn[0] * 300)
        # In the order of arrival, and now and then in another: nothing is then where it was.
        grid.set_ids(everything[:n] if turn[0] % 7 else everything[:n][::-1].copy())
        grid.refresh(everything[n - 300 : n].tolist())
        bar.setValue(bar.maximum() * (turn[0] * 13 % 100) // 100)
        if n == 20_000:
            chunks.stop()

    heart.timeout.connect(beat)
    chunks.timeout.connect(more)
    heart.start(5)
    chunks.start(30)
    qtbot.waitUntil(lambda: grid.count() == 20_000, timeout=60_000)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0, timeout=20_000)
    heart.stop()
    assert len(gaps) > 50
    return max(gap for gap, _own in gaps), max(own for _gap, own in gaps)


def test_the_heart_beats_while_twenty_thousand_come_and_are_painted(living: AssetGrid, qtbot) -> None:
    """A timer of 5 ms sees no gap over 250 ms; the figures proper are measured by the benchmark.

    What this thread does in a gap is counted always. The clock also counts the turns of other programs: where it
    shows more it gets two more chances, and on a machine with more to do than it can it says nothing.
    """
    for _ in range(3):
        gap_s, own_s = beats_while_filling(living, qtbot)
        assert own_s < 0.25
        if gap_s < 0.25:
            return
    n_waiting = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if n_waiting > 2 * (os.cpu_count() or 1):
        pytest.skip(f"this machine is overloaded ({n_waiting:.0f} programs want to run): gaps say nothing")
    pytest.fail(f"the window stood still for {gap_s:.2f} s")
