"""How long it takes from the press of F until the ranking is painted, in the real window."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest

from desktop.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds since the key went down.

    Attributes
    ----------
    listed
        The grid has the ids of the ranking.
    painted
        Every tile on the screen has been painted with its prediction and its score.
    with_pictures
        And with its picture.
    whole
        All of the ranking is there, behind the first screen.
    """

    listed: float
    painted: float
    with_pictures: float
    whole: float


class PressToPaint(QObject):
    """Presses F and watches the grid. GUI thread.

    Parameters
    ----------
    until
        Waits in the event loop for a condition; called with the condition and what is waited for.
    """

    def __init__(self, window: MainWindow, until: Callable[[Callable[[], bool], str], None]) -> None:
        super().__init__()
        self._window, self._grid, self._until = window, window.grid, until
        self._pressed_s = self._listed_s = self._painted_s = self._pictured_s = 0.0
        window.browser.idsCame.connect(self._came)
        self._grid.viewport().installEventFilter(self)

    def press(self, content_id: int) -> Times:
        """Go to a picture that is listed, press F there, and wait until all has been seen."""
        grid, similar = self._grid, self._window.similar
        grid.set_current(content_id)
        grid.setFocus()
        # Who presses F has seen the picture.
        self._until(lambda: grid.visible_share_with_thumbnails() == 1.0, "the picture to be seen")
        stop = similar.stop
        self._listed_s = self._painted_s = self._pictured_s = 0.0
        self._pressed_s = time.perf_counter()
        QTest.keyPress(grid, Qt.Key.Key_F)
        self._until(lambda: self._pictured_s > 0, "the ranking with its pictures")
        QTest.keyRelease(grid, Qt.Key.Key_F)
        assert similar.stop is not stop and int(grid._selection.ids[0]) == content_id
        self._until(lambda: similar.stop.is_whole, "the whole ranking")
        whole_s = time.perf_counter()
        return Times(*(round((s - self._pressed_s) * 1000, 2) for s in (
            self._listed_s, self._painted_s, self._pictured_s, whole_s,
        )))  # fmt: skip

    def _came(self, _ids: object, _query: object) -> None:
        if not self._listed_s and self._window.similar.stop.ranking is not None:
            self._listed_s = time.perf_counter()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._listed_s and not self._pictured_s:
            # A filter runs before the paint; this comes after it, when the window has been flushed.
            QTimer.singleShot(0, self._look)
        return False

    def _look(self) -> None:
        grid = self._grid
        tiles = [grid._cache.get(content_id) for content_id in grid._visible_ids()]
        if not tiles or any(tile is None or tile.row is None or tile.row.top1 is None for tile in tiles):
            return
        now_s = time.perf_counter()
        self._painted_s = self._painted_s or now_s
        if all(tile is not None and tile.has_image for tile in tiles):
            self._pictured_s = self._pictured_s or now_s
