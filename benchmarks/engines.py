"""The engine without a window, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.registry.catalogue import Registry
from engine.schemas.job import Job
from engine.schemas.model import Model
from engine.service import Engine
from engine.settings import library_path, load

MODEL = "efficientnet-lite0"


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a folder.

    Attributes
    ----------
    core_ms
        Processor time of the whole process an image: what other programs do meanwhile moves it little.
    """

    images_per_s: float
    core_ms: float

    @classmethod
    def of(cls, n_images: int, seconds: float, cpu_s: float) -> Run:
        """Return the rates of a pass that took so long."""
        return cls(round(n_images / seconds, 1), round(cpu_s * 1000 / n_images, 2))


def built_model(models: Path) -> Model:
    """Build the default model in `models`, or find it there."""
    return Registry(models).ensure(MODEL, lambda _message, _fraction: None)


def library_of(home: Path) -> Path:
    """Return the standard library of a home folder."""
    os.environ["LIGHTDESK_HOME"] = str(home)
    return library_path(load())


@contextmanager
def running_engine(home: Path, models: Path) -> Iterator[Engine]:
    """Start an engine on the library in `home` and wait until its model is ready."""
    os.environ["LIGHTDESK_HOME"] = str(home)
    engine = Engine(load({"models_dir": models}))
    engine.start()
    try:
        while engine.model_state().phase != "ready":
            if engine.model_state().phase == "failed":
                raise SystemExit(f"The model could not be loaded: {engine.model_state().message}")
            time.sleep(0.01)
        yield engine
    finally:
        engine.close()


def taken_in(
    home: Path, models: Path, folder: Path, n: int, *, look: Callable[[Engine, Job], None] | None = None
) -> Run:
    """Take a folder in, from the drop to the last stored row.

    Parameters
    ----------
    look
        Called with the engine and the finished job, after the clock was stopped.
    """
    with running_engine(home, models) as engine:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        job = engine.wait(engine.submit([str(folder)]))
        run = Run.of(n, time.perf_counter() - began_s, time.process_time() - began_cpu_s)
        if job.n_done != n:
            raise SystemExit(f"{job.n_done} of {n} photos were stored, {job.n_failed} failed.")
        if look is not None:
            look(engine, job)
    return run


def removed(home: Path) -> None:
    """Take a home folder away after a round."""
    shutil.rmtree(home, ignore_errors=True)
