"""What the widgets ask for. The composition root hands in what answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from engine.errors import LightdeskError
from engine.schemas.job import Job
from engine.schemas.library import Command, Detail, Facets, Problem, Query, Tile

T = TypeVar("T")
Failed = Callable[[LightdeskError], None]


class LibraryReader(Protocol):
    """A look at the library, on a reader thread."""

    def ids(self, query: Query) -> NDArray[np.int64]: ...
    def tiles(self, content_ids: Sequence[int], model_ref: str) -> list[Tile]: ...
    def detail(self, content_id: int, model_ref: str) -> Detail | None: ...
    def facets(self, model_ref: str) -> Facets: ...
    def problems(self, limit: int = 1000) -> list[Problem]: ...
    def jobs(self, *, active_only: bool = False) -> list[Job]: ...
    def can_undo(self) -> Command | None: ...
    def can_redo(self) -> Command | None: ...
    def class_names(self, prefix: str = "", limit: int = 50, model_ref: str = "") -> list[str]: ...


class ReadPort(Protocol):
    """Runs reads off the GUI thread."""

    def ask(
        self,
        lane: str,
        read: Callable[[LibraryReader], T],
        answer: Callable[[T], None],
        failed: Failed | None = None,
    ) -> None:
        """Run `read` on a reader thread; `answer` is called later on the GUI thread.

        In one lane a newer request replaces an older one, whose answer is dropped.
        """


class ThumbnailPort(Protocol):
    """Thumbnails by content, made on threads of their own."""

    def want(self, keys: Sequence[tuple[int, str]]) -> None:
        """Replace the wish list of (content id, sha256), most wanted first."""

    def peek(self, content_id: int) -> QImage | None:
        """Return the image if it is in memory."""

    def subscribe(self, on_ready: Callable[[list[int]], None]) -> None:
        """Be told on the GUI thread of images that have come."""


class EnginePort(Protocol):
    """Calls on the engine, queued to its thread; the answer comes back on the GUI thread."""

    def call(
        self,
        name: str,
        *arguments: Any,
        done: Callable[[Any], None] | None = None,
        failed: Failed | None = None,
    ) -> None:
        """Call the engine's method `name`. Without `failed` an error is shown in the window."""

    def compute(self, name: str, *arguments: Any, done: Callable[[Any], None], failed: Failed | None = None) -> None:
        """Like `call` for what takes long (previews, checks), on a thread of its own."""
