"""The grid for people who do not see it, or not well: words, tooltips, and the focus."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from desktop.ui.grid import AssetGrid
from tests.desktop.ui.grid_hands import Key, center, fill, grid, press
from tests.desktop.ui.records import tile

__all__ = ["grid"]  # the fixture


def test_what_is_current_is_said_in_words(grid: AssetGrid, qtbot) -> None:
    grid._read.view.changed[101] = tile(101, name="caf\udce9.jpg", confidence=0.42, n_files=3)
    grid._read.view.changed[102] = tile(102, label="flamingo", label_state="accepted")
    grid._read.view.changed[103] = tile(103, label_state="rejected")
    fill(grid, 1200)
    assert grid.accessibleName() == "Pictures"
    grid.set_current(101)
    qtbot.waitUntil(lambda: "item 2 of 1,200" in grid.accessibleDescription())
    qtbot.waitUntil(lambda: grid.accessibleDescription().startswith("caf"))
    words = grid.accessibleDescription()
    assert "Prediction: banjo, 42%" in words and "3 files with this content" in words
    assert "xe9" in words  # not a box for what is no letter
    words.encode()  # no half characters: the bridge to the screen reader speaks UTF-8
    press(grid, Key.Key_Right)
    assert "Labelled flamingo" in grid.accessibleDescription()
    press(grid, Key.Key_Right)
    assert "Prediction rejected" in grid.accessibleDescription()
    grid.select_all()
    assert "1,200 selected" in grid.accessibleDescription()


def test_growing_is_not_read_out(
    grid: AssetGrid, qtbot, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "hasFocus", lambda: True)
    fill(grid, 50)
    qtbot.waitUntil(lambda: grid._rows.get(100) is not None)
    press(grid, Key.Key_Home)
    assert heard and "item 1 of 50" in heard[-1]
    n_said = len(heard)
    fill(grid, 60)
    assert "item 1 of 60" in grid.accessibleDescription() and len(heard) == n_said
    press(grid, Key.Key_Right)
    assert "item 2 of 60" in heard[-1]


def test_tooltips_say_all_and_show_names_as_they_are(grid: AssetGrid, qtbot, monkeypatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_rest: shown.append(text))
    grid._read.view.changed[101] = tile(101, name="<b>x</b>.jpg", top1="tench", confidence=0.5)
    fill(grid, 5)
    qtbot.waitUntil(lambda: grid._rows.get(101) is not None)
    for place in (0, 1):
        at = center(grid, place)
        QApplication.sendEvent(grid.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, grid.viewport().mapToGlobal(at)))
    assert shown[0].split("\n") == ["IMG_00100.jpg", "Prediction: Swan, 0%"]
    assert "&lt;b&gt;x" in shown[1]


def test_focus_is_seen(grid: AssetGrid, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(grid, 3)
    grid.set_current(100)
    shots = []
    for focus in (True, False):
        monkeypatch.setattr(grid, "hasFocus", lambda focus=focus: focus)
        shots.append(grid.viewport().grab().toImage())
    assert shots[0] != shots[1]
