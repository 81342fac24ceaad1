"""What a window keeps from one start to the next: its place, the parts' widths, order and view of the pictures."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMainWindow, QSplitter

from desktop.ui.filter_bar import FilterBar

_WIDTH_PX, _HEIGHT_PX = 1320, 840


class WindowState:
    """Restores and saves. GUI thread."""

    def __init__(self, window: QMainWindow, splitter: QSplitter, filters: FilterBar, state: QSettings) -> None:
        self._window, self._splitter, self._filters, self._state = window, splitter, filters, state

    def restore(self) -> None:
        """Put the window where it was; the first time, as large as the screen lets it be."""
        room = self._window.screen().availableSize()
        self._window.resize(min(_WIDTH_PX, room.width()), min(_HEIGHT_PX, room.height()))
        # Qt fits it into the screen there is, and refuses what was saved on one of quite another size.
        if geometry := self._state.value("geometry"):
            self._window.restoreGeometry(geometry)
        if splitter := self._state.value("splitter"):
            self._splitter.restoreState(splitter)
        self._filters.set_order(str(self._state.value("order", "added")), self._state.value("descending") == "true")
        if self._state.value("view") == "map":
            self._filters.view.choose(True)

    def save(self) -> None:
        """Keep all of it."""
        self._state.setValue("geometry", self._window.saveGeometry())
        self._state.setValue("splitter", self._splitter.saveState())
        query = self._filters.query("")
        self._state.setValue("order", query.sort)
        self._state.setValue("descending", "true" if query.descending else "false")
        self._state.setValue("view", "map" if self._filters.view.is_map else "grid")
