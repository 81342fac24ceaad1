"""Search with words over one library: which pair of towers, its space kept full, words and pictures to vectors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, LightdeskError, ModelError
from engine.events import EngineFailed, Event, EventBus, JobChanged, LibraryChanged, PredictionsStored
from engine.library import jobs, models
from engine.pipeline.ledger import KIND, LibraryLedger
from engine.pipeline.patience import Patience
from engine.registry.catalogue import Registry
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame
from engine.schemas.job import Job, JobProgress
from engine.schemas.settings import Settings
from engine.schemas.tower import PairManifest, TowerPair

if TYPE_CHECKING:  # they bring the decoders and the runtime
    from engine.pipeline.embedding import Embedding
    from engine.priority import RightOfWay
    from engine.towers.image import ImageTower
    from engine.towers.text import TextTower

log = logging.getLogger(__name__)


class Words:
    """The pair in use, and what works for it.

    Parameters
    ----------
    library
        What all who write in the background write through.
    busy, way
        See `Embedding`.
    on_stored
        Called with the ids of contents that have a new vector in the space.

    Notes
    -----
    Any thread. `texts` and `picture` load a tower at first need, which takes a second: not on a thread that paints.
    """

    def __init__(
        self,
        registry: Registry,
        library: Patience,
        library_path: Path,
        events: EventBus,
        limits: ImageLimits,
        settings: Settings,
        *,
        busy: Callable[[], bool] = lambda: False,
        way: RightOfWay | None = None,
        on_stored: Callable[[Sequence[int]], None] = lambda _ids: None,
    ) -> None:
        self._registry = registry
        self._library = library
        self._path = library_path
        self._events = events
        self._limits = limits
        self._settings = settings
        self._busy = busy
        self._way = way
        self._on_stored = on_stored
        self._lock = threading.RLock()
        self._pair: TowerPair | None = None
        self._model_id: int | None = None
        self._ref = ""
        self._embedding: Embedding | None = None
        self._ledger: LibraryLedger | None = None
        self._text: TextTower | None = None
        self._image: ImageTower | None = None
        self._n_image_users = 0
        self._unsubscribe = events.subscribe(self._on_event)

    @property
    def ref(self) -> str:
        """The pair in use, as ``name@version``; empty where there is none."""
        return self._ref

    @property
    def model_id(self) -> int | None:
        """The space in the library."""
        return self._model_id

    def pairs(self) -> tuple[PairManifest, ...]:
        """Return the pairs that have been added."""
        return self._registry.pairs()

    def use(self, ref: str) -> int:
        """Take a pair into use: its space is made where it is new, and filled from now on. Returns the space.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND or MODEL_INVALID; damaged files are told of where they are first needed.
        LibraryError
            When it cannot be written.
        """
        from engine.pipeline.embedding import Embedding

        manifest = next((manifest for manifest in self.pairs() if manifest.ref == ref), None)
        if manifest is None:
            self._registry.pair(ref)  # says why
            raise ModelError(ErrorCode.MODEL_NOT_FOUND, f"There is no model {ref[:200]!r}.", way_out="Add it first.")
        found = manifest
        model_id = self._library.attempt(
            lambda conn: models.register_space(conn, found.ref, found.space_sha256, found.dim)
        )
        self._stop(2.0)
        with self._lock:
            self._ref, self._model_id = manifest.ref, model_id
            self._ledger = LibraryLedger(
                self._library,
                self._path,
                model_ref=manifest.ref,
                model_id=model_id,
                owner=jobs.new_owner(),
                title=f"Prepare search with words ({manifest.title[:60]})",
            )
            self._embedding = Embedding(
                self._ledger,
                self._lent,
                self._events,
                self._limits,
                busy=self._busy,
                way=self._way,
                on_stored=self._on_stored,
            )
        return model_id

    def use_newest(self) -> None:
        """Take the pair that was added last into use; what is wrong with it is published."""
        try:
            self.use(self.pairs()[-1].ref)
        except LightdeskError as error:
            self._events.publish(EngineFailed(str(error.code), str(error)))

    def fill(self) -> None:
        """Begin anew with what is missing, also after a job for it was cancelled, or pictures could not be read."""
        with self._lock:
            if self._ledger is not None and self._embedding is not None:
                self._ledger.ask()
                self._embedding.wake(all_over=True)

    def progress(self, job: Job) -> JobProgress:
        """Return a job of this kind with rate and time left, where it is being worked on here."""
        embedding = self._embedding
        if embedding is None or job.model_ref != self._ref:
            return JobProgress(job)
        return embedding.progress(job)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of texts in the space, float32 (n, dim).

        Raises
        ------
        ModelError, DeviceError
            When the tower cannot be had or does not run; MODEL_NOT_FOUND where no pair is in use.
        UsageError
            INVALID_ARGUMENT for a text without a word.
        """
        return self._text_tower().embed(texts)

    def fits(self, text: str) -> bool:
        """Tell whether all of a text counts; of a longer one the end is left out. Raises as `texts` does."""
        return self._text_tower().fits(text)

    def picture(self, frame: Frame) -> NDArray[np.float32]:
        """Return the unit vector of a picture in the space, float32 (dim,); `short_side` pixels are enough. Raises as `texts`."""
        tower = self._lent()
        try:
            return tower.embed(frame)
        finally:
            tower.close()

    @property
    def short_side(self) -> int:
        """Pixels on the shorter side that `picture` makes use of; 0 where no pair is in use."""
        found = next((manifest for manifest in self.pairs() if manifest.ref == self._ref), None)
        return found.image.input.resize_short_side if found is not None else 0

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop, and give the memory back."""
        self._unsubscribe()
        self._stop(timeout_s)

    # Inside

    def _stop(self, timeout_s: float) -> None:
        with self._lock:
            embedding, self._embedding, self._ledger = self._embedding, None, None
        if embedding is not None:
            embedding.close(timeout_s)
        with self._lock:
            if self._text is not None:
                self._text.close()
            self._text = self._pair = None

    def _verified(self) -> TowerPair:
        if self._pair is None:
            if not self._ref:
                raise ModelError(
                    ErrorCode.MODEL_NOT_FOUND,
                    "There is no model for search with words yet.",
                    way_out="Add one from a folder first.",
                )
            self._pair = self._registry.pair(self._ref)
        return self._pair

    def _text_tower(self) -> TextTower:
        from engine.towers.text import TextTower

        with self._lock:
            if self._text is None:
                self._text = TextTower(self._verified())
            return self._text

    def _lent(self) -> _Lent:
        """Lend the image tower, which is loaded once for all who use it."""
        from engine.towers.image import ImageTower

        with self._lock:
            if self._image is None:
                self._image = ImageTower(
                    self._verified(),
                    device=self._settings.device,
                    callers=self._settings.cpu_threads,
                    gpu_memory_mb=self._settings.gpu_memory_mb,
                )
            self._n_image_users += 1
            return _Lent(self._image, self._given_back)

    def _given_back(self) -> None:
        with self._lock:
            self._n_image_users -= 1
            if not self._n_image_users and self._image is not None:
                self._image.close()
                self._image = None

    def _on_event(self, event: Event) -> None:
        told = isinstance(event, PredictionsStored | LibraryChanged)
        if told or (isinstance(event, JobChanged) and event.progress.job.kind == KIND):
            embedding = self._embedding
            if embedding is not None:
                embedding.wake()


class _Lent:
    """An image tower that others may have too."""

    def __init__(self, tower: ImageTower, given_back: Callable[[], None]) -> None:
        self._tower = tower
        self._given_back = given_back
        self.best_batch = tower.best_batch
        self.max_concurrency = tower.max_concurrency

    @property
    def short_side(self) -> int:
        return self._tower.short_side

    def prepare(self, frame: Frame) -> NDArray[Any]:
        return self._tower.prepare(frame)

    def embed_items(self, items: NDArray[Any]) -> NDArray[np.float32]:
        return self._tower.embed_items(items)

    def embed(self, frame: Frame) -> NDArray[np.float32]:
        return self._tower.embed(frame)

    def close(self) -> None:
        self._given_back()
