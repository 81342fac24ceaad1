"""The map of 100,000 contents: making it, and the widget under the hands; where asked for, the widget with more points.

Vectors are those of real photos: crops of the photos given, embedded by the default model, mixed with their neighbours
and with noise of a tenth of the norm. The seed is in the document. The widget is the window's own, in software rendering,
over stand-ins that answer at once: what is measured is the GUI thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from benchmarks.engines import built_model
from benchmarks.grid import WINDOW_PX, Frames
from benchmarks.photos import originals
from benchmarks.waiting import until, wait
from desktop.ui import theme
from desktop.ui.map_view import MapView
from engine.backends.opening import open_session
from engine.schemas.library import Tile
from engine.schemas.map import MapColours, MapGroup, MapPoints, ProjectedMap
from engine.search import projection

SEED = 7
N_POINTS = 100_000
_CROPS = 8  # of each photo
_SIDE_PX = 224
_NOISE = 0.1
_MIXED = 8  # with so many neighbours
_ASKED, _BLOCK = 500, 50
_K = 10
_FRAMES = 90
_HOVERS = 60
_LASSO = 50_000
_NAMED = 20


def measure(
    photos: Path, _scratch: Path, models: Path, *, n_points: int = N_POINTS, n_many: int = 0
) -> dict[str, Any]:
    """Measure both halves: projecting, and the widget on what came of it; also on `n_many` points like them."""
    began_s = time.perf_counter()
    vectors, kinds = embeddings(photos, models, n_points)
    made_s = time.perf_counter() - began_s
    result: dict[str, Any] = {"n_points": n_points, "seed": SEED, "noise": _NOISE, "vectors_made_s": round(made_s, 1)}
    result["projection"], places = _projection(vectors)
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    pictures = [QImage(str(file)).scaled(256, 256, Qt.AspectRatioMode.KeepAspectRatio) for file in originals(photos)]
    result["widget"] = _widget(places, kinds, pictures)
    if n_many:
        random = np.random.default_rng(SEED)
        again = random.integers(n_points, size=n_many)
        many = places[again] + 0.3 * random.standard_normal((n_many, 2)).astype(np.float32)
        result["widget_of_many"] = {"n_points": n_many} | _widget(many, kinds[again], pictures)
    return result


def embeddings(photos: Path, models: Path, n: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return `n` vectors of L2 norm 1, and for each the number of the photo that most of it comes from."""
    random = np.random.default_rng(SEED)
    crops, numbers = [], []
    for number, file in enumerate(originals(photos)):
        with Image.open(file) as image:
            whole = image.convert("RGB")
        for _ in range(_CROPS):
            side = int(min(whole.size) * random.uniform(0.4, 1.0))
            left, top = (int(random.integers(0, room - side + 1)) for room in whole.size)
            box = (left, top, left + side, top + side)
            crops.append(np.asarray(whole.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR, box)))
            numbers.append(number)
    session = open_session(built_model(models), device="cpu", cpu_threads=0)
    answers = [session.run(np.stack(crops[i : i + 32]))[1] for i in range(0, len(crops), 32)]
    real = np.concatenate(answers).astype(np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    near = np.argsort(-(real @ real.T), axis=1)[:, :_MIXED]
    base = random.integers(len(real), size=n)
    vectors = np.empty((n, real.shape[1]), np.float32)
    for start in range(0, n, 4000):
        own = base[start : start + 4000]
        mixed = near[own[:, None], random.integers(1, _MIXED, (len(own), 3))]
        mixed[:, 0] = own
        shares = random.dirichlet((1.0, 1.0, 1.0), len(own)).astype(np.float32)
        block = np.einsum("nk,nkd->nd", shares, real[mixed])
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        block += random.standard_normal(block.shape, np.float32) * np.float32(_NOISE / block.shape[1] ** 0.5)
        vectors[start : start + 4000] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return vectors, np.array(numbers)[base]


def _projection(vectors: NDArray[np.float32]) -> tuple[dict[str, Any], NDArray[np.float32]]:
    n, d = vectors.shape
    began_s = time.perf_counter()
    first_s: list[float] = []
    drafts: list[NDArray[np.float32]] = []

    def draft(early: ProjectedMap) -> None:
        first_s.append(time.perf_counter() - began_s)
        drafts.append(early.places.copy())

    made = projection.projected(lambda start, stop: vectors[start:stop], n, seed=SEED, draft=draft)
    assert made is not None
    took_s = time.perf_counter() - began_s
    new = vectors[np.random.default_rng(SEED).choice(n, 1000, replace=False)]
    began_s = time.perf_counter()
    projection.placed(made.projection, new)
    placed_ms = (time.perf_counter() - began_s) * 1000
    by_pca, by_neighbours = quality(vectors, drafts[0], made.places)
    result = {
        "dimensions": d,
        "pca_s": round(first_s[0], 2),
        "whole_s": round(took_s, 2),
        "place_1000_new_ms": round(placed_ms, 1),
        "kept_bytes": len(projection.to_bytes(made.projection)),
        "pca": by_pca,
        "neighbours": by_neighbours,
    }
    return result, made.places


def quality(vectors: NDArray[np.float32], *maps: NDArray[np.float32]) -> list[dict[str, float]]:
    """Return for each map the share of the ten nearest that is kept, and trustworthiness at ten (Venna and Kaski 2001)."""
    n = len(vectors)
    asked = np.random.default_rng(SEED).choice(n, min(_ASKED, n), replace=False)
    kept = np.zeros(len(maps))
    intruders = np.zeros(len(maps))
    rank = np.empty(n, np.int64)
    for start in range(0, len(asked), _BLOCK):
        block = asked[start : start + _BLOCK]
        for i, apart in zip(block.tolist(), -(vectors[block] @ vectors.T), strict=True):
            apart[i] = -np.inf
            rank[np.argsort(apart)] = np.arange(n)
            for number, places in enumerate(maps):
                on_map = np.square(places - places[i]).sum(axis=1)
                on_map[i] = np.inf
                ranks = rank[np.argpartition(on_map, _K)[:_K]]
                kept[number] += np.count_nonzero(ranks <= _K) / _K
                intruders[number] += np.maximum(ranks - _K, 0).sum()
    trust = 1 - intruders * 2 / (len(asked) * _K * (2 * n - 3 * _K - 1))
    return [
        {"kept_of_10": round(float(k) / len(asked), 4), "trustworthiness": round(float(t), 4)}
        for k, t in zip(kept, trust, strict=True)
    ]


class _Reads:
    """Answers with the next turn of the event loop; the row of any content."""

    def __init__(self) -> None:
        self.slowest_ms = 0.0

    def ask(self, _lane: str, read: Callable[[Any], Any], answer: Callable[[Any], None], _failed: object = None) -> None:
        value = read(self)  # on a thread of its own in the program
        QTimer.singleShot(0, lambda: self._answer(answer, value))

    def _answer(self, answer: Callable[[Any], None], value: object) -> None:
        began_s = time.perf_counter()
        answer(value)
        self.slowest_ms = max(self.slowest_ms, (time.perf_counter() - began_s) * 1000)

    def tiles(self, content_ids: list[int], _model_ref: str) -> list[Tile]:
        return [Tile(i, f"{i:064x}", f"IMG_{i:07}.jpg", 1, "a class", 0.5, None, None) for i in content_ids]


class _Thumbnails:
    """Has every picture, with the next turn of the event loop."""

    def __init__(self, kinds: NDArray[np.int64], pictures: list[QImage]) -> None:
        self._kinds, self._pictures = kinds, pictures
        self._there: set[int] = set()
        self._listeners: list[Callable[[list[int]], None]] = []

    def want(self, keys: list[tuple[int, str]]) -> None:
        came = [content_id for content_id, _sha in keys if content_id not in self._there]
        self._there.update(came)
        if came:
            QTimer.singleShot(0, lambda: [tell(came) for tell in self._listeners])

    def peek(self, content_id: int) -> QImage | None:
        return self._pictures[self._kinds[content_id]] if content_id in self._there else None

    def subscribe(self, on_ready: Callable[[list[int]], None]) -> None:
        self._listeners.append(on_ready)


def _widget(places: NDArray[np.float32], kinds: NDArray[np.int64], pictures: list[QImage]) -> dict[str, Any]:
    reads = _Reads()
    view = MapView(reads, _Thumbnails(kinds, pictures))  # type: ignore[arg-type]
    view.resize(*WINDOW_PX)
    view.show()
    counts = np.bincount(kinds)
    order = np.argsort(-counts, kind="stable")[:_NAMED]
    groups = np.full(len(kinds), len(order), np.uint16)
    for number, kind in enumerate(order.tolist()):
        groups[kinds == kind] = number
    named = [MapGroup(f"class {kind}", int(counts[kind])) for kind in order.tolist()]
    other = MapGroup("", int(np.count_nonzero(groups == len(order))), "other")
    colours = MapColours("class", groups, (*named, other))
    view.show_map(MapPoints(np.arange(len(places)), places, "one"), colours)
    until(lambda: view.canvas.count() == len(places), 60, "the map")
    wait(300)
    canvas, frames = view.canvas, Frames(view)
    result: dict[str, Any] = {"window": list(WINDOW_PX), "shown_gui_ms": round(reads.slowest_ms, 2)}
    for name, zoom in (("all", 0), ("near", 7), ("pictures", 14)):
        canvas.fit()
        canvas.zoom(zoom, QPointF(900, 500))
        wait(600)
        frames.clear()
        _each_frame(lambda frame: _dragged(view, frame), _FRAMES)
        result[f"pan_{name}"] = _times(frames)
    canvas.fit()
    frames.clear()
    _each_frame(lambda frame: _turned(view, 1 if frame % 60 < 30 else -1), 2 * _FRAMES)
    result["zoom"] = _times(frames)
    canvas.fit()
    wait(300)
    frames.clear()
    hover_ms = _hovered(view)
    result["hover_p99_ms"] = round(float(np.percentile(hover_ms, 99)), 2)
    result["hover_frame_p99_ms"] = _times(frames)["frame_p99_ms"]
    frames.clear()
    result["lasso"] = _lasso(view, frames)
    frames.clear()
    _each_frame(lambda frame: _dragged(view, frame), _FRAMES)
    result["pan_with_selection"] = _times(frames)
    view.close()
    return result


def _times(frames: Frames) -> dict[str, Any]:
    wall_ms = np.array(frames.wall_ms)
    return {
        "frames": len(wall_ms),
        "frame_p50_ms": round(float(np.percentile(wall_ms, 50)), 2),
        "frame_p99_ms": round(float(np.percentile(wall_ms, 99)), 2),
        "frame_cpu_p99_ms": round(float(np.percentile(frames.work_ms, 99)), 2),
    }


def _each_frame(step: Callable[[int], None], n_frames: int) -> None:
    """Make a step each 60th of a second."""
    loop, frame = QEventLoop(), 0

    def next_frame() -> None:
        nonlocal frame
        step(frame)
        frame += 1
        if frame == n_frames:
            timer.stop()
            QTimer.singleShot(50, loop.quit)

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(1000 // 60)
    timer.timeout.connect(next_frame)
    timer.start()
    loop.exec()


def _mouse(view: MapView, kind: QEvent.Type, at: QPointF, held: Qt.KeyboardModifier, *, down: bool) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(kind, at, QPointF(view.mapToGlobal(at.toPoint())), button, left if down else none, held)
    QApplication.sendEvent(view.canvas, event)


def _dragged(view: MapView, frame: int) -> None:
    plain, turn = Qt.KeyboardModifier.NoModifier, frame / 15
    at = QPointF(960 + 300 * np.sin(turn), 500 + 200 * np.cos(turn))
    if frame == 0:
        _mouse(view, QEvent.Type.MouseButtonPress, at, plain, down=True)
    _mouse(view, QEvent.Type.MouseMove, at, plain, down=True)
    if frame == _FRAMES - 1:
        _mouse(view, QEvent.Type.MouseButtonRelease, at, plain, down=False)


def _turned(view: MapView, notches: int) -> None:
    at = QPointF(1000, 520)
    wheel = QWheelEvent(
        at, at, QPoint(), QPoint(0, 60 * notches), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.canvas, wheel)


def _hovered(view: MapView) -> list[float]:
    """Rest the mouse on points; returns the time of finding each. The frames that follow are noted with the others."""
    random = np.random.default_rng(SEED)
    scene, found_ms = view.canvas.scene(), []
    for place in random.integers(len(scene), size=_HOVERS).tolist():
        at = view.canvas._at(place)
        assert at is not None
        began_s = time.perf_counter()
        _mouse(view, QEvent.Type.MouseMove, at, Qt.KeyboardModifier.NoModifier, down=False)
        found_ms.append((time.perf_counter() - began_s) * 1000)
        wait(25)
    return found_ms


def _lasso(view: MapView, frames: Frames) -> dict[str, Any]:
    """Draw circles of growing size until one holds enough; returns the time from letting go to the painted selection."""
    held = Qt.KeyboardModifier.NoModifier
    view.tools["lasso"].setChecked(True)
    for radius in range(150, 700, 25):
        corners = [QPointF(960 + radius * np.cos(a), 520 + radius * np.sin(a)) for a in np.linspace(0, 6.2, 300)]
        _mouse(view, QEvent.Type.MouseButtonPress, corners[0], held, down=True)
        for corner in corners:
            _mouse(view, QEvent.Type.MouseMove, corner, held, down=True)
        wait(60)
        frames.clear()
        began_s = time.perf_counter()
        _mouse(view, QEvent.Type.MouseButtonRelease, corners[-1], held, down=False)
        until(lambda: bool(frames.wall_ms), 10, "the selection to be painted")
        took_ms = (time.perf_counter() - began_s) * 1000
        n = len(view.marked())
        if n >= _LASSO:
            break
    view.tools["move"].setChecked(True)
    return {"n_selected": n, "to_painted_ms": round(took_ms, 1)}
