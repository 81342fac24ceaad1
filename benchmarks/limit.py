"""The most that the machine could do: cores / (decode s + inference core-s), by the fastest of what was tried."""

from __future__ import annotations

import io
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.machine import cores
from engine.ingest.decode import decode
from engine.preprocess import Preprocessor
from engine.schemas.files import ImageLimits
from engine.schemas.model import Model

BATCHES = (1, 2, 4, 8, 16)
_LIMITS = ImageLimits(10**9, 10**9)
_EACH_S = 0.4
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


class Limit:
    """Decoders and runtime layouts, each measured once a round on the same photos.

    Every decoder gives pixels whose shorter side is at least what the network's resize needs. Everything is
    measured with all cores at work; decoders also on one core alone, since that may be faster.
    """

    def __init__(self, model: Model, files: Sequence[Path]) -> None:
        self._data = [file.read_bytes() for file in files]
        preprocessor = Preprocessor(model.manifest.input)
        side = preprocessor.short_side
        frames = [decode(data, short_side=side, limits=_LIMITS, name="photo") for data in self._data]
        self._items = np.stack([preprocessor(frame) for frame in frames[: max(BATCHES)]])
        scales = [min(frame.width, frame.height) / side for frame in frames]
        self._decoders: dict[str, Callable[[int], Any]] = {
            "Lightdesk's (libjpeg-turbo at n/8, checked)": lambda i: decode(
                self._data[i], short_side=side, limits=_LIMITS, name="photo"
            ),
            "simplejpeg at n/8": lambda i: simplejpeg.decode_jpeg(
                self._data[i], "RGB", min_height=side, min_width=side
            ),
            # Only full, half, quarter and eighth size have vector code: more pixels can take less time.
            "simplejpeg in full": lambda i: simplejpeg.decode_jpeg(self._data[i], "RGB"),
            "OpenCV at 1/2, 1/4, 1/8 where that is enough": lambda i: cv2.imdecode(
                np.frombuffer(self._data[i], np.uint8),
                next((flag for n, flag in _REDUCED if scales[i] >= n), cv2.IMREAD_COLOR),
            ),
            "Pillow with draft": lambda i: _pillow(self._data[i], side),
        }
        self._sessions = _sessions(model)
        self._input = model.manifest.input.name
        self._decode_ms: dict[str, list[float]] = {}
        self._inference_ms: dict[str, list[float]] = {}

    def measure(self) -> None:
        """Measure everything once."""
        n, n_cores = len(self._data), cores()
        for name, work in self._decoders.items():
            alone_ms = _wall_ms([lambda w=work: [w(i) for i in range(n)]]) / n
            together_ms = _wall_ms([lambda w=work: [w(i) for i in range(n)]] * n_cores) / n
            self._decode_ms.setdefault(name, []).append(min(alone_ms, together_ms))
        for name, sessions in self._sessions.items():
            for size in BATCHES:
                batch = self._items[:size]
                began_s = time.perf_counter()
                sessions[0].run(None, {self._input: batch})
                rounds = max(3, round(_EACH_S / (time.perf_counter() - began_s)))
                wall_ms = _wall_ms([lambda s=s, b=batch, r=rounds: self._run(s, b, r) for s in sessions])
                each = wall_ms * n_cores / (rounds * size * len(sessions))
                self._inference_ms.setdefault(f"{name}, batch {size}", []).append(each)

    def result(self) -> dict[str, Any]:
        """Return the medians, the fastest and the limit in images a second."""
        decode_ms = {name: round(statistics.median(values), 3) for name, values in self._decode_ms.items()}
        inference_ms = {name: round(statistics.median(values), 3) for name, values in self._inference_ms.items()}
        decoder, layout = min(decode_ms, key=decode_ms.__getitem__), min(inference_ms, key=inference_ms.__getitem__)
        return {
            "decode_ms": decode_ms,
            "inference_core_ms": inference_ms,
            "fastest_decoder": decoder,
            "fastest_layout": layout,
            "images_per_s": round(cores() * 1000 / (decode_ms[decoder] + inference_ms[layout]), 1),
        }

    def _run(self, session: Any, batch: np.ndarray[Any, Any], rounds: int) -> None:
        for _ in range(rounds):
            session.run(None, {self._input: batch})


def _wall_ms(works: Sequence[Callable[[], Any]]) -> float:
    """Return how long all of these take, each on a thread of its own; what one of them raises is raised here."""
    with ThreadPoolExecutor(len(works)) as threads:
        began_s = time.perf_counter()
        for done in [threads.submit(work) for work in works]:
            done.result()
        return (time.perf_counter() - began_s) * 1000


def _pillow(data: bytes, side: int) -> np.ndarray[Any, Any]:
    image = Image.open(io.BytesIO(data))
    # Asked for the size of the whole picture whose shorter side is `side`: draft never goes below it.
    scale = side / min(image.size)
    image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
    return np.asarray(image.convert("RGB"))


def _sessions(model: Model) -> dict[str, list[Any]]:
    """Return for each layout the session that each calling thread uses."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as the program does
    import onnxruntime

    def session(threads: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])

    shared = session(1)
    return {
        "one session of one thread, called by a thread a core": [shared] * cores(),
        "a session of one thread for each core": [session(1) for _ in range(cores())],
        "one session over all cores": [session(cores())],
    }
