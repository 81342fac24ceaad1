"""The real window over the real engine: ``python -m benchmarks.window FOLDER [N]``.

Measures, in one run: a folder of N photos into a window that is open and painting (images a second, gaps of a
5 ms timer, resident size), one photo dropped until its prediction is painted (idle, and while a folder job runs),
and the folder dropped again. Prints JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from desktop.app import Program
from desktop.ui import theme
from engine.settings import load

N_DROPS = 40
N_BUSY = 3000


class Watch(QObject):
    """Gaps of a 5 ms timer, and when a content was first painted with its prediction."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._grid = program.window.grid
        self.gaps_ms: list[float] = []
        self.sizes_mb: list[float] = []
        self.awaited_name = ""
        self.painted_s = 0.0
        self._last_s = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(5)
        self._process = psutil.Process()
        self._grid.viewport().installEventFilter(self)

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.gaps_ms.append((now_s - self._last_s) * 1000)
        self._last_s = now_s
        if len(self.gaps_ms) % 100 == 0:
            self.sizes_mb.append(self._process.memory_info().rss / 1e6)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.awaited_name:
            # The filter runs before the paint: what it finds is painted a moment later.
            for content_id in self._grid._visible_ids()[:60]:
                row = self._grid._rows.get(content_id)
                if row is not None and row.name == self.awaited_name and row.top1:
                    self.painted_s, self.awaited_name = time.perf_counter(), ""
        return False


def main(source: str, n_images: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LIGHTDESK_HOME"] = str(Path(scratch, "home"))
        photos, drops, more = (Path(scratch, name) for name in ("photos", "drops", "more"))
        originals = [path.read_bytes() for path in sorted(Path(source).iterdir())]
        for folder, n, mark in ((photos, n_images, b"a"), (drops, 2 * N_DROPS, b"b"), (more, N_BUSY, b"c")):
            folder.mkdir()
            for i in range(n):
                (folder / f"{i:06}.jpg").write_bytes(originals[i % len(originals)] + mark + i.to_bytes(4, "big"))
        singles = sorted(drops.iterdir())
        app = QApplication([])
        theme.apply(app, "light")
        sys.setswitchinterval(0.0002)
        began_s = time.perf_counter()
        program = Program(load({}), [])
        program.window.show()
        program.start()
        window = program.window
        _until(lambda: window.activity.badge.text().endswith("cores"), 60, "the model")
        result: dict[str, Any] = {"ready_s": round(time.perf_counter() - began_s, 2)}
        watch = Watch(program)
        began_s = time.perf_counter()
        window.submit([str(photos)])
        _until(lambda: window.grid.count() >= n_images, 3600, "the folder")
        seconds = time.perf_counter() - began_s
        gaps = np.array(watch.gaps_ms)
        tenth = max(1, len(watch.sizes_mb) // 10)
        result |= {
            "images": n_images,
            "images_per_s_with_window": round(n_images / seconds, 1),
            "gui_gap_ms": {"p50": _r(np.median(gaps)), "p99.9": _r(np.percentile(gaps, 99.9)), "max": _r(gaps.max())},
            "resident_mb": {
                "after_first_tenth": _r(watch.sizes_mb[tenth]),
                "last_tenth": _r(statistics.median(watch.sizes_mb[-tenth:])),
            },
        }
        began_s = time.perf_counter()
        done: list[float] = []
        program.engine.jobChanged.connect(
            lambda progress: done.append(time.perf_counter()) if progress.job.state == "done" else None
        )
        window.submit([str(photos)])
        _until(lambda: bool(done), 60, "the folder again")
        result["reopen_s"] = round(done[0] - began_s, 2)
        # The newest first: a dropped photo is in view.
        window.filters.direction.setChecked(True)
        _wait(500)
        result["drop_idle_ms"] = _drops(watch, window, singles[:N_DROPS])
        n_before = window.grid.count()
        window.submit([str(more)])
        _until(lambda: window.grid.count() >= n_before + 64, 60, "the start of a job")
        result["drop_busy_ms"] = _drops(watch, window, singles[N_DROPS:])
        result["busy_until_the_end"] = window.grid.count() < n_before + N_BUSY
        began_s = time.perf_counter()
        window.close()
        program.close()
        result["close_s"] = round(time.perf_counter() - began_s, 2)
        print(json.dumps(result, indent=2))


def _drops(watch: Watch, window: Any, files: list[Path]) -> dict[str, float]:
    times = []
    for file in files:
        watch.awaited_name = file.name
        fresh = file.with_name(f"one-{file.name}")
        file.rename(fresh)
        watch.awaited_name = fresh.name
        began_s = time.perf_counter()
        window.submit([str(fresh)])
        _until(lambda: not watch.awaited_name, 20, f"{fresh.name} to be painted")
        times.append((watch.painted_s - began_s) * 1000)
        _wait(130)
    return {"p50": _r(np.median(times)), "p95": _r(np.percentile(times, 95)), "max": _r(max(times))}


def _r(value: Any) -> float:
    return round(float(value), 1)


def _until(condition: Any, limit_s: float, what: str) -> None:
    until_s = time.perf_counter() + limit_s
    while not condition():
        if time.perf_counter() > until_s:
            raise SystemExit(f"gave up waiting for {what}")
        _wait(2 if limit_s < 100 else 50)  # looking must not cost what is measured


def _wait(ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Give a folder of JPEG photos: python -m benchmarks.window FOLDER [N]")
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
