"""The map of the fake engine: every content has its place on a lattice, once the map is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.events import EventBus, MapChanged
from engine.schemas.map import ColouredMap, ColourKind, MapColours, MapGroup, MapPoints, MapState
from tests.desktop.fake_view import MODEL_REF, Content

_ACROSS = 8


class FakeMap:
    """That part of the engine's facade.

    Attributes
    ----------
    map_state
        How far the map is; `set_map` moves it.
    """

    events: EventBus
    contents: dict[int, Content]
    map_state = MapState(MODEL_REF, "ready", "fake", 0)

    def _called(self, name: str, *arguments: Any) -> None:
        raise NotImplementedError

    def set_map(self, state: MapState) -> None:
        """Let the map move and tell of it."""
        self.map_state = state
        self.events.publish(MapChanged(state))

    def open_map(self, model_ref: str = "") -> MapState:
        self._called("open_map", model_ref)
        return self.map_state

    def make_map(self, model_ref: str = "") -> None:
        self._called("make_map", model_ref)

    def cancel_map(self, model_ref: str = "") -> None:
        self._called("cancel_map", model_ref)

    def map_of(self, content_ids: np.ndarray, kind: ColourKind, model_ref: str = "") -> ColouredMap:
        self._called("map_of", kind)
        places = np.stack([content_ids % _ACROSS, content_ids // _ACROSS], axis=1).astype(np.float32)
        points = MapPoints(content_ids, places, self.map_state.layout)
        return ColouredMap(points, self.map_colours(content_ids, kind, model_ref), len(content_ids))

    def map_colours(self, content_ids: np.ndarray, kind: ColourKind, model_ref: str = "") -> MapColours:
        self._called("map_colours", kind)
        shown = [self.contents[int(i)] for i in content_ids]
        names = [content.shown_class if kind == "class" else str(content.label is not None) for content in shown]
        legend = sorted(set(names))
        groups = np.array([legend.index(name) for name in names], np.uint16)
        return MapColours(kind, groups, tuple(MapGroup(name, names.count(name)) for name in legend))
