"""Run in a child process by the doctor: loads the model on one device, compares it with the CPU, measures."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends.base import Session
from engine.backends.opening import open_session
from engine.preprocess import Preprocessor
from engine.registry.catalogue import Registry
from engine.schemas.frame import Frame
from engine.schemas.model import Model

_MEASURE_S = 0.4
_PICTURES = 8


def run(question: dict[str, Any]) -> dict[str, Any]:
    """Try a model on a device.

    Parameters
    ----------
    question
        ``models_dir``, ``model``, ``device``, ``cpu_threads``, ``gpu_memory_mb``.

    Returns
    -------
    dict
        What the session says of itself, ``max_difference`` of any class's probability from the CPU's
        answer, ``same_top1`` and ``images_per_s`` by layout.
    """
    model = Registry(Path(question["models_dir"])).ensure(question["model"], lambda _message, _fraction: None)
    session = open_session(
        model,
        device=question["device"],
        cpu_threads=question["cpu_threads"],
        gpu_memory_mb=question["gpu_memory_mb"],
    )
    batch = _pictures(model)
    scores = session.run(batch)[0]
    # The reference answers one by one: that a batch does not mix its pictures up is part of the test.
    reference = open_session(model, device="cpu", cpu_threads=1)
    expected = np.concatenate([reference.run(batch[i : i + 1])[0] for i in range(len(batch))])
    return {
        "model": model.manifest.ref,
        "device": session.report.device,
        "title": session.report.title,
        "runtime": session.report.runtime,
        "fallback_reason": session.report.fallback_reason,
        "finite": bool(np.isfinite(scores).all()),
        "max_difference": float(np.abs(scores - expected).max()),
        "same_top1": bool((scores.argmax(axis=1) == expected.argmax(axis=1)).all()),
        "images_per_s": _speeds(session, batch),
    }


def _pictures(model: Model) -> NDArray[Any]:
    """Return pictures with structure, always the same: noise alone would hardly tell answers apart."""
    rng = np.random.default_rng(1)
    to_item = Preprocessor(model.manifest.input)
    items = []
    for _ in range(_PICTURES):
        cells = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        pixels = np.ascontiguousarray(np.kron(cells, np.ones((50, 50, 1), np.uint8)))
        items.append(to_item(Frame(pixels, 400, 300, "image/png")))
    return np.stack(items)


def _speeds(session: Session, pictures: NDArray[Any]) -> list[dict[str, Any]]:
    layouts = [(1, 1), (session.best_batch, session.max_concurrency)]
    measured = []
    for batch, n_threads in dict.fromkeys(layouts):
        item = np.concatenate([pictures] * -(-batch // len(pictures)))[:batch]
        session.run(item)
        measured.append({"batch": batch, "threads": n_threads, "images_per_s": _rate(session, item, n_threads)})
    return measured


def _rate(session: Session, item: NDArray[Any], n_threads: int) -> float:
    counts = [0] * n_threads
    until_s = time.perf_counter() + _MEASURE_S

    def work(place: int) -> None:
        while time.perf_counter() < until_s:
            session.run(item)
            counts[place] += len(item)

    began_s = time.perf_counter()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(sum(counts) / (time.perf_counter() - began_s), 1)


if __name__ == "__main__":
    from engine.errors import LightdeskError

    try:
        answer = run(json.loads(sys.argv[1]))
    except LightdeskError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    print(json.dumps(answer), flush=True)
    os._exit(0)  # drivers have crashed while they were unloaded
