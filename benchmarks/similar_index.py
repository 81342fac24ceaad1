"""The hot index by itself: how fast, how exact, how large. Two processes, one that builds and one that asks.

``python -m benchmarks.similar_index build FOLDER --real FILE --n N --noise X`` fills the folder with the file of vectors, a
snapshot, and the exact answers; ``... ask FOLDER ...`` opens what lies there, as a start does, and measures. Each prints a
JSON document.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.similar_clock import let_free, memory_mb, percentiles, sampled_mb, timed_ms
from benchmarks.similar_data import Cloud, Truth, chosen, recall
from engine import spaces
from engine.search import snapshot
from engine.search.hot_index import HotIndex
from engine.search.snapshot import Snapshot, SpaceName
from engine.search.vector_file import VectorFile

K = 50
N_QUERIES = 200
N_LATER = 10_000
SHARES = {"half": 0.5, "hundredth": 0.01, "few": 0.00005}
_WARM = 20
_SAMPLED = 60
_LIBRARY = "5" * 32
_MODEL_ID = 1
_REF = "bench@1"
_LIMIT_S = 3600


def measure(folder: Path, real: Path, n: int, noise: float, *, keep: bool = False) -> dict[str, Any]:
    """Build in one process, ask in another; the folder is removed unless `keep`."""
    try:
        built = _child("build", folder, real, n, noise)
        return {"cloud": built.pop("cloud"), "build": built, **_child("ask", folder, real, n, noise)}
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def build(folder: Path, cloud: Cloud) -> dict[str, Any]:
    """Write vectors, snapshot and exact answers."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(folder, cloud.dim)
    file.open()
    file.start_again()
    hot = HotIndex(file)
    truth = Truth(cloud.queries(N_QUERIES), K, {name: chosen(cloud.n, share) for name, share in SHARES.items()})
    took_s = {"exact answers": 0.0, "file of vectors": 0.0}
    for first, block in cloud.blocks():
        took_s["exact answers"] += timed_ms(lambda f=first, b=block: truth.take(f, b))[0] / 1000
        ids = np.arange(first + 1, first + 1 + len(block), dtype=np.int64)  # as a library counts
        took_s["file of vectors"] += timed_ms(lambda i=ids, b=block: file.append(i, i, b))[0] / 1000
        hot.extend(ids)
    # A space's own way to make the compact stage: sizes, sample and blocks are the program's.
    space = spaces.Space(folder / "none.db", _REF, folder)
    ms, compact = timed_ms(lambda: space._built(hot))
    took_s["compact stage"] = ms / 1000
    name = SpaceName(_LIBRARY, _REF, cloud.dim)
    kept = Snapshot(hot.content_ids, compact, cloud.n, cloud.n)
    took_s["snapshot"] = timed_ms(lambda: snapshot.save(folder, name, kept))[0] / 1000
    file.close()
    np.savez(folder / "truth.npz", **{key: truth.of(key) for key in ("all", *SHARES)})
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name.startswith(("compact-", "contents-")))
    return {
        "cloud": cloud.describe(),
        "took_s": {key: round(value, 1) for key, value in took_s.items()},
        "snapshot_mb": round(size / 1e6, 1),
    }


def ask(folder: Path, cloud: Cloud) -> dict[str, Any]:
    """Open what `build` left, and measure it."""
    queries, truth = cloud.queries(N_QUERIES), np.load(folder / "truth.npz")
    later = cloud.later(N_LATER)
    _in_the_page_cache(folder / "vectors")
    let_free()
    before = memory_mb()
    opening_ms, hot = timed_ms(lambda: _opened(folder, cloud.dim))
    first_ms, _ = timed_ms(lambda: hot.search(queries[0], K))
    for query in cloud.later(_WARM):
        hot.search(query, K)
    result: dict[str, Any] = {
        "n_queries": N_QUERIES,
        "k": K,
        "opening_ms": round(opening_ms),
        "first_query_ms": round(first_ms, 1),
        "query": _asked(hot, queries, truth["all"], None),
    }
    result["filtered"] = {}
    for name, share in SHARES.items():
        allowed = np.concatenate(([False], chosen(cloud.n, share)))
        found = _asked(hot, queries, truth[name], allowed)
        result["filtered"][name] = {"share": share, "n_allowed": int(allowed.sum()), **found}
    let_free()
    after = memory_mb()
    with sampled_mb() as samples:
        for query in queries[:_SAMPLED]:
            hot.search(query, K)
    result["memory_mb"] = {
        "index": round(after["all"] - before["all"], 1),
        "of_it_mapped_files": round(after["of_files"] - before["of_files"], 1),
        "at_most_during_queries": round(max(samples) - before["all"], 1),
    }
    result["adding"] = _added(hot, later)
    hot.file.close()
    return result


def _asked(
    hot: HotIndex, queries: NDArray[np.float32], truth: NDArray[np.int64], allowed: NDArray[np.bool_] | None
) -> dict[str, Any]:
    times_ms, n_read, found = [], [], np.full((len(queries), K), -1, np.int64)
    began_cpu_s = time.process_time()
    for i, query in enumerate(queries):
        ms, answer = timed_ms(lambda q=query: hot.search(q, K, allowed))
        times_ms.append(ms)
        n_read.append(answer.n_read)
        found[i, : len(answer.content_ids)] = answer.content_ids - 1
    return {
        "ms": percentiles(times_ms),
        "core_ms": round((time.process_time() - began_cpu_s) * 1000 / len(queries), 2),
        "recall_10": round(recall(found, truth, 10), 4),
        "recall_50": round(recall(found, truth, 50), 4),
        "compared_exactly": round(float(np.mean(n_read))),
    }


def _added(hot: HotIndex, vectors: NDArray[np.float32]) -> dict[str, Any]:
    """Add as a space's keeper does: the file in large blocks, the compact stage in small ones."""
    ids = np.arange(hot.n + 1, hot.n + 1 + len(vectors), dtype=np.int64)
    began_s = time.perf_counter()
    for at in range(0, len(vectors), spaces._BLOCK_ROWS):
        part = slice(at, at + spaces._BLOCK_ROWS)
        hot.file.append(ids[part], ids[part], vectors[part])
        hot.extend(ids[part])
    assert hot.compact is not None
    for at in range(0, len(vectors), spaces._TOP_UP_ROWS):
        hot.compact.add(vectors[at : at + spaces._TOP_UP_ROWS])
    took_s = time.perf_counter() - began_s
    found = [int(hot.search(vectors[i], 1).content_ids[0] == ids[i]) for i in range(0, len(vectors), 500)]
    return {
        "n": len(vectors),
        "seconds": round(took_s, 2),
        "vectors_per_s": round(len(vectors) / took_s),
        "found_again": float(np.mean(found)),
    }


def _opened(folder: Path, dim: int) -> HotIndex:
    file = _file(folder, dim)
    n = file.open()
    saved = snapshot.load(folder, SpaceName(_LIBRARY, _REF, dim))
    assert saved is not None and saved.compact.n <= n
    file.n = saved.compact.n  # what was added by an earlier measurement is written over
    hot = HotIndex(file)
    hot.extend(saved.content_ids)
    hot.use(saved.compact)
    return hot


def _file(folder: Path, dim: int) -> VectorFile:
    return VectorFile(folder / "vectors", library_id=_LIBRARY, model_id=_MODEL_ID, dim=dim)


def _in_the_page_cache(file: Path) -> None:
    """Read a file once: warm is what is measured."""
    buffer = bytearray(1 << 22)
    with open(file, "rb", buffering=0) as opened:
        while opened.readinto(buffer):
            pass


def _child(step: str, folder: Path, real: Path, n: int, noise: float) -> dict[str, Any]:
    words = [step, str(folder), "--real", str(real), "--n", str(n), "--noise", str(noise)]
    command = [sys.executable, "-m", "benchmarks.similar_index", *words]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=_LIMIT_S, check=False)
    if ran.returncode:
        raise SystemExit(f"The hot index of {n:,} could not be measured: the step {step} ended with {ran.returncode}.")
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def main() -> None:
    """Do one step and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.similar_index")
    parser.add_argument("step", choices=("build", "ask"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--noise", type=float, required=True)
    options = parser.parse_args()
    cloud = Cloud(np.load(options.real), options.n, options.noise)
    print(json.dumps((build if options.step == "build" else ask)(options.folder, cloud)))


if __name__ == "__main__":
    main()
