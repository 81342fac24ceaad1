"""The rate of an ingest with a million rows in the library, against that with ten thousand."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks import big_library
from benchmarks.engines import Run, library_of, removed, taken_in
from benchmarks.open_window import OpenWindow
from benchmarks.photos import repeated
from benchmarks.waiting import wait

_FEW = 10_000


def measure(
    source: Path, scratch: Path, models: Path, *, n_rows: int = 1_000_000, n_images: int = 500, pairs: int = 3
) -> dict[str, Any]:
    """Return rates in pairs, without a window and with one, and their ratios. Rows are made up, without vectors."""
    began_s = time.perf_counter()
    homes = {n: scratch / f"rows-{n}" for n in (_FEW, n_rows)}
    for n, home in homes.items():
        big_library.make(home, models, n, photos=None, with_vectors=False)
    made_s = time.perf_counter() - began_s
    runs: dict[str, dict[int, list[Run]]] = {kind: {n: [] for n in homes} for kind in ("no_window", "window")}
    for i in range(pairs):
        for kind, by_rows in runs.items():
            for n, home in homes.items():
                # Contents of its own for each round; the library grows by a few thousand meanwhile.
                folder = scratch / f"photos-{kind}-{n}-{i}"
                repeated(source, folder, n_images, f"{kind[0]}{n}x{i}x")
                take_in = _with_window if kind == "window" else taken_in
                by_rows[n].append(take_in(home, models, folder, n_images))
                removed(folder)
    return {
        "n_rows": n_rows,
        "against": _FEW,
        "n_images": n_images,
        "library_mb": {str(n): round(library_of(home).stat().st_size / 1e6) for n, home in homes.items()},
        "made_s": round(made_s, 1),
        "images_per_s": {
            kind: {str(n): [run.images_per_s for run in found] for n, found in by_rows.items()}
            for kind, by_rows in runs.items()
        },
        "median_core_ms": {
            kind: {str(n): statistics.median(run.core_ms for run in found) for n, found in by_rows.items()}
            for kind, by_rows in runs.items()
        },
        "ratio": {kind: _ratio(by_rows[n_rows], by_rows[_FEW]) for kind, by_rows in runs.items()},
    }


def _ratio(many: list[Run], few: list[Run]) -> float:
    return round(statistics.median(a.images_per_s / b.images_per_s for a, b in zip(many, few, strict=True)), 3)


def _with_window(home: Path, models: Path, folder: Path, n: int) -> Run:
    opened = OpenWindow(home, models)
    wait(3000)  # the library is read and painted before the clock starts
    try:
        return opened.take_in(folder, n)
    finally:
        opened.close()
