"""The map in the place of the grid: the same list, the same selection, one of the two is seen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal

from desktop.ui.grid import AssetGrid
from desktop.ui.map_page import MapPage
from desktop.ui.middle import Middle
from desktop.ui.wish_turns import WishShare, WishTurns


class MapInWindow(QObject):
    """Puts the map into the middle, lets it stand in for the grid, and keeps both alike. GUI thread.

    Parameters
    ----------
    wishes, grid_wishes, map_wishes
        The list of thumbnails that are wanted, and the shares that grid and map have of it.
    """

    turned = Signal(bool)  # whether the map is what is seen

    def __init__(
        self,
        page: MapPage,
        grid: AssetGrid,
        middle: Middle,
        wishes: WishTurns,
        grid_wishes: WishShare,
        map_wishes: WishShare,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.page, self._grid, self._middle = page, grid, middle
        self._wishes, self._grid_wishes, self._map_wishes = wishes, grid_wishes, map_wishes
        self._is_on = self._telling = False
        middle.addWidget(page)
        for signal in (page.currentChanged, page.selectionChanged):
            signal.connect(self._tell_grid)
        for told in (grid.currentChanged, grid.selectionChanged, page.canvas.sceneChanged):
            told.connect(self._tell_map)
        grid.listed.connect(lambda: page.show_ids(grid.ids()))
        page.installEventFilter(self)

    @property
    def is_on(self) -> bool:
        """Whether the map stands where the grid would be."""
        return self._is_on

    def toggle(self) -> None:
        """Show the pictures on the map, or in the grid again."""
        self._is_on = not self._is_on
        other = self.page if self._is_on else None
        # Who gives the keys to the grid means whatever shows the pictures.
        self._grid.setFocusProxy(other)  # type: ignore[arg-type]  # None takes it away, which the stubs do not know
        self._middle.let_stand_in(self._grid, other)
        self.turned.emit(self._is_on)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._wishes.give_to(self._map_wishes)
            self._tell_map()
        elif event.type() == QEvent.Type.Hide:
            self._wishes.give_to(self._grid_wishes)
        return super().eventFilter(watched, event)

    # One selection

    def _tell_grid(self) -> None:
        if not self._telling:
            self._telling = True
            try:
                self._grid.set_marked(self.page.marked(), self.page.current_id())
            finally:
                self._telling = False

    def _tell_map(self) -> None:
        if not self._telling and self.page.isVisible():
            self.page.set_selection(self._grid.marked(), self._grid.current_id())
