"""Map and grid in one place, with one list, one selection and one wish list."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from desktop.ui.grid import AssetGrid
from desktop.ui.map_in_window import MapInWindow
from desktop.ui.map_page import MapPage
from desktop.ui.middle import Middle
from desktop.ui.wish_turns import WishTurns
from engine.schemas.map import ColouredMap, MapColours, MapGroup, MapPoints, MapState
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.map_hands import at, click
from tests.desktop.ui.on_screen import shown

CTRL = Qt.KeyboardModifier.ControlModifier


class Ground:
    """A grid of 1 to 30, and a map that is ready."""

    def __init__(self, qtbot) -> None:
        self.qtbot = qtbot
        self.reads, self.thumbnails, self.engine = HeldReads(), HeldThumbnails(instant=False), HeldEngine()
        wishes = WishTurns(self.thumbnails)
        self.shares = shares = wishes.share(), wishes.share()
        self.middle = Middle()
        self.grid = AssetGrid(self.reads, shares[0])
        self.middle.addWidget(self.grid)
        self.page = MapPage(self.reads, shares[1], self.engine)
        self.map = MapInWindow(self.page, self.grid, self.middle, wishes, *shares, self.middle)
        self.chosen: list[int] = []
        self.grid.selectionChanged.connect(lambda: self.chosen.append(len(self.grid.marked())))
        shown(qtbot, self.middle, 900, 600)
        self.page.open("fake@1")
        self.grid.set_ids(np.arange(1, 31))

    def turn(self) -> None:
        """Go to the map, and wait until it is there."""
        self.map.toggle()
        self.engine.answer("open_map", MapState("fake@1", "ready", "a", 30))
        self.answer()

    def answer(self, without: int = 0) -> None:
        ids = next(call.arguments[0] for call in self.engine.waiting if call.name == "map_of")
        there = ids[ids != without]
        points = MapPoints(there, np.stack([there % 6, there // 6], axis=1).astype(np.float32), "a")
        colours = MapColours("class", np.zeros(len(there), np.uint16), (MapGroup("tench", len(there)),))
        with self.qtbot.waitSignal(self.page.canvas.sceneChanged, timeout=20_000):
            self.engine.answer("map_of", ColouredMap(points, colours, len(ids)))


@pytest.fixture
def ground(qtbot, qapp) -> Iterator[Ground]:
    made = Ground(qtbot)
    yield made
    made.reads.close()
    made.middle.deleteLater()


def test_the_map_takes_the_place_and_the_keys(ground: Ground) -> None:
    ground.grid.setFocus()
    with ground.qtbot.waitSignal(ground.map.turned) as turned:
        ground.turn()
    assert turned.args == [True] and ground.map.is_on and ground.middle.currentWidget() is ground.page
    assert ground.page.canvas.hasFocus() and ground.page.canvas.count() == 30
    ground.middle.turn_to(ground.grid)
    assert ground.middle.currentWidget() is ground.page
    ground.grid.setFocus()
    assert ground.page.canvas.hasFocus()
    ground.map.toggle()
    assert ground.middle.currentWidget() is ground.grid and ground.grid.hasFocus() and not ground.map.is_on


def test_what_is_selected_in_the_grid_is_selected_on_the_map(ground: Ground) -> None:
    ground.grid.set_marked(np.array([4, 7]), 7)
    ground.turn()
    assert sorted(ground.page.marked().tolist()) == [4, 7] and ground.page.current_id() == 7
    ground.grid.set_marked(np.array([9]), 9)
    assert ground.page.marked().tolist() == [9]
    ground.grid.select_all()
    assert len(ground.page.marked()) == 30


def test_what_is_selected_on_the_map_is_selected_in_the_grid(ground: Ground) -> None:
    ground.turn()
    click(ground.page.canvas, at(ground.page.canvas, 15))
    click(ground.page.canvas, at(ground.page.canvas, 22), CTRL)
    assert sorted(ground.grid.selected_ids()) == [15, 22] and ground.grid.current_id() == 22
    assert ground.page.marked().tolist() == [15, 22]
    QTest.keyClick(ground.page.canvas, Qt.Key.Key_A, CTRL)
    assert len(ground.grid.marked()) == 30
    ground.map.toggle()
    assert ground.grid.current_id() == 22 and len(ground.grid.marked()) == 30


def test_the_grid_goes_to_what_was_chosen_on_the_map(ground: Ground) -> None:
    ground.grid.set_ids(np.arange(1, 401))
    ground.turn()
    click(ground.page.canvas, at(ground.page.canvas, 390))
    ground.map.toggle()
    assert 390 in ground.grid._visible_ids()


def test_what_has_no_place_stays_selected(ground: Ground) -> None:
    ground.grid.set_marked(np.array([4, 7]), 7)
    ground.map.toggle()
    ground.engine.answer("open_map", MapState("fake@1", "ready", "a", 29))
    ground.answer(without=7)
    assert sorted(ground.page.marked().tolist()) == [4, 7] and sorted(ground.grid.selected_ids()) == [4, 7]
    click(ground.page.canvas, at(ground.page.canvas, 9), CTRL)
    assert sorted(ground.grid.selected_ids()) == [4, 7, 9]


def test_a_filter_leaves_both_with_the_same(ground: Ground) -> None:
    ground.turn()
    ground.grid.set_marked(np.array([4, 7, 20]), 20)
    ground.grid.set_ids(np.arange(1, 11))
    ground.answer()
    assert ground.page.canvas.count() == 10
    assert ground.page.current_id() == ground.grid.current_id()
    assert sorted(ground.page.marked().tolist()) == sorted(ground.grid.marked().tolist())


def test_who_is_seen_has_the_wish_list(ground: Ground) -> None:
    of_grid, of_map = ground.shares
    ground.turn()
    of_map.want([(1, "map")])
    of_grid.want([(2, "grid")])
    assert ground.thumbnails.wishes == [(1, "map")]
    ground.map.toggle()
    of_grid.want([(3, "grid")])
    of_map.want([(4, "map")])
    assert ground.thumbnails.wishes == [(3, "grid")]
    ground.page.refresh(None)
    ground.qtbot.wait(80)
    assert ground.thumbnails.wishes == [(3, "grid")]


def test_who_gives_the_keys_to_the_grid_gives_them_to_the_map(ground: Ground) -> None:
    field = QLineEdit(ground.middle)
    field.show()
    ground.turn()
    field.setFocus()
    assert field.hasFocus()
    ground.grid.setFocus()
    assert ground.page.canvas.hasFocus()


def test_another_library_leaves_nothing_on_either(ground: Ground) -> None:
    ground.turn()
    ground.grid.set_marked(np.array([4, 7]), 7)
    ground.grid.reset()
    ground.page.forget()
    assert ground.page.canvas.count() == 0 and len(ground.page.marked()) == 0 and ground.grid.current_id() is None
    assert ground.map.is_on and ground.middle.currentWidget() is ground.page
