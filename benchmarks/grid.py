"""The grid by itself: opening, frames while scrolling, pictures after the scroll: ``python -m benchmarks.grid [N]``.

Frames are real paint events of a visible window in software rendering. Thumbnails are real JPEG bytes in the
real cache on disk; the grid's own memory is cold. Rows come from memory on the reader threads, or, with a library
file made by `tests.synthetic_library`, from SQLite.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from desktop.reading import LibraryReading
from desktop.thumbnails import Thumbnails
from desktop.ui import theme
from desktop.ui.grid import AssetGrid
from engine.cache import ByteCache, thumbnail_key
from engine.schemas.library import Query, Tile

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


class Rows:
    """A library of made-up rows, in memory."""

    def __init__(self, n: int, n_pictures: int) -> None:
        self._n, self._n_pictures = n, n_pictures

    def ids(self, _query: Query) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.arange(1, self._n + 1, dtype=np.int64)

    def tiles(self, content_ids: Sequence[int], _model_ref: str) -> list[Tile]:
        return [
            Tile(
                content_id=i,
                sha256=_sha256(i % self._n_pictures),
                name=f"IMG_{i:07d}.jpg",
                n_files=2 if i % 17 == 0 else 1,
                top1=f"class number {i * 7919 % 1000}",
                confidence=(i * 31 % 1000) / 1000,
                label="accepted class" if i % 11 == 0 else None,
                label_state="accepted" if i % 11 == 0 else "rejected" if i % 23 == 0 else None,
            )
            for i in content_ids
        ]

    def close(self) -> None:
        pass


def run(n_items: int = 100_000, n_pictures: int = 20_000, *, tile_px: int = 160) -> dict[str, Any]:
    """Measure a grid of `n_items`, of which `n_pictures` have thumbnails of their own; the others share them."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    with tempfile.TemporaryDirectory() as folder:
        cache = ByteCache(Path(folder), 4 << 30)
        fill(cache, n_pictures)
        rows = Rows(n_items, n_pictures)
        reading, thumbnails = LibraryReading(), Thumbnails()
        try:
            reading.open(lambda: rows)
            thumbnails.open(lambda sha256: cache.get(thumbnail_key(sha256)))
            return _measure(reading, thumbnails, n_items, tile_px)
        finally:
            reading.close()
            thumbnails.close()
            cache.close()


def fill(cache: ByteCache, n: int) -> None:
    """Store `n` different thumbnails that take as long to decode as photos do: noise and shapes."""
    rng = np.random.default_rng(7)
    grounds = [
        cv2.GaussianBlur(rng.integers(0, 255, (192, 256, 3), dtype=np.uint8), (0, 0), 1 + i % 5) for i in range(40)
    ]
    batch: dict[str, bytes] = {}
    for i in range(n):
        picture = grounds[i % len(grounds)].copy()
        color = tuple(int(c) for c in rng.integers(0, 255, 3))
        cv2.circle(picture, (int(rng.integers(256)), int(rng.integers(192))), int(rng.integers(20, 90)), color, -1)
        if i % 3 == 0:
            picture = np.ascontiguousarray(picture.transpose(1, 0, 2))
        batch[thumbnail_key(_sha256(i))] = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        if len(batch) == 500:
            cache.set_many(batch)
            batch = {}
    cache.set_many(batch)


def _measure(reading: LibraryReading, thumbnails: Thumbnails, n_items: int, tile_px: int) -> dict[str, Any]:
    grid = TimedGrid(reading, thumbnails)
    grid.resize(VIEWPORT[0], VIEWPORT[1])
    grid.set_tile_side(tile_px)
    bar = grid.verticalScrollBar()
    began_s = time.perf_counter()
    grid.show()
    reading.ask("ids", lambda view: view.ids(Query()), grid.set_ids)
    _until(lambda: grid.count() == n_items and grid.visible_share_with_thumbnails() == 1.0, 5000)
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
            _wait(300)
            _gesture(gesture, 120, late_ms)
            _wait(_SETTLE_MS)
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
    ids = np.arange(1, n_items + 1, dtype=np.int64)
    for extra in range(10):
        grid.set_ids(np.append(ids, n_items + 1 + np.arange(extra * 32)))
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


def _until(condition: Callable[[], bool], limit_ms: int) -> None:
    until_s = time.monotonic() + limit_ms / 1000
    while not condition() and time.monotonic() < until_s:
        _wait(5)


def _wait(ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def _sha256(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


if __name__ == "__main__":
    sys.setswitchinterval(0.001)  # as the program does
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), indent=2))
