"""Things in a row: gone through by keys, taken out by Delete and by a click on a cross."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent

from desktop.ui.strip import Strip


class Numbers(Strip):
    def __init__(self) -> None:
        super().__init__()
        self.out: list[int] = []
        self.resize(200, 20)

    def rect_of(self, place: int) -> QRect:
        return QRect(15 * place, 0, 20, 20)  # each covers a part of the one before

    def cross_of(self, place: int) -> QRect:
        return QRect(15 * place + 14, 0, 6, 6)

    def take_out(self, place: int) -> None:
        self.out.append(self.things[place])

    def words_of(self, place: int) -> str:
        return str(self.things[place]) if place >= 0 else "numbers"

    def described(self) -> str:
        return f"{self.current} of {len(self.things)}"

    def is_ours(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Delete


@pytest.fixture
def strip(qtbot) -> Numbers:
    made = Numbers()
    qtbot.addWidget(made)
    made.show()
    made.put([10, 11, 12], 1)
    return made


def test_keys_go_along_it_and_end_at_its_ends(strip: Numbers, qtbot) -> None:
    assert strip.accessibleDescription() == "1 of 3"
    for key, place in ((Qt.Key.Key_Right, 2), (Qt.Key.Key_Right, 2), (Qt.Key.Key_Left, 1), (Qt.Key.Key_Left, 0)):
        qtbot.keyClick(strip, key)
        assert strip.current == place and strip.accessibleDescription() == f"{place} of 3"
    qtbot.keyClick(strip, Qt.Key.Key_Left)
    qtbot.keyClick(strip, Qt.Key.Key_Delete)
    assert strip.current == 0 and strip.out == [10]
    strip.put([], 5)
    qtbot.keyClick(strip, Qt.Key.Key_Delete)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert strip.current == 0 and strip.out == [10]


def test_a_click_on_a_cross_takes_out_and_one_beside_it_does_not(strip: Numbers, qtbot) -> None:
    left, middle = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
    qtbot.mouseClick(strip, left, pos=QPoint(40, 10))
    assert strip.current == 2 and not strip.out
    qtbot.mouseClick(strip, left, pos=QPoint(46, 3))
    qtbot.mouseClick(strip, middle, pos=QPoint(5, 10))
    assert strip.out == [12, 10]
    qtbot.mouseClick(strip, left, pos=QPoint(16, 10))  # what lies on top is meant
    assert strip.current == 1
    qtbot.mousePress(strip, left, pos=QPoint(46, 3))
    qtbot.mouseRelease(strip, left, pos=QPoint(5, 3))  # thought better of it
    qtbot.mousePress(strip, left, pos=QPoint(46, 3))
    strip.put([10, 11, 13], 0)  # another lies there by now
    qtbot.mouseRelease(strip, left, pos=QPoint(46, 3))
    assert strip.out == [12, 10]
