"""A list to choose from by click and by key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.coverage_list import CoverageList
from tests.desktop.ui.on_screen import shown


class Opened:
    def __init__(self, qtbot) -> None:
        self.list: CoverageList[str] = CoverageList(lambda row: f"<{row}>")
        self.window = QWidget()
        QVBoxLayout(self.window).addWidget(self.list)
        shown(qtbot, self.window, 300, 300)
        self.chosen: list[str] = []
        self.list.chosen.connect(self.chosen.append)
        self.list.show_rows(("a", "b", "c"))

    def middle(self, row: int) -> QPoint:
        return self.list.visualRect(self.list.model().index(row, 0)).center()


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot)


def test_a_click_chooses_where_it_began(opened: Opened, qtbot) -> None:
    viewport, left = opened.list.viewport(), Qt.MouseButton.LeftButton
    qtbot.mouseClick(viewport, left, pos=opened.middle(1))
    assert opened.chosen == ["b"]
    qtbot.mousePress(viewport, left, pos=opened.middle(0))
    qtbot.mouseRelease(viewport, left, pos=opened.middle(2))
    qtbot.mouseClick(viewport, left, pos=QPoint(20, 250))  # below the rows
    qtbot.mouseClick(viewport, Qt.MouseButton.RightButton, pos=opened.middle(1))
    assert opened.chosen == ["b"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_keys_choose_and_do_not_mean_pictures(opened: Opened, qtbot, key: Qt.Key) -> None:
    pictures: list[str] = []
    for sequence in ("Return", "Space", "Delete", "Backspace"):
        action = QAction(opened.window)
        action.setShortcut(QKeySequence(sequence))
        action.triggered.connect(lambda _checked=False, sequence=sequence: pictures.append(sequence))
        opened.window.addAction(action)
    opened.list.setFocus()
    qtbot.keyClick(opened.list, Qt.Key.Key_Down)
    qtbot.keyClick(opened.list, key)
    assert opened.chosen == ["b"]
    for other in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        qtbot.keyClick(opened.list, other)
    assert pictures == [] and opened.chosen == ["b"]


def test_the_keys_stay_at_their_place_when_rows_change(opened: Opened, qtbot) -> None:
    opened.list.setCurrentIndex(opened.list.model().index(2, 0))
    opened.list.show_rows(("d", "e", "f", "g"))
    opened.list.setFocus()
    qtbot.keyClick(opened.list, Qt.Key.Key_Return)
    opened.list.show_rows(("h",))
    qtbot.keyClick(opened.list, Qt.Key.Key_Return)
    opened.list.show_rows(())
    qtbot.keyClick(opened.list, Qt.Key.Key_Return)
    assert opened.chosen == ["f", "h"]


def test_rows_are_said(opened: Opened) -> None:
    index = opened.list.model().index(1, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "<b>"
    assert "&lt;b&gt;" in index.data(Qt.ItemDataRole.ToolTipRole)
