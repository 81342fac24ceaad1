"""Lets pictures be compared with each other when an order or a filter needs it, and follows how far that is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.ui.insight_words import About, about, asks_for_insight
from desktop.ui.ports import EnginePort, LibraryReader, ReadPort
from engine.errors import LightdeskError
from engine.schemas.insight import AnalysisState
from engine.schemas.library import Query

_SETTLE_MS = 2500  # after a library was opened, and has the first pictures on the screen
_CALM_MS = 4000  # what is shown does not move under one's eyes more often, while more becomes known
_LOOKED_AT = 8


class InsightWatch(QObject):
    """GUI thread.

    Parameters
    ----------
    list_moved
        Called when the list should be read again, with how many ms after it came last at the soonest.
    """

    aboutChanged = Signal(str)  # an `About`
    moved = Signal()  # what is said of single pictures may be another now
    stateChanged = Signal(object)  # AnalysisState of the model that is looked with

    def __init__(self, read: ReadPort, engine: EnginePort, list_moved: Callable[[int], None], parent: QObject) -> None:
        super().__init__(parent)
        self._read, self._engine, self._list_moved = read, engine, list_moved
        self._model_ref = ""
        self._can_write = True
        self._wanted = False
        self._about: About = ""
        self._query = Query()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._go_on)

    def open(self, model_ref: str, *, can_write: bool) -> None:
        """Another library, or another model of it."""
        self.forget()
        self._model_ref, self._can_write = model_ref, can_write
        self._settle.start()

    def forget(self) -> None:
        """Nothing is known any more, and nothing is wanted."""
        self._settle.stop()
        self._model_ref, self._wanted, self._query = "", False, Query()

    def follow(self, query: Query) -> None:
        """What is shown is asked for by this filter, in this order."""
        if query == self._query:
            return
        self._query = query
        if asks_for_insight(query):
            self._want()
        if about(query) != self._about:
            self._about = about(query)
            self.aboutChanged.emit(self._about)

    def show_state(self, state: AnalysisState) -> None:
        """More pictures have been compared, or none can be."""
        if state.model_ref != self._model_ref:
            return
        self.stateChanged.emit(state)
        self.moved.emit()
        if asks_for_insight(self._query):
            self._list_moved(_CALM_MS if state.phase == "building" else 0)

    def labels_moved(self) -> None:
        """Labels moved: what is a mistake follows at once."""
        self.moved.emit()
        if self._query.only == "mistakes":
            self._list_moved(0)

    def _want(self) -> None:
        """Begin, once; in a library that can only be read what is known is all there will be."""
        if not self._wanted and self._can_write and self._model_ref:
            self._wanted = True
            self._engine.call("analyse", self._model_ref, done=self._began, failed=self._refused)

    def _began(self, state: AnalysisState) -> None:
        self.stateChanged.emit(state)

    def _refused(self, error: LightdeskError) -> None:
        self._wanted = False
        self.stateChanged.emit(AnalysisState(self._model_ref, "absent", note=str(error)))

    def _go_on(self) -> None:
        """Who has let pictures be compared once finds those compared that came since."""
        ref = self._model_ref

        def known(view: LibraryReader) -> bool:
            first = view.ids(Query(model_ref=ref))[:_LOOKED_AT]
            return any(view.insight(int(i), ref) is not None for i in first)

        def came(any_known: bool) -> None:
            if any_known and ref == self._model_ref:
                self._want()

        self._read.ask("compared", known, came)
