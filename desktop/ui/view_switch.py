"""Two buttons side by side that say, and choose, how pictures are shown: in the grid or on the map."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from desktop.ui import icons

_HEIGHT_PX = 26


class ViewSwitch(QWidget):
    """One of the two is on, always. GUI thread.

    Attributes
    ----------
    is_map
        Whether the map is the one.
    """

    chosen = Signal(bool)  # by a person: whether the map

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("viewSwitch")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("View"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.is_map = False
        self.grid = self._button("view-grid", self.tr("Grid"), self.tr("Pictures in rows (M)"), "left")
        self.map = self._button(
            "view-map", self.tr("Map"), self.tr("Pictures that look alike lie together (M)"), "right"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button, is_map in ((self.grid, False), (self.map, True)):
            button.clicked.connect(lambda _checked=False, is_map=is_map: self.choose(is_map))
            row.addWidget(button)
        self.show_state(False)

    def _button(self, icon: str, name: str, tip: str, side: str) -> QToolButton:
        button = QToolButton()
        icons.set_icon(button, icon)
        button.setText(name)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setProperty("side", side)
        button.setCheckable(True)
        button.setIconSize(QSize(16, 16))
        button.setFixedHeight(_HEIGHT_PX)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the pictures
        return button

    def choose(self, is_map: bool) -> None:
        """Choose as a person would; also what is on already, from a page on which neither is seen."""
        self.show_state(is_map)
        self.chosen.emit(is_map)

    def show_state(self, is_map: bool) -> None:
        """Say which of the two is on; does not emit `chosen`."""
        self.is_map = is_map
        self.grid.setChecked(not is_map)
        self.map.setChecked(is_map)

    def set_wordy(self, on: bool) -> None:
        """Show words beside the drawings, or drawings alone."""
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if on else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in (self.grid, self.map):
            button.setToolButtonStyle(style)
        self.updateGeometry()  # at once: whoever asks for words measures what they take
