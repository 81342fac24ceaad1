"""Folder of photos to stored rows, beside the plain loop, in one run: ``python -m benchmarks.ingest FOLDER``.

The folder's photos are repeated with a few bytes appended, so that each copy is a content of its own.
Prints medians, ratios and the ledger, with machine and versions.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from engine import cache
from engine.backends.opening import open_session
from engine.ingest.decode import decode
from engine.ingest.derive import perceptual_hash, small, thumbnail
from engine.ingest.reading import read_file
from engine.postprocess import to_scores
from engine.preprocess import Preprocessor
from engine.registry.catalogue import Registry
from engine.schemas.files import ImageLimits
from engine.service import Engine
from engine.settings import load, models_dir

N_IMAGES, ROUNDS = 600, 3
LIMITS = ImageLimits(10**9, 10**9)


def main(source: str) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LIGHTDESK_HOME"] = str(Path(scratch, "home"))
        photos = _copies(Path(source), Path(scratch, "photos"))
        model = Registry(models_dir(load())).ensure("efficientnet-lite0", lambda _m, _f: None)
        plain, ours = [], []
        for i in range(ROUNDS):
            plain.append(_plain_loop(photos, model))
            ours.append(_program(photos, Path(scratch, f"home{i}"), models_dir(load())))
        ledger, best_core_ms = _ledger(sorted(photos.iterdir())[:200], model)
        cores = os.cpu_count() or 1
        limit = cores * 1000 / (ledger["decode"] + best_core_ms)
        print(f"machine: {cores} cores, {platform.processor() or platform.machine()}, Python {platform.python_version()}")
        print("versions:", ", ".join(f"{p} {metadata.version(p)}" for p in ("onnxruntime-gpu", "numpy", "pillow", "apsw")))
        print(f"plain loop: {statistics.median(plain):.0f} images/s {[round(v) for v in plain]}")
        print(f"Lightdesk:  {statistics.median(ours):.0f} images/s {[round(v) for v in ours]}")
        ratio = statistics.median(o / p for o, p in zip(ours, plain, strict=True))
        print(f"ratio {ratio:.2f} (asked: 1.25); limit {limit:.0f} images/s, share {statistics.median(ours) / limit:.2f} (asked: 0.80)")
        print("core-ms an image:", ", ".join(f"{name} {ms:.2f}" for name, ms in ledger.items()), f", inference {best_core_ms:.2f}")


def _copies(source: Path, target: Path) -> Path:
    target.mkdir()
    originals = sorted(source.iterdir())
    for i in range(N_IMAGES):
        data = originals[i % len(originals)].read_bytes()
        (target / f"{i:05}.jpg").write_bytes(data + i.to_bytes(4, "big"))
    return target


def _plain_loop(photos: Path, model) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    files = sorted(photos.iterdir())
    began_s = time.perf_counter()
    for file in files:
        image = Image.open(file).convert("RGB")
        scale = 256 / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        session.run(None, {"pixels": np.asarray(image.crop((left, top, left + 224, top + 224)))[None]})
    return len(files) / (time.perf_counter() - began_s)


def _program(photos: Path, home: Path, models: Path) -> float:
    os.environ["LIGHTDESK_HOME"] = str(home)
    engine = Engine(load({"models_dir": models}))
    engine.start()
    while engine.model_state().phase != "ready":
        time.sleep(0.01)
    began_s = time.perf_counter()
    job = engine.wait(engine.submit([str(photos)]))
    seconds = time.perf_counter() - began_s
    engine.close()
    shutil.rmtree(home)
    assert job.n_done == N_IMAGES
    return N_IMAGES / seconds


def _ledger(files: list[Path], model) -> tuple[dict[str, float], float]:
    preprocessor = Preprocessor(model.manifest.input)
    spent: dict[str, list[float]] = {}

    def timed(name, work):
        began_s = time.perf_counter()
        value = work()
        spent.setdefault(name, []).append((time.perf_counter() - began_s) * 1000)
        return value

    items = []
    for file in files:
        loaded = timed("read and hash", lambda f=file: read_file(str(f), LIMITS))
        frame = timed("decode", lambda d=loaded: decode(d.data, short_side=256, limits=LIMITS, name="x"))
        reduced = timed("thumbnail", lambda f=frame: (s := small(f), thumbnail(s)))[0]
        timed("perceptual hash", lambda r=reduced: perceptual_hash(r))
        items.append(timed("resize", lambda f=frame: preprocessor(f)))
    session = open_session(model, device="cpu", cpu_threads=0)
    best = min(_core_ms(session, np.stack(items[:n])) for n in (1, 2, 4, 8, 16))
    scores = to_scores(session.run(np.stack(items[:8])), model.manifest.output)
    timed("pack", lambda: cache.pack_scores(scores[0]))
    return {name: statistics.median(values) for name, values in spent.items()}, best


def _core_ms(session, batch) -> float:
    """Core-milliseconds an image with one thread a core, all at once."""
    cores, rounds = os.cpu_count() or 1, max(4, 64 // len(batch))
    threads = [threading.Thread(target=lambda: [session.run(batch) for _ in range(rounds)]) for _ in range(cores)]
    began_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - began_s) * 1000 * cores / (rounds * cores * len(batch))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give a folder of JPEG photos: make bench FILES=FOLDER")
    main(sys.argv[1])
