"""The grid by itself: opening, frames while scrolling, pictures after the scroll.

Frames are real paint events of a visible window in software rendering. Rows come from a real library, thumbnails are
real JPEG bytes in the real cache on disk; the grid's own memory is cold.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from benchmarks import big_library
from benchmarks.engines import MODEL, library_of
from benchmarks.open_window import application
from benchmarks.waiting import until, wait
from desktop.reading import LibraryReading
from desktop.thumbnails import Thumbnails
from desktop.ui.grid import AssetGrid
from engine.cache import ByteCache
from engine.cache_entries import thumbnail_key
from engine.registry.catalogue import Registry
from engine.schemas.library import Query
from engine.settings import cache_dir, load
from engine.view import LibraryView

VIEWPORT = (1400, 900)
_SETTLE_MS = 200
_NOTCH = 120


class TimedGrid(AssetGrid):
    """Writes down how long each paint took."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.paints_ms: list[float] = []
        self.work_ms: list[float] = []

    def paintEvent(self, event: QPaintEvent) -> None:
        began_s, worked_s = time.perf_counter(), time.thread_time()
        super().paintEvent(event)
        self.paints_ms.append((time.perf_counter() - began_s) * 1000)
        self.work_ms.append((time.thread_time() - worked_s) * 1000)


def measure(scratch: Path, models: Path, *, big_home: Path, tile_px: int = 160) -> dict[str, Any]:
    """Measure a grid of all items of the large library."""
    application()
    home = big_library.copied(big_home, scratch / "home")
    library = library_of(home)
    cache = ByteCache(cache_dir(load()) / "store", 16 << 30)
    reading, thumbnails = LibraryReading(), Thumbnails()
    with closing(LibraryView(library)) as view:
        ref = Registry(models).get(MODEL).ref
        ids = view.ids(Query(model_ref=ref))
    try:
        reading.open(lambda: LibraryView(library))
        thumbnails.open(lambda sha256: cache.get(thumbnail_key(sha256)))
        return _measure(reading, thumbnails, ids, ref, tile_px)
    finally:
        reading.close()
        thumbnails.close()
        cache.close()


def _measure(
    reading: LibraryReading, thumbnails: Thumbnails, ids: NDArray[np.int64], ref: str, tile_px: int
) -> dict[str, Any]:
    n_items = len(ids)
    grid = TimedGrid(reading, thumbnails)
    grid.set_model_ref(ref)
    grid.resize(VIEWPORT[0], VIEWPORT[1])
    grid.set_tile_side(tile_px)
    bar = grid.verticalScrollBar()
    began_s = time.perf_counter()
    grid.show()
    reading.ask("ids", lambda view: view.ids(Query(model_ref=ref)), grid.set_ids)
    until(lambda: grid.count() == n_items and grid.visible_share_with_thumbnails() == 1.0, 30, "the grid")
    result: dict[str, Any] = {"n_items": n_items, "tile_px": tile_px, "viewport": list(VIEWPORT)}
    result["platform"] = QApplication.platformName()
    result["open_ms"] = round((time.perf_counter() - began_s) * 1000, 1)

    def turn_wheel(_frame: int) -> None:
        wheel = QWheelEvent(
            QPointF(300, 300), QPointF(300, 300), QPoint(), QPoint(0, -_NOTCH), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(grid.viewport(), wheel)

    random = np.random.default_rng(3)
    gestures: dict[str, Callable[[int], None]] = {
        "wheel": turn_wheel,
        "glide": lambda _frame: bar.setValue(bar.value() + 23),
        "drag": lambda frame: bar.setValue(round(bar.maximum() * (0.2 + frame / 400))),
        "jumps": lambda _frame: bar.setValue(int(random.integers(bar.maximum()))),
    }
    for name, gesture in gestures.items():
        grid.paints_ms.clear()
        grid.work_ms.clear()
        shares, late_ms = [], []
        for start in (0.1, 0.5, 0.85):
            bar.setValue(round(bar.maximum() * start))
            wait(300)
            _gesture(gesture, 120, late_ms)
            wait(_SETTLE_MS)
            shares.append(grid.visible_share_with_thumbnails())
        paints_ms = np.array(grid.paints_ms)
        result[name] = {
            "frames": len(paints_ms),
            "frame_p50_ms": round(float(np.percentile(paints_ms, 50)), 2),
            "frame_p99_ms": round(float(np.percentile(paints_ms, 99)), 2),
            "frame_max_ms": round(float(paints_ms.max()), 2),
            # Of the thread itself, without waiting for other threads and programs.
            "frame_cpu_p99_ms": round(float(np.percentile(grid.work_ms, 99)), 2),
            "event_loop_late_p99_ms": round(float(np.percentile(late_ms, 99)), 2),
            "share_with_pictures_200_ms_after": round(min(shares), 3),
        }
    began_s = time.perf_counter()
    for extra in range(10):
        grid.set_ids(np.append(ids, ids.max() + 1 + np.arange(extra * 32)))
    result["append_ms"] = round((time.perf_counter() - began_s) * 100, 2)
    grid.select_all()
    began_s = time.perf_counter()
    grid.set_ids(ids[::-1].copy())
    result["reverse_all_selected_ms"] = round((time.perf_counter() - began_s) * 1000, 2)
    result["memory_mb"] = round(psutil.Process().memory_info().rss / 1e6)
    grid.close()
    grid.deleteLater()
    return result


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
