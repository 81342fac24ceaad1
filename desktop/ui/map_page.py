"""The map of what is listed: asks the engine for it, and follows library, filter and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from desktop.ui.map_view import MapView
from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort
from desktop.ui.refreshing import Refresher
from engine.errors import ErrorCode, LibraryError, LightdeskError
from engine.schemas.map import ColouredMap, MapColours, MapPoints, MapState

_NONE = np.empty(0, np.int64)


class MapPage(MapView):
    """A map that fills itself while it is seen. GUI thread.

    The engine keeps the map of a model from the moment on when this is first seen; until then nothing is done for it.
    Answers that are late (another filter, another library) are dropped by number.
    """

    said = Signal(str)

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort) -> None:
        super().__init__(read, thumbnails)
        self._engine = engine
        self._model_ref = ""
        self._is_kept = False  # by the engine
        self._ids = _NONE
        self._how_far: MapState | None = None
        self._points: MapPoints | None = None
        self._declined = ""  # the layout that is not to be made anew
        self._number = 0  # of the newest question
        self._epoch = 0  # of library and model
        self._asks_points = False
        self._is_stale = False  # something moved while this was not seen
        self._point_asks = Refresher(self._ask_points, self)
        self._colour_asks = Refresher(self._ask_colours, self)
        self.colourChosen.connect(lambda _kind: self._recolour(at_once=True))
        self.cancelRequested.connect(lambda: self._tell_engine("cancel_map"))
        self.makeRequested.connect(lambda: self._tell_engine("make_map"))
        self.laterRequested.connect(self._decline)
        self.canvas.sceneChanged.connect(self._say)

    # What the window tells

    def open(self, model_ref: str) -> None:
        """Another library, or another model of it."""
        self.forget()
        self._model_ref = model_ref
        self.set_model_ref(model_ref)
        if self.isVisible():
            self._begin()

    def forget(self) -> None:
        """Nothing of a library may survive: the same numbers are other pictures elsewhere."""
        self._epoch += 1
        self._number += 1
        self._point_asks.reset()
        self._colour_asks.reset()
        self._is_kept = self._asks_points = self._is_stale = False
        self._model_ref, self._ids, self._how_far, self._points, self._declined = "", _NONE, None, None, ""
        self.reset()
        self.show_missing(0)

    def show_ids(self, ids: NDArray[np.int64]) -> None:
        """Show these contents: what passes the filter, or a ranking."""
        before, self._ids = self._ids, ids
        if len(before) == len(ids) and np.array_equal(before, ids):
            return
        # More of the same comes all the time while a folder is read; another filter is waited for.
        grows = 0 < len(before) < len(ids) and np.array_equal(ids[: len(before)], before)
        self._want_points(at_once=not grows)

    def follow(self, state: MapState) -> None:
        """The engine says how far a map is."""
        if state.model_ref != self._model_ref or not self._is_kept:
            return
        before, self._how_far = self._how_far, state
        if not state.layout and self._points is not None:
            self._points = None  # the library went another way: the same numbers may be other pictures
            self._number += 1
            self.show_nothing()
        if self._is_stale or before is None or before.layout != state.layout:
            self._want_points(at_once=True)
        elif before.n != state.n:
            self._want_points()
        if state.phase == "ready" and state.note and (before is None or before.note != state.note):
            self.said.emit(state.note)
        self._say()

    def labels_changed(self, content_ids: tuple[int, ...]) -> None:
        """A person labelled these (all that there are, if empty)."""
        self.refresh(content_ids or None)
        if self.colour_kind() in ("class", "label"):
            self._recolour()

    def library_changed(self) -> None:
        """Anything may have changed."""
        self.refresh(None)
        self._recolour()

    # Asking

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._begin()
        if self._is_stale:
            self._want_points(at_once=True)
        self._say()

    def _begin(self) -> None:
        if not self._model_ref or self._is_kept:
            return
        self._is_kept, epoch = True, self._epoch

        def opened(state: MapState) -> None:
            if epoch == self._epoch and self._how_far is None:  # else its events were quicker
                self.follow(state)

        def failed(error: LightdeskError) -> None:
            if epoch == self._epoch:
                self._is_kept = False
                self.show_failure(error)

        self._engine.compute("open_map", self._model_ref, done=opened, failed=failed)

    def _tell_engine(self, name: str) -> None:
        if name == "make_map" and not self._is_kept:
            self._begin()  # that was what failed
        elif self._model_ref:
            self._engine.compute(name, self._model_ref, done=lambda _nothing: None, failed=self.show_failure)

    def _want_points(self, *, at_once: bool = False) -> None:
        if not self.isVisible() or self._how_far is None or not self._how_far.layout:
            self._is_stale = True
        elif at_once:
            self._point_asks.at_once()
        else:
            self._point_asks.want()

    def _recolour(self, *, at_once: bool = False) -> None:
        if not self.isVisible() or self._asks_points or self._points is None:
            # What is asked for next brings new colours.
            self._want_points(at_once=at_once)
        elif at_once:
            self._colour_asks.at_once()
        else:
            self._colour_asks.want()

    def _ask_points(self) -> None:
        self._number += 1
        self._is_stale, self._asks_points = False, True
        number, kind = self._number, self.colour_kind()

        def came(answer: ColouredMap) -> None:
            if number != self._number:
                return
            self._asks_points = False
            self._points = answer.points
            self.show_map(answer.points, answer.colours)
            self.show_missing(answer.n_asked - len(answer.points.content_ids))
            self._say()
            self._point_asks.finished()

        def failed(error: LightdeskError) -> None:
            if number == self._number:
                self._asks_points = False
                self._not_read(self._point_asks, error)

        self._engine.compute("map_of", self._ids, kind, self._model_ref, done=came, failed=failed)

    def _ask_colours(self) -> None:
        points, kind, epoch = self._points, self.colour_kind(), self._epoch
        if points is None:
            self._colour_asks.finished()
            return

        def came(colours: MapColours) -> None:
            if epoch != self._epoch:
                return
            if points is self._points and colours.kind == self.colour_kind() and len(points.content_ids):
                self.show_map(points, colours)
            self._colour_asks.finished()

        def failed(error: LightdeskError) -> None:
            if epoch == self._epoch:
                self._not_read(self._colour_asks, error)

        self._engine.compute("map_colours", points.content_ids, kind, self._model_ref, done=came, failed=failed)

    def _not_read(self, asks: Refresher, error: LightdeskError) -> None:
        if not asks.n_failed:
            self.said.emit(str(error))
        asks.failed()

    # Saying

    def _decline(self) -> None:
        self._declined = self._how_far.layout if self._how_far is not None else ""
        self._say()

    def _say(self) -> None:
        """Put what is to be known of the map over it."""
        state = self._how_far
        if state is None or state.phase == "absent":
            self.show_done()
        elif state.phase == "making":
            self.show_progress(state.fraction)
        elif state.phase == "cancelled" and (not state.layout or state.layout != self._declined):
            self.show_cancelled()
        elif state.phase == "failed":
            self.show_failure(LibraryError(ErrorCode(state.code), state.note))
        elif state.phase == "few":
            self.show_few(state.note)
        elif self._points is not None and not len(self._points.content_ids):
            self.state.show_nothing()
            self._place_parts()
        elif state.phase == "ready" and state.is_outgrown and state.layout != self._declined:
            self.show_outgrown()
        else:
            self.show_done()
