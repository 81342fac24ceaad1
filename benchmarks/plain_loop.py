"""What anybody writes first: Pillow, resize, one `run` an image, nothing stored."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.engines import Run
from engine.schemas.model import Model


class PlainLoop:
    """A session with the runtime's own defaults, made once."""

    def __init__(self, model: Model) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as the program does
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
        spec = model.manifest.input
        self._input, self._side, self._crop = spec.name, spec.resize_short_side, spec.crop

    def run(self, files: Sequence[Path]) -> Run:
        """Go through the files once."""
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        for file in files:
            self._session.run(None, {self._input: self._item(file)})
        return Run.of(len(files), time.perf_counter() - began_s, time.process_time() - began_cpu_s)

    def _item(self, file: Path) -> np.ndarray[Any, Any]:
        image = Image.open(file).convert("RGB")
        scale = self._side / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        left, top = (image.width - self._crop) // 2, (image.height - self._crop) // 2
        return np.asarray(image.crop((left, top, left + self._crop, top + self._crop)))[None]
