"""Keeps the hot index of a space in step with the library, and answers from it.

The library is the truth, the index a copy: whatever is missing from it at the moment of a question is read from the library, so
that an answer covers all that is committed. Several processes may keep indexes of one library; they share the file of
vectors, and the snapshot of whoever saved it last.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import ranking
from engine.caretaker import Caretaker
from engine.errors import ErrorCode, LibraryError, LightdeskError
from engine.priority import step_back
from engine.schemas.library import Query
from engine.schemas.similar import IndexPhase, IndexState
from engine.search import snapshot
from engine.search.compact_index import CompactIndex
from engine.search.hot_index import EXACT_ROWS, DamagedRows, HotIndex, Nearest, NotReady
from engine.search.snapshot import Snapshot, SpaceName
from engine.search.vector_file import VectorFile
from engine.view import LibraryView

log = logging.getLogger(__name__)
_LOOK_S = 0.25
_RETRY_S = 5.0
_OPEN_S, _OPEN_EACH_S = 2.0, 2e-5
_BLOCK_ROWS = 1024
_BUILD_ROWS = 2048
_TOP_UP_ROWS = 128  # added at once: a query waits for no longer than that takes, some milliseconds
_PER_LIST = 40
_GROWTH = 4  # centres are found anew when there are so many times the vectors
_SAVE_GROWTH = 1.1
_SLOW = "The search index is {}: the library itself was searched, which takes longer."


class Space:
    """One model version's vectors, searchable. Any thread; `start` and `close` once each.

    Parameters
    ----------
    folder
        Where the index's files lie; they may be deleted at any time.
    tell
        Called with each change of state, on the thread that keeps the index.
    """

    def __init__(
        self,
        library_path: Path,
        model_ref: str,
        folder: Path,
        *,
        tell: Callable[[IndexState], None] = lambda _state: None,
    ) -> None:
        self.model_ref = model_ref
        self._library_path = library_path
        self._folder = folder
        self._tell = tell
        self._opened = threading.Event()
        self._hot: HotIndex | None = None
        self._file: VectorFile | None = None
        self._state = IndexState(model_ref, "absent")
        self._n_trained = 0
        self._n_saved = 0
        self._n_wanted = 1  # there may be some before the library has been looked at
        self._seen = -1
        self._damaged: list[NDArray[np.int64]] = []
        self._view: LibraryView | None = None  # the caretaker's
        self._caretaker = Caretaker(
            "index",
            "The search index",
            self._look,
            self._failed,
            rest_s=_LOOK_S,
            retry_s=_RETRY_S,
            begin=step_back,  # it takes all cores to build, and nobody waits for that: the library answers meanwhile
            end=self._end,
        )

    @property
    def state(self) -> IndexState:
        """How far the index is."""
        return self._state

    def start(self) -> None:
        """Begin to keep the index."""
        self._caretaker.start()

    def poke(self) -> None:
        """Look at once for what is new."""
        self._caretaker.wake()

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop; what is not in a snapshot yet is caught up with at the next start."""
        self._caretaker.close(timeout_s)

    # Asking

    def search(self, view: LibraryView, vector: NDArray[np.float32], k: int, where: Query) -> tuple[Nearest, int, str]:
        """Return the nearest visible contents that pass the filter, how many vectors there are, and a note.

        Parameters
        ----------
        view
            The caller's, for what the index does not know: the filter, and vectors that came just now.
        """
        model_id, _dim, n = view.space(self.model_ref)
        if not n:
            return Nearest(np.empty(0, np.int64), np.empty(0), 0, 0), 0, ""
        # What a start takes to read the index from the disk is less than a search without it.
        self._opened.wait(max(_OPEN_S, n * _OPEN_EACH_S))
        hot = self._hot
        note = self._state.note
        if hot is not None and n - hot.n <= ranking.LAG_ROWS:
            try:
                found = ranking.ranked(view, hot, model_id, vector, k, where)
            except NotReady:
                pass
            except DamagedRows as damage:
                # More than a few: the keeper begins anew, and the library answers meanwhile.
                self._damaged.append(damage.positions)
            else:
                if found.n_covered < n:
                    self.poke()
                return found, n, note
        self.poke()
        allowed = view.allowed(where)
        ids = None if allowed is None else np.flatnonzero(allowed)
        content_ids, scores = view.nearest(model_id, vector, k, ids)
        why = "being made" if self._state.phase == "building" else "not there"
        return Nearest(content_ids, scores, n, n), n, note or _SLOW.format(why)

    def vectors(self, view: LibraryView, content_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return vectors float32 (n, dim), zeros for contents without one."""
        model_id, _dim, _n = view.space(self.model_ref)
        hot = self._hot
        if hot is not None and (hot.positions_of(content_ids) >= 0).all():
            try:
                return hot.vectors_of(content_ids)
            except DamagedRows as damage:
                self._damaged.append(damage.positions)
        return view.vectors(model_id, content_ids)

    def neighbours(
        self, content_ids: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Return the nearest others of contents, as `HotIndex.neighbours` does; None while the index does not know all of them."""
        hot = self._hot
        if hot is None or (hot.positions_of(content_ids) < 0).any():
            self.poke()
            return None
        try:
            return hot.neighbours(content_ids, k)
        except NotReady:
            return None
        except DamagedRows as damage:
            self._damaged.append(damage.positions)
            self.poke()
            return None

    # Keeping

    def _look(self) -> None:
        self._view = self._view or LibraryView(self._library_path)
        try:
            self._keep(self._view)
        except OSError as error:
            raise LibraryError(
                ErrorCode.INDEX_DAMAGED,
                f"The search index in {self._folder} could not be written: {error.strerror or error}.",
            ) from error
        self._opened.set()

    def _end(self) -> None:
        self._opened.set()
        if self._view is not None:
            self._view.close()
        if self._file is not None:
            self._file.close()

    def _failed(self, error: LightdeskError) -> None:
        reason = str(error)
        if self._state.note != reason:
            log.warning("%s", reason)
            whole = self._hot is not None and self._hot.is_ready() and self._hot.n >= self._n_wanted
            self._say("ready" if whole else "absent", note=reason)
        self._seen = -1
        self._opened.set()

    def _say(self, phase: IndexPhase, fraction: float = 0.0, note: str = "") -> None:
        state = IndexState(self.model_ref, phase, 0 if self._hot is None else self._hot.n, round(fraction, 2), note)
        if state != self._state:
            self._state = state
            self._tell(state)

    def _keep(self, view: LibraryView) -> None:
        if self._damaged:
            self._forget()
        counter = view.change_counter()
        if counter == self._seen:
            return
        model_id, dim, n = view.space(self.model_ref)
        self._n_wanted = n
        if not dim:
            self._seen = counter
            return
        hot = self._hot or self._open(view, model_id, dim)
        if hot.n > n or (hot.n and view.chain_at(model_id, hot.n) != hot.file.chain_of(hot.n - 1)):
            log.warning("The library %s went another way than its search index: it is made anew", self._library_path)
            self._forget()
            hot = self._open(view, model_id, dim)
        self._catch_up(view, hot, model_id, n)
        self._keep_compact(view, hot, model_id)
        if not self._caretaker.is_closing():
            self._seen = counter
            self._say("ready")

    def _forget(self) -> None:
        self._damaged.clear()
        self._hot = None
        snapshot.remove(self._folder)
        if self._file is not None:
            self._file.start_again()
        self._seen = -1

    def _open(self, view: LibraryView, model_id: int, dim: int) -> HotIndex:
        """Take what is on the disk, as far as the library stands behind it."""
        began_s = time.perf_counter()
        library_id = view.library_id()
        if self._file is None:
            self._file = VectorFile(self._folder / "vectors", library_id=library_id, model_id=model_id, dim=dim)
        file = self._file
        n_file = min(file.open(), view.space(self.model_ref)[2])
        if n_file and view.chain_at(model_id, n_file) != file.chain_of(n_file - 1):
            log.warning("The vectors in %s are damaged, or not those of the library: written again", file.path)
            file.start_again()
            n_file = 0
        file.n = n_file
        hot = HotIndex(file)
        saved = self._loaded(view, model_id, library_id, dim)
        if saved is not None and saved.compact.n <= n_file:
            hot.extend(saved.content_ids)
            hot.use(saved.compact)
            self._n_trained, self._n_saved = saved.n_trained, saved.compact.n
        while hot.n < n_file:
            content_ids, _chains = view.vector_rows(model_id, hot.n, min(n_file - hot.n, 65_536))
            if not len(content_ids):
                break
            hot.extend(content_ids)
        self._hot = hot
        self._opened.set()
        log.info("The search index of %s: %d vectors in %.2f s", self.model_ref, hot.n, time.perf_counter() - began_s)
        return hot

    def _loaded(self, view: LibraryView, model_id: int, library_id: str, dim: int) -> Snapshot | None:
        name = SpaceName(library_id, self.model_ref, dim)
        try:
            saved = snapshot.load(self._folder, name)
        except LibraryError as error:
            assert error.code is ErrorCode.INDEX_DAMAGED
            log.warning("%s", error)
            self._say("building", note=str(error))
            snapshot.remove(self._folder)
            return None
        if saved is not None and view.chain_at(model_id, saved.compact.n) != saved.chain:
            log.info("The snapshot in %s is of another state of the library", self._folder)
            return None
        return saved

    def _catch_up(self, view: LibraryView, hot: HotIndex, model_id: int, n: int) -> None:
        file = hot.file
        while hot.n < n and not self._caretaker.is_closing():
            content_ids, chains = view.vector_rows(model_id, hot.n, _BLOCK_ROWS)
            if not len(content_ids):
                return
            if not file.holds(hot.n, content_ids, chains):  # another process may have written them
                file.n = hot.n
                file.append(content_ids, chains, view.vectors(model_id, content_ids))
            file.n = hot.n + len(content_ids)
            hot.extend(content_ids)
            if n - hot.n > _BLOCK_ROWS:
                self._say("building" if not hot.is_ready() else self._state.phase, 0.5 * hot.n / n)

    def _keep_compact(self, view: LibraryView, hot: HotIndex, model_id: int) -> None:
        compact = hot.compact
        if hot.n <= EXACT_ROWS:
            return
        if compact is None or hot.n >= _GROWTH * self._n_trained:
            self._say("building" if not hot.is_ready() else self._state.phase, 0.5, self._state.note)
            compact = self._built(hot)
            if compact is None:
                return
            hot.use(compact)
            self._n_trained, self._n_saved = hot.n, 0
        while compact.n < hot.n and not self._caretaker.is_closing():
            positions = np.arange(compact.n, min(compact.n + _TOP_UP_ROWS, hot.n))
            compact.add(self._from_file(hot, positions))
            if not hot.is_ready():
                self._say("building", compact.n / hot.n)
        if compact.n >= _SAVE_GROWTH * self._n_saved and not self._caretaker.is_closing():
            chain = view.chain_at(model_id, compact.n)
            library_id = view.library_id()
            if chain is not None:
                name = SpaceName(library_id, self.model_ref, hot.file.dim)
                snapshot.save(self._folder, name, Snapshot(hot.content_ids, compact, chain, self._n_trained))
                self._n_saved = compact.n

    def _built(self, hot: HotIndex) -> CompactIndex | None:
        """Return a compact stage of all there is; None when closing cut it short. The one in use stays so."""
        n = hot.n
        began_s = time.perf_counter()
        compact = CompactIndex(hot.file.dim, max(16, int(n**0.5)))
        n_sample = min(n, _PER_LIST * compact.n_lists)
        sample = np.sort(np.random.default_rng(n).choice(n, n_sample, replace=False))
        blocks = (self._from_file(hot, sample[at : at + _BUILD_ROWS]) for at in range(0, n_sample, _BUILD_ROWS))
        compact.train(blocks, n_sample)
        for at in range(0, n, _BUILD_ROWS):
            if self._caretaker.is_closing():
                return None
            compact.add(self._from_file(hot, np.arange(at, min(at + _BUILD_ROWS, n))))
            hot.file.let_go()
            self._say("building" if not hot.is_ready() else self._state.phase, 0.5 + 0.5 * at / n, self._state.note)
        log.info("Built a compact index of %d vectors in %.1f s", n, time.perf_counter() - began_s)
        return compact

    def _from_file(self, hot: HotIndex, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        vectors, whole = hot.file.vectors(positions, hot.content_ids[positions])
        if not whole.all():
            self._damaged.append(positions[~whole])
            raise LibraryError(
                ErrorCode.INDEX_DAMAGED,
                f"The vectors in {hot.file.path} are damaged.",
                way_out="They are written again from the library.",
            )
        return vectors
