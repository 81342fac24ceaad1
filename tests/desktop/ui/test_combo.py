"""Fields to choose from."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from desktop.ui.combo import ClassCombo, Combo
from tests.desktop.ui.on_screen import shown

LONG = "German short-haired pointer, a dog"


class Chooser:
    def __init__(self, qtbot) -> None:
        self.combo = ClassCombo("Any class")
        self.combo.setAccessibleName("Class")
        self.combo.offer(["tench", "Black swan", "swan", LONG])
        self.other = QLineEdit()
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        layout.addWidget(self.other)
        layout.addWidget(self.combo)
        shown(qtbot, self.window, 160, 90)

    def type(self, qtbot, text: str) -> None:
        line = self.combo.line()
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, text)
        self.combo.completer().popup().hide()
        qtbot.keyClick(line, Qt.Key.Key_Return)


@pytest.fixture
def chooser(qtbot) -> Chooser:
    return Chooser(qtbot)


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("TENCH", "tench"), ("swan", "swan"), ("point", LONG), ("wan", None), ("nothing of the kind", None)],
)
def test_what_is_typed_names_a_class_or_the_choice_stays(chooser: Chooser, qtbot, typed: str, chosen: str | None) -> None:
    chooser.type(qtbot, typed)
    assert chooser.combo.chosen() == chosen
    assert chooser.combo.currentText() == (chosen or "Any class")


def test_an_emptied_field_means_any(chooser: Chooser, qtbot) -> None:
    chooser.combo.choose("tench")
    chooser.combo.line().setFocus()
    chooser.combo.line().selectAll()
    qtbot.keyClick(chooser.combo.line(), Qt.Key.Key_Backspace)
    chooser.other.setFocus()
    assert chooser.combo.chosen() is None and chooser.combo.currentText() == "Any class"


def test_new_classes_keep_the_choice_and_what_is_typed(chooser: Chooser, qtbot) -> None:
    chooser.combo.choose("tench")
    chooser.combo.offer(["banjo"])
    assert chooser.combo.chosen() == "tench"
    chooser.combo.line().setFocus()
    chooser.combo.line().setText("ban")
    chooser.combo.offer(["banjo", "bassoon"])
    assert chooser.combo.line().text() == "ban"


def test_what_came_while_someone_chose_is_offered_afterwards(chooser: Chooser, qtbot) -> None:
    chooser.combo.line().setFocus()
    chooser.combo.offer(["banjo"])
    assert chooser.combo.findData("banjo") < 0
    chooser.combo.line().clearFocus()
    qtbot.waitUntil(lambda: chooser.combo.findData("banjo") == 1)
    assert chooser.combo.count() == 2


def test_a_class_that_is_not_offered_can_be_chosen(chooser: Chooser) -> None:
    chooser.combo.choose("gone")
    assert chooser.combo.chosen() == "gone"


def test_a_long_name_begins_at_its_beginning_and_ends_in_dots(chooser: Chooser) -> None:
    name = "H" * 60
    chooser.combo.choose(name)
    assert chooser.combo.line().cursorPosition() == 0
    assert chooser.combo.toolTip() == name

    def ink_at_the_end() -> list[bool]:
        """Say of the upper and the lower half whether anything stands at the end (dots have no upper half)."""
        line = chooser.combo.line()
        place = QRect(line.mapTo(chooser.window, QPoint()), line.size())
        image = chooser.window.grab(place).toImage()
        middle, ground = image.height() // 2, image.pixelColor(1, 1)
        halves = ((9, range(4, middle - 1)), (40, range(middle, image.height() - 3)))
        return [
            any(
                image.pixelColor(x, y).lightness() < ground.lightness() - 60
                for x in range(image.width() - 2 - n_columns, image.width() - 2)
                for y in rows
            )
            for n_columns, rows in halves
        ]

    assert ink_at_the_end() == [False, True]
    chooser.combo.line().setFocus()
    assert ink_at_the_end() == [True, True]


def test_a_thousand_classes_are_offered_quickly(chooser: Chooser) -> None:
    names = [f"class number {i}" for i in range(1000)]
    started_s = time.process_time()
    chooser.combo.offer(names)
    assert time.process_time() - started_s < 1.0  # of work; some milliseconds
    assert chooser.combo.count() == 1001
    version = chooser.combo.model().index(5, 0).data()
    chooser.combo.offer(list(reversed(names)))
    assert chooser.combo.model().index(5, 0).data() == version


def test_a_field_gives_way_and_its_list_does_not(qtbot) -> None:
    combo = Combo(20, 9, Qt.TextElideMode.ElideMiddle)
    combo.addItem(LONG * 3)
    shown(qtbot, combo, 60, 30)
    assert combo.minimumSizeHint().width() < combo.sizeHint().width()
    combo.showPopup()
    assert combo.view().window().width() > combo.width()
    combo.hidePopup()
    assert QApplication.activePopupWidget() is None
