"""Which of the tiles are chosen, and who is told of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from desktop.ui.tile_surface import TileSurface
from engine.schemas.library import Tile

# Current content, how many steps go to, how many are selected.
Chosen = tuple[int | None, int, int]


class TileChoice(TileSurface):
    """Tiles with a current one and a selection; keys and mouse are for the class above. GUI thread."""

    listed = Signal()  # other contents, or in another order
    currentChanged = Signal(object)  # content id or None
    selectionChanged = Signal()

    def ids(self) -> NDArray[np.int64]:
        """Return what is listed, int64 (n,), in order; not to be changed."""
        return self._selection.ids

    def current_id(self) -> int | None:
        """The current content."""
        return self._selection.current_id

    def current_place(self) -> int:
        """Place of the current content in the grid's order, from 0; -1 without one."""
        return self._selection.current

    def selected_ids(self) -> list[int]:
        """The selection in the grid's order, or else the current content."""
        return self._selection.selected()

    def marked(self) -> NDArray[np.int64]:
        """What is selected, without a current content that is not."""
        return self._selection.marked()

    def n_selected(self) -> int:
        """Length of `selected_ids`, without making it."""
        return self._selection.n

    def shows(self, content_id: int) -> bool:
        """Tell whether a content is among those listed."""
        return self._selection.place_of(content_id) >= 0

    def row_of(self, content_id: int) -> Tile | None:
        """Return what a tile shows, if that is in memory."""
        return self._rows.get(content_id)

    def select_all(self) -> None:
        """Select everything shown."""
        before = self._chosen()
        self._selection.select_all()
        self.viewport().update()
        self._tell(before)

    def set_marked(self, marked: NDArray[np.int64], current_id: int | None) -> None:
        """Select what is selected elsewhere; what is not listed is left out."""
        before = self._chosen()
        self._selection.take_over(marked, current_id)
        if self._selection.current >= 0:
            self._reveal(self._selection.current)
        self.viewport().update()
        self._tell(before, selected=True)

    def _chosen(self) -> Chosen:
        """Return what is compared before and after."""
        return self.current_id(), self._selection.n, self._selection.n_marked

    def _tell(self, before: Chosen, *, selected: bool = False) -> None:
        """Say what has changed; `selected`: the selection has in any case, though not in number."""
        now = self._chosen()
        self._describe_current(aloud=selected or now != before)
        if now[0] != before[0]:
            self.currentChanged.emit(now[0])
        if selected or now[1:] != before[1:]:
            self.selectionChanged.emit()

    def _describe_current(self, *, aloud: bool = True) -> None:
        """For who puts what is current into words."""
