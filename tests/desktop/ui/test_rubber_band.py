"""The rubber band: what it selects while it is pulled, scrolled, and while the list below it changes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt

from desktop.ui.grid import AssetGrid
from tests.desktop.ui.grid_hands import CTRL, NONE, SHIFT, center, click, fill, grid, mouse, places

__all__ = ["grid"]  # the fixture


def pull(grid: AssetGrid, start: QPoint, *to: QPoint, held: Qt.KeyboardModifier = NONE, let_go: bool = True) -> None:
    mouse(grid, QEvent.Type.MouseButtonPress, start, held)
    for point in to:
        mouse(grid, QEvent.Type.MouseMove, point, held)
    if let_go:
        mouse(grid, QEvent.Type.MouseButtonRelease, to[-1], held)


def gap_at(grid: AssetGrid, place: int) -> QPoint:
    return grid._rect(place).topLeft() + QPoint(1, 1)


def test_a_band_selects_what_it_touches_and_lets_go_again(grid: AssetGrid) -> None:
    fill(grid, 52)
    pull(grid, gap_at(grid, 6), center(grid, 13), center(grid, 12))
    assert places(grid) == [6, 7, 11, 12]
    pull(grid, QPoint(grid.viewport().width() - 2, gap_at(grid, 9).y()), center(grid, 8))  # to the left
    assert places(grid) == [8, 9]


def test_a_band_with_ctrl_or_shift_adds(grid: AssetGrid) -> None:
    fill(grid, 52)
    click(grid, 0)
    click(grid, 14, CTRL)
    pull(grid, gap_at(grid, 6), center(grid, 7), held=CTRL)
    assert places(grid) == [0, 6, 7, 14]
    pull(grid, gap_at(grid, 8), center(grid, 8), held=SHIFT)
    assert places(grid) == [0, 6, 7, 8, 14]


def test_a_band_to_the_very_corner_is_a_band(grid: AssetGrid) -> None:
    fill(grid, 52)
    pull(grid, gap_at(grid, 6), QPoint(0, 0))
    assert places(grid) == [0, 1, 5, 6]


def test_a_shaking_hand_opens_no_band(grid: AssetGrid) -> None:
    fill(grid, 52)
    click(grid, 8)
    mouse(grid, QEvent.Type.MouseButtonPress, gap_at(grid, 6))
    mouse(grid, QEvent.Type.MouseMove, gap_at(grid, 6) + QPoint(2, 1))
    assert not grid._band.is_open and places(grid) == []
    mouse(grid, QEvent.Type.MouseButtonRelease, gap_at(grid, 6))
    assert not grid._band.is_ready


def test_a_band_beyond_the_edge_scrolls_and_goes_on_selecting(grid: AssetGrid, qtbot) -> None:
    fill(grid, 500)
    below = QPoint(center(grid, 1).x(), grid.viewport().height() + 40)
    pull(grid, gap_at(grid, 1), below, let_go=False)
    qtbot.waitUntil(lambda: grid.verticalScrollBar().value() > 700)
    mouse(grid, QEvent.Type.MouseButtonRelease, below)
    stopped = grid.verticalScrollBar().value()
    selected = places(grid)
    assert selected == [5 * row + 1 for row in range(len(selected))] and len(selected) > 7
    qtbot.wait(60)
    assert grid.verticalScrollBar().value() == stopped and places(grid) == selected
    assert not grid._autoscroll.isActive()


def test_a_band_goes_on_while_a_folder_is_read(grid: AssetGrid) -> None:
    """Ids come several times a second then."""
    fill(grid, 52)
    pull(grid, gap_at(grid, 6), center(grid, 7), let_go=False)
    fill(grid, 80)
    assert grid._band.is_open and places(grid) == [6, 7]
    mouse(grid, QEvent.Type.MouseMove, center(grid, 13))
    assert places(grid) == [6, 7, 8, 11, 12, 13]


def test_a_band_selects_what_is_below_it_now(grid: AssetGrid) -> None:
    ids = fill(grid, 52)
    pull(grid, gap_at(grid, 6), center(grid, 7), let_go=False)
    grid.set_ids(ids[::-1].copy())
    assert places(grid) == [6, 7]


def test_a_band_stays_on_its_pictures_when_others_come_before_them(grid: AssetGrid) -> None:
    ids = fill(grid, 500)
    grid.verticalScrollBar().setValue(3 * grid._layout.shape.height)
    first = grid._visible().start
    click(grid, first + 14)
    pull(grid, gap_at(grid, first + 6), center(grid, first + 7), held=CTRL, let_go=False)
    chosen = grid.selected_ids()
    assert chosen == [100 + first + i for i in (6, 7, 14)]
    band = grid._band.rect(grid.verticalScrollBar().value())
    grid.set_ids(np.concatenate([np.arange(10, dtype=np.int64), ids]))
    assert grid.selected_ids() == chosen
    assert grid._band.rect(grid.verticalScrollBar().value()) == band


def test_another_library_while_the_button_is_down(grid: AssetGrid) -> None:
    fill(grid, 52)
    pull(grid, gap_at(grid, 6), center(grid, 13), let_go=False)
    grid.reset()
    fill(grid, 3)
    mouse(grid, QEvent.Type.MouseMove, center(grid, 2))
    mouse(grid, QEvent.Type.MouseButtonRelease, center(grid, 2))
    assert grid.selected_ids() == []


def test_the_band_is_seen(grid: AssetGrid, qtbot) -> None:
    fill(grid, 3)
    start, end = QPoint(500, 250), QPoint(640, 380)
    before = grid.viewport().grab().toImage()
    pull(grid, start, end, let_go=False)
    after = grid.viewport().grab().toImage()
    assert before.pixelColor(570, 300) != after.pixelColor(570, 300)
    assert after.pixelColor(570, 250) != after.pixelColor(570, 300)  # it has an edge
    mouse(grid, QEvent.Type.MouseButtonRelease, end)
    assert grid.viewport().grab().toImage().pixelColor(570, 300) == before.pixelColor(570, 300)
