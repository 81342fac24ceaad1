"""Processor time of this process by thread."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import psutil

# Threads of one kind are one row: inference-0 and inference-1, reader-2.
_NUMBER = re.compile(r"[-_]?\d+(_\d+)?$")


class ThreadTimes:
    """Counts from its creation on."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._began = self._now()
        self._began_s = time.process_time()

    def seconds(self) -> dict[str, float]:
        """Return the processor seconds of each kind of thread since then, and of those that have ended meanwhile."""
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        found: dict[str, float] = {}
        for thread_id, cpu_s in self._now().items():
            name = names.get(thread_id) or _system_name(thread_id)
            kind = kind_of(name)
            found[kind] = found.get(kind, 0.0) + cpu_s - self._began.get(thread_id, 0.0)
        found["ended"] = max(0.0, self.total_s() - sum(found.values()))
        return found

    def total_s(self) -> float:
        """Return the processor seconds of the whole process since then."""
        return time.process_time() - self._began_s

    def _now(self) -> dict[int, float]:
        # Linux counts nanoseconds here; the ordinary times come in ticks of 10 ms.
        found = {}
        for thread in self._process.threads():
            try:
                found[thread.id] = int(Path(f"/proc/self/task/{thread.id}/schedstat").read_text("ascii").split()[0]) / 1e9
            except (OSError, ValueError, IndexError):
                found[thread.id] = thread.user_time + thread.system_time
        return found


def kind_of(name: str) -> str:
    """Return a thread's name without its number."""
    return _NUMBER.sub("", name) or name


def _system_name(thread_id: int) -> str:
    """Return the name of a thread that Python did not start."""
    try:
        return Path(f"/proc/self/task/{thread_id}/comm").read_text("utf-8").strip()
    except OSError:
        return "other"
