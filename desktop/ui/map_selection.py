"""What is selected on the map: the grid's selection, over the points that the map has."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from desktop.ui.grid_selection import GridSelection

How = Literal["only", "add", "take"]


class MapSelection(GridSelection):
    """A selection that areas are added to and taken from, and that keeps what is selected but not on the map."""

    def __init__(self) -> None:
        super().__init__()
        self._elsewhere: NDArray[np.int64] = np.empty(0, np.int64)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which of the ids are selected, bool, (n,); not to be changed."""
        return self._mask

    def all_marked(self) -> NDArray[np.int64]:
        """Return all ids that are selected, those that are not on the map last."""
        return np.concatenate([self.marked(), self._elsewhere])

    def take_over(self, marked: NDArray[np.int64], current_id: int | None) -> None:
        """Select what someone else has selected."""
        here = np.isin(self.ids, marked)
        n_here = int(np.count_nonzero(here))
        self._elsewhere = marked[~np.isin(marked, self.ids)] if n_here < len(marked) else np.empty(0, np.int64)
        self.set_mask(here)
        self.current = self.place_of(current_id) if current_id is not None else -1
        self.anchor = self.current

    def select_area(self, places: NDArray[np.intp], how: How) -> None:
        """Select what lies in an area, beside or instead of what was selected, or no longer."""
        mask = np.zeros(len(self.ids), np.bool_) if how == "only" else self.mask.copy()
        mask[places] = how != "take"
        if how == "only":
            self._elsewhere = np.empty(0, np.int64)
        self.set_mask(mask)

    def select_only(self, place: int) -> None:
        """Select one item and make it current."""
        self._elsewhere = np.empty(0, np.int64)
        super().select_only(place)

    def clear(self) -> None:
        """Select nothing; the current item stays current."""
        self._elsewhere = np.empty(0, np.int64)
        super().clear()

    def set_ids(self, ids: NDArray[np.int64]) -> None:
        """Go over to another list; what was selected and is not on it any more stays so elsewhere, until it comes back."""
        chosen = self.all_marked()
        super().set_ids(ids)
        if len(chosen):
            self.set_mask(self.mask | np.isin(ids, self._elsewhere))
            self._elsewhere = chosen[~np.isin(chosen, ids)]
