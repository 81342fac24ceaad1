"""Shows what a person has just brought in: the first picture of a drop becomes the current one."""

from __future__ import annotations

import time
from collections.abc import Callable

from desktop.ui.grid import AssetGrid

_PATIENCE_S = 30.0  # later the person is somewhere else
_KEPT = 32


class Arrivals:
    """Waits for the first picture of a drop and goes there, once. GUI thread.

    Parameters
    ----------
    is_free
        Tells whether the person would not be disturbed: nothing is being typed, nothing chosen by the hundred.
    """

    def __init__(self, grid: AssetGrid, is_free: Callable[[], bool]) -> None:
        self._grid, self._is_free = grid, is_free
        self._dropped_s: dict[int, float] = {}  # by job
        self._first: dict[int, int] = {}  # content, by job
        self._wanted: int | None = None
        self._newest: int | None = None  # the first picture of the drop that came last

    def forget(self) -> None:
        """Another library."""
        self._dropped_s.clear()
        self._first.clear()
        self._wanted = self._newest = None

    def dropped(self, job_id: int) -> None:
        """This job is a drop that was made just now."""
        self._dropped_s[job_id] = time.monotonic()
        self._match(job_id)

    def began(self, job_id: int, content_id: int) -> None:
        """The first picture of a job is stored, which may be told before the job's number is."""
        self._first[job_id] = content_id
        while len(self._first) > _KEPT:
            del self._first[next(iter(self._first))]
        self._match(job_id)

    def lead(self) -> None:
        """Go to the first picture of the newest drop, as soon as it is listed: the person wants to see it after all."""
        self._wanted = self._newest
        self.shown()

    def shown(self) -> None:
        """The list of the grid has been read again."""
        if self._wanted is not None and self._grid.shows(self._wanted):
            wanted, self._wanted = self._wanted, None
            if self._is_free():
                self._grid.set_current(wanted)

    def _match(self, job_id: int) -> None:
        if job_id in self._dropped_s and job_id in self._first:
            dropped_s, first = self._dropped_s.pop(job_id), self._first.pop(job_id)
            self._newest = first
            if time.monotonic() - dropped_s < _PATIENCE_S:
                self._wanted = first
                self.shown()
