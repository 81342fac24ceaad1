"""The page of duplicates in the window: its entry in the panel, its line among the activities, its turn at thumbnails."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer

from desktop.ui.activity_bar import ActivityBar
from desktop.ui.duplicates_state import DuplicatesLine
from desktop.ui.duplicates_view import DuplicatesView
from desktop.ui.library_panel import DUPLICATES, LibraryPanel
from desktop.ui.middle import Middle
from desktop.ui.wish_turns import WishShare, WishTurns


class DuplicatesInWindow(QObject):
    """Puts the page into the middle, and says elsewhere how far the search is. GUI thread.

    Parameters
    ----------
    wishes, grid_wishes, own_wishes
        The list of thumbnails that are wanted, and the shares that grid and page have of it.
    map_is_seen
        Whether the map is on the screen, which takes its own turn.
    """

    def __init__(
        self,
        page: DuplicatesView,
        middle: Middle,
        panel: LibraryPanel,
        activity: ActivityBar,
        wishes: WishTurns,
        grid_wishes: WishShare,
        own_wishes: WishShare,
        map_is_seen: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.page, self._middle, self._panel = page, middle, panel
        self._wishes, self._grid_wishes, self._own_wishes = wishes, grid_wishes, own_wishes
        self._map_is_seen = map_is_seen
        self.line = DuplicatesLine()
        self.line.stopRequested.connect(page.finder.stop)
        activity.add_line(self.line)
        middle.addWidget(page)
        page.countChanged.connect(panel.show_duplicates)
        page.said.connect(activity.say)
        page.finder.stateCame.connect(lambda _state: self._show_line())
        page.installEventFilter(self)
        # One page is shown before the other is hidden: whose turn it is can be told when both are done.
        self._settled = QTimer(self, singleShot=True, interval=0)
        self._settled.timeout.connect(self._share_out)

    def show(self) -> None:
        """Turn to the page."""
        self._panel.show_choice(DUPLICATES)
        self._middle.turn_to(self.page)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._settled.start()
            self._show_line()
        return super().eventFilter(watched, event)

    def _share_out(self) -> None:
        if self.page.isVisible():
            self._wishes.give_to(self._own_wishes)
        elif not self._map_is_seen():
            self._wishes.give_to(self._grid_wishes)
        self._show_line()

    def _show_line(self) -> None:
        """Say how far the search is, unless the page says it."""
        state = self.page.finder.state
        if state.phase == "building" and not self.page.isVisible():
            self.line.show_building(state.fraction, state.note)
        else:
            self.line.hide()
