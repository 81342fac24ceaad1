"""Chooses the runtime by a model's format."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from engine.backends.base import Session
from engine.schemas.device import DeviceChoice
from engine.schemas.model import Model


def open_session(model: Model, *, device: DeviceChoice, cpu_threads: int) -> Session:
    """Open a session for the model. Raises ModelError or DeviceError."""
    if model.manifest.format == "fake":
        from engine.backends.fake import FakeSession

        return FakeSession(model.manifest)
    from engine.backends import ort

    return ort.open_session(model, device=device, cpu_threads=cpu_threads)


def warm(session: Session, item_shape: tuple[int, ...], dtype: np.dtype[Any], ladder: tuple[int, ...]) -> float:
    """Run each batch size once; returns the seconds it took. Padded sizes are then never new."""
    began_s = time.perf_counter()
    for n in ladder if session.pads else ladder[:1]:
        session.run(np.zeros((n, *item_shape), dtype))
    return time.perf_counter() - began_s
