"""Duplicates on the engine's facade: found behind everything else, in groups, with one of each proposed to keep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import FileError
from engine.events import DuplicatesChanged, EventBus
from engine.pictures import Pictures
from engine.readers import LibraryReaders
from engine.schemas.duplicates import (
    Duplicates,
    DuplicatesState,
    Group,
    GroupKind,
    KeepRules,
)
from engine.schemas.library import Query

if TYPE_CHECKING:  # they bring FAISS and the decoders
    from engine.deduplication import Deduplication
    from engine.library.database import Connection
    from engine.spaces import Space

T = TypeVar("T")


class Tidying:
    """Groups of duplicates. Any thread."""

    _reading: LibraryReaders
    _pictures: Pictures
    _lock: threading.Lock
    _deduplication: Deduplication | None
    _model_ref: str
    events: EventBus

    def _space(self, model_ref: str) -> Space:
        raise NotImplementedError

    def _submit(self, work: Callable[[Connection], T], *, durable: bool = False) -> Future[T]:
        raise NotImplementedError

    def find_duplicates(self) -> DuplicatesState:
        """Begin to look for duplicates, or go on, and keep up from now on; returns how far that is.

        Raises
        ------
        LibraryError
            LIBRARY_READ_ONLY: what is found could not be kept.
        """
        self._submit(lambda _conn: None).result()
        deduplication = self._deduplicating()
        deduplication.want()
        return deduplication.state

    def stop_finding_duplicates(self) -> None:
        """Let the search rest until it is wanted again."""
        if self._deduplication is not None:
            self._deduplication.stop()

    def duplicates_state(self) -> DuplicatesState:
        """Tell how far the search is."""
        return self._deduplicating().state

    def duplicates(
        self,
        where: Query | None = None,
        *,
        kinds: Sequence[GroupKind] = ("exact", "near"),
        rules: KeepRules | None = None,
    ) -> list[Duplicates]:
        """Return the groups that are known, with what the rules propose to keep.

        Parameters
        ----------
        where
            Groups with at least one member that passes; hidden contents are in no group.

        Notes
        -----
        Under a second for 100,000 pairs: not on a thread that somebody waits for.
        """
        from engine.search.duplicates import without
        from engine.search.groups import near_groups, similar_groups
        from engine.search.keepers import proposed

        rules = rules or KeepRules()
        with self._reading.borrow() as view:
            pairs = without(view.duplicate_pairs(), view.hidden())
            parted = view.parted()
            groups: list[Group] = []
            if "exact" in kinds:
                groups += [Group("exact", (i,), i) for i in view.in_several_files()]
            if "near" in kinds:
                groups += near_groups(pairs, parted)
            if "similar" in kinds:
                groups += similar_groups(pairs, parted)
            if where is not None:
                passing = set(view.ids(where).tolist())
                groups = [group for group in groups if not passing.isdisjoint(group.members)]
            ids = sorted({member for group in groups for member in group.members})
            facts = view.candidates(ids)
            names, by_label = view.classes_of(np.array(ids, dtype=np.int64), self._model_ref)
        label_of = {i: name if by else None for i, name, by in zip(ids, names, by_label, strict=True)}
        return [
            Duplicates(
                group,
                proposed([facts[m] for m in group.members], rules) if group.kind != "exact" else None,
                tuple(label_of[m] for m in group.members),
            )
            for group in groups
        ]

    def _deduplicating(self) -> Deduplication:
        from engine.deduplication import Deduplication

        space = self._space(self._model_ref)
        with self._lock:
            if self._deduplication is None:
                self._deduplication = Deduplication(
                    space,
                    self._reading,
                    lambda work: self._submit(work).result(),
                    self._thumbnail_pixels,
                    tell=lambda state: self.events.publish(DuplicatesChanged(state)),
                )
            return self._deduplication

    def _thumbnail_pixels(self, content_id: int) -> NDArray[np.uint8] | None:
        from engine.ingest.derive import thumbnail_pixels

        with self._reading.borrow() as view:
            sha256, _ = view.files_of([content_id]).get(content_id, ("", []))
        try:
            data = self._pictures.thumbnail(sha256) if sha256 else None
        except FileError:
            return None
        return None if data is None else thumbnail_pixels(data)

    def _close_deduplication(self, timeout_s: float) -> None:
        if self._deduplication is not None:
            self._deduplication.close(timeout_s)
