"""Times of queries, and the memory of processes."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

_SAMPLE_S = 0.01


def two_cores() -> int:
    """Keep this process and its children on two cores, where there are more; returns how many it has then.

    To be called before anything starts threads.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:2]))
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def percentiles(times_ms: Iterable[float]) -> dict[str, float]:
    """Return p50, p95 and the longest, in milliseconds."""
    times = np.array(list(times_ms))
    return {
        "p50": round(float(np.percentile(times, 50)), 2),
        "p95": round(float(np.percentile(times, 95)), 2),
        "max": round(float(times.max()), 2),
    }


def timed_ms(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long it took, and what it returned."""
    began_s = time.perf_counter()
    answer = work()
    return (time.perf_counter() - began_s) * 1000, answer


def memory_mb(pids: Iterable[int] = ()) -> dict[str, float]:
    """Return the memory of processes, this one where none is named: what is theirs alone and their share of the rest.

    Pages of mapped files count as any other, as long as they are mapped in; what several of them share is divided among
    them (the kernel's proportional set size). Linux only: zeros elsewhere.
    """
    total = {"all": 0.0, "of_files": 0.0}
    for pid in pids or (os.getpid(),):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
        except OSError:  # another system, or it has ended
            continue
        sizes = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
        total["all"] += sizes["Pss:"] / 1e3 * 1.024
        total["of_files"] += sizes.get("Pss_File:", 0) / 1e3 * 1.024
    return total


def let_free() -> None:
    """Give back to the system what the allocator keeps of freed memory, so that it is not taken for the index's."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        pass  # another allocator


@contextmanager
def sampled_mb() -> Iterator[list[float]]:
    """Note this process's memory a hundred times a second; the list is complete when the block ends."""
    samples: list[float] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(_SAMPLE_S):
            samples.append(memory_mb()["all"])

    thread = threading.Thread(target=look, name="memory")
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()
        samples.append(memory_mb()["all"])
