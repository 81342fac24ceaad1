"""Filter and order of a large library, through the window: from the choice until the first page is painted."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import big_library
from benchmarks.engines import built_model
from benchmarks.open_window import OpenWindow
from benchmarks.waiting import until, wait

_TIMES = 3
_PAUSE_MS = 250


def measure(scratch: Path, models: Path, *, big_home: Path) -> dict[str, Any]:
    """Return milliseconds for each choice: ids shown, and the first page painted with predictions, and with pictures."""
    built_model(models)
    opened = OpenWindow(big_library.copied(big_home, scratch / "home"), models)
    window, grid = opened.window, opened.grid
    until(opened.first_page_painted, 60, "the library")
    wait(1500)
    filters, n_all = window.filters, grid.count()
    common = window._facets.classes[0].class_name
    # The last digits of a name that is there, before its suffix: some others have them as well.
    digits = grid._rows.get(grid._visible_ids()[0]).name.partition(".")[0][-3:]

    def order(key: str, *, descending: bool = False) -> Callable[[], None]:
        def choose() -> None:
            filters.sort.setCurrentIndex(filters.sort.findData(key))
            filters.direction.setChecked(descending)

        return choose

    choices: dict[str, Callable[[], None]] = {
        **{f"order by {key}": order(key) for key in ("name", "time", "confidence", "margin", "class")},
        "newest first": order("added", descending=True),
        "as added": order("added"),
        "confidence at least 50 %": lambda: filters.low.setValue(50),
        "any confidence": lambda: filters.low.setValue(0),
        "labelled": lambda: filters.labelled.setCurrentIndex(1),
        "any label": lambda: filters.labelled.setCurrentIndex(0),
        "the commonest class": lambda: window.panel.choose(("class", common)),
        "all classes": lambda: window.panel.choose(("all", None)),
        "a name": lambda: filters.search.setText(digits),
        "any name": filters.search.clear,
    }
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(_TIMES):
        for name, choose in choices.items():
            for what, ms in _change(opened, choose).items():
                found.setdefault(name, {}).setdefault(what, []).append(ms)
            wait(_PAUSE_MS)
    medians = {name: {what: round(statistics.median(v), 1) for what, v in ms.items()} for name, ms in found.items()}
    painted = [v for ms in found.values() for v in ms["painted_ms"]]
    # The first time nothing of a page is in memory yet.
    first = {name: ms["painted_ms"][0] for name, ms in found.items()}
    slowest = max(first, key=first.__getitem__)
    opened.close()
    return {
        "n_items": n_all,
        "choices": medians,
        "painted_p50_ms": round(float(np.percentile(painted, 50)), 1),
        "painted_p95_ms": round(float(np.percentile(painted, 95)), 1),
        "painted_max_ms": round(max(painted), 1),
        "slowest_first_time": {slowest: round(first[slowest], 1)},
        "with_pictures_max_ms": round(max(v for ms in found.values() for v in ms["with_pictures_ms"]), 1),
    }


def _change(opened: OpenWindow, choose: Callable[[], None]) -> dict[str, float]:
    """Make a choice and wait for what it shows. The fields wait 80 ms for more typing; that counts."""
    came: list[float] = []
    connection = opened.window.browser.idsCame.connect(lambda _ids, _query: came.append(time.perf_counter()))
    before = opened.grid._visible_ids()
    began_s = time.perf_counter()
    choose()
    times: dict[str, float] = {}

    def passed(what: str, condition: Callable[[], bool]) -> None:
        until(condition, 20, f"{what} to be known")
        times[what] = (max(opened.painted_s, came[-1]) - began_s) * 1000

    until(lambda: bool(came), 20, "the ids")
    times["ids_ms"] = (came[0] - began_s) * 1000

    def painted() -> bool:
        # Where the same pictures stand on the screen as before, nothing need be painted again.
        same = opened.grid._visible_ids() == before
        return opened.first_page_painted(0.0 if same else came[-1])

    passed("painted_ms", painted)
    passed("with_pictures_ms", lambda: painted() and opened.grid.visible_share_with_thumbnails() == 1.0)
    opened.window.browser.idsCame.disconnect(connection)
    return times
