"""What is read for the window, when, and how often."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from desktop.ui.ports import ReadPort
from desktop.ui.refreshing import Refresher
from desktop.ui.similar_search import SimilarSearch
from engine.errors import LightdeskError
from engine.schemas.job import Job
from engine.schemas.library import Command, Facets, Problem, Query

# Nobody reads counts faster, and showing them again costs more than reading them.
_COUNTS_REST_MS = 700


class Browser(QObject):
    """Reads ids, counts, problems, open jobs and what can be undone. GUI thread.

    While a search by example stands the ids are its ranking.

    It reads again when it is told that something moved: the engine tells of its own commits, and of those of
    other processes.

    Parameters
    ----------
    query
        What should be shown now.
    """

    idsCame = Signal(object, object)  # ids, and the query they answer
    facetsCame = Signal(object)
    problemsCame = Signal(object)
    jobsCame = Signal(object)
    undoCame = Signal(object, object)  # Command or None, twice
    failed = Signal(object)  # LightdeskError

    def __init__(self, read: ReadPort, query: Callable[[], Query], search: SimilarSearch, parent: QObject) -> None:
        super().__init__(parent)
        self._read, self._query, self._search = read, query, search
        self._n_asked = 0
        self._ids = Refresher(self._ask_ids, self)
        self._facets = Refresher(self._ask_facets, self, rest_ms=_COUNTS_REST_MS)
        self._problems = Refresher(self._ask_problems, self)
        self._jobs = Refresher(self._ask_jobs, self)
        self._undo = Refresher(self._ask_undo, self)
        self._all = (self._ids, self._facets, self._problems, self._jobs, self._undo)

    def open(self) -> None:
        """Another library: read all of it."""
        self.stop()
        for refresher in self._all:
            refresher.at_once()

    def stop(self) -> None:
        """Read nothing any more."""
        for refresher in self._all:
            refresher.reset()

    def show_now(self) -> None:
        """The person chose another filter or order."""
        self._ids.at_once()

    def contents_moved(self, rest_ms: int = 0) -> None:
        """Contents, predictions or labels moved; the list is read `rest_ms` after it came last, at the soonest."""
        self._ids.want(rest_ms)
        self._facets.want()

    def counts_moved(self) -> None:
        """Labels moved that leave what is shown as it is."""
        self._facets.want()

    def problems_moved(self) -> None:
        """The list of problems moved."""
        self._problems.want()
        self._facets.want()

    def all_moved(self) -> None:
        """Anything may have moved."""
        for refresher in self._all:
            refresher.want()

    def undo_moved(self) -> None:
        """Something was done or undone: the next key may be Ctrl+Z."""
        self._undo.at_once()

    def show(self, ids: NDArray[np.int64]) -> None:
        """Show a list that is here already; nothing is read for it."""
        self.idsCame.emit(ids, self._query())

    def _ask_ids(self) -> None:
        query = self._query()
        self._n_asked += 1
        number = self._n_asked

        def came(ids: NDArray[np.int64], whole: bool = True) -> None:
            self._ids_came(ids, query, number, whole)

        def failed(error: LightdeskError) -> None:
            self._ids_failed(error, number)

        if self._search.has_picked(query):
            ref = query.model_ref
            self._read.ask(
                "ids", lambda view: view.ids(Query(model_ref=ref)), lambda ids: came(self._search.picked(ids)), failed
            )
        elif self._search.likeness is not None:
            self._search.ask(query, came, failed)
        else:
            self._read.ask("ids", lambda view: view.ids(query), came, failed)

    def _ids_came(self, ids: NDArray[np.int64], query: Query, number: int, whole: bool) -> None:
        if number != self._n_asked:
            return  # a list of all pictures, while a search has begun
        self.idsCame.emit(ids, query)
        if whole and number == self._n_asked:
            self._ids.finished()

    def _ids_failed(self, error: LightdeskError, number: int) -> None:
        if number != self._n_asked:
            return
        if not self._ids.n_failed:
            self.failed.emit(error)
        self._ids.failed()

    def _ask_facets(self) -> None:
        ref = self._query().model_ref
        self._read.ask("facets", lambda view: view.facets(ref), self._facets_came, lambda _e: self._facets.failed())

    def _facets_came(self, facets: Facets) -> None:
        self.facetsCame.emit(facets)
        self._facets.finished()

    def _ask_problems(self) -> None:
        self._read.ask(
            "problems", lambda view: view.problems(), self._problems_came, lambda _e: self._problems.failed()
        )

    def _problems_came(self, problems: list[Problem]) -> None:
        self.problemsCame.emit(problems)
        self._problems.finished()

    def _ask_jobs(self) -> None:
        self._read.ask(
            "jobs", lambda view: view.jobs(active_only=True), self._jobs_came, lambda _e: self._jobs.failed()
        )

    def _jobs_came(self, jobs: list[Job]) -> None:
        self.jobsCame.emit(jobs)
        self._jobs.finished()

    def _ask_undo(self) -> None:
        self._read.ask(
            "undo",
            lambda view: (view.can_undo(), view.can_redo()),
            self._undo_came,
            lambda _e: self._undo.failed(),
        )

    def _undo_came(self, commands: tuple[Command | None, Command | None]) -> None:
        self.undoCame.emit(*commands)
        self._undo.finished()
