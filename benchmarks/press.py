"""The press of F until the ranking is painted, in the real window over the real engine; at rest, and beside an ingest.

``python -m benchmarks.press STEP FOLDER --photos FOLDER --models FOLDER --presses N`` does one step in a process of its own and
prints a JSON document; the library is that of `benchmarks.similar_library`. What pictures the rows show comes from memory: they
have no files. So what is painted is real, and what a disk would take is not in it.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import similar_library
from benchmarks.engines import built_model, running_engine
from benchmarks.open_window import OpenWindow
from benchmarks.photos import originals, repeated
from benchmarks.press_to_paint import PressToPaint, Times
from benchmarks.similar_clock import percentiles
from benchmarks.similar_data import SEED, SHAPES, kept_embeddings
from benchmarks.waiting import until, wait
from engine.ingest.decode import decode
from engine.ingest.derive import THUMBNAIL_SIDE, small, thumbnail
from engine.schemas.job import JobProgress
from engine.settings import image_limits, load

NOISE, SHAPE = 0.3, "many"
N_PRESSES = 25
WINDOW_PX = (1320, 840)
_WARM = 2  # presses before those that count: the first opens files and fills caches
_PAUSE_MS = 250
_PHOTOS_BEFORE, _PHOTOS_A_PRESS = 1500, 400  # the ingest is not to end before the last press
_BEGUN_MS, _ALONE_MS = 2000, 4000
_LIMIT_S = 3600.0


def measure(
    photos: Path, folder: Path, models: Path, *, n_rows: int = 100_000, n_presses: int = N_PRESSES, real: Path | None = None
) -> dict[str, Any]:
    """Make the library and its index, then press. What is made stays where a run is cut, and is removed at its end.

    Parameters
    ----------
    real
        The embeddings of `photos`, where they have been made.
    """
    real = real or kept_embeddings(photos, models, SHAPES[SHAPE], folder)
    made = similar_library.step("make", folder, real, models, n_rows, NOISE)

    def step(name: str) -> dict[str, Any]:
        words = [name, str(folder), "--photos", str(photos), "--models", str(models), "--presses", str(n_presses)]
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.press", *words], stdout=subprocess.PIPE, text=True, timeout=_LIMIT_S
        )
        if ran.returncode:
            raise SystemExit(f"Presses over {n_rows:,} could not be measured: the step {name} ended with {ran.returncode}.")
        document: dict[str, Any] = json.loads(ran.stdout)
        return document

    document = {"n_rows": n_rows, "seed": SEED, "noise": NOISE, "shape": SHAPE, "make": made, "index": step("index")}
    document |= step("press")
    shutil.rmtree(folder, ignore_errors=True)
    return document


def index(home: Path, models: Path) -> dict[str, Any]:
    """Let the program build the index, or find it there; it lies in the home's cache then."""
    ref = built_model(models).manifest.ref
    began_s = time.perf_counter()
    with running_engine(home, models) as engine:
        while (state := engine.index_state(ref)).phase != "ready":
            if time.perf_counter() - began_s > _LIMIT_S:
                raise SystemExit(f"The index was not ready in time: {state}.")
            time.sleep(0.02)
    return {"n": state.n, "seconds": round(time.perf_counter() - began_s, 1)}


def press(home: Path, models: Path, photos: Path, folder: Path, n_presses: int) -> dict[str, Any]:
    """Open the window and press; then drop photos, and press again while they are taken in."""
    opened = OpenWindow(home, models, size_px=WINDOW_PX)
    try:
        pictures = _thumbnails(photos)
        opened.program.thumbnails.open(lambda sha256: pictures[int(sha256[:8], 16) % len(pictures)])
        _await_index(opened, built_model(models).manifest.ref)
        wait(1000)
        presses, ingest = _Presses(opened), _Ingest(opened)
        size_px = [opened.window.width(), opened.window.height()]
        at_rest = presses.made(n_presses)
        repeated(photos, folder, _PHOTOS_BEFORE + _PHOTOS_A_PRESS * n_presses, "k")
        opened.drop(folder)
        until(lambda: ingest.n_done > 0, 120, "the first photos to be stored", look_ms=20)
        wait(_BEGUN_MS)
        alone = ingest.rate_while(lambda: wait(_ALONE_MS))
        with_ingest: dict[str, Any] = {}
        meanwhile = ingest.rate_while(lambda: with_ingest.update(presses.made(n_presses)))
        ran_on = opened.n_finished() == 0
    finally:
        opened.close()
    return {
        "window": size_px,
        "tiles_on_the_screen": presses.n_visible,
        "at_rest": at_rest,
        "with_ingest": with_ingest | {
            "images_per_s_alone": alone,
            "images_per_s_meanwhile": meanwhile,
            "ingest_ran_to_the_end_of_it": ran_on,
        },
    }  # fmt: skip


def _await_index(opened: OpenWindow, ref: str) -> None:
    """Wait until the index is open; it says so once, and that may have been before anybody listened."""
    phases: list[str] = []

    def ready() -> bool:
        opened.program.engine.compute(
            "index_state", ref, done=lambda state: phases.append(state.phase), failed=lambda error: phases.append(str(error))
        )
        return phases[-1:] == ["ready"]

    until(ready, 600, "the index", look_ms=50)


class _Presses:
    """Presses F on pictures by chance, and goes back to all pictures after each."""

    def __init__(self, opened: OpenWindow) -> None:
        self._opened, self._random = opened, random.Random(SEED)
        self._clock = PressToPaint(opened.window, lambda done, what: until(done, 60, what))
        # Of what is there at the beginning: photos that come later are the same ones again and again, and which of those
        # is the first of a ranking says nothing.
        self._ids = opened.grid._selection.ids.copy()
        self.n_visible = 0

    def made(self, n: int) -> dict[str, Any]:
        """Press so many times; returns percentiles in milliseconds."""
        found, engine_ms = [], []
        for _ in range(_WARM + n):
            times, took_ms = self._one()
            found.append(times)
            engine_ms.append(took_ms)
        counted = [asdict(times) for times in found[_WARM:]]
        return {
            "n_presses": n,
            "first_ms": asdict(found[0]),
            **{f"{name}_ms": percentiles(times[name] for times in counted) for name in counted[0]},
            "in_the_engine_ms": percentiles(engine_ms[_WARM:]),
        }

    def _one(self) -> tuple[Times, float]:
        grid, exploring = self._opened.grid, self._opened.window.exploring
        n_all = grid.count()
        times = self._clock.press(int(self._random.choice(self._ids)))
        self.n_visible = len(grid._visible_ids())
        took_ms = self._opened.window.similar.stop.took_ms
        exploring.close()
        until(lambda: grid.count() >= n_all, 60, "all pictures again")
        wait(_PAUSE_MS)
        return times, took_ms


class _Ingest:
    """How many photos have been stored, as the window is told."""

    def __init__(self, opened: OpenWindow) -> None:
        self.n_done = 0
        self._told_s = 0.0
        opened.program.engine.jobChanged.connect(self._changed)

    def rate_while(self, work: Callable[[], object]) -> float:
        """Return photos a second during `work`, from one time that the window was told to another."""
        n_before, before_s = self.n_done, self._told_s
        work()
        return round((self.n_done - n_before) / max(self._told_s - before_s, 1e-9), 1)

    def _changed(self, progress: JobProgress) -> None:
        if progress.job.n_done > self.n_done:
            self.n_done, self._told_s = progress.job.n_done, time.perf_counter()


def _thumbnails(photos: Path) -> list[bytes]:
    limits = image_limits(load())
    frames = (
        decode(photo.read_bytes(), short_side=THUMBNAIL_SIDE, limits=limits, name=photo.name)
        for photo in originals(photos)
    )
    return [thumbnail(small(frame)) for frame in frames]


def main() -> None:
    """Do one step and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.press")
    parser.add_argument("step", choices=("index", "press"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--presses", type=int, default=N_PRESSES)
    options = parser.parse_args()
    home = similar_library.home_of(options.folder.absolute())
    if options.step == "index":
        document = index(home, options.models)
    else:
        coming = options.folder.absolute() / "coming"
        shutil.rmtree(coming, ignore_errors=True)
        document = press(home, options.models, options.photos, coming, options.presses)
    print(json.dumps(document))


if __name__ == "__main__":
    main()
