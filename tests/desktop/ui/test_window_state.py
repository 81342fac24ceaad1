"""The window fits the screen at first, and comes back as it was left."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QSize
from PySide6.QtWidgets import QMainWindow, QSplitter

from desktop.ui.filter_bar import FilterBar
from desktop.ui.window_state import WindowState


@pytest.fixture
def kept(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def made(qtbot, kept: QSettings) -> tuple[QMainWindow, FilterBar, WindowState]:
    window, filters = QMainWindow(), FilterBar()
    qtbot.addWidget(window)
    qtbot.addWidget(filters)
    return window, filters, WindowState(window, QSplitter(window), filters, kept)


@pytest.mark.parametrize(("room", "size"), [(QSize(750, 475), QSize(750, 475)), (QSize(2560, 1400), QSize(1320, 840))])
def test_the_first_window_is_no_larger_than_the_screen(qtbot, kept: QSettings, monkeypatch, room, size) -> None:
    window, _, state = made(qtbot, kept)

    class Screen:
        availableSize = staticmethod(lambda: room)

    monkeypatch.setattr(window, "screen", Screen, raising=False)
    state.restore()
    assert window.size() == size


def test_the_order_comes_back_and_nonsense_does_not(qtbot, kept: QSettings) -> None:
    _, filters, state = made(qtbot, kept)
    filters.set_order("margin", descending=True)
    state.save()
    _, again, restored = made(qtbot, kept)
    told: list[int] = []
    again.changed.connect(lambda: told.append(1))
    restored.restore()
    assert (again.query("").sort, again.query("").descending) == ("margin", True) and told == []
    kept.setValue("order", "by moonlight")
    restored.restore()
    assert again.query("").sort == "added"


@pytest.mark.parametrize("is_map", [False, True])
def test_the_view_comes_back(qtbot, kept: QSettings, is_map: bool) -> None:
    _, filters, state = made(qtbot, kept)
    filters.view.choose(is_map)
    state.save()
    _, again, restored = made(qtbot, kept)
    told: list[bool] = []
    again.view.chosen.connect(told.append)
    restored.restore()
    assert again.view.is_map == is_map and told == [True] * is_map
