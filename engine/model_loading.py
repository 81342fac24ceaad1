"""Getting the active model to work, behind everything else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache import ByteCache
from engine.errors import LightdeskError
from engine.events import EngineFailed, EventBus, ModelStateChanged
from engine.pipeline.attempts import until_ready
from engine.pipeline.custody import Custody
from engine.registry.catalogue import Registry
from engine.schemas.device import ModelState
from engine.schemas.files import ImageLimits
from engine.schemas.settings import Settings

if TYPE_CHECKING:  # it brings the decoders and the runtime, which the loader's thread imports
    from engine.pipeline.runner import Pipeline


class ModelLoading:
    """The part of the engine's facade that loads the model and says how far it is."""

    library_path: Path
    settings: Settings
    events: EventBus
    _registry: Registry
    _cache: ByteCache
    _limits: ImageLimits
    _owner: str
    _lock: threading.Lock
    _closing: threading.Event
    _model_ref: str
    _model_id: int
    _model_state: ModelState
    _custody: Custody | None
    _pipeline: Pipeline | None

    @property
    def model_ref(self) -> str:
        """The active model, as ``name@version``."""
        return self._model_ref

    def model_state(self) -> ModelState:
        """Return how far the active model is."""
        return self._model_state

    def _model_ready(self) -> None:
        """For what should begin when the model is at work."""

    def _load_model(self) -> None:
        """Make the model ready, then let the jobs run."""
        until_ready(self._make_ready, failed=self._model_failed, closing=self._closing)

    def _model_failed(self, error: LightdeskError) -> None:
        self._set_model(ModelState("failed", self._model_ref, str(error)))
        self.events.publish(EngineFailed(str(error.code), str(error)))

    def _make_ready(self, silent: bool) -> None:
        from engine.pipeline.loading import open_pipeline

        assert self._custody is not None
        opened = open_pipeline(
            self._model_ref,
            self._model_id,
            self.settings,
            registry=self._registry,
            library_path=self.library_path,
            library=self._custody.library,
            cache=self._cache,
            events=self.events,
            owner=self._owner,
            limits=self._limits,
            tell=(lambda _state: None) if silent else self._set_model,
            stopped=self._closing.is_set,
        )
        if opened is None:
            return
        pipeline, report = opened
        with self._lock:
            too_late = self._closing.is_set()
            if not too_late:
                self._pipeline = pipeline
        if too_late:
            pipeline.close(0.0)
            return
        self._set_model(ModelState("ready", self._model_ref, device=report))
        self._custody.use(pipeline)
        if not self._closing.is_set():
            self._model_ready()

    def _set_model(self, state: ModelState) -> None:
        self._model_state = state
        self.events.publish(ModelStateChanged(state))
