"""The grid of a large library in the whole window: opening, frames while scrolling, pictures after the scroll.

A frame is all that the window does for one update of the screen, in software rendering: the grid and whatever else
has to be painted, to the pixels handed over. Every item is a file on the disk, its thumbnail lies in the cache on the
disk, and the window's own memory is cold. The last gesture goes without that cache too: thumbnails come from the files.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks import big_library
from benchmarks.engines import built_model
from benchmarks.open_window import OpenWindow
from benchmarks.waiting import until, wait

WINDOW_PX = (1920, 1080)
_FRAMES = 120
_SETTLE_MS = 200
_NOTCH = 120


class Frames(QObject):
    """Writes down how long each update of a window's pixels took."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self.wall_ms: list[float] = []
        self.work_ms: list[float] = []
        self._passing = False
        window.installEventFilter(self)

    def clear(self) -> None:
        """Begin anew."""
        self.wall_ms.clear()
        self.work_ms.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.UpdateRequest or self._passing:
            return False
        began_s, worked_s = time.perf_counter(), time.thread_time()
        self._passing = True
        try:
            # A filter comes before the window: sent on from here, it is over when the window has answered.
            QCoreApplication.sendEvent(watched, event)
        finally:
            self._passing = False
        self.wall_ms.append((time.perf_counter() - began_s) * 1000)
        self.work_ms.append((time.thread_time() - worked_s) * 1000)
        return True


def measure(scratch: Path, models: Path, *, big_home: Path) -> dict[str, Any]:
    """Measure a window that shows all items of the large library."""
    built_model(models)
    opened, result = _open(big_library.copied(big_home, scratch / "home"), models)
    grid, bar = opened.grid, opened.grid.verticalScrollBar()
    frames = Frames(opened.window)
    gestures: dict[str, Callable[[int], None]] = {
        "wheel": lambda _frame: _turn_wheel(opened),
        "glide": lambda _frame: bar.setValue(bar.value() + 23),
        "drag": lambda frame: bar.setValue(round(bar.maximum() * (0.2 + frame / 400))),
        "jumps": _jumps(opened),
    }
    for name, gesture in gestures.items():
        result[name] = _scrolled(opened, frames, gesture)
    ids = grid._selection.ids.copy()
    began_s = time.perf_counter()
    for extra in range(10):
        grid.set_ids(np.append(ids, ids.max() + 1 + np.arange(extra * 32)))
    result["append_ms"] = round((time.perf_counter() - began_s) * 100, 2)
    grid.select_all()
    began_s = time.perf_counter()
    grid.set_ids(ids[::-1].copy())
    result["reverse_all_selected_ms"] = round((time.perf_counter() - began_s) * 1000, 2)
    result["memory_mb"] = round(psutil.Process().memory_info().rss / 1e6)
    opened.close()
    opened, bare = _open(big_library.copied(big_home, scratch / "bare", with_thumbnails=False), models)
    bare["jumps"] = _scrolled(opened, Frames(opened.window), _jumps(opened))
    opened.close()
    return result | {"without_a_cache": bare}


def _open(home: Path, models: Path) -> tuple[OpenWindow, dict[str, Any]]:
    """Open the library as the program does, until the first page stands there with its pictures."""
    began_s = time.perf_counter()
    opened = OpenWindow(home, models, with_model=False, size_px=WINDOW_PX)
    grid = opened.grid
    until(lambda: opened.first_page_painted() and grid.visible_share_with_thumbnails() == 1.0, 60, "the first page")
    result: dict[str, Any] = {
        "open_ms": round((opened.painted_s - began_s) * 1000, 1),
        "n_items": grid.count(),
        "tiles_on_the_screen": len(grid._visible_ids()),
        "window": [opened.window.width(), opened.window.height()],
        "grid": [grid.viewport().width(), grid.viewport().height()],
        "platform": QApplication.platformName(),
    }
    opened.wait_for_model()
    wait(1000)
    return opened, result


def _scrolled(opened: OpenWindow, frames: Frames, gesture: Callable[[int], None]) -> dict[str, Any]:
    """Make a gesture at three places; returns frames, lateness, and the least share of pictures after it."""
    bar = opened.grid.verticalScrollBar()
    shares: list[float] = []
    late_ms: list[float] = []
    frames.clear()
    for start in (0.1, 0.5, 0.85):
        bar.setValue(round(bar.maximum() * start))
        wait(300)
        _gesture(gesture, _FRAMES, late_ms)
        wait(_SETTLE_MS)
        shares.append(opened.grid.visible_share_with_thumbnails())
    wall_ms = np.array(frames.wall_ms)
    return {
        "frames": len(wall_ms),
        "frame_p50_ms": round(float(np.percentile(wall_ms, 50)), 2),
        "frame_p99_ms": round(float(np.percentile(wall_ms, 99)), 2),
        "frame_max_ms": round(float(wall_ms.max()), 2),
        # Of the thread itself, without waiting for other threads and programs.
        "frame_cpu_p99_ms": round(float(np.percentile(frames.work_ms, 99)), 2),
        "event_loop_late_p99_ms": round(float(np.percentile(late_ms, 99)), 2),
        "share_with_pictures_200_ms_after": round(min(shares), 3),
    }


def _jumps(opened: OpenWindow) -> Callable[[int], None]:
    random, bar = np.random.default_rng(3), opened.grid.verticalScrollBar()
    return lambda _frame: bar.setValue(int(random.integers(bar.maximum())))


def _turn_wheel(opened: OpenWindow) -> None:
    wheel = QWheelEvent(
        QPointF(300, 300), QPointF(300, 300), QPoint(), QPoint(0, -_NOTCH), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(opened.grid.viewport(), wheel)


def _gesture(step: Callable[[int], None], n_frames: int, late_ms: list[float]) -> None:
    """Make a step each 60th of a second, as a compositor would ask for frames."""
    loop = QEventLoop()
    frame = 0
    due_s = time.perf_counter()

    def next_frame() -> None:
        nonlocal frame, due_s
        now_s = time.perf_counter()
        late_ms.append(max(0.0, now_s - due_s) * 1000)
        due_s = now_s + 1 / 60
        step(frame)
        frame += 1
        if frame == n_frames:
            timer.stop()
            loop.quit()

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(1000 // 60)
    timer.timeout.connect(next_frame)
    due_s = time.perf_counter() + 1 / 60
    timer.start()
    loop.exec()
