"""What neighbourhoods and clusters tell of a library, on the engine's facade."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, UsageError
from engine.events import AnalysisChanged, EventBus
from engine.readers import LibraryReaders
from engine.schemas.insight import AnalysisState, ClassCoverage, Cluster, Coverage
from engine.schemas.library import Query
from engine.schemas.similar import Cuts, Ranking
from engine.view import LibraryView

if TYPE_CHECKING:  # they bring FAISS
    from collections.abc import Callable
    from concurrent.futures import Future

    from engine.analysis import Analysis
    from engine.library.database import Connection
    from engine.spaces import Space

T = TypeVar("T")
_MOST = 1000
_CLUSTERS = 64
_BLOCK_ROWS = 4096
_SEED = 11


class Insights:
    """Outliers, mistakes, coverage. Any thread."""

    _reading: LibraryReaders
    _lock: threading.Lock
    _closing: threading.Event
    _analyses: dict[str, Analysis]
    _model_ref: str
    events: EventBus
    read_only: bool

    def _space(self, model_ref: str) -> Space:
        raise NotImplementedError

    def _submit(self, work: Callable[[Connection], T], *, durable: bool = False) -> Future[T]:
        raise NotImplementedError

    def analyse(self, model_ref: str = "") -> AnalysisState:
        """Begin to look for each content's neighbours, or go on, and keep up from now on; returns how far that is.

        Raises
        ------
        LibraryError
            LIBRARY_READ_ONLY: what is found could not be kept.
        """
        self._submit(lambda _conn: None).result()
        analysis = self._analysis(model_ref or self._model_ref)
        analysis.want()
        return analysis.state

    def analysis_state(self, model_ref: str = "") -> AnalysisState:
        """Tell how far the neighbourhoods of a space are known."""
        return self._analysis(model_ref or self._model_ref).state

    def coverage(self, where: Query) -> Coverage:
        """Return what labels cover of what passes a filter: its classes, and where it lies together without labels.

        Notes
        -----
        Takes a second for 100,000 contents: not on a thread that somebody waits for. Of more than
        `engine.search.spread.MAX_ROWS` a sample of that size is looked at, and numbers are scaled up.
        """
        from engine.search import spread

        space = self._space(where.model_ref)
        with self._reading.borrow() as view:
            ids, scale = _sampled(self._known(view, space, where), spread.MAX_ROWS)
            vectors = self._vectors_of(view, space, ids)
            there = vectors.any(axis=1)
            ids, vectors = ids[there], vectors[there]
            names, labelled = view.classes_of(ids, where.model_ref)
        classes = Counter(name for name in names if name is not None)
        by_label = Counter(name for name, by in zip(names, labelled, strict=True) if by and name is not None)
        rows = [ClassCoverage(name, round(by_label[name] * scale), round(n * scale)) for name, n in classes.items()]
        found: list[Cluster] = []
        if len(ids):
            belongs, middles = spread.clusters(vectors.astype(np.float32), min(_CLUSTERS, max(1, len(ids) // 20)))
            for number, middle in enumerate(middles.tolist()):
                members = np.flatnonzero(belongs == number).tolist()
                common = Counter(name for i in members if (name := names[i]) is not None).most_common(1)
                class_name, n_class = common[0] if common else (None, 0)
                n_labelled = sum(bool(labelled[i]) for i in members)
                found.append(
                    Cluster(
                        int(ids[middle]),
                        round(len(members) * scale),
                        round(n_labelled * scale),
                        class_name,
                        round(n_class * scale),
                    )
                )
        return Coverage(
            tuple(sorted(rows, key=lambda row: (row.n_labelled, row.n, row.class_name))),
            tuple(
                sorted(found, key=lambda cluster: (cluster.n_labelled > 0, cluster.n_labelled / cluster.n, -cluster.n))
            ),
        )

    def most_different(self, where: Query, n: int) -> Ranking:
        """Choose contents without a label, of those that pass a filter, so that they differ most from each other and from
        what has one; scores are distances (1 - cosine) to all that were chosen before.

        Raises
        ------
        UsageError
            INVALID_ARGUMENT for a number below 1 or above 1,000.
        """
        from dataclasses import replace

        from engine.search import spread

        if not 1 <= n <= _MOST:
            raise UsageError(
                ErrorCode.INVALID_ARGUMENT, f"{n:,} pictures cannot be picked.", way_out=f"Pick 1 to {_MOST:,}."
            )
        began_s = time.perf_counter()
        space = self._space(where.model_ref)
        with self._reading.borrow() as view:
            ids, _ = _sampled(self._known(view, space, replace(where, labelled="unlabelled")), spread.MAX_ROWS)
            vectors = self._vectors_of(view, space, ids)
            done = self._known(view, space, Query(labelled="labelled", model_ref=where.model_ref))
            taken = self._vectors_of(view, space, _sampled(done, _MOST)[0]).astype(np.float32)
            n_total = view.space(space.model_ref)[2]
        there = vectors.any(axis=1)
        ids, vectors = ids[there], vectors[there]
        rows, distances = spread.most_different(vectors, n, taken, cancelled=self._closing.is_set)
        took_ms = (time.perf_counter() - began_s) * 1000
        k = len(rows)
        return Ranking(ids[rows], distances.astype(np.float64), n_total, Cuts(k, k, k), "", took_ms)

    def _known(self, view: LibraryView, space: Space, where: Query) -> NDArray[np.int64]:
        """Return the contents that pass, in the order of their ids."""
        return np.sort(view.ids(where))

    def _vectors_of(self, view: LibraryView, space: Space, ids: NDArray[np.int64]) -> NDArray[np.float16]:
        _, dim, _ = view.space(space.model_ref)
        found = np.zeros((len(ids), dim), dtype=np.float16)
        for at in range(0, len(ids), _BLOCK_ROWS):
            found[at : at + _BLOCK_ROWS] = space.vectors(view, ids[at : at + _BLOCK_ROWS])
        return found

    def _analysis(self, model_ref: str) -> Analysis:
        from engine.analysis import Analysis

        space = self._space(model_ref)
        with self._lock:
            if model_ref not in self._analyses:
                self._analyses[model_ref] = Analysis(
                    space,
                    self._reading,
                    lambda work: self._submit(work).result(),
                    tell=lambda state: self.events.publish(AnalysisChanged(state)),
                )
            return self._analyses[model_ref]

    def _close_analyses(self, timeout_s: float) -> None:
        with self._lock:
            analyses = list(self._analyses.values())
        for analysis in analyses:
            analysis.close(timeout_s)


def _sampled(ids: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], float]:
    """Return at most `n` of them, ascending, and how many each stands for."""
    if len(ids) <= n:
        return ids, 1.0
    chosen = np.random.default_rng(_SEED).choice(len(ids), n, replace=False)
    return ids[np.sort(chosen)], len(ids) / n
