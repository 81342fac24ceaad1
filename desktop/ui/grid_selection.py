"""Which of the contents are selected: a mask, so that a hundred thousand cost what one costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# So far around a current content that is gone the one that takes its place is looked for.
_NEAR = 1000


class GridSelection:
    """A set of places in a list of ids, that survives the list changing.

    Attributes
    ----------
    current
        Place of the current item, -1 without one.
    anchor
        Where a range with Shift begins, -1 without one.
    """

    def __init__(self) -> None:
        self.ids: NDArray[np.int64] = np.empty(0, np.int64)
        self.current = -1
        self.anchor = -1
        self._mask: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._n = 0

    @property
    def current_id(self) -> int | None:
        """The current content."""
        return int(self.ids[self.current]) if 0 <= self.current < len(self.ids) else None

    @property
    def n(self) -> int:
        """How many a command would go to: the selected ones, or else the current one."""
        return self._n or int(self.current_id is not None)

    @property
    def n_marked(self) -> int:
        """How many are selected."""
        return self._n

    def is_selected(self, place: int) -> bool:
        """Say whether the item at a place is selected."""
        return bool(self._mask[place])

    def selected(self, limit: int | None = None) -> list[int]:
        """Return the ids a command would go to, in the list's order; the first `limit` of them."""
        if self._n:
            marked: list[int] = self.ids[self._mask][:limit].tolist()
            return marked
        current = self.current_id
        return [] if current is None else [current]

    def marked(self) -> NDArray[np.int64]:
        """Return the ids that are selected, to select on top of."""
        return self.ids[self._mask]

    def place_of(self, content_id: int) -> int:
        """Return where a content stands in the list, -1 if it does not."""
        return _place_of(self.ids, content_id)

    def set_mask(self, mask: NDArray[np.bool_]) -> None:
        """Select what the mask says."""
        self._mask = mask
        self._n = int(np.count_nonzero(mask))

    def select_only(self, place: int) -> None:
        """Select one item and make it current."""
        self._mask[:] = False
        self._mask[place] = True
        self._n = 1
        self.current = self.anchor = place

    def select_range(self, place: int, *, keep: bool) -> None:
        """Select from the anchor to a place."""
        if self.anchor < 0:
            self.anchor = max(0, self.current)
        if not keep:
            self._mask[:] = False
        low, high = sorted((self.anchor, place))
        self._mask[low : high + 1] = True
        self.set_mask(self._mask)
        self.current = place

    def toggle(self, place: int) -> None:
        """Select an item, or no longer."""
        self._mask[place] = not self._mask[place]
        self._n += 1 if self._mask[place] else -1
        self.current = self.anchor = place

    def select_all(self) -> None:
        """Select everything."""
        self.set_mask(np.ones(len(self.ids), np.bool_))

    def take_over(self, marked: NDArray[np.int64], current_id: int | None) -> None:
        """Select what someone else has selected, as far as it is in the list."""
        self.set_mask(np.isin(self.ids, marked) if len(marked) else np.zeros(len(self.ids), np.bool_))
        self.current = self.anchor = self.place_of(current_id) if current_id is not None else -1

    def clear(self) -> None:
        """Select nothing; the current item stays current."""
        self.set_mask(np.zeros(len(self.ids), np.bool_))

    def set_ids(self, ids: NDArray[np.int64]) -> None:
        """Go over to another list: what is in both stays selected, and the current item stays or hands over."""
        before = self.ids
        n_before = len(before)
        if n_before <= len(ids) and np.array_equal(ids[:n_before], before):
            # Appended to, as while a folder is being read: nothing moves.
            self._mask = np.concatenate([self._mask, np.zeros(len(ids) - n_before, np.bool_)])
            self.ids = ids
            return
        mask = np.isin(ids, before[self._mask]) if self._n else np.zeros(len(ids), np.bool_)
        current = self.current
        self.anchor = _place_of(ids, int(before[self.anchor])) if 0 <= self.anchor < n_before else -1
        if 0 <= current < n_before:
            self.current = _place_of(ids, int(before[current]))
            if self.current < 0:
                heir = self.current = _heir(before, current, ids)
                if heir >= 0 and not mask.any():
                    mask[heir] = True
                    self.anchor = heir
        self.ids = ids
        self.set_mask(mask)


def _place_of(ids: NDArray[np.int64], content_id: int) -> int:
    found = np.flatnonzero(ids == content_id)
    return int(found[0]) if len(found) else -1


def _heir(before: NDArray[np.int64], current: int, ids: NDArray[np.int64]) -> int:
    """Return the place that becomes current when the current content is labelled away, hidden or filtered out.

    The next one that is still there, else the one before; of another list altogether the first.
    """
    for near in (before[current + 1 : current + 1 + _NEAR], before[max(0, current - _NEAR) : current][::-1]):
        there = near[np.isin(near, ids)]
        if len(there):
            return _place_of(ids, int(there[0]))
    return min(0, len(ids) - 1)
