"""The switch between grid and map: by mouse and by keys, in words and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.ui.view_switch import ViewSwitch
from tests.desktop.conftest import Shown, on_first
from tests.desktop.ui.on_screen import shown

Show = Callable[..., Shown]


@pytest.fixture
def switch(qtbot) -> ViewSwitch:
    made = ViewSwitch()
    shown(qtbot, made, 160, 30)
    return made


def is_on(switch: ViewSwitch) -> list[bool]:
    return [switch.grid.isChecked(), switch.map.isChecked()]


def test_one_of_the_two_is_on_always(switch: ViewSwitch, qtbot) -> None:
    told: list[bool] = []
    switch.chosen.connect(told.append)
    assert is_on(switch) == [True, False]
    for button, on in ((switch.map, [False, True]), (switch.map, [False, True]), (switch.grid, [True, False])):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert is_on(switch) == on
    assert told == [True, True, False]
    switch.show_state(True)
    assert is_on(switch) == [False, True] and len(told) == 3


def test_keys_reach_both_and_press_them(switch: ViewSwitch, qtbot) -> None:
    switch.grid.setFocus()
    qtbot.keyClick(switch.grid, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is switch.map
    qtbot.keyClick(switch.map, Qt.Key.Key_Space)
    assert switch.is_map
    assert [switch.grid.accessibleName(), switch.map.accessibleName()] == ["Grid", "Map"]


def test_words_take_their_room(switch: ViewSwitch) -> None:
    switch.set_wordy(True)
    wide = switch.sizeHint().width()
    switch.set_wordy(False)
    assert switch.sizeHint().width() < wide - 40


def test_it_shows_the_map_and_follows_the_key(show: Show, qtbot) -> None:
    program = show(9)
    window = program.window
    on_first(qtbot, program)
    switch = window.filters.view
    qtbot.mouseClick(switch.map, Qt.MouseButton.LeftButton)
    assert window.map.page.isVisible() and window.actions_by_name["toggle_map"].isChecked()
    assert window.map.page.isAncestorOf(QApplication.focusWidget())  # the keys stay with the pictures
    window.toggle_map()
    assert is_on(switch) == [True, False] and window.grid.isVisible()
    # From a page on which neither is seen the one that is on shows the pictures again.
    window.open_coverage()
    qtbot.mouseClick(switch.grid, Qt.MouseButton.LeftButton)
    assert window.grid.isVisible()
    window.close()
