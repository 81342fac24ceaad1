"""The map as a page of the window: points, legend, tools, and what is said while there is no map."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons, theme
from desktop.ui.combo import Combo
from desktop.ui.map_canvas import MapCanvas, Tool
from desktop.ui.map_groups import kind_name
from desktop.ui.map_legend import MapLegend
from desktop.ui.map_state import MapState
from desktop.ui.ports import ReadPort, ThumbnailPort
from engine.errors import LightdeskError
from engine.schemas.map import ColourKind, MapColours, MapPoints

_EDGE_PX = 12
_MAX_LEGEND_PX = 320
_LEGEND_FROM_PX = 640  # in a narrower view it would lie over half of the map
_PRESS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_KINDS: tuple[ColourKind, ...] = ("class", "confidence", "label", "source")


class MapView(QWidget):
    """Shows a map, and asks for another colouring, for the map to be made or not to be. GUI thread.

    It asks nobody for points: `show_map` brings them, `show_progress` and its like say why there are none yet. What is
    selected is the same as elsewhere: `selectionChanged` tells of it with `marked`, `set_selection` takes it over.
    """

    currentChanged = Signal(object)  # content id or None
    selectionChanged = Signal()
    activated = Signal(object)  # content id: double click, Space or Enter
    contextMenuRequested = Signal(QPoint)  # on the screen
    colourChosen = Signal(str)  # a ColourKind: bring these with `show_colours`
    cancelRequested = Signal()
    makeRequested = Signal()  # also once more, where one is there
    laterRequested = Signal()  # the offer to make it anew is declined
    escaped = Signal()

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort) -> None:
        super().__init__()
        self.canvas = MapCanvas(read, thumbnails)
        self.legend, self.state, self.colouring = MapLegend(), MapState(), Combo(14, 10)
        self.missing = QLabel()  # how many have no place
        self._is_fold_chosen = False  # by a person, who has the last word
        self.fold = self._button("chevron-up", self.tr("Legend"))
        self.tools: dict[Tool, QToolButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self._bar, self._key = self._make_bar(), self._make_key()
        for part in (self._bar, self._key, self.state):
            part.setParent(self)
        self.setFocusProxy(self.canvas)
        for control in (*self.findChildren(QAbstractButton), self.colouring):
            control.installEventFilter(self)
        self._connect()
        self._dress()
        for part in (self._bar, self._key):
            part.hide()

    def _make_bar(self) -> QFrame:
        bar = QFrame()
        bar.setObjectName("mapBar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(4, 4, 4, 4)
        row.setSpacing(2)
        group = QButtonGroup(bar)
        for tool, icon, text in (
            ("move", "map-move", self.tr("Move the map (drag); Shift and drag draws a lasso")),
            ("lasso", "map-lasso", self.tr("Select with a lasso; Shift adds, Alt takes away")),
            ("rectangle", "map-rectangle", self.tr("Select with a rectangle; Shift adds, Alt takes away")),
        ):
            button = self._button(icon, text)
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
            name: Tool = tool  # type: ignore[assignment]
            button.toggled.connect(lambda on, chosen=name: self._take_up(chosen) if on else None)
            self.tools[name] = button
        row.addSpacing(8)
        for icon, text, run in (
            ("map-farther", self.tr("Farther away (-)"), lambda: self.canvas.zoom(-1)),
            ("map-closer", self.tr("Closer (+)"), lambda: self.canvas.zoom(1)),
            ("map-fit", self.tr("All of the map (Ctrl+0)"), self.canvas.fit),
            ("map-anew", self.tr("Make the map anew"), self.makeRequested.emit),
        ):
            button = self._button(icon, text)
            button.clicked.connect(lambda _checked=False, do=run: do())
            row.addWidget(button)
        self.tools["move"].setChecked(True)
        return bar

    def _button(self, icon: str, text: str) -> QToolButton:
        button = QToolButton()
        icons.set_icon(button, icon)
        button.setToolTip(text)
        button.setAccessibleName(text)
        return button

    def _make_key(self) -> QFrame:
        key = QFrame()
        key.setObjectName("mapKey")
        self.colouring.setAccessibleName(self.tr("Colour by"))
        for kind in _KINDS:
            self.colouring.addItem(self.tr("Colour: {0}").format(kind_name(kind)), kind)
        column = QVBoxLayout(key)
        column.setContentsMargins(8, 8, 8, 6)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.colouring, 1)
        self.fold.setCheckable(True)
        self.fold.setChecked(True)
        self.fold.toggled.connect(self._fold_legend)
        self.fold.clicked.connect(lambda: setattr(self, "_is_fold_chosen", True))
        head.addWidget(self.fold)
        column.addLayout(head)
        column.addWidget(self.legend)
        self.missing.setProperty("role", "faint")
        self.missing.setTextFormat(Qt.TextFormat.PlainText)
        self.missing.setWordWrap(True)
        self.missing.hide()
        column.addWidget(self.missing)
        return key

    def _connect(self) -> None:
        canvas = self.canvas
        canvas.currentChanged.connect(self.currentChanged)
        canvas.selectionChanged.connect(self.selectionChanged)
        canvas.activated.connect(self.activated)
        canvas.contextMenuRequested.connect(self.contextMenuRequested)
        canvas.escaped.connect(self.escaped)
        canvas.sceneChanged.connect(self._scene_changed)
        self.legend.picked.connect(canvas.pick_groups)
        self.legend.selectRequested.connect(canvas.select_groups)
        self.state.cancelRequested.connect(self.cancelRequested)
        self.state.retryRequested.connect(self.makeRequested)
        self.state.laterRequested.connect(self.laterRequested)
        self.colouring.currentIndexChanged.connect(lambda _i: self.colourChosen.emit(self.colour_kind()))

    # What is shown

    def show_map(self, points: MapPoints, colours: MapColours) -> None:
        """Show points and their colours; what was there stays until they are ready. View and selection stay.

        The view goes to all of the map only where there was none, or the layout is another.
        """
        if len(points.content_ids):
            self.canvas.set_points(points, colours)
        else:
            self.show_nothing()

    def show_colours(self, colours: MapColours) -> None:
        """Colour the points that are shown; there has to be a group for each of them."""
        self.canvas.set_colours(colours)

    def colour_kind(self) -> ColourKind:
        """Return the colouring that is asked for."""
        return _KINDS[max(0, self.colouring.currentIndex())]

    def show_progress(self, fraction: float) -> None:
        """Say how far the map is, over what can be seen already."""
        self.state.show_progress(fraction, over_a_map=self.canvas.count() > 0)
        self._place_parts()

    def show_done(self) -> None:
        """The map is made: nothing lies over it any more."""
        self.state.hide()

    def show_failure(self, error: LightdeskError) -> None:
        """Say why there is no map, or no better one."""
        self.state.show_failure(error)
        self._place_parts()

    def show_cancelled(self) -> None:
        """Say that the map was given up."""
        self.state.show_cancelled(over_a_map=self.canvas.count() > 0)
        self._place_parts()

    def show_outgrown(self) -> None:
        """Offer to make the map anew."""
        self.state.show_outgrown()
        self._place_parts()

    def show_few(self, reason: str = "") -> None:
        """Say that there are too few pictures for a map, or that there can be none for a reason."""
        self.state.show_few(reason)
        self._place_parts()

    def show_missing(self, n: int) -> None:
        """Say how many of what should be shown have no place, as the model has not looked at them yet."""
        self.missing.setText(self.tr("{0} more have no place yet").format(f"{n:,}"))
        self.missing.setToolTip(self.tr("The model has not looked at them."))
        self.missing.setVisible(n > 0)
        self._place_parts()

    def show_nothing(self) -> None:
        """Say that there is nothing to lay out."""
        marked, current = self.canvas.marked(), self.canvas.current_id()
        with QSignalBlocker(self.canvas):  # what is selected stays so
            self.canvas.reset()
            self.canvas.set_selection(marked, current)
        self._scene_changed()
        self.state.show_nothing()
        self._place_parts()

    def reset(self) -> None:
        """Forget everything: another library."""
        self.canvas.reset()
        self.state.hide()

    def set_model_ref(self, ref: str) -> None:
        """Show the predictions of another model."""
        self.canvas.set_model_ref(ref)

    def refresh(self, content_ids: Iterable[int] | None) -> None:
        """Read the rows of these again (all for None)."""
        self.canvas.refresh(content_ids)

    # What is chosen

    def marked(self) -> NDArray[np.int64]:
        """What is selected, int64 content ids, also those that are not on the map."""
        return self.canvas.marked()

    def current_id(self) -> int | None:
        """The current content."""
        return self.canvas.current_id()

    def set_selection(self, marked: NDArray[np.int64], current_id: int | None) -> None:
        """Take over what is selected elsewhere; no signal comes of it."""
        self.canvas.set_selection(marked, current_id)

    def set_current(self, content_id: int) -> None:
        """Go to a content, if it is on the map."""
        self.canvas.set_current(content_id)

    def select_all(self) -> None:
        """Select everything on the map."""
        self.canvas.select_all()

    def zoom(self, steps: float) -> None:
        """Show it larger or smaller."""
        self.canvas.zoom(steps)

    # Parts

    def _take_up(self, tool: Tool) -> None:
        self.canvas.tool = tool
        shape = Qt.CursorShape.OpenHandCursor if tool == "move" else Qt.CursorShape.CrossCursor
        self.canvas.setCursor(shape)

    def _fold_legend(self, shown: bool) -> None:
        icons.set_icon(self.fold, "chevron-up" if shown else "chevron-down")
        self.legend.setVisible(shown)
        self._place_parts()

    def _scene_changed(self) -> None:
        scene = self.canvas.scene()
        for part in (self._bar, self._key):
            part.setVisible(len(scene) > 0)
        if len(scene):
            with QSignalBlocker(self.colouring):
                self.colouring.setCurrentIndex(_KINDS.index(scene.colours.kind))
            self.legend.show_colours(scene.colours)
        self._place_parts()

    def _place_parts(self) -> None:
        self._bar.adjustSize()
        self._bar.move(_EDGE_PX, _EDGE_PX)
        room = self.height() - 2 * _EDGE_PX - self.colouring.sizeHint().height() - 24
        room -= self.missing.sizeHint().height() if not self.missing.isHidden() else 0
        self.legend.setFixedHeight(max(40, min(self.legend.sizeHint().height(), room, _MAX_LEGEND_PX)))
        self._key.adjustSize()
        self._key.move(self.width() - self._key.width() - _EDGE_PX, _EDGE_PX)
        free = self.height() - self.state.height()
        over = self.canvas.count() > 0
        self.state.move((self.width() - self.state.width()) // 2, free - 2 * _EDGE_PX if over else free // 2)
        for part in (self._bar, self._key, self.state):
            part.raise_()

    def _dress(self) -> None:
        raised, line = theme.color("raised").name(), theme.color("line").name()
        names = ", ".join(f"QFrame#{name}" for name in ("mapBar", "mapKey", "mapState"))
        on = theme.color("tint").name()
        self.setStyleSheet(
            f"{names} {{ background: {raised}; border: 1px solid {line}; border-radius: 8px; }}"
            f"QListView#mapLegend {{ background: {raised}; outline: none; }}"
            f"QFrame#mapBar QToolButton:checked {{ background: {on}; border-color: {theme.color('accent').name()}; }}"
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that press what has the focus mean that, and not a picture as elsewhere in the window."""
        if isinstance(event, QKeyEvent) and event.key() in _PRESS and not event.modifiers():
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            presses = event.type() == QEvent.Type.KeyPress and event.key() != Qt.Key.Key_Space
            if presses and isinstance(watched, QAbstractButton):
                watched.click()
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._is_fold_chosen:
            self.fold.setChecked(self.width() >= _LEGEND_FROM_PX)
        self._place_parts()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_key"):
            self._dress()
