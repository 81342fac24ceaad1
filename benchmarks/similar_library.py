"""A space over a library, end to end: built, started, asked under filters, and fed.

``python -m benchmarks.similar_library STEP FOLDER --real FILE --models FOLDER --n N --noise X`` does one step in a process of its
own and prints a JSON document. The library's rows are made up; its vectors are those of `benchmarks.similar_data`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import big_library
from benchmarks.engines import built_model, library_of
from benchmarks.similar_clock import let_free, memory_mb, percentiles, timed_ms
from benchmarks.similar_data import Cloud, Truth, recall
from engine.library import database, models, vectors
from engine.schemas.library import Query
from engine.spaces import Space
from engine.view import LibraryView
from tests.synthetic_library import store_vectors

K = 50
N_QUERIES = 100
N_LATER = 20_000
_FIRST_ID = 1
_LIMIT_S = 3600.0
_LOOK_S = 0.005
_FEW_HUNDREDTHS = 0.00005


def measure(folder: Path, real: Path, models_folder: Path, n: int, noise: float, *, keep: bool = False) -> dict[str, Any]:
    """Go through all steps. What is made stays where a run is cut, and is removed at its end unless `keep`."""
    document = {name: step(name, folder, real, models_folder, n, noise) for name in STEPS}
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return document


def step(name: str, folder: Path, real: Path, models_folder: Path, n: int, noise: float) -> dict[str, Any]:
    """Go through one step in a process of its own."""
    words = [name, str(folder), "--real", str(real), "--models", str(models_folder), "--n", str(n), "--noise", str(noise)]
    command = [sys.executable, "-m", "benchmarks.similar_library", *words]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=2 * _LIMIT_S, check=False)
    if ran.returncode:
        raise SystemExit(f"The library of {n:,} could not be measured: the step {name} ended with {ran.returncode}.")
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def home_of(folder: Path) -> Path:
    """Return the home folder of the library that the steps make in `folder`."""
    return folder / "home"


class Ground:
    """A library and its space's folder."""

    def __init__(self, folder: Path, models_folder: Path, cloud: Cloud) -> None:
        self.home, self.index, self.cloud = home_of(folder), folder / "index", cloud
        self.models = models_folder
        self.library = library_of(self.home)
        self.ref = built_model(models_folder).manifest.ref

    def make(self) -> dict[str, Any]:
        """Make the library, or the rest of it: vectors are committed some thousands at a time."""
        began_s = time.perf_counter()
        n = self.cloud.n
        if not self._rows_whole():
            shutil.rmtree(self.home, ignore_errors=True)
            big_library.make(self.home, self.models, n, photos=None, with_vectors=False)
        conn = database.connect(self.library)
        try:
            conn.execute("PRAGMA synchronous = OFF")
            model_id = models.find(conn, self.ref)
            assert model_id is not None
            there, _ = vectors.state(conn, model_id)
            for first, block in self.cloud.blocks():
                if first >= there:
                    with conn:
                        store_vectors(conn, model_id, [_FIRST_ID + first + i for i in range(len(block))], block)
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            conn.close()
        took_s = time.perf_counter() - began_s
        return {"seconds": round(took_s, 1), "library_mb": round(self.library.stat().st_size / 1e6)}

    def _rows_whole(self) -> bool:
        """Tell whether all contents are there, and no more vectors than there should be."""
        if not self.library.exists():
            return False
        conn = database.connect(self.library)
        try:
            model_id = models.find(conn, self.ref)
            if model_id is None:
                return False
            ((n,),) = conn.execute("SELECT count(*) FROM contents").fetchall()
            return n == self.cloud.n and vectors.state(conn, model_id)[0] <= n
        finally:
            conn.close()

    def space(self) -> Space:
        """Return the space, not started."""
        return Space(self.library, self.ref, self.index)


def build(ground: Ground) -> dict[str, Any]:
    """Let a space build its index from the library alone."""
    shutil.rmtree(ground.index, ignore_errors=True)
    space = ground.space()
    began_s = time.perf_counter()
    space.start()
    try:
        _until(lambda: _is_whole(space, ground.cloud.n))
        took_s = time.perf_counter() - began_s
    finally:
        space.close(60.0)
    size = sum(file.stat().st_size for file in ground.index.rglob("*") if file.is_file())
    return {"seconds": round(took_s, 1), "index_mb_on_disk": round(size / 1e6)}


def start(ground: Ground) -> dict[str, Any]:
    """Start over an index that is ready, and ask at once."""
    query = ground.cloud.queries(1)[0]
    view = LibraryView(ground.library)
    space = ground.space()
    began_s = time.perf_counter()
    space.start()
    try:
        found, _n, note = space.search(view, query, K, Query(model_ref=ground.ref))
        answered_s = time.perf_counter() - began_s
        _until(lambda: _is_whole(space, ground.cloud.n))
        ready_s = time.perf_counter() - began_s
    finally:
        space.close(60.0)
        view.close()
    return {
        "first_answer_s": round(answered_s, 3), "ready_s": round(ready_s, 2),
        "n_found": len(found.content_ids), "note": note,
    }  # fmt: skip


def ask(ground: Ground) -> dict[str, Any]:
    """Ask without a filter and under filters, each with the time to evaluate it, and compare with the exact answers."""
    queries = ground.cloud.queries(N_QUERIES)
    view = LibraryView(ground.library)
    wheres = _filters(ground, view)
    masks = {}
    for name, where in wheres.items():
        allowed = view.allowed(where)
        if allowed is not None:
            masks[name] = allowed[_FIRST_ID : _FIRST_ID + ground.cloud.n].copy()
    truth = Truth(queries, K, masks)
    for first, block in ground.cloud.blocks():
        truth.take(first, block)
    view.close()
    let_free()
    before = memory_mb()
    view = LibraryView(ground.library)
    space = ground.space()
    space.start()
    try:
        _until(lambda: _is_whole(space, ground.cloud.n))
        for query in ground.cloud.later(20):
            space.search(view, query, K, wheres["all"])
        asked = {}
        for name, where in wheres.items():
            exact = truth.of(name if name in masks else "all")
            asked[name] = _asked(space, view, where, queries, exact)
            asked[name]["n_allowed"] = int(masks[name].sum()) if name in masks else ground.cloud.n
        let_free()
        after = memory_mb()
    finally:
        space.close(60.0)
        view.close()
    return {
        "n_queries": N_QUERIES,
        "k": K,
        "filters": asked,
        "memory_mb": {"all": round(after["all"] - before["all"]), "of_files": round(after["of_files"] - before["of_files"])},
    }


def feed(ground: Ground) -> dict[str, Any]:
    """Commit many rows with their vectors at once, and wait until the index has them; then the same for one."""
    later = ground.cloud.later(N_LATER + 1)
    n = ground.cloud.n
    space = ground.space()
    space.start()
    view = LibraryView(ground.library)
    try:
        _until(lambda: _is_whole(space, n))
        took_s = _committed_until(ground, later[:-1], n, lambda: _is_whole(space, n + N_LATER))
        one_id = _FIRST_ID + n + N_LATER
        where = Query(model_ref=ground.ref)
        one_s = _committed_until(
            ground,
            later[-1:],
            n + N_LATER,
            lambda: bool(space.search(view, later[-1], 1, where)[0].content_ids[0] == one_id),
        )
    finally:
        space.close(60.0)
        view.close()
    return {
        "n": N_LATER,
        "seconds": round(took_s, 2),
        "vectors_per_s": round(N_LATER / took_s),
        "one_found_after_ms": round(one_s * 1000),
    }


def _committed_until(ground: Ground, later: NDArray[np.float32], n: int, seen: Callable[[], bool]) -> float:
    """Return how long it takes from a commit of contents with vectors until they are seen."""
    conn = database.connect(ground.library)
    try:
        model_id = models.find(conn, ground.ref)
        assert model_id is not None
        with conn:
            ids = [_FIRST_ID + n + i for i in range(len(later))]
            conn.executemany(
                """INSERT INTO contents(id, sha256, kind, content_type, width, height, size_bytes, added_at, name,
                     name_folded, mtime_ns) VALUES(?, ?, 'image', 'image/jpeg', 1, 1, 1, '2026', ?, ?, 1)""",
                ((i, i.to_bytes(32, "big"), f"later {i}", f"later {i}") for i in ids),
            )
            store_vectors(conn, model_id, ids, later)
        began_s = time.perf_counter()
        _until(seen)
        return time.perf_counter() - began_s
    finally:
        conn.close()


def _filters(ground: Ground, view: LibraryView) -> dict[str, Query]:
    """Return filters of each kind that keep about as much as is asked for, by what the library holds."""
    ref, n = ground.ref, ground.cloud.n
    conn = database.connect(ground.library)
    try:
        half = conn.execute("SELECT confidence FROM predictions ORDER BY confidence LIMIT 1 OFFSET ?", (n // 2,))
        ((confidence,),) = half.fetchall()
        classes = conn.execute(
            "SELECT c.name, count(*) n FROM predictions p JOIN classes c ON c.id = p.class_id GROUP BY c.id"
        ).fetchall()
        times = [row[0] for row in conn.execute("SELECT mtime_ns FROM contents ORDER BY mtime_ns LIMIT 60000")]
    finally:
        conn.close()
    hundredth = min(classes, key=lambda row: abs(row[1] - n / 100))[0]
    few = max(5, round(n * _FEW_HUNDREDTHS))
    return {
        "all": Query(model_ref=ref),
        "half, by confidence": Query(confidence_min=confidence, model_ref=ref),
        "a quarter, by source": Query(source_id=1, model_ref=ref),
        "a hundredth, by class": Query(class_name=hundredth, model_ref=ref),
        "0.005 %, by date": Query(mtime_max_ns=times[few - 1], model_ref=ref),
    }


def _asked(
    space: Space, view: LibraryView, where: Query, queries: NDArray[np.float32], exact: NDArray[np.int64]
) -> dict[str, Any]:
    times_ms, found = [], np.full((len(queries), K), -1, np.int64)
    notes = set()
    began_cpu_s = time.process_time()
    for i, query in enumerate(queries):
        ms, (nearest, _n, note) = timed_ms(lambda q=query: space.search(view, q, K, where))
        times_ms.append(ms)
        notes.add(note)
        found[i, : len(nearest.content_ids)] = nearest.content_ids - _FIRST_ID
    return {
        "first_ms": round(times_ms[0], 1),  # with the filter's own evaluation; it is kept until somebody commits
        "ms": percentiles(times_ms),
        "core_ms": round((time.process_time() - began_cpu_s) * 1000 / len(queries), 2),
        "recall_10": round(recall(found, exact, 10), 4),
        "recall_50": round(recall(found, exact, K), 4),
        "notes": sorted(notes - {""}),
    }


def _is_whole(space: Space, n: int) -> bool:
    return space.state.phase == "ready" and space.state.n == n


def _until(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + _LIMIT_S
    while not done():
        if time.monotonic() > end_s:
            raise SystemExit("The index was not ready in time.")
        time.sleep(_LOOK_S)


STEPS: dict[str, Callable[[Ground], dict[str, Any]]] = {
    "make": Ground.make,
    "build": build,
    "start": start,
    "ask": ask,
    "feed": feed,
}


def main() -> None:
    """Do one step and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.similar_library")
    parser.add_argument("step", choices=tuple(STEPS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--noise", type=float, required=True)
    options = parser.parse_args()
    cloud = Cloud(np.load(options.real), options.n, options.noise)
    print(json.dumps(STEPS[options.step](Ground(options.folder.absolute(), options.models, cloud))))


if __name__ == "__main__":
    main()
