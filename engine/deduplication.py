"""Looks for pairs that are alike, behind everything else, and keeps them as contents come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.backends.ort import available_cores
from engine.errors import LightdeskError
from engine.library import duplicates as kept
from engine.library.database import Connection
from engine.pipeline.priority import step_back
from engine.readers import LibraryReaders
from engine.schemas.duplicates import DuplicatesState, Pairs
from engine.search import duplicates
from engine.spaces import Space

log = logging.getLogger(__name__)
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
        self._closing = threading.Event()
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._state = DuplicatesState("absent")

    @property
    def state(self) -> DuplicatesState:
        """How far it is."""
        return self._state

    def want(self) -> None:
        """Begin, or go on, and keep up from now on."""
        with self._lock:
            self._stopped.clear()
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="deduplication")
                self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """Rest until it is wanted again; what was not finished is begun anew then."""
        self._stopped.set()
        self._wake.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """End; what was found stays."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        step_back()
        with ThreadPoolExecutor(available_cores(), "compare", initializer=step_back) as pool:
            while not self._closing.is_set():
                wait_s = _LOOK_S
                try:
                    if not self._stopped.is_set():
                        self._look(pool)
                    else:
                        self._say("absent")
                except NotYet:
                    self._say("building", 0.0, "The search index comes first.")
                except LightdeskError as error:
                    wait_s = _RETRY_S
                    self._say("absent", note=str(error))
                except Exception:
                    log.exception("Looking for duplicates failed on a bug")
                    wait_s = _RETRY_S
                    self._say("absent", note="Duplicates could not be looked for, on a bug of ours; see the log.")
                self._wake.wait(wait_s)
                self._wake.clear()

    def _look(self, pool: ThreadPoolExecutor) -> None:
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
            run_all=pool.map,
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
        return self._closing.is_set() or self._stopped.is_set()

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
