"""The rows behind the tiles on the screen: fetched in pages, kept while they are being read again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from desktop.ui.ports import ReadPort
from engine.errors import LightdeskError
from engine.schemas.library import Tile

_KEPT = 6000
# A read whose answer was dropped (another library was opened meanwhile) must not stop all reading.
_LOST_S = 2.0
_RETRY_MS = 250


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
        self._epoch = 0
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(_RETRY_MS)
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
            self._stale.update(content_id for content_id in content_ids if content_id in self._rows)
            self._absent.difference_update(content_ids)

    def clear(self) -> None:
        """Forget everything: another library."""
        self._rows.clear()
        self.invalidate(None)

    def want(self, *groups: NDArray[np.int64]) -> None:
        """Fetch what is missing of these ids: all of the first group before any of the next."""
        self._wanted = list(groups)
        self._ask()

    def _ask(self) -> None:
        now_s = time.monotonic()
        if self._asked_s is not None and now_s - self._asked_s < _LOST_S:
            # In a lane the newest request drops the answers of older ones: one at a time, or fast scrolling gets none.
            self._retry.start()
            return
        self._asked_s = None
        missing = self._missing()
        if not missing:
            return
        self._asked_s = now_s
        ref, epoch = self._model_ref, self._epoch
        self._read.ask(
            "tiles",
            lambda view: view.tiles(missing, ref),
            lambda rows: self._take(rows, missing, epoch),
            self._failed,
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
        self._retry.stop()
        changed: list[int] = []
        for row in rows:
            if self._rows.get(row.content_id) != row:
                self._rows[row.content_id] = row
                changed.append(row.content_id)
            self._rows.move_to_end(row.content_id)
        self._stale.difference_update(asked)
        if len(rows) < len(asked):
            # Hidden meanwhile, or not stored yet: not asked again before something is said to have changed.
            self._absent.update(set(asked) - {row.content_id for row in rows})
        while len(self._rows) > _KEPT:
            gone, _ = self._rows.popitem(last=False)
            self._stale.discard(gone)
        if changed:
            self._came(changed)
        self._ask()

    def _failed(self, _error: LightdeskError) -> None:
        # A busy library: once more soon, without hurry.
        self._asked_s = None
        self._retry.start()
