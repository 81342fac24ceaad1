"""What the widgets ask for. The composition root hands in what answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from desktop.ui.trash_files import Outcome, TrashFile
from engine.errors import LightdeskError
from engine.schemas.duplicates import Candidate, Pairs
from engine.schemas.insight import Insight
from engine.schemas.job import Job
from engine.schemas.library import Command, Detail, Facets, FileRow, Problem, Query, Tile
from engine.schemas.settings import Settings

T = TypeVar("T")
Failed = Callable[[LightdeskError], None]


class LibraryReader(Protocol):
    """A look at the library, on a reader thread."""

    def ids(self, query: Query) -> NDArray[np.int64]: ...
    def tiles(self, content_ids: Sequence[int], model_ref: str) -> list[Tile]: ...
    def detail(self, content_id: int, model_ref: str) -> Detail | None: ...
    def insight(self, content_id: int, model_ref: str) -> Insight | None: ...
    def facets(self, model_ref: str) -> Facets: ...
    def problems(self, limit: int = 1000) -> list[Problem]: ...
    def jobs(self, *, active_only: bool = False) -> list[Job]: ...
    def can_undo(self) -> Command | None: ...
    def can_redo(self) -> Command | None: ...
    def class_names(self, prefix: str = "", limit: int = 50, model_ref: str = "") -> list[str]: ...
    def files_of(self, content_ids: Sequence[int]) -> dict[int, tuple[str, list[str]]]: ...
    def file_rows(self, content_ids: Sequence[int]) -> dict[int, tuple[str, tuple[FileRow, ...]]]: ...
    def candidates(self, content_ids: Sequence[int]) -> dict[int, Candidate]: ...
    def duplicates_looked(self, model_id: int) -> int: ...
    def duplicate_pairs(self) -> Pairs: ...
    def parted(self) -> list[tuple[int, int]]: ...
    def hidden(self) -> NDArray[np.int64]: ...
    def space(self, model_ref: str) -> tuple[int, int, int]: ...


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

    def compute(
        self,
        name: str,
        *arguments: Any,
        done: Callable[[Any], None],
        failed: Failed | None = None,
        **keywords: Any,
    ) -> None:
        """Like `call` for what takes long (previews, checks), on a thread of its own."""


class TrashPort(Protocol):
    """Looks at files, and moves them to the system's trash, on a thread of its own."""

    def look(self, files: Sequence[TrashFile], done: Callable[[list[Outcome]], None], failed: Failed) -> None:
        """Tell which files may go, without reading them."""

    def move(self, files: Sequence[TrashFile], done: Callable[[list[Outcome]], None], failed: Failed) -> None:
        """Move files that are still what the library knows; tells what came of each."""


class Shell(Protocol):
    """What the window asks of the composition root. All of it answers at once or on the GUI thread later."""

    settings: Settings

    @property
    def trash(self) -> TrashPort:
        """What looks at files that may go to the trash, and moves them there."""

    def open_library(self, path: Path | None) -> None:
        """Close the library and open another, or make it (None: the standard one)."""

    def restore_library(self, backup: Path) -> None:
        """Put a backup in the place of the library that cannot be opened, and open it."""

    def use_model(self, name: str) -> None:
        """Go on with another model."""

    def save_settings(self, values: Mapping[str, Any]) -> bool:
        """Write changed settings to the settings file; False where that failed."""

    def why_invalid(self, name: str, value: Any) -> str | None:
        """Say what is wrong with the value of a setting, or None."""

    def settings_from_environment(self) -> frozenset[str]:
        """Name the settings that the environment decides."""

    def library_file(self) -> Path:
        """Return the library that is open, or was to be."""

    def sample_photos(self) -> list[str]:
        """Return the photos that ship with the program."""

    def save_pasted(self, image: QImage, done: Callable[[str], None]) -> None:
        """Keep a pasted image as a file in the library's folder `pasted`."""

    def picture_of(self, path: str, side_px: int, done: Callable[[QImage], None]) -> None:
        """Decode a file that need not be in the library, at most `side_px` long; no answer where it cannot be read."""

    def pixels_of(self, image: QImage, side_px: int, done: Callable[[NDArray[np.uint8], QImage], None]) -> None:
        """Return a pasted image as uint8 (h, w, 3) RGB, transparency over white, and made small."""

    def doctor_text(self, done: Callable[[str], None], failed: Failed) -> None:
        """Examine this machine."""

    def check_library(self, done: Callable[[tuple[str, ...]], None]) -> None:
        """Look for damage; answers with what was found."""

    def back_up_library(self, target: Path, done: Callable[[str], None]) -> None:
        """Copy the library while it is in use; answers with what is to be known of the copy, if anything is."""

    def version(self) -> str:
        """Return this program's version."""
