"""Asks for what labels cover: when the page is opened, when the filter moves, and when a person wants to look again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from desktop.ui.coverage_view import CoverageView
from desktop.ui.ports import EnginePort, ReadPort
from engine.errors import LightdeskError
from engine.schemas.insight import Coverage
from engine.schemas.library import Query, Tile

_SETTLE_MS = 300  # a filter is often moved in several steps


class CoverageDesk(QObject):
    """What was found stays until it is asked for again: it is marked when labels move, not changed under one's hands.

    GUI thread. Answers about another filter or library are dropped.

    Parameters
    ----------
    query
        The filter that stands.
    """

    def __init__(
        self, view: CoverageView, read: ReadPort, engine: EnginePort, query: Callable[[], Query], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._view, self._read, self._engine, self._query = view, read, engine, query
        self._number = 0
        self._asked: Query | None = None  # what is shown, or on its way
        self._is_busy = self._is_stale = self._has_some = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SETTLE_MS)
        self._soon.timeout.connect(self.look)
        view.againRequested.connect(self.look)

    def open(self) -> None:
        """The page is about to be seen: look, unless what is there is as it would be found."""
        if self._asked != self._where() or self._is_stale:
            self.look()

    def look(self) -> None:
        """Look, or look again."""
        self._soon.stop()
        self._number += 1
        number, where = self._number, self._where()
        again = self._has_some and where == self._asked
        self._asked, self._is_busy, self._is_stale = where, True, False
        self._view.show_busy(again=again)

        def came(coverage: Coverage) -> None:
            if number == self._number:
                self._show(coverage, where)

        def failed(error: LightdeskError) -> None:
            if number == self._number:
                self._is_busy, self._asked, self._has_some = False, None, False
                self._view.show_failure(error)

        self._engine.compute("coverage", where, done=came, failed=failed)

    def filter_moved(self) -> None:
        """The filter is another one."""
        if self._view.isVisible() and self._asked != self._where():
            self._soon.start()

    def contents_moved(self) -> None:
        """Labels, predictions or pictures moved."""
        if self._asked is None:
            return
        self._is_stale = True
        if not self._is_busy:
            self._view.mark_stale()

    def forget(self) -> None:
        """Another library, or another model."""
        self._soon.stop()
        self._number += 1
        self._asked, self._is_busy, self._is_stale, self._has_some = None, False, False, False
        self._view.show_coverage(Coverage((), ()))

    def _where(self) -> Query:
        """An order does not count."""
        return replace(self._query(), sort="added", descending=False)

    def _show(self, coverage: Coverage, where: Query) -> None:
        self._is_busy, self._has_some = False, True
        self._view.show_coverage(coverage)
        if self._is_stale:
            self._view.mark_stale()
        ids = [cluster.middle_id for cluster in coverage.clusters]
        number = self._number

        def rows_came(rows: list[Tile]) -> None:
            if number == self._number:
                self._view.show_keys({row.content_id: row.sha256 for row in rows})

        if ids:
            self._read.ask("coverage", lambda view: view.tiles(ids, where.model_ref), rows_came)
