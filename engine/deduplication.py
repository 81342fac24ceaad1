"""Looks for pairs that are alike, behind everything else, and keeps them as contents come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.backends.ort import available_cores
from engine.caretaker import Caretaker
from engine.library import duplicates as kept
from engine.library.database import Connection
from engine.priority import step_back
from engine.readers import LibraryReaders
from engine.schemas.duplicates import DuplicatesState, Pairs
from engine.search import duplicates
from engine.spaces import Space

T = TypeVar("T")
_LOOK_S = 0.5
_RETRY_S = 3.0
_NEIGHBOUR_ROWS = 64
Write = Callable[[Callable[[Connection], None]], None]
Thumbnail = Callable[[int], NDArray[np.uint8] | None]


class NotYet(Exception):
    """The search index comes first."""


class Deduplication:
    """The thread that knows the pairs of one library. Any thread may ask; `close` once.

    Nothing is done before the first wish. Contents that come later are compared with all the others, the others with
    each other no more.

    Parameters
    ----------
    thumbnail
        Returns a content's thumbnail, uint8 (h, w, 3) RGB, None where there is none; called on several threads.
    write
        Runs a function in a transaction of the library's writer, and waits for it.
    tell
        Called with each change of state, on the thread that works.
    """

    def __init__(
        self,
        space: Space,
        reading: LibraryReaders,
        write: Write,
        thumbnail: Thumbnail,
        *,
        tell: Callable[[DuplicatesState], None],
    ) -> None:
        self._space, self._reading, self._write, self._thumbnail, self._tell = space, reading, write, thumbnail, tell
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(available_cores(), "compare", initializer=step_back)
        self._caretaker = Caretaker(
            "deduplication",
            "The list of duplicates",
            self._look,
            lambda error: self._say("absent", note=str(error)),
            rest_s=_LOOK_S,
            retry_s=_RETRY_S,
            begin=step_back,
            end=self._pool.shutdown,
        )
        self._state = DuplicatesState("absent")

    @property
    def state(self) -> DuplicatesState:
        """How far it is."""
        return self._state

    def want(self) -> None:
        """Begin, or go on, and keep up from now on."""
        self._stopped.clear()
        self._caretaker.start()
        self._caretaker.wake()

    def stop(self) -> None:
        """Rest until it is wanted again; what was not finished is begun anew then."""
        self._stopped.set()
        self._caretaker.wake()

    def close(self, timeout_s: float = 2.0) -> None:
        """End; what was found stays."""
        self._caretaker.close(timeout_s)

    def _look(self) -> None:
        if self._stopped.is_set():
            self._say("absent")
            return
        try:
            self._compare()
        except NotYet:
            self._say("building", 0.0, "The search index comes first.")

    def _compare(self) -> None:
        with self._reading.borrow() as view:
            model_id, _, n = view.space(self._space.model_ref)
            n_looked = view.duplicates_looked(model_id)
            if n_looked >= n:
                self._say("ready", 1.0)
                return
            new, _ = view.vector_rows(model_id, n_looked, n - n_looked)
            ids, fingerprints, has_fingerprint = view.fingerprints(model_id)
            known = view.duplicate_pairs()
        self._say("building")
        items = duplicates.Items(ids, fingerprints, has_fingerprint)
        is_new = np.isin(ids, new)
        found = duplicates.found(
            items,
            self._thumbnail,
            known=known,
            is_new=None if n_looked == 0 else is_new,
            neighbours=self._neighbours,
            run_all=self._pool.map,
            step=self._step,
        )
        if found is None:
            return
        fresh = _with_any(found, new)
        self._write(lambda conn: kept.store(conn, model_id, fresh, n_looked + len(new)))
        self._say("ready", 1.0)

    def _neighbours(self, ids: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        near = np.full((len(ids), k), -1, dtype=np.int64)
        cosines = np.full((len(ids), k), -1.0, dtype=np.float32)
        for at in range(0, len(ids), _NEIGHBOUR_ROWS):
            part = slice(at, at + _NEIGHBOUR_ROWS)
            found = None if self._ends() else self._space.neighbours(ids[part], k)
            if found is None:
                raise NotYet
            near[part], cosines[part] = found
        return near, cosines

    def _ends(self) -> bool:
        return self._caretaker.is_closing() or self._stopped.is_set()

    def _step(self, fraction: float) -> bool:
        self._say("building", fraction)
        return not self._ends()

    def _say(self, phase: str, fraction: float = 0.0, note: str = "") -> None:
        state = DuplicatesState(phase, round(fraction, 2), note)  # type: ignore[arg-type]
        if state != self._state:
            self._state = state
            self._tell(state)


def _with_any(pairs: Pairs, ids: NDArray[np.int64]) -> Pairs:
    """Return the pairs that hold one of these contents."""
    some = np.isin(pairs.first, ids) | np.isin(pairs.second, ids)
    return Pairs(
        pairs.first[some],
        pairs.second[some],
        pairs.near[some],
        pairs.score[some],
        pairs.cosine[some],
        pairs.apart[some],
        pairs.checked[some],
    )
