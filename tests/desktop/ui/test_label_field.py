"""Typing a label: completion by mouse and keys, new classes, answers that come late."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.label_field import LabelField
from tests.desktop.ui.held_ports import HeldReads
from tests.desktop.ui.on_screen import shown

LONG = "xylophone, marimba, with a name that is a good deal longer than the field is wide"


class Typed:
    """A field in a window, and what it said."""

    def __init__(self, qtbot) -> None:
        self.read = HeldReads(held=True)
        self.read.at_once = True
        self.field = LabelField(self.read)  # type: ignore[arg-type]
        self.other = QLineEdit()
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        layout.addWidget(self.field)
        layout.addWidget(self.other)
        self.committed: list[str] = []
        self.hints: list[str] = []
        self.left = 0
        self.field.committed.connect(self.committed.append)
        self.field.hintChanged.connect(self.hints.append)
        self.field.left.connect(self._leave)
        shown(qtbot, self.window, 260, 120)

    def _leave(self) -> None:
        self.left += 1
        self.other.setFocus()

    def key(self, key: Qt.Key) -> None:
        # Where the system would bring it: an open list takes all keys.
        QTest.keyClick(QApplication.activePopupWidget() or self.field, key)

    def type(self, text: str) -> None:
        for character in text:
            QTest.keyClicks(QApplication.activePopupWidget() or self.field, character)

    @property
    def offered(self) -> list[str]:
        choices = self.field.choices()
        if not choices.isVisible():
            return []
        return [choices.model().index(row, 0).data() for row in range(choices.model().rowCount())]


@pytest.fixture
def typed(qtbot) -> Typed:
    return Typed(qtbot)


def test_beginning_offers_what_there_is_and_marks_nothing(typed: Typed) -> None:
    typed.field.begin()
    assert typed.field.hasFocus() and len(typed.offered) == 6
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == [] and typed.offered == []


def test_typing_narrows_and_a_new_class_is_said_before_it_is_made(typed: Typed) -> None:
    typed.field.begin()
    typed.type("swa")
    assert typed.offered == ["black swan", "Swan"]
    assert "new class" in typed.hints[-1] and "swa" in typed.hints[-1]
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == ["swa"] and typed.field.text() == "" and typed.hints[-1] == ""


def test_the_spelling_of_a_known_class_counts(typed: Typed) -> None:
    typed.field.begin()
    typed.type("  swan ")
    assert "new class" not in typed.hints[-1] and "Swan" in typed.hints[-1]
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == ["Swan"]


def test_a_known_class_alone_needs_no_list(typed: Typed) -> None:
    typed.field.begin()
    typed.type("tench")
    assert typed.offered == []
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == ["tench"]


def test_arrows_mark_and_enter_takes_once(typed: Typed) -> None:
    typed.field.begin()
    typed.type("swan")
    typed.key(Qt.Key.Key_Down)
    assert "black swan" in typed.hints[-1] and typed.field.text() == "swan"
    typed.key(Qt.Key.Key_Down)
    typed.key(Qt.Key.Key_Up)
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == ["black swan"] and typed.offered == []


def test_typing_on_unmarks(typed: Typed) -> None:
    typed.field.begin()
    typed.type("swa")
    typed.key(Qt.Key.Key_Down)
    typed.type("n")
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == ["Swan"]


def test_a_click_takes(typed: Typed, qtbot) -> None:
    typed.field.begin()
    choices = typed.field.choices()
    where = choices.visualRect(choices.model().index(3, 0)).center()
    qtbot.mouseClick(choices.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert typed.committed == ["sea lion"] and typed.offered == []


def test_escape_closes_the_list_and_then_leaves(typed: Typed) -> None:
    typed.field.begin()
    typed.type("swa")
    typed.key(Qt.Key.Key_Escape)
    assert typed.offered == [] and typed.field.text() == "swa" and typed.left == 0
    typed.key(Qt.Key.Key_Escape)
    assert typed.left == 1 and typed.field.text() == "" and typed.committed == []
    assert typed.other.hasFocus()


def test_down_opens_a_closed_list_again(typed: Typed) -> None:
    typed.field.begin()
    typed.key(Qt.Key.Key_Escape)
    assert typed.offered == []
    typed.key(Qt.Key.Key_Down)
    assert len(typed.offered) == 6


def test_a_late_answer_opens_nothing_after_the_label_is_set(typed: Typed) -> None:
    typed.read.at_once = False
    typed.field.begin()
    typed.type("swa")
    typed.key(Qt.Key.Key_Return)
    assert typed.committed == ["swa"]
    assert typed.read.answer_all() > 0
    assert typed.field.hasFocus() and typed.offered == [] and typed.hints[-1] == ""


def test_answers_that_are_overtaken_are_dropped(typed: Typed) -> None:
    typed.read.at_once = False
    typed.field.begin()
    typed.type("t")
    late = typed.read.read("completion")
    typed.type("ench fish")
    typed.read.answer_all()
    assert typed.offered == []
    late()
    assert typed.offered == []


def test_a_late_answer_does_not_pull_the_keys_back(typed: Typed) -> None:
    typed.read.at_once = False
    typed.field.begin()
    typed.other.setFocus()
    typed.read.answer_all()
    assert typed.offered == [] and typed.other.hasFocus()


def test_nothing_opens_over_another_window(typed: Typed, qtbot) -> None:
    typed.read.at_once = False
    typed.field.begin()
    shown(qtbot, QWidget(), 200, 100)
    typed.read.answer_all()
    assert typed.offered == []


def test_what_was_typed_is_told_when_the_person_goes_elsewhere(typed: Typed) -> None:
    told: list[str] = []
    typed.field.abandoned.connect(told.append)
    typed.field.begin()
    typed.type("my own")
    typed.field.choices().hide()
    typed.other.setFocus()
    assert told == ["my own"] and typed.field.text() == "" and typed.committed == []
    typed.field.begin()
    typed.other.setFocus()
    assert told == ["my own"]


def test_a_click_beside_the_list_is_a_click(typed: Typed) -> None:
    pressed: list[object] = []
    button = QPushButton("other", typed.window)
    button.pressed.connect(lambda: pressed.append(1))
    typed.window.resize(600, 440)
    button.setGeometry(500, 400, 80, 30)
    button.show()
    typed.field.begin()
    popup = typed.field.choices()
    assert popup.isVisible()
    at = button.mapToGlobal(button.rect().center())
    assert not popup.geometry().contains(at)
    QTest.mousePress(popup, Qt.MouseButton.LeftButton, pos=popup.mapFromGlobal(at))
    assert not popup.isVisible() and pressed == [1] and typed.field.text() == ""


def test_keys_of_the_window_do_not_fire_while_typing(typed: Typed) -> None:
    fired: list[str] = []
    for key in ("L", "X", "Esc", "Return", "1"):
        action = QAction(key, typed.window)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda _checked=False, k=key: fired.append(k))
        typed.window.addAction(action)
    typed.read.at_once = False
    typed.field.begin()
    QTest.keyClicks(typed.field, "lx1")
    QTest.keyClick(typed.field, Qt.Key.Key_Return)
    QTest.keyClick(typed.field, Qt.Key.Key_Escape)
    assert fired == [] and typed.committed == ["lx1"] and typed.left == 1


def test_long_names_get_a_wide_list_that_is_cut_with_dots(typed: Typed) -> None:
    typed.read.view.names.append(LONG)
    typed.field.begin()
    choices = typed.field.choices()
    assert typed.field.width() < choices.width() <= 420
    assert not choices.horizontalScrollBar().isVisible() and not choices.verticalScrollBar().isVisible()


def test_it_has_a_name_and_says_how_it_works(typed: Typed) -> None:
    assert typed.field.accessibleName() and "Enter" in typed.field.accessibleDescription()
    assert typed.field.choices().accessibleName()


def test_another_model_means_other_classes(typed: Typed) -> None:
    asked: list[str] = []
    typed.read.view.class_names = lambda part, limit, ref: asked.append(ref) or []
    typed.field.set_model_ref("net@4")
    typed.field.begin()
    assert asked == ["net@4"]
