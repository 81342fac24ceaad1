"""The choice below the search field."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.word_choice import WordChoice
from desktop.ui.word_query import WordQuery
from tests.desktop.ui.on_screen import shown


class Opened:
    def __init__(self, qtbot) -> None:
        self.box, self.field, self.other = QWidget(), QLineEdit(), QPushButton("x")
        column = QVBoxLayout(self.box)
        column.addWidget(self.field)
        column.addWidget(self.other)
        column.addStretch(1)
        self.choice = WordChoice(self.field, self.box)
        shown(qtbot, self.box, 600, 300)
        self.choice.set_has_model(True)
        self.asked: list[WordQuery] = []
        self.choice.searchRequested.connect(self.asked.append)
        self.field.setFocus()


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot)


def test_seen_while_something_is_typed(opened: Opened, qtbot) -> None:
    assert not opened.choice.isVisible()
    qtbot.keyClicks(opened.field, "red car -night")
    assert opened.choice.isVisible() and opened.choice.words.text() == "Pictures of “red car”, but not “night”"
    # Below the field, and in the window.
    assert opened.choice.y() >= opened.field.mapTo(opened.box, QPoint(0, opened.field.height())).y()
    assert opened.box.rect().contains(opened.choice.geometry())
    assert "red car" in opened.field.accessibleDescription() and "Ctrl" in opened.field.accessibleDescription()
    opened.other.setFocus()
    assert not opened.choice.isVisible()
    opened.field.setFocus()
    assert opened.choice.isVisible()
    opened.field.clear()
    assert not opened.choice.isVisible()


def test_a_click_takes_it_and_the_keys_stay_in_the_field(opened: Opened, qtbot) -> None:
    qtbot.keyClicks(opened.field, "boat")
    qtbot.mouseClick(opened.choice, Qt.MouseButton.LeftButton)
    assert opened.asked == [WordQuery(("boat",))] and opened.field.hasFocus() and not opened.choice.isVisible()


def test_with_nothing_typed_the_field_is_where_to_type(opened: Opened) -> None:
    opened.other.setFocus()
    opened.choice.take()
    assert opened.asked == [] and opened.field.hasFocus()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (WordQuery(("a", "b")), "Pictures of “a”, “b”"),
        (WordQuery((), ("rain", "snow")), "Pictures, but not of “rain”, “snow”"),
    ],
)
def test_sentences(opened: Opened, query: WordQuery, words: str) -> None:
    assert opened.choice.sentence(query) == words


def test_without_a_model_it_says_how_to_get_there(opened: Opened, qtbot) -> None:
    opened.choice.set_has_model(False)
    qtbot.keyClicks(opened.field, "boat")
    assert "add a model" in opened.choice.words.text()
    qtbot.mouseClick(opened.choice, Qt.MouseButton.LeftButton)
    assert opened.asked == [WordQuery(("boat",))]  # who is asked knows what is missing
    qtbot.keyClicks(opened.field, "s")
    opened.choice.set_has_model(True)
    assert opened.choice.words.text() == "Pictures of “boats”"


def test_it_follows_the_window(opened: Opened, qtbot) -> None:
    qtbot.keyClicks(opened.field, "boat")
    opened.box.resize(300, 300)
    qtbot.waitUntil(lambda: opened.choice.geometry().right() < 300, timeout=5000)
