"""Chooses the runtime by a model's format."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from engine.backends.base import Session
from engine.errors import DeviceError, ErrorCode
from engine.schemas.device import DeviceChoice
from engine.schemas.model import Model


def open_session(model: Model, *, device: DeviceChoice, cpu_threads: int, gpu_memory_mb: int = 4096) -> Session:
    """Open a session for the model.

    Parameters
    ----------
    device
        What the person asked for; `Session.report` says what came of it.
    cpu_threads
        Threads that may run at once on a CPU; 0 for one a core.
    gpu_memory_mb
        Most memory that may be taken on a GPU, in megabytes.

    Raises
    ------
    ModelError
        MODEL_DAMAGED or MODEL_INVALID.
    """
    if model.manifest.format == "fake":
        from engine.backends.fake import FakeSession

        return FakeSession(model.manifest)
    from engine.backends import ort

    return ort.open_session(model, device=device, cpu_threads=cpu_threads, gpu_memory_mb=gpu_memory_mb)


def warm(session: Session, item_shape: tuple[int, ...], dtype: np.dtype[Any], ladder: tuple[int, ...]) -> float:
    """Run each batch size once; returns the seconds it took.

    Sizes that are padded are then never new; on a CPU, memory is planned for each. A size that does
    not fit into the device's memory is left to the first batch that has it.
    """
    began_s = time.perf_counter()
    for n in ladder:
        try:
            session.run(np.zeros((n, *item_shape), dtype))
        except DeviceError as error:
            if error.code is not ErrorCode.OUT_OF_MEMORY or n == ladder[0]:
                raise
            break
    return time.perf_counter() - began_s
