"""From a model's name to a pipeline at work: file, session, warm batch sizes, lane."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.backends.opening import open_session, warm
from engine.backends.ort import available_cores
from engine.batching import ladder_up_to
from engine.cache import ByteCache
from engine.events import EventBus
from engine.library import database
from engine.pipeline.lane import Lane
from engine.pipeline.patience import Patience
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
    library: Patience,
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

    def make_lane(pipeline: Pipeline) -> Lane:
        return Lane(
            model,
            model_id,
            session,
            preprocessor,
            patience=library,
            max_batch=settings.max_batch,
            max_delay_ms=settings.max_delay_ms,
            way=pipeline.way,
            on_answers=pipeline.on_answers,
            on_failure=pipeline.on_failure,
        )

    def make_preparer() -> Preparer:
        reader = database.connect(library_path, read_only=True)
        return Preparer(reader, cache, model.manifest, model_id, preprocessor, limits)

    pipeline = Pipeline(
        library,
        cache,
        events,
        owner=owner,
        limits=limits,
        n_decoders=settings.decode_threads or available_cores(),
        make_lane=make_lane,
        make_preparer=make_preparer,
    )
    return pipeline, session.report
