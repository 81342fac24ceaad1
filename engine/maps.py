"""Keeps the map of a space: made once in the background, read from the disk from then on, added to as contents come.

The library is the truth, the map a drawing of it, kept beside the space's index; it may be deleted at any time. Several
processes may keep maps of one library: what one lays out anew the others take over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.caretaker import Caretaker
from engine.errors import ErrorCode, LibraryError, LightdeskError, ModelError
from engine.priority import step_back
from engine.schemas.map import MapPhase, MapPoints, MapState, ProjectedMap
from engine.search import map_file
from engine.search.growing_map import GrowingMap
from engine.search.map_file import KeptMap, MapOwner, Signature
from engine.search.projection import projected
from engine.view import LibraryView

log = logging.getLogger(__name__)
ReadVectors = Callable[[LibraryView, NDArray[np.int64]], NDArray[np.float32]]

LEAST = 3  # two pictures lie beside each other whatever they show
_SEED = 0
_LOOK_S = 0.25
_RETRY_S = 5.0
_PLACED_AT_ONCE = 256
_ROWS_AT_ONCE = 65_536
_GROWTH = 4  # with so many times the contents a map is worth making anew
# What few contents look like PCA says as well: that is a first map, and gives way to a real one by itself.
_FEW = 30
# What has been placed is written so often at most: placing it again at the next start costs little.
_SAVE_EVERY_S = 30.0


class SpaceMap:
    """One space's map. Any thread; `start` and `close` once each.

    Parameters
    ----------
    folder
        Where its file lies.
    read
        Returns vectors of contents, float32 (n, d); called with a view of the thread that keeps the map.
    tell
        Called with each change of state, on that thread.
    """

    def __init__(
        self,
        library_path: Path,
        model_ref: str,
        folder: Path,
        *,
        read: ReadVectors,
        tell: Callable[[MapState], None] = lambda _state: None,
    ) -> None:
        self.model_ref = model_ref
        self._library_path, self._folder = library_path, folder
        self._read, self._tell = read, tell
        self._cancel = threading.Event()
        self._state = MapState(model_ref, "absent")
        self._map: GrowingMap | None = None
        self._owner: MapOwner | None = None  # known when the file has been looked at
        self._is_wanted = False
        self._is_given_up = False  # cancelled or failed: it is made again when someone asks for it
        self._seen = -1
        self._signature: Signature | None = None
        self._n_saved, self._save_at_s = 0, 0.0
        self._looked_s = 0.0
        self._view: LibraryView | None = None  # the caretaker's
        self._caretaker = Caretaker(
            "map", "The map", self._look, self._failed, rest_s=_LOOK_S, retry_s=_RETRY_S, begin=step_back, end=self._end
        )  # stepped back no further: a person looks at the page and waits

    @property
    def state(self) -> MapState:
        """How far the map is."""
        return self._state

    def start(self) -> None:
        """Begin to keep the map; it is made if there is none."""
        self._caretaker.start()

    def make(self) -> None:
        """Make it, or make it anew; the one that is there stays until then."""
        if self._state.phase != "making":
            self._is_wanted = True
            self._caretaker.wake()

    def cancel(self) -> None:
        """Give up making it."""
        if self._state.phase == "making":
            self._cancel.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop; what is being made is given up."""
        self._caretaker.close(timeout_s)

    def points(self, content_ids: NDArray[np.int64]) -> MapPoints:
        """Return those of these contents that have a place, in their order."""
        growing = self._map
        if growing is None:
            return MapPoints(np.empty(0, np.int64), np.empty((0, 2), np.float32))
        return growing.points(content_ids, self._layout(growing))

    def _layout(self, growing: GrowingMap | None) -> str:
        return "" if growing is None else f"{self.model_ref} {growing.layout}"

    # Keeping

    def _look(self) -> None:
        self._view = self._view or LibraryView(self._library_path)
        self._keep(self._view)

    def _end(self) -> None:
        if self._view is not None:
            self._view.close()

    def _failed(self, error: LightdeskError) -> None:
        if str(error) != self._state.note:
            log.warning("The map of %s: %s", self.model_ref, error)
        self._seen = -1
        if self._map is None or self._map.is_by_pca:
            self._say("failed", error=error)
        else:
            self._say("ready", error=error)

    def _say(
        self, phase: MapPhase, fraction: float = 0.0, *, n_space: int | None = None, error: LightdeskError | None = None
    ) -> None:
        growing = self._map
        outgrown = self._state.is_outgrown
        if n_space is not None:
            outgrown = growing is not None and n_space >= _GROWTH * growing.mark.n_laid
        state = MapState(
            self.model_ref,
            phase,
            self._layout(growing),
            0 if growing is None else growing.n,
            round(fraction, 2),
            outgrown,
            "" if error is None else str(error.code),
            "" if error is None else str(error),
        )
        if state != self._state:
            self._state = state
            self._tell(state)

    def _keep(self, view: LibraryView) -> None:
        model_id, dim, n = view.space(self.model_ref)
        if not dim:
            self._say("few", error=None if not model_id else _without_vectors(self.model_ref))
            return
        self._look_at_file(view, model_id, dim)
        counter = view.change_counter()
        if counter == self._seen and not self._is_wanted:
            if self._map is not None:
                self._save(self._map)
            return
        if self._map is not None and not self._stands(view, model_id, self._map.n, self._map.chain):
            log.warning("The library %s went another way than its map: it is made anew", self._library_path)
            self._map, self._is_given_up = None, False
        if n < LEAST and self._map is None:
            self._seen, self._is_wanted = counter, False
            self._say("few", n_space=n)
            return
        first = self._map is None or (self._map.is_by_pca and n >= _GROWTH * self._map.mark.n_laid)
        if self._is_wanted or (first and not self._is_given_up):
            self._make(view, model_id, n)
        if self._map is not None:
            self._catch_up(view, self._map, model_id)
            self._save(self._map)
        if not self._caretaker.is_closing() and not self._is_wanted:
            self._seen = counter
            stays = self._is_given_up and (self._map is None or self._map.is_by_pca)
            if not stays:
                self._say("ready", n_space=n)

    def _stands(self, view: LibraryView, model_id: int, n: int, chain: int) -> bool:
        """Tell whether the first `n` contents of the space are still those that `chain` was made of."""
        return view.chain_at(model_id, n) == chain

    def _look_at_file(self, view: LibraryView, model_id: int, dim: int) -> None:
        """Take over what lies on the disk: at the start, and when another process has laid the map out anew."""
        signature = map_file.signature(self._folder)
        if self._owner is not None and signature == self._signature:
            return
        self._signature = signature
        if signature is None:
            self._n_saved, self._save_at_s = 0, 0.0  # somebody has deleted it
        mark = map_file.mark_of(self._folder)
        growing = self._map
        known = growing is not None and mark is not None and not growing.is_by_pca
        if growing is not None and known and mark is not None and mark.n_laid <= growing.mark.n_laid:
            return
        self._owner = MapOwner(view.library_id(), self.model_ref, dim)
        began_s = time.perf_counter()
        kept = self._loaded(view, model_id, self._owner)
        if kept is not None:
            self._map, self._seen, self._is_given_up = GrowingMap(kept), -1, False
            self._n_saved, self._save_at_s = self._map.n, time.monotonic() + _SAVE_EVERY_S
            self._say("ready", n_space=view.space(self.model_ref)[2])
            log.info("The map of %s: %d in %.2f s", self.model_ref, self._map.n, time.perf_counter() - began_s)

    def _loaded(self, view: LibraryView, model_id: int, owner: MapOwner) -> KeptMap | None:
        try:
            kept = map_file.load(self._folder, owner)
        except LibraryError as error:
            log.warning("%s", error)
            return None
        if kept is not None and not self._stands(view, model_id, len(kept.content_ids), kept.chain):
            log.info("The map in %s is of another state of the library", self._folder)
            return None
        return kept

    def _catch_up(self, view: LibraryView, growing: GrowingMap, model_id: int) -> None:
        """Find places for what has come."""
        while not self._caretaker.is_closing():
            content_ids, chains = view.vector_rows(model_id, growing.n, _PLACED_AT_ONCE)
            if not len(content_ids):
                return
            growing.add(content_ids, self._read(view, content_ids), int(chains[-1]))
            if self._state.phase in ("ready", "making", "cancelled", "failed"):
                self._say(self._state.phase, self._state.fraction)

    # Making

    def _make(self, view: LibraryView, model_id: int, n: int) -> None:
        self._is_wanted = False
        self._cancel.clear()
        self._say("making", n_space=n)
        began_s = time.perf_counter()
        try:
            made = self._made(view, model_id)
        except MemoryError as error:
            self._is_given_up = True
            raise LibraryError(
                ErrorCode.OUT_OF_MEMORY,
                f"There is not enough memory for a map of {n:,} pictures.",
                way_out="Close other programs, and try again.",
            ) from error
        except ValueError as error:
            self._is_given_up = True
            raise LibraryError(
                ErrorCode.LIBRARY_DAMAGED,
                f"A vector of {self.model_ref} in {self._library_path} cannot be used: {error}.",
                way_out="Check the library for damage.",
            ) from error
        except BaseException:
            self._is_given_up = True
            raise
        if made is not None:
            self._map, self._is_given_up = made, False
            self._n_saved, self._save_at_s = 0, 0.0
            log.info("Laid out a map of %d in %.1f s", made.n, time.perf_counter() - began_s)
        elif not self._caretaker.is_closing():
            self._is_given_up = True
            self._say("cancelled" if self._map is None or self._map.is_by_pca else "ready", n_space=n)

    def _made(self, view: LibraryView, model_id: int) -> GrowingMap | None:
        """Return a map of all there is; None where it was cancelled."""
        content_ids, chain = self._all_rows(view, model_id)

        def read(start: int, stop: int) -> NDArray[np.float32]:
            return self._read(view, content_ids[start:stop])

        def progress(fraction: float) -> None:
            self._say("making", fraction)
            self._meanwhile(view, model_id)

        def draft(early: ProjectedMap) -> None:
            if self._map is None or self._map.is_by_pca:
                self._map = GrowingMap.of(early, content_ids, chain)
                self._say("making", self._state.fraction, n_space=len(content_ids))

        made = projected(
            read,
            len(content_ids),
            seed=_SEED,
            progress=progress,
            cancelled=lambda: self._caretaker.is_closing() or self._cancel.is_set(),
            draft=draft,
        )
        return None if made is None else GrowingMap.of(made, content_ids, chain)

    def _meanwhile(self, view: LibraryView, model_id: int) -> None:
        """While the map is being made, what comes has its place on what is shown."""
        now_s = time.monotonic()
        if self._map is not None and now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            self._catch_up(view, self._map, model_id)

    def _all_rows(self, view: LibraryView, model_id: int) -> tuple[NDArray[np.int64], int]:
        found: list[NDArray[np.int64]] = []
        n, chain = 0, 0
        while True:
            content_ids, chains = view.vector_rows(model_id, n, _ROWS_AT_ONCE)
            if not len(content_ids):
                return np.concatenate(found) if found else np.empty(0, np.int64), chain
            found.append(content_ids)
            n, chain = n + len(content_ids), int(chains[-1])

    def _save(self, growing: GrowingMap) -> None:
        """Keep what was laid out at once, and what was placed since now and then."""
        n_new, now_s = growing.n - self._n_saved, time.monotonic()
        is_draft = self._is_given_up and growing.is_by_pca
        if not n_new or now_s < self._save_at_s or is_draft or self._owner is None or self._caretaker.is_closing():
            return
        self._save_at_s = now_s + _SAVE_EVERY_S
        there = map_file.mark_of(self._folder)
        if there is not None and self._n_saved and there.n_laid > growing.mark.n_laid:
            return  # another process has laid it out anew: it is taken over at the next look
        try:
            map_file.save(self._folder, self._owner, growing.kept())
        except OSError as error:
            log.warning("The map could not be kept in %s: %s", self._folder, error.strerror or error)
            return
        self._n_saved, self._signature = growing.n, map_file.signature(self._folder)


def _without_vectors(model_ref: str) -> ModelError:
    return ModelError(ErrorCode.MODEL_INVALID, f"{model_ref} gives no vectors, which a map is made of.", way_out="")
