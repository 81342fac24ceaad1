"""Hands for the grid: a grid to take hold of, keys and mouse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.grid import AssetGrid
from tests.desktop.ui.held_ports import HeldReads, HeldThumbnails

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
NONE, LEFT, RIGHT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
Key = Qt.Key


@pytest.fixture
def grid(qtbot, qapp) -> Iterator[AssetGrid]:
    """5 columns of ids 100, 101, ... with a few more than 3 rows on a page."""
    theme.apply(qapp, "light")
    reads, thumbnails = HeldReads(), HeldThumbnails()
    grid = AssetGrid(reads, thumbnails)
    qtbot.addWidget(grid)
    grid.resize(5 * 160 + 60, 560)
    grid.show()
    grid.setFocus()
    assert grid._layout.columns == 5 and grid._layout.rows_on_page == 3
    yield grid
    reads.close()
    thumbnails.instant = False


def fill(grid: AssetGrid, n: int) -> np.ndarray:
    ids = np.arange(100, 100 + n, dtype=np.int64)
    grid.set_ids(ids)
    return ids


def places(grid: AssetGrid) -> list[int]:
    """Return the places that are selected."""
    return [int(grid._selection.place_of(i)) for i in grid._selection.marked()]


def press(grid: AssetGrid, *keys: Qt.Key, held: Qt.KeyboardModifier = NONE) -> int:
    for key in keys:
        QTest.keyClick(grid, key, held)
    return grid._selection.current


def center(grid: AssetGrid, place: int) -> QPoint:
    return grid._picture(place).center()


def click(grid: AssetGrid, place: int, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
    QTest.mouseClick(grid.viewport(), button, held, center(grid, place))


def mouse(grid: AssetGrid, kind: QEvent.Type, at: QPoint, held: Qt.KeyboardModifier = NONE) -> None:
    """Send a mouse event that is spontaneous in no way: positions outside of the viewport are allowed."""
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
    buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT
    where = QPointF(at)
    event = QMouseEvent(kind, where, QPointF(grid.viewport().mapToGlobal(at)), button, buttons, held)
    QApplication.sendEvent(grid.viewport(), event)
