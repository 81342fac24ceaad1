"""From a model's name to a pipeline at work: file, session, warm batch sizes, lane."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from engine.backends.opening import open_session, warm
from engine.batching import ladder_up_to
from engine.cache import ByteCache
from engine.events import EventBus
from engine.library import database
from engine.library.writer import Writer
from engine.pipeline.lane import Lane
from engine.pipeline.preparing import Preparer
from engine.pipeline.runner import Pipeline
from engine.preprocess import Preprocessor
from engine.registry.catalogue import Registry
from engine.schemas.device import DeviceReport, ModelState
from engine.schemas.files import ImageLimits
from engine.schemas.settings import Settings


def open_pipeline(
    ref: str,
    model_id: int,
    settings: Settings,
    *,
    registry: Registry,
    library_path: Path,
    writer: Writer,
    cache: ByteCache,
    events: EventBus,
    owner: str,
    limits: ImageLimits,
    tell: Callable[[ModelState], None],
    stopped: Callable[[], bool],
) -> tuple[Pipeline, DeviceReport] | None:
    """Make a model ready, building its file at first need, and start a pipeline on it.

    Parameters
    ----------
    ref
        ``NAME@VERSION``.
    tell
        Called with each step on the way; the last one, "ready", is the caller's to tell.
    stopped
        Asked before threads are started.

    Returns
    -------
    pipeline, report
        The pipeline and what the model really runs on; None when stopped on the way.

    Raises
    ------
    ModelError, DeviceError
        When the model cannot be had or does not run.

    Notes
    -----
    Takes from a tenth of a second to a minute: on a thread of its own.
    """
    tell(ModelState("loading", ref))
    model = registry.ensure(ref, lambda message, fraction: tell(ModelState("building", ref, message, fraction)))
    tell(ModelState("loading", ref))
    session = open_session(
        model, device=settings.device, cpu_threads=settings.cpu_threads, gpu_memory_mb=settings.gpu_memory_mb
    )
    preprocessor = Preprocessor(model.manifest.input)
    tell(ModelState("warming", ref))
    ladder = ladder_up_to(settings.max_batch or session.best_batch)
    warm(session, preprocessor.item_shape, preprocessor.dtype, ladder)
    if stopped():
        session.close()
        return None

    def make_preparer(lane: Lane) -> Preparer:
        reader = database.connect(library_path, read_only=True)
        return Preparer(reader, cache, lane.model.manifest, lane.model_id, lane.preprocessor, limits)

    pipeline = Pipeline(
        writer,
        cache,
        events,
        owner=owner,
        limits=limits,
        n_decoders=settings.decode_threads or _cores(),
        make_preparer=make_preparer,
    )
    lane = Lane(
        model,
        model_id,
        session,
        preprocessor,
        max_batch=settings.max_batch,
        max_delay_ms=settings.max_delay_ms,
        way=pipeline.way,
        on_answers=pipeline.on_answers,
        on_failure=pipeline.on_failure,
    )
    pipeline.use(lane)
    return pipeline, session.report


def _cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
