"""Pages in the middle, and one that stands in for another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop.ui.middle import Middle
from tests.desktop.ui.on_screen import shown


class Pages:
    def __init__(self) -> None:
        self.window, self.field, self.middle = QWidget(), QLineEdit(), Middle()
        layout = QVBoxLayout(self.window)
        self.one, self.other, self.third = pages = (QWidget(), QWidget(), QWidget())
        for page in pages:
            page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.middle.addWidget(page)
        for part in (self.field, self.middle):
            layout.addWidget(part)
        self.turned: list[QWidget] = []
        self.middle.turned.connect(self.turned.append)


@pytest.fixture
def pages(qtbot) -> Iterator[Pages]:
    made = Pages()
    shown(qtbot, made.window, 300, 200)
    made.one.setFocus()
    yield made


def test_the_keys_follow_unless_a_field_has_them(pages: Pages) -> None:
    pages.middle.turn_to(pages.other)
    assert pages.other.hasFocus() and pages.turned == [pages.other]
    pages.middle.turn_to(pages.other)
    assert pages.turned == [pages.other]
    pages.field.setFocus()
    pages.middle.turn_to(pages.one)
    assert pages.field.hasFocus() and pages.middle.currentWidget() is pages.one
    pages.middle.take_keys()
    assert pages.one.hasFocus()


def test_a_page_that_stands_in_is_shown_instead(pages: Pages) -> None:
    pages.middle.let_stand_in(pages.one, pages.other)
    assert pages.middle.currentWidget() is pages.other and pages.other.hasFocus()
    pages.middle.turn_to(pages.third)
    pages.middle.turn_to(pages.one)
    assert pages.middle.currentWidget() is pages.other
    pages.middle.let_stand_in(pages.one, None)
    assert pages.middle.currentWidget() is pages.one and pages.one.hasFocus()
    assert pages.turned == [pages.other, pages.third, pages.other, pages.one]


def test_what_is_not_shown_stays_so(pages: Pages) -> None:
    pages.middle.turn_to(pages.third)
    pages.middle.let_stand_in(pages.one, pages.other)
    assert pages.middle.currentWidget() is pages.third
    pages.middle.let_stand_in(pages.one, None)
    assert pages.middle.currentWidget() is pages.third
    pages.middle.turn_to(pages.one)
    assert pages.middle.currentWidget() is pages.one


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
@pytest.mark.parametrize("kind", [QPushButton, QToolButton])
def test_a_button_that_has_the_keys_is_pressed_and_the_picture_is_left_alone(pages: Pages, key: Qt.Key, kind) -> None:
    meant: list[str] = []
    action = QAction("what the key means on a picture", pages.window)
    action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    action.triggered.connect(lambda: meant.append("picture"))
    pages.middle.addAction(action)
    button, combo = kind(pages.one), QComboBox(pages.one)
    button.clicked.connect(lambda: meant.append("button"))
    button.show()
    combo.show()
    QTest.keyClick(pages.one, key)
    button.setFocus()
    QTest.keyClick(button, key)
    assert meant == ["picture", "button"]
    combo.setFocus()
    QTest.keyClick(combo, key)
    assert meant == ["picture", "button"]
