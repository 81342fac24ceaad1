"""Run in a child process by the doctor: loads the model, compares with the CPU, measures. Prints JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import cast

import numpy as np

from engine.backends.opening import open_session
from engine.preprocess import Preprocessor
from engine.registry.catalogue import Registry
from engine.schemas.device import DeviceChoice
from engine.settings import load, models_dir


def main(model_ref: str, device: DeviceChoice) -> None:
    """Measure one model on one device."""
    model = Registry(models_dir(load({}))).ensure(model_ref, lambda _message, _fraction: None)
    session = open_session(model, device=device, cpu_threads=0)
    reference = open_session(model, device="cpu", cpu_threads=1)
    shape = Preprocessor(model.manifest.input).item_shape
    pixels = np.random.default_rng(1).integers(0, 256, (8, *shape), dtype=np.uint8)
    difference = float(np.abs(session.run(pixels)[0] - reference.run(pixels)[0]).max())
    speeds: dict[str, float] = {}
    for batch in sorted({1, session.best_batch}):
        item = np.zeros((batch, *shape), np.uint8)
        session.run(item)
        began_s = time.perf_counter()
        n = 0
        while time.perf_counter() - began_s < 0.5:
            session.run(item)
            n += batch
        speeds[str(batch)] = n / (time.perf_counter() - began_s)
    report = session.report
    print(
        json.dumps(
            {
                "title": report.title,
                "runtime": report.runtime,
                "fallback_reason": report.fallback_reason,
                "max_difference": difference,
                "images_per_s": speeds,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], cast(DeviceChoice, sys.argv[2]))
