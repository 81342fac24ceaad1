"""A large folder into an open window: whether the window keeps time, memory stays flat, and opening it again is quick."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.engines import built_model
from benchmarks.open_window import OpenWindow, Pulse
from benchmarks.photos import repeated
from benchmarks.waiting import until, wait


def measure(source: Path, scratch: Path, models: Path, *, n_images: int = 20_000) -> dict[str, Any]:
    """Return the rate, gaps of the GUI thread, memory, and the seconds of opening and dropping it again."""
    built_model(models)
    first, second = scratch / "photos" / "first", scratch / "photos" / "second"
    n_first = n_images // 2
    repeated(source, first, n_first, "a")
    repeated(source, second, n_images - n_first, "b")
    home = scratch / "home"
    # The newest first, so that all of it is painted.
    opened = OpenWindow(home, models, newest_first=True)
    pulse = Pulse()
    run = opened.take_in(first.parent, n_images)
    # Filled to the end, with what is still to be painted.
    until(lambda: opened.grid.count() == n_images, 60, "all photos to be shown", look_ms=20)
    gaps_ms = pulse.stop()
    result: dict[str, Any] = {
        "n_images": n_images,
        "images_per_s": run.images_per_s,
        "core_ms": run.core_ms,
        "gui_gap_ms": gaps_ms,
        "resident_mb": _memory(pulse.sizes_mb),
    }
    result["close_s"] = round(opened.close(), 2)
    began_s = time.perf_counter()
    opened = OpenWindow(home, models, with_model=False)
    until(lambda: opened.grid.count() == n_images and opened.first_page_painted(), 60, "the library")
    result["open_again_s"] = round(time.perf_counter() - began_s, 2)
    wait(1000)
    began_s = time.perf_counter()
    opened.take_in(first, n_first)
    until(opened.first_page_painted, 60, "the folder")
    result |= {"n_dropped_again": n_first, "dropped_again_s": round(time.perf_counter() - began_s, 2)}
    opened.close()
    return result


def _memory(sizes_mb: list[float]) -> dict[str, float]:
    """Compare the size after the first tenth with that in the last one."""
    tenth = max(1, len(sizes_mb) // 10)
    # What was taken a moment before and after the mark, as one sample may meet a full queue.
    early = statistics.median(sizes_mb[max(0, tenth - tenth // 4) : tenth + tenth // 4 + 1])
    late = statistics.median(sizes_mb[-tenth:])
    return {
        "after_first_tenth": round(early, 1),
        "last_tenth": round(late, 1),
        "growth": round(late / early - 1, 3),
        "most": round(max(sizes_mb), 1),
    }
