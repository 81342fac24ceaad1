"""One way to search, in a process of its own: build, tune to the recall that is asked for, measure, add.

``python -m benchmarks.similar_turn NAME --real FILE --n N --noise X --vectors FILE --truth FILE --folder FOLDER`` prints a
JSON document; with ``given_up`` in it where the way does not go at that size.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.similar_clock import let_free, memory_mb, percentiles, timed_ms
from benchmarks.similar_competitor import Competitor, FloatRows, Floats, GivenUp, Ids, K
from benchmarks.similar_data import Cloud, recall

WANTED_10, WANTED_50 = 0.99, 0.98
N_TUNING, N_MEASURED = 50, 150
N_LATER = 10_000
_WARM = 10
_MEASURING_S = 60.0
_ADDING_S = 120.0
_TRIAL = 0.04  # of the building, before it is foretold how long the whole takes
_SPARE_BYTES = 1_500_000_000

# Where each is written. The names are those of the documents.
WAYS = {
    "lightdesk": "similar_ours:Lightdesk",
    "numpy-flat": "similar_flat:NumpyFlat",
    "sqlite-vec-float": "similar_flat:SqliteFloat",
    "sqlite-vec-bit": "similar_flat:SqliteBit",
    "faiss-flat": "similar_faiss:Flat",
    "faiss-binary": "similar_faiss:Binary",
    "faiss-ivfpq": "similar_faiss:IvfPq",
    "faiss-ivfpq-fast": "similar_faiss:IvfPqFast",
    "faiss-hnsw": "similar_faiss:Hnsw",
    "usearch-f16": "similar_usearch:HalfFloats",
    "usearch-i8": "similar_usearch:Bytes",
    "usearch-b1": "similar_usearch:Bits",
    "pgvector-halfvec": "similar_pgvector:HalfVectors",
    "pgvector-bit": "similar_pgvector:Bits",
}
# Graphs take minutes to hours to build: not on every cloud.
GRAPHS = frozenset(("faiss-hnsw", "usearch-f16", "usearch-i8", "usearch-b1", "pgvector-halfvec", "pgvector-bit"))


def measure(way: Competitor, rows: FloatRows, truth: Ids, cloud: Cloud, folder: Path, limit_s: float) -> dict[str, Any]:
    """Return everything about one way."""
    document: dict[str, Any] = {"title": way.title, "cloud": cloud.describe(), "limit_s": limit_s}
    way.limit_s = limit_s
    try:
        _refuse_without_room(way, cloud)
        return document | _measured(way, rows, truth, cloud, folder, limit_s)
    except (GivenUp, MemoryError, ImportError) as error:
        return document | {"given_up": f"{type(error).__name__}: {error}" if str(error) else type(error).__name__}
    finally:
        way.close()


def _measured(
    way: Competitor, rows: FloatRows, truth: Ids, cloud: Cloud, folder: Path, limit_s: float
) -> dict[str, Any]:
    queries = cloud.queries(N_TUNING + N_MEASURED)
    before = memory_mb()["all"]
    began_s = time.perf_counter()

    first: list[tuple[int, float]] = []

    def progress(n: int) -> None:
        so_far_s = time.perf_counter() - began_s
        first.append((n, so_far_s))
        # By what came after the first block: training goes before it, once, however many there are.
        n_since, since_s = n - first[0][0], so_far_s - first[0][1]
        foretold_s = so_far_s + (since_s * (cloud.n - n) / n_since if n_since >= _TRIAL * cloud.n else 0.0)
        if foretold_s > limit_s:
            raise GivenUp(
                f"{n:,} of {cloud.n:,} took {so_far_s:.0f} s: all would take {foretold_s:.0f} s or more, where "
                f"{limit_s:.0f} s were given"
            )

    way.build(rows, folder, progress)
    build_s = time.perf_counter() - began_s
    for query in cloud.later(_WARM):
        way.search(query, way.knobs[0])
    enough, tuning = _tuned(way, queries[:N_TUNING], truth[:N_TUNING])
    # Where others of its queries fall short after all, it is turned further: nobody shall be below for a rounding.
    for knob in way.knobs[way.knobs.index(enough) :]:
        found, times_ms = _asked(way, queries[N_TUNING:], knob)
        asked = truth[N_TUNING : N_TUNING + len(found)]
        at_10, at_50 = recall(found, asked, 10), recall(found, asked, K)
        if at_10 >= WANTED_10 and at_50 >= WANTED_50:
            break
    gc.collect()
    let_free()
    after = memory_mb()["all"] + (memory_mb(way.pids())["all"] if way.pids() else 0.0)
    return {
        "build_s": round(build_s, 1),
        "knob": knob,
        "tuning": tuning,
        "n_queries": len(found),
        "ms": percentiles(times_ms),
        "recall_10": round(at_10, 4),
        "recall_50": round(at_50, 4),
        "reaches_the_recall": at_10 >= WANTED_10 and at_50 >= WANTED_50,
        "memory_mb": round(after - before),
        "disk_mb": round(way.disk_bytes() / 1e6),
        "adding": _added(way, cloud),
    }


def _tuned(way: Competitor, queries: Floats, truth: Ids) -> tuple[Any, list[dict[str, Any]]]:
    """Turn the knob until the recall is reached; returns where it stands, and what was seen on the way."""
    seen: list[dict[str, Any]] = []
    for knob in way.knobs:
        found, times_ms = _asked(way, queries, knob)
        asked = truth[: len(found)]
        at_10, at_50 = recall(found, asked, 10), recall(found, asked, K)
        seen.append({"knob": knob, "p50_ms": percentiles(times_ms)["p50"], "recall_10": at_10, "recall_50": at_50})
        # A little more than asked: other queries are measured than those it was tuned on.
        if at_10 >= WANTED_10 + 0.002 and at_50 >= WANTED_50 + 0.002:
            break
    return seen[-1]["knob"], seen


def _asked(way: Competitor, queries: Floats, knob: Any) -> tuple[Ids, list[float]]:
    found: list[Ids] = []
    times_ms: list[float] = []
    for query in queries:
        ms, ids = timed_ms(lambda q=query: way.search(q, knob))
        found.append(np.concatenate((ids[:K], np.full(max(0, K - len(ids)), -1))).astype(np.int64))
        times_ms.append(ms)
        if sum(times_ms) > 1000 * _MEASURING_S:
            break
    return np.stack(found), times_ms


def _added(way: Competitor, cloud: Cloud) -> dict[str, Any]:
    later = cloud.later(N_LATER)
    began_s = time.perf_counter()
    n = 0
    while n < N_LATER and time.perf_counter() - began_s < _ADDING_S:
        way.add(later[n : n + 1000])
        n += 1000
    took_s = time.perf_counter() - began_s
    asked = range(0, n, max(1, n // 20))
    again = [int(cloud.n + i in way.search(later[i], way.knobs[-1])) for i in asked]
    return {"n": n, "seconds_for_10000": round(took_s * N_LATER / n, 2), "found_again": float(np.mean(again))}


def _refuse_without_room(way: Competitor, cloud: Cloud) -> None:
    needs, free = way.needs_bytes(cloud.n, cloud.dim), psutil.virtual_memory().available - _SPARE_BYTES
    if needs > free:
        raise GivenUp(f"needs about {needs / 1e9:.1f} GB of memory, {max(0, free) / 1e9:.1f} GB are free")


def made(name: str) -> Competitor:
    """Return the way of that name. Raises ImportError where its package is not installed."""
    module, _, kind = WAYS[name].partition(":")
    way: Competitor = getattr(import_module(f"benchmarks.{module}"), kind)()
    return way


def main() -> None:
    """Measure one and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.similar_turn")
    parser.add_argument("name", choices=tuple(WAYS))
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--noise", type=float, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--limit-s", type=float, default=3600.0)
    options = parser.parse_args()
    # Whoever ends this process lets it close first what it has started: a server would go on alone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cloud = Cloud(np.load(options.real), options.n, options.noise)
    rows = FloatRows(options.vectors, cloud.dim)
    truth = np.load(options.truth)[:, :K]
    try:
        way = made(options.name)
    except ImportError as error:
        print(json.dumps({"title": options.name, "cloud": cloud.describe(), "given_up": f"not installed: {error}"}))
        sys.exit(0)
    print(json.dumps(measure(way, rows, truth, cloud, options.folder, options.limit_s)))


if __name__ == "__main__":
    main()
