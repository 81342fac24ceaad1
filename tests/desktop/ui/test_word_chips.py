"""The words of a search, as chips."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.ui.word_chips import WordChips
from desktop.ui.word_query import WordQuery
from tests.desktop.ui.on_screen import pixels, shown

QUERY = WordQuery(("red car at night", "lights"), ("rain",))


class Opened:
    def __init__(self, qtbot) -> None:
        self.chips = WordChips()
        self.box = QWidget()
        row = QHBoxLayout(self.box)
        self.other = QPushButton("x")
        row.addWidget(self.chips)
        row.addStretch(1)
        row.addWidget(self.other)
        shown(qtbot, self.box, 600, 60)
        self.left: list[WordQuery] = []
        self.chips.changed.connect(self.left.append)
        self.chips.show_words(QUERY)
        qtbot.waitUntil(lambda: self.chips.width() >= self.chips.sizeHint().width(), timeout=5000)


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot)


def test_shown_while_there_are_words(opened: Opened) -> None:
    assert opened.chips.isVisible() and opened.chips.query == QUERY
    opened.chips.show_words(WordQuery())
    assert not opened.chips.isVisible() and opened.chips.query == WordQuery()


def test_taken_out_by_mouse(opened: Opened, qtbot) -> None:
    left, middle = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
    qtbot.mouseClick(opened.chips, left, pos=opened.chips.cross_of(1).center())
    assert opened.left == [WordQuery(("red car at night",), ("rain",))]
    qtbot.mouseClick(opened.chips, left, pos=opened.chips.rect_of(1).topLeft() + QPoint(14, 14))  # beside the cross
    qtbot.mousePress(opened.chips, left, pos=opened.chips.cross_of(0).center())
    qtbot.mouseRelease(opened.chips, left, pos=opened.chips.cross_of(2).center())
    assert len(opened.left) == 1
    qtbot.mouseClick(opened.chips, middle, pos=opened.chips.rect_of(2).center())
    assert opened.left[1] == WordQuery(("red car at night", "lights"))
    qtbot.mouseDClick(opened.chips, left, pos=opened.chips.rect_of(0).topLeft() + QPoint(14, 14))
    assert opened.chips.field.hasFocus() and opened.chips.field.text() == 'red car at night "lights" -rain'


def test_typed_anew_in_their_place(opened: Opened, qtbot) -> None:
    chips = opened.chips
    chips.setFocus()
    qtbot.keyClick(chips, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: chips.field.width() >= 200, timeout=5000)
    qtbot.keyClicks(chips.field, "boat -fog")
    qtbot.keyClick(chips.field, Qt.Key.Key_Return)
    assert opened.left == [WordQuery(("boat",), ("fog",))] and not chips.field.isVisible() and chips.hasFocus()
    # Who goes elsewhere leaves them as they were.
    qtbot.keyClick(chips, Qt.Key.Key_F2)
    qtbot.keyClicks(chips.field, "train")
    opened.other.setFocus()
    assert not chips.field.isVisible() and len(opened.left) == 1 and chips.query == QUERY


def test_by_key_and_said(opened: Opened, qtbot) -> None:
    chips = opened.chips
    pictures: list[str] = []
    for sequence in ("Return", "Delete", "Backspace"):
        action = QAction(opened.box)
        action.setShortcut(QKeySequence(sequence))
        action.triggered.connect(lambda _checked=False, sequence=sequence: pictures.append(sequence))
        opened.box.addAction(action)
    chips.setFocus()
    assert chips.accessibleDescription().startswith("Pictures of “red car at night”, 1 of 3")
    for _ in range(5):
        qtbot.keyClick(chips, Qt.Key.Key_Right)
    assert chips.accessibleDescription().startswith("Not “rain”, 3 of 3")
    qtbot.keyClick(chips, Qt.Key.Key_Delete)
    qtbot.keyClick(chips, Qt.Key.Key_Left)
    qtbot.keyClick(chips, Qt.Key.Key_Backspace)
    qtbot.keyClick(chips, Qt.Key.Key_Return)
    assert opened.left == [
        WordQuery(("red car at night", "lights")),
        WordQuery(("red car at night",), ("rain",)),
    ]
    assert chips.field.hasFocus() and pictures == []


def test_in_a_narrow_bar_the_long_ones_give_way(opened: Opened, qtbot) -> None:
    widths = [opened.chips.rect_of(place).width() for place in range(3)]
    opened.box.resize(240, 60)
    qtbot.waitUntil(lambda: opened.chips.width() < 230, timeout=5000)
    narrow = [opened.chips.rect_of(place).width() for place in range(3)]
    assert narrow[0] < widths[0] and narrow[2] >= min(widths[2], narrow[0]) - 2
    assert opened.chips.rect_of(2).right() <= opened.chips.width()


def test_a_minus_is_seen_without_colours(opened: Opened) -> None:
    def stroke(place: int) -> bool:
        """Whether there is a line as wide as the sign, at its height, where a chip begins."""
        chip = opened.chips.rect_of(place)
        image = pixels(opened.chips.grab().toImage()).mean(axis=2)
        row = image[chip.center().y(), chip.left() + 10 : chip.left() + 17]
        return bool(row.max() < image[chip.top() + 4, chip.center().x()] - 40)

    assert [stroke(place) for place in range(3)] == [False, False, True]
