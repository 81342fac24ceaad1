"""Finds the neighbours of each content, behind everything else, and keeps them as contents come."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.caretaker import Caretaker
from engine.library import neighbourhoods
from engine.library.database import Connection
from engine.priority import step_back
from engine.readers import LibraryReaders
from engine.schemas.insight import AnalysisState
from engine.schemas.similar import IndexPhase
from engine.search import insight
from engine.spaces import Space

_BATCH = 64
_REACH = 50  # a new one may be among the nearest of those that are not among its own
_LOOK_S = 0.5
_RETRY_S = 3.0
_LIMIT_OVER = 50_000  # so many values tell where outliers begin
Write = Callable[[Callable[[Connection], None]], None]


class Analysis:
    """The thread that knows the neighbourhoods of one space. Any thread may ask; `close` once.

    Nothing is done before the first wish. What was found is kept in the library, so that a later start goes on where
    this one ends; a content that comes later also enters the neighbourhoods of those it lies near to.

    Parameters
    ----------
    write
        Runs a function in a transaction of the library's writer, and waits for it.
    tell
        Called with each change of state, on the thread that works.
    """

    def __init__(
        self, space: Space, reading: LibraryReaders, write: Write, *, tell: Callable[[AnalysisState], None]
    ) -> None:
        self._space, self._reading, self._write, self._tell = space, reading, write, tell
        self._caretaker = Caretaker(
            "analysis",
            "The list of neighbours",
            self._look,
            lambda error: self._say("absent", note=str(error)),
            rest_s=_LOOK_S,
            retry_s=_RETRY_S,
            begin=step_back,
        )
        self._at = 0  # all before this place is known
        self._n_since_limit = 0
        self._state = AnalysisState(space.model_ref, "absent")

    @property
    def state(self) -> AnalysisState:
        """How far it is."""
        return self._state

    def want(self) -> None:
        """Begin, or go on, and keep up from now on."""
        self._caretaker.start()
        self._caretaker.wake()

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop; what was found stays."""
        self._caretaker.close(timeout_s)

    def _look(self) -> None:
        while not self._caretaker.is_closing() and self._step():
            pass

    def _step(self) -> bool:
        """Find the neighbours of some more; False where none is left for now."""
        with self._reading.borrow() as view:
            model_id, _, n_total = view.space(self._space.model_ref)
            places, content_ids = view.without_neighbours(model_id, self._at, _BATCH)
            if not len(content_ids):
                self._at = max(self._at, n_total)
                if self._n_since_limit:
                    self._write(lambda conn: _new_limit(conn, model_id))
                    self._n_since_limit = 0
                self._say("ready", n_total, n_total)
                return False
            found = self._space.neighbours(content_ids, _REACH)
            if found is None:
                self._say("building", int(places[0]), n_total, "The search index comes first.")
                return False
            near, cosines = found
            others = view.neighbours(model_id, np.unique(near[near >= 0]))
        changed = _entered(content_ids, near, cosines, others)
        self._write(lambda conn: _store(conn, model_id, content_ids, near, cosines, changed))
        self._at = int(places[-1]) + 1 if len(content_ids) == _BATCH else self._at
        self._n_since_limit += len(content_ids)
        self._say("building", int(places[-1]) + 1, n_total)
        return True

    def _say(self, phase: IndexPhase, n: int = 0, n_total: int = 0, note: str = "") -> None:
        state = AnalysisState(self._space.model_ref, phase, n, n_total, note)
        if state != self._state:
            self._state = state
            self._tell(state)


_Row = tuple[NDArray[np.int64], NDArray[np.float32]]


def _entered(
    content_ids: NDArray[np.int64], near: NDArray[np.int64], cosines: NDArray[np.float32], others: dict[int, bytes]
) -> dict[int, _Row]:
    """Return the neighbourhoods into which new contents come, as they are then."""
    arrivals: dict[int, list[tuple[int, float]]] = {}
    for row, content_id in enumerate(content_ids.tolist()):
        for other, cosine in zip(near[row].tolist(), cosines[row].tolist(), strict=True):
            if other in others:
                arrivals.setdefault(other, []).append((content_id, cosine))
    changed: dict[int, _Row] = {}
    for other, new in arrivals.items():
        ids, cos = neighbourhoods.unpacked(others[other])
        full = len(ids) >= insight.K
        better = [(i, c) for i, c in new if (not full or c > cos[-1]) and i not in ids]
        if better:
            ids = np.concatenate((ids, np.array([i for i, _ in better], dtype=np.int64)))
            cos = np.concatenate((cos, np.array([c for _, c in better], dtype=np.float32)))
            best = np.lexsort((ids, -cos))[: insight.K]
            changed[other] = (ids[best], cos[best])
    return changed


def _store(
    conn: Connection,
    model_id: int,
    content_ids: NDArray[np.int64],
    near: NDArray[np.int64],
    cosines: NDArray[np.float32],
    changed: dict[int, _Row],
) -> None:
    ids = [*content_ids.tolist(), *changed]
    own = zip(near[:, : insight.K], cosines[:, : insight.K], strict=True)
    rows: list[_Row] = [*own, *changed.values()]
    padded = np.full((len(rows), insight.K), -1.0, dtype=np.float32)
    for row, (_, cos) in enumerate(rows):
        padded[row, : len(cos)] = cos
    packed = [neighbourhoods.packed(i, c) for i, c in rows]
    neighbourhoods.store(
        conn, model_id, ids, packed, insight.uniqueness(padded).tolist(), insight.outlierness(padded).tolist()
    )


def _new_limit(conn: Connection, model_id: int) -> None:
    values = neighbourhoods.outliernesses(conn, model_id, _LIMIT_OVER)
    neighbourhoods.set_outlier_limit(conn, model_id, insight.outlier_limit(values))
