"""The map on the engine's facade: where the pictures lie that a filter lets through, and in which colours."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, LibraryError
from engine.events import EventBus, MapChanged
from engine.readers import LibraryReaders
from engine.schemas.map import ColouredMap, ColourKind, MapColours, MapState
from engine.schemas.settings import Settings
from engine.search import colouring
from engine.settings import cache_dir
from engine.view import LibraryView

if TYPE_CHECKING:  # they bring FAISS, which is not needed before somebody looks at the map
    from engine.maps import SpaceMap
    from engine.spaces import Space


class Mapping:
    """Maps of the spaces. Any thread; what takes longer than reading is done behind, on a thread for each map."""

    _reading: LibraryReaders
    _model_ref: str
    _closing: threading.Event
    _lock: threading.Lock
    _maps: dict[str, SpaceMap]
    library_path: Path
    settings: Settings
    events: EventBus

    def open_map(self, model_ref: str = "") -> MapState:
        """Begin to keep the map of a space (the active model's by default), made if there is none; tells how far it is.

        Raises
        ------
        LibraryError
            The library cannot be read, or is being closed.
        """
        return self._map_of(model_ref).state

    def make_map(self, model_ref: str = "") -> None:
        """Make the map, or make it anew; the one that is there stays until then. Raises as `open_map` does."""
        self._map_of(model_ref).make()

    def cancel_map(self, model_ref: str = "") -> None:
        """Give up making the map. Raises as `open_map` does."""
        self._map_of(model_ref).cancel()

    def map_of(self, content_ids: NDArray[np.int64], kind: ColourKind, model_ref: str = "") -> ColouredMap:
        """Return contents as points, in their order, those left out that have no place yet. Raises as `open_map` does.

        Parameters
        ----------
        content_ids
            int64, (n,): all that a filter lets through, say.
        kind
            What their colours stand for.
        """
        points = self._map_of(model_ref).points(content_ids)
        return ColouredMap(points, self.map_colours(points.content_ids, kind, model_ref), len(content_ids))

    def map_colours(self, content_ids: NDArray[np.int64], kind: ColourKind, model_ref: str = "") -> MapColours:
        """Return the colours of contents, in their order. Raises LibraryError."""
        with self._reading.borrow() as view:
            return _coloured(view, content_ids, kind, model_ref or self._model_ref)

    def _space(self, model_ref: str) -> Space:
        raise NotImplementedError

    def _library_mark(self) -> str:
        raise NotImplementedError

    def _map_of(self, model_ref: str) -> SpaceMap:
        from engine.maps import SpaceMap

        ref = model_ref or self._model_ref
        space, mark = self._space(ref), self._library_mark()
        with self._lock:
            kept = self._maps.get(ref)
            if kept is None and not self._closing.is_set():
                folder = cache_dir(self.settings) / "index" / mark / ref
                kept = self._maps[ref] = SpaceMap(
                    self.library_path,
                    ref,
                    folder,
                    read=space.vectors,
                    tell=lambda state: self.events.publish(MapChanged(state)),
                )
                kept.start()
        if kept is None:
            raise LibraryError(
                ErrorCode.LIBRARY_BUSY, f"The library {self.library_path} is being closed.", way_out="Open it again."
            )
        return kept

    def _close_maps(self, timeout_s: float) -> None:
        with self._lock:
            maps = list(self._maps.values())
        for kept in maps:
            kept.close(timeout_s)


def _coloured(view: LibraryView, content_ids: NDArray[np.int64], kind: ColourKind, model_ref: str) -> MapColours:
    if kind == "confidence":
        return colouring.by_confidence(view.map_confidences(content_ids, model_ref))
    if kind == "label":
        return colouring.by_label(view.map_label_states(content_ids))
    codes, names = view.map_classes(content_ids, model_ref) if kind == "class" else view.map_sources(content_ids)
    return colouring.by_name(codes, names, kind)
