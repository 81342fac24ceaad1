"""The real window over the real engine, in a folder of its own, with a watch on what it paints and how it keeps time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from benchmarks.engines import Run
from benchmarks.waiting import until, wait
from desktop.app import SWITCH_INTERVAL_S, Program
from desktop.ui import theme as themes
from engine.schemas.job import JobProgress
from engine.settings import load


class OpenWindow:
    """A window that is open and painting. GUI thread.

    Attributes
    ----------
    ready_s
        Seconds until the library was open and the model ready.
    painted_s
        When the grid was painted last (`time.perf_counter`).
    """

    def __init__(
        self,
        home: Path,
        models: Path,
        *,
        newest_first: bool = False,
        with_model: bool = True,
        settings: Mapping[str, Any] | None = None,
        theme: str = "light",
        size_px: tuple[int, int] | None = None,
    ) -> None:
        os.environ["LIGHTDESK_HOME"] = str(home)
        application(theme)
        self.painted_s = self._found_s = self._finished_s = 0.0
        self._awaited = ""
        self._finished: set[int] = set()
        self._phase = self._reason = ""
        began_s = time.perf_counter()
        self.program = Program(load({"models_dir": models, **(settings or {})}), [])
        self.window = self.program.window
        self.grid = self.window.grid
        self.program.engine.jobChanged.connect(self._job_changed)
        self.program.engine.modelStateChanged.connect(self._model_changed)
        self._paints = _Paints(self)
        self.grid.viewport().installEventFilter(self._paints)
        if newest_first:
            # What is dropped is then in view, and all goes on being painted.
            self.window.filters.direction.setChecked(True)
        if size_px is not None:
            self.window.resize(*size_px)
        self.window.show()
        self.program.start()
        if with_model:
            self.wait_for_model()
        self.ready_s = time.perf_counter() - began_s

    def wait_for_model(self) -> None:
        """Wait until the model is ready. Raises SystemExit where it cannot be loaded."""
        until(lambda: self._phase in ("ready", "failed"), 120, "the model")
        if self._phase == "failed":
            raise SystemExit(f"The model could not be loaded: {self._reason}")

    def drop(self, *paths: Path) -> None:
        """Let go of files over the window, as a file manager does."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        center = self.window.rect().center()
        copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.window, QDragEnterEvent(QPoint(center), copy, mime, left, none))
        QApplication.sendEvent(self.window, QDropEvent(QPointF(center), copy, mime, left, none))

    def n_finished(self) -> int:
        """Return how many jobs have ended since the window was opened."""
        return len(self._finished)

    def take_in(self, folder: Path, n: int, limit_s: float = 3600.0) -> Run:
        """Drop a folder of `n` photos and wait until its last row is stored and the window has been told."""
        before, began_s, began_cpu_s = self.n_finished(), time.perf_counter(), time.process_time()
        self.drop(folder)
        until(lambda: self.n_finished() > before, limit_s, f"{folder.name} to be stored", look_ms=100)
        return Run.of(n, self._finished_s - began_s, time.process_time() - began_cpu_s)

    def first_page_painted(self, since_s: float = 0.0) -> bool:
        """Tell whether every tile on the screen has been painted with its prediction, the last of them since then."""
        ids = self.grid._visible_ids()
        return (
            self.painted_s > since_s
            and bool(ids)
            and all(
                (tile := self.grid._cache.get(i)) is not None and tile.row is not None and tile.row.top1 for i in ids
            )
        )

    def painted_ms(self, file: Path, limit_s: float = 30.0) -> float:
        """Drop one photo; returns milliseconds until it has been painted with its prediction."""
        self.await_painting(file.name)
        began_s = time.perf_counter()
        self.drop(file)
        return (self.painted_awaited(limit_s) - began_s) * 1000

    def await_painting(self, name: str) -> None:
        """Look for a photo of this name from now on."""
        self._awaited = name

    def painted_awaited(self, limit_s: float) -> float:
        """Wait until the awaited photo has been painted with its prediction; returns when (`time.perf_counter`)."""
        until(lambda: not self._awaited, limit_s, f"{self._awaited} to be painted")
        return self._found_s

    def look(self) -> None:
        """See whether the awaited photo is among the tiles that were painted just now."""
        for content_id in self.grid._visible_ids()[:60] if self._awaited else ():
            tile = self.grid._cache.get(content_id)
            if tile is not None and tile.row is not None and tile.row.name == self._awaited and tile.row.top1:
                self._found_s, self._awaited = self.painted_s, ""
                return

    def close(self) -> float:
        """Close the window and everything behind it; returns the seconds it took."""
        began_s = time.perf_counter()
        self.window.close()
        self.program.close()
        seconds = time.perf_counter() - began_s
        wait(50)  # what the threads had sent before they ended still comes
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        wait(1)
        return seconds

    def _job_changed(self, progress: JobProgress) -> None:
        if progress.job.state == "done" and progress.job.id not in self._finished:
            self._finished.add(progress.job.id)
            self._finished_s = time.perf_counter()

    def _model_changed(self, state: Any) -> None:
        self._phase = state.phase
        self._reason = state.message


class Pulse:
    """Gaps of a 5 ms timer on the GUI thread, and the resident size now and then."""

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self.sizes_mb: list[float] = []
        self._process = psutil.Process()
        self._last_s = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(5)

    def stop(self) -> dict[str, Any]:
        """End it; returns the gaps' percentiles."""
        self._timer.stop()
        gaps = np.array(self.gaps_ms)
        return {
            "n": len(gaps), "p50": _r(np.median(gaps)), "p99": _r(np.percentile(gaps, 99)),
            "p99.9": _r(np.percentile(gaps, 99.9)), "max": _r(gaps.max()),
        }  # fmt: skip

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.gaps_ms.append((now_s - self._last_s) * 1000)
        self._last_s = now_s
        if len(self.gaps_ms) % 100 == 0:
            self.sizes_mb.append(self._process.memory_info().rss / 1e6)


class _Paints(QObject):
    """Writes down when the grid has been painted, and looks for a photo that is waited for."""

    def __init__(self, opened: OpenWindow) -> None:
        super().__init__()
        self._opened = opened

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            # A filter runs before the paint; this comes after it, when the window has been flushed.
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        self._opened.painted_s = time.perf_counter()
        self._opened.look()


def application(theme_name: str = "light") -> QApplication:
    """Return the one application, set up as the program does it."""
    app = QApplication.instance() or QApplication(["lightdesk"])
    assert isinstance(app, QApplication)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    themes.apply(app, theme_name)
    return app


def _r(value: Any) -> float:
    return round(float(value), 1)
