"""What has happened, in the past tense, published after the commit; ids, not arrays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from engine.schemas.device import ModelState
from engine.schemas.duplicates import DuplicatesState
from engine.schemas.insight import AnalysisState
from engine.schemas.job import JobProgress, Preflight
from engine.schemas.map import MapState
from engine.schemas.similar import IndexState


@dataclass(frozen=True, slots=True)
class PredictionsStored:
    """These contents have a new prediction (or were found already predicted).

    Attributes
    ----------
    awaited
        They came through the express lane: a person looks at the window and waits for them.
    """

    job_id: int
    content_ids: tuple[int, ...]
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class JobChanged:
    """State or counters of a job moved."""

    progress: JobProgress


@dataclass(frozen=True, slots=True)
class PreflightCounted:
    """The scan of a drop counted on, or ended (`preflight.finished`)."""

    preflight: Preflight


@dataclass(frozen=True, slots=True)
class ProblemsChanged:
    """The list of problems grew or shrank."""


@dataclass(frozen=True, slots=True)
class LabelsChanged:
    """A command, an undo or a redo was committed."""

    content_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """Something else changed: contents hidden or shown, a source removed, a commit of another process."""


@dataclass(frozen=True, slots=True)
class ModelStateChanged:
    """The model is being built, loaded, warmed, is ready, or failed."""

    state: ModelState


@dataclass(frozen=True, slots=True)
class IndexChanged:
    """The hot index of a space is being made, is ready, or is absent."""

    state: IndexState


@dataclass(frozen=True, slots=True)
class AnalysisChanged:
    """Neighbourhoods of a space are being looked for, or all are known."""

    state: AnalysisState


@dataclass(frozen=True, slots=True)
class MapChanged:
    """The map of a space is being made, is there, has grown, or cannot be made."""

    state: MapState


@dataclass(frozen=True, slots=True)
class DuplicatesChanged:
    """Duplicates are being looked for, or all that there are now are known."""

    state: DuplicatesState


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """Something went wrong that concerns no single file: shown in the window, never swallowed."""

    code: str
    message: str


Event = (
    PredictionsStored
    | JobChanged
    | PreflightCounted
    | ProblemsChanged
    | LabelsChanged
    | LibraryChanged
    | ModelStateChanged
    | IndexChanged
    | AnalysisChanged
    | DuplicatesChanged
    | MapChanged
    | EngineFailed
)


class EventBus:
    """Plain publish and subscribe. Handlers run on the publishing thread and must only hand over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handlers: tuple[Callable[[Event], None], ...] = ()

    def subscribe(self, handler: Callable[[Event], None]) -> Callable[[], None]:
        """Add a handler; returns the call that removes it. Any thread."""
        with self._lock:
            self._handlers = (*self._handlers, handler)

        def unsubscribe() -> None:
            with self._lock:
                self._handlers = tuple(h for h in self._handlers if h is not handler)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Call every handler with `event`. Any thread."""
        for handler in self._handlers:
            handler(event)
