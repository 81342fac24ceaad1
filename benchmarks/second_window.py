"""A photo that one process stores, until the window of another has painted it: in a small library and in a large one.

Clocks are `time.perf_counter`, which all processes of a machine share.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import big_library
from benchmarks.engines import built_model, running_engine
from benchmarks.open_window import OpenWindow
from benchmarks.photos import repeated
from benchmarks.waiting import wait
from engine.events import Event, PredictionsStored

N_PHOTOS = 20
_LIMIT_S = 60.0


def measure(source: Path, scratch: Path, models: Path, *, big_home: Path, n_images: int = N_PHOTOS) -> dict[str, Any]:
    """Return percentiles in milliseconds, from a photo's commit in the one process to its tile on the other's screen."""
    built_model(models)
    result: dict[str, Any] = {"n_photos": n_images}
    photos = repeated(source, scratch / "photos", 2 * n_images, "o")
    for kind, home, files in (
        ("small_library", scratch / "small", photos[:n_images]),
        ("large_library", big_library.copied(big_home, scratch / "large"), photos[n_images:]),
    ):
        # The newest first: what comes is then in view.
        opened = OpenWindow(home, models, newest_first=True)
        wait(1500)  # the library is read, painted, and at rest
        with _other_process(home, models) as other:
            n_before = opened.grid.count()
            result[kind] = {"n_items": n_before} | _seen(opened, other, files)
        opened.close()
    return result


def _seen(opened: OpenWindow, other: subprocess.Popen[str], files: list[Path]) -> dict[str, float]:
    random = np.random.default_rng(5)
    times_ms: list[float] = []
    assert other.stdin is not None and other.stdout is not None
    for file in files:
        # At any moment of the window's own watch, which beats once a second.
        wait(int(random.integers(100, 1100)))
        opened.await_painting(file.name)
        other.stdin.write(f"{file}\n")
        other.stdin.flush()
        found_s = opened.painted_awaited(_LIMIT_S)
        times_ms.append((found_s - float(other.stdout.readline())) * 1000)
    return {
        "p50_ms": round(float(np.percentile(times_ms, 50)), 1),
        "p95_ms": round(float(np.percentile(times_ms, 95)), 1),
        "max_ms": round(max(times_ms), 1),
    }


@contextmanager
def _other_process(home: Path, models: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.second_window", str(home), str(models)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        if other.stdout.readline() != "ready\n":
            raise SystemExit("The other process did not start.")
        try:
            yield other
        except BaseException:
            other.kill()
            raise


def _take_in_what_is_named() -> None:
    """Be the other process: take in each file that is named, and say when its prediction was committed."""
    stored_s: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, PredictionsStored):
            stored_s.append(time.perf_counter())

    with running_engine(Path(sys.argv[1]), Path(sys.argv[2])) as engine:
        engine.events.subscribe(note)
        print("ready", flush=True)
        for line in sys.stdin:
            engine.wait(engine.submit([line.rstrip("\n")]))
            print(stored_s[-1], flush=True)


if __name__ == "__main__":
    _take_in_what_is_named()
