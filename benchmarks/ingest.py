"""Folder of photos to stored rows with thumbnails, vectors and events, beside the plain loop and the machine's limit.

In each round, in turn: the plain loop, Lightdesk without a window, Lightdesk with its window open and painting (in
the usual order, and with the newest first, so that all that comes is painted), the limit. At the end one run of each kind
with the ledger.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.engines import Run, built_model, removed, running_engine, taken_in
from benchmarks.ledger import account, open_ledger
from benchmarks.limit import Limit
from benchmarks.open_window import OpenWindow
from benchmarks.photos import repeated
from benchmarks.plain_loop import PlainLoop
from benchmarks.threads import ThreadTimes
from benchmarks.waiting import until

_IN_LIMIT = 100


def measure(source: Path, scratch: Path, models: Path, *, n_images: int = 1000, rounds: int = 3) -> dict[str, Any]:
    """Return rates, medians, ratios, the limit and the ledger."""
    model = built_model(models)
    folder = scratch / "photos"
    files = repeated(source, folder, n_images, "a")
    plain, limit = PlainLoop(model), Limit(model, files[:_IN_LIMIT])
    plain.run(files[:20])

    def with_window(home: Path, *, newest_first: bool) -> Run:
        opened = OpenWindow(home, models, newest_first=newest_first)
        try:
            return opened.take_in(folder, n_images)
        finally:
            opened.close()

    kinds: dict[str, Callable[[Path], Run]] = {
        "plain": lambda _home: plain.run(files),
        "no_window": lambda home: taken_in(home, models, folder, n_images),
        "window": lambda home: with_window(home, newest_first=False),
        "window_newest_first": lambda home: with_window(home, newest_first=True),
    }
    runs: dict[str, list[Run]] = {kind: [] for kind in kinds}
    for i in range(rounds):
        for kind, go in kinds.items():
            home = scratch / f"{kind}-{i}"
            runs[kind].append(go(home))
            removed(home)
        limit.measure()
    rates = {kind: [run.images_per_s for run in found] for kind, found in runs.items()}
    most = limit.result()
    return {
        "n_images": n_images,
        "images_per_s": rates,
        "median_images_per_s": {kind: statistics.median(values) for kind, values in rates.items()},
        # Of the whole process: the plain loop's runtime also spins while it waits.
        "median_core_ms": {kind: statistics.median(run.core_ms for run in found) for kind, found in runs.items()},
        # Pairs of one round stand beside each other; the machine's mood cancels out.
        "times_the_plain_loop": {
            kind: round(statistics.median(a / b for a, b in zip(values, rates["plain"], strict=True)), 3)
            for kind, values in rates.items()
        },
        "limit": most,
        "share_of_the_limit": {
            kind: round(statistics.median(values) / most["images_per_s"], 3) for kind, values in rates.items()
        },
        "ledger_core_ms": {
            "no_window": _ledger(scratch / "ledger", models, folder, n_images, window=False),
            "window": _ledger(scratch / "ledger-window", models, folder, n_images, window=True),
        },
    }


def _ledger(home: Path, models: Path, folder: Path, n: int, *, window: bool) -> dict[str, Any]:
    """Take the folder in once more and say where the processor's time went."""
    with open_ledger() as ledger:
        if window:
            opened = OpenWindow(home, models)
            times = ThreadTimes()
            opened.take_in(folder, n)
            until(opened.first_page_painted, 30, "the first page")
            found = account(ledger, times, n, window=True)
            opened.close()
        else:
            with running_engine(home, models) as engine:
                times = ThreadTimes()
                engine.wait(engine.submit([str(folder)]))
                found = account(ledger, times, n, window=False)
    removed(home)
    return found
