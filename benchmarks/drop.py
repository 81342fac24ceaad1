"""One photo dropped until its prediction is painted: in a small library, in a large one, and while a folder job runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import big_library
from benchmarks.engines import built_model
from benchmarks.open_window import OpenWindow
from benchmarks.photos import repeated
from benchmarks.waiting import until, wait

N_DROPS = 40
_N_FOLDER = 6000
_PAUSE_MS = 130


def measure(source: Path, scratch: Path, models: Path, *, big_home: Path) -> dict[str, Any]:
    """Return percentiles in milliseconds; each photo is a new content, its bytes in the page cache."""
    built_model(models)
    result: dict[str, Any] = {"n_drops": N_DROPS}
    singles = repeated(source, scratch / "singles", 4 * N_DROPS, "s")
    folder = scratch / "folder"
    repeated(source, folder, _N_FOLDER, "f")
    for kind, home, files in (
        ("small_library", scratch / "small", singles[: 2 * N_DROPS]),
        ("large_library", big_library.copied(big_home, scratch / "large"), singles[2 * N_DROPS :]),
    ):
        opened = OpenWindow(home, models)
        wait(1500)  # the library is read, painted, and at rest
        n_before = opened.grid.count()
        found: dict[str, Any] = {"n_items": n_before, "idle_ms": _drops(opened, files[:N_DROPS])}
        opened.drop(folder)
        until(lambda o=opened, n=n_before: o.grid.count() >= n + N_DROPS + 64, 60, "the folder job to start")
        found["folder_job_ms"] = _drops(opened, files[N_DROPS:])
        found["job_ran_to_the_end_of_it"] = opened.n_finished() <= 2 * N_DROPS
        found["close_during_work_s"] = round(opened.close(), 2)
        result[kind] = found
    return result


def _drops(opened: OpenWindow, files: list[Path]) -> dict[str, float]:
    times_ms = []
    for file in files:
        times_ms.append(opened.painted_ms(file))
        wait(_PAUSE_MS)
    return {
        "p50": round(float(np.percentile(times_ms, 50)), 1),
        "p95": round(float(np.percentile(times_ms, 95)), 1),
        "max": round(max(times_ms), 1),
    }
