"""The rows behind the tiles on the screen: fetched in pages, kept while they are being read again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from desktop.ui.ports import ReadPort
from engine.schemas.library import Tile

_KEPT = 6000
# A read whose answer was dropped (another library was opened meanwhile) must not stop all reading. A read that is
# only slow would be asked for again and again, and never be answered, if this did not double each time.
_LOST_S = 2.0
_RETRY_MS = 250
_MAX_RETRY_MS = 8000


class TileRows(QObject):
    """Rows by content id, bounded. GUI thread.

    Parameters
    ----------
    came
        Called with the ids whose rows are new or have changed.
    """

    def __init__(self, read: ReadPort, came: Callable[[list[int]], None], parent: QObject) -> None:
        super().__init__(parent)
        self._read = read
        self._came = came
        self._model_ref = ""
        self._rows: OrderedDict[int, Tile] = OrderedDict()
        # Shown as they are until the new ones are there.
        self._stale: set[int] = set()
        self._absent: set[int] = set()
        self._wanted: list[NDArray[np.int64]] = []
        self._asked_s: float | None = None
        self._lost_s = _LOST_S
        # Changed while they were being read: what comes may be from before.
        self._moved: set[int] = set()
        self._expecting: set[int] = set()
        self._moved_awaited: set[int] = set()
        self._epoch = 0
        self._retry_ms = _RETRY_MS
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.timeout.connect(self._ask)

    def get(self, content_id: int) -> Tile | None:
        """Return the row if it is in memory."""
        return self._rows.get(content_id)

    def set_model_ref(self, ref: str) -> bool:
        """Read the predictions of another model from now on; says whether that is a change."""
        if ref == self._model_ref:
            return False
        self._model_ref = ref
        self.invalidate(None)
        return True

    def invalidate(self, content_ids: Iterable[int] | None) -> None:
        """Read these again when they are wanted next (all for None)."""
        if content_ids is None:
            self._stale = set(self._rows)
            self._absent.clear()
            self._epoch += 1
            self._asked_s = None
        else:
            moved = set(content_ids)
            self._stale |= moved & self._rows.keys()
            self._absent -= moved
            self._moved_awaited |= moved & self._expecting
            if self._asked_s is not None:
                self._moved |= moved

    def clear(self) -> None:
        """Forget everything: another library."""
        self._rows.clear()
        self._wanted = []
        self._retry.stop()
        self.invalidate(None)

    def want(self, *groups: NDArray[np.int64]) -> None:
        """Fetch what is missing of these ids: all of the first group before any of the next."""
        self._wanted = list(groups)
        self._ask()

    def expect(self, content_ids: Iterable[int]) -> None:
        """Fetch these at once, beside whatever else is being fetched: someone waits to see them."""
        wanted, ref, epoch = list(content_ids), self._model_ref, self._epoch
        self._expecting, self._moved_awaited = set(wanted), set()
        self._read.ask("awaited", lambda view: view.tiles(wanted, ref), lambda rows: self._expected(rows, epoch))

    def _expected(self, rows: Sequence[Tile], epoch: int) -> None:
        if epoch != self._epoch:
            return
        for row in rows:
            self._rows[row.content_id] = row
            self._stale.discard(row.content_id)
        self._stale |= self._moved_awaited & self._rows.keys()
        self._expecting, self._moved_awaited = set(), set()
        self._absent -= {row.content_id for row in rows}
        self._came([row.content_id for row in rows])

    def _ask(self) -> None:
        now_s = time.monotonic()
        if self._asked_s is not None:
            if now_s - self._asked_s < self._lost_s:
                # In a lane the newest request drops the answers of older ones: one at a time, or fast scrolling
                # gets none.
                if not self._retry.isActive():
                    self._retry.start(_RETRY_MS)
                return
            self._lost_s *= 2
        self._asked_s = None
        missing = self._missing()
        if not missing:
            return
        self._asked_s = now_s
        self._moved.clear()
        ref, epoch = self._model_ref, self._epoch
        self._read.ask(
            "tiles",
            lambda view: view.tiles(missing, ref),
            lambda rows: self._take(rows, missing, epoch),
            lambda _error: self._failed(epoch),
        )

    def _missing(self) -> list[int]:
        for group in self._wanted:
            missing = [
                content_id
                for content_id in group.tolist()
                if (content_id not in self._rows or content_id in self._stale) and content_id not in self._absent
            ]
            if missing:
                return missing
        return []

    def _take(self, rows: Sequence[Tile], asked: list[int], epoch: int) -> None:
        if epoch != self._epoch:
            self._ask()
            return
        self._asked_s = None
        self._lost_s = _LOST_S
        self._retry.stop()
        self._retry_ms = _RETRY_MS
        changed: list[int] = []
        for row in rows:
            if self._rows.get(row.content_id) != row:
                self._rows[row.content_id] = row
                changed.append(row.content_id)
            self._rows.move_to_end(row.content_id)
        moved, self._moved = self._moved, set()
        self._stale -= set(asked) - moved
        self._stale |= moved & self._rows.keys()
        # Hidden meanwhile, or not stored yet: not asked again before something is said to have changed.
        self._absent |= set(asked) - {row.content_id for row in rows} - moved
        # On a wall of a screen more are wanted at once than are kept else.
        kept = max(_KEPT, 2 * sum(len(group) for group in self._wanted))
        while len(self._rows) > kept:
            gone, _ = self._rows.popitem(last=False)
            self._stale.discard(gone)
        if changed:
            self._came(changed)
        self._ask()

    def _failed(self, epoch: int) -> None:
        # A busy library: once more soon, then less and less often.
        if epoch == self._epoch:
            self._asked_s = None
            self._retry.start(self._retry_ms)
            self._retry_ms = min(_MAX_RETRY_MS, 2 * self._retry_ms)
