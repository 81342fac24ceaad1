"""Where the processor time of an ingest goes, stage by stage, taken at work in the real engine.

The functions of the stages are wrapped for the time of one run, and each call's processor time is added to its
stage, less that of the stages called inside it. What no stage claims is the rest: queues, the feeder, the scan, the
interpreter. A run with the ledger is a little slower, so rates are never taken from it.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from benchmarks.threads import ThreadTimes, kind_of

# In the order of a photo's way. Times of the window's threads come by thread, and go before the rest.
STAGES = (
    "read", "hash", "look up", "decode", "thumbnail", "perceptual hash", "resize", "inference", "scores",
    "cache", "vector", "rows", "commit", "claim", "checkpoint", "events",
)  # fmt: skip
WINDOW_THREADS = {"MainThread": "window", "reader": "readers", "thumbnails": "thumbnails shown", "engine": "dispatch"}


class Ledger:
    """Adds up processor seconds by stage; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: list[tuple[str, dict[str, float]]] = []
        self._local = threading.local()

    def timed(self, stage: str | Callable[..., str], work: Callable[..., Any]) -> Callable[..., Any]:
        """Return `work` with its time counted; the stage may depend on the arguments."""

        @functools.wraps(work)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            inside = self._stack()
            inside.append(0.0)
            began_s = time.thread_time()
            try:
                return work(*arguments, **options)
            finally:
                took_s = time.thread_time() - began_s
                name = stage if isinstance(stage, str) else stage(*arguments)
                self._local.totals[name] += took_s - inside.pop()
                if inside:
                    inside[-1] += took_s

        return wrapper

    def seconds(self, but_not: Collection[str] = ()) -> dict[str, float]:
        """Return the processor seconds by stage, without those of some kinds of threads."""
        with self._lock:
            counted = [totals for kind, totals in self._totals if kind not in but_not]
        return {stage: sum(totals.get(stage, 0.0) for totals in counted) for stage in STAGES}

    def _stack(self) -> list[float]:
        if not hasattr(self._local, "stack"):
            # A dictionary for each thread: nothing is locked while it counts.
            self._local.stack, self._local.totals = [], defaultdict(float)
            with self._lock:
                self._totals.append((kind_of(threading.current_thread().name), self._local.totals))
        stack: list[float] = self._local.stack
        return stack


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Count the stages of whatever runs inside."""
    from engine import cache, preprocess
    from engine.backends import ort
    from engine.events import EventBus
    from engine.ingest import reading
    from engine.library import checkpoints, database, ingest, jobs, writer
    from engine.pipeline import lane, preparing, storing

    ledger = Ledger()
    undo: list[tuple[Any, str, Any, bool]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        own = name in vars(owner)
        undo.append((owner, name, getattr(owner, name), own))
        setattr(owner, name, value)

    def wrap(stage: str | Callable[..., str], owner: Any, *names: str) -> None:
        for name in names:
            put(owner, name, ledger.timed(stage, getattr(owner, name)))

    wrap("read", preparing, "read_file")
    put(reading, "hashlib", SimpleNamespace(sha256=ledger.timed("hash", reading.hashlib.sha256)))
    wrap("look up", ingest, "find")
    wrap("decode", preparing, "decode")
    wrap("thumbnail", preparing, "small", "thumbnail")
    wrap("perceptual hash", preparing, "perceptual_hash")
    wrap("resize", preprocess.Preprocessor, "__call__")
    wrap("inference", ort.OrtSession, "run")
    wrap("scores", lane, "to_scores")
    wrap("cache", cache.ByteCache, "get", "set_many")
    wrap("cache", storing, "pack_scores")
    wrap("rows", ingest, "store")
    wrap("claim", jobs, "claim")
    wrap("commit", writer.Writer, "_commit_group")
    wrap("checkpoint", checkpoints.Checkpoints, "_checkpoint")
    wrap("events", EventBus, "publish")
    # One statement of the rows is a stage of its own; the others belong to whoever runs them.
    plain = database.Connection.execute
    vector = ledger.timed("vector", plain)

    def execute(conn: Any, sql: str, *arguments: Any, **options: Any) -> Any:
        run = vector if sql.startswith("INSERT INTO vectors_") else plain
        return run(conn, sql, *arguments, **options)

    put(database.Connection, "execute", execute)
    try:
        yield ledger
    finally:
        for owner, name, value, own in reversed(undo):
            if own:
                setattr(owner, name, value)
            else:
                delattr(owner, name)


def account(ledger: Ledger, times: ThreadTimes, n_images: int, *, window: bool) -> dict[str, Any]:
    """Return core-milliseconds an image: by stage with the rest, and by thread."""
    by_thread, total_s = times.seconds(), times.total_s()
    # The window's threads are rows of their own, whatever stage they called (a thumbnail from the cache).
    by_stage = ledger.seconds(but_not=WINDOW_THREADS if window else ())
    if window:
        for thread, name in WINDOW_THREADS.items():
            by_stage[name] = by_thread.get(thread, 0.0)
    by_stage["rest"] = total_s - sum(by_stage.values())

    def each_ms(seconds: dict[str, float]) -> dict[str, float]:
        return {name: round(s * 1000 / n_images, 3) for name, s in seconds.items()}

    return {
        "stages": each_ms(by_stage),
        "threads": each_ms({name: s for name, s in sorted(by_thread.items(), key=lambda pair: -pair[1]) if s > 0}),
        "total": round(total_s * 1000 / n_images, 2),
    }
