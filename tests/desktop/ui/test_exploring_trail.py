"""Back and forward through searches by example, and out of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from tests.desktop.conftest import Shown, on_first
from tests.desktop.ui.search_hands import ALT, NONE, Hands, Key


def test_back_and_forward_as_in_a_browser(hands: Hands) -> None:
    hands.find(20)
    hands.grid.set_current(30)
    hands.key(Key.Key_F)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)
    hands.key(Key.Key_Left, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    assert hands.grid.current_id() == 30  # where the person was in it
    hands.bar.back_button.click()
    hands.qtbot.waitUntil(lambda: hands.ids() == list(range(1, 61)), timeout=5000)
    assert hands.grid.current_id() == 20 and not hands.bar.isVisible()
    hands.key(Key.Key_Right, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    hands.bar.forward_button.click()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)
    assert not hands.bar.forward_button.isEnabled()
    hands.key(Key.Key_Escape)
    hands.qtbot.waitUntil(lambda: hands.ids() == list(range(1, 61)), timeout=5000)
    hands.key(Key.Key_Left, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)


def test_the_buttons_of_the_mouse_go_back_and_forward(hands: Hands) -> None:
    hands.find(20)
    for button, first in ((Qt.MouseButton.BackButton, 1), (Qt.MouseButton.ForwardButton, 20)):
        at = QPointF(50, 50)
        where = QPointF(hands.grid.viewport().mapToGlobal(at))
        press = QMouseEvent(QMouseEvent.Type.MouseButtonPress, at, where, button, button, NONE)
        QApplication.sendEvent(hands.grid.viewport(), press)
        hands.qtbot.waitUntil(lambda first=first: hands.ids()[0] == first, timeout=5000)


def test_escape_puts_the_person_back_where_they_were(show: Callable[..., Shown], qtbot) -> None:
    shown = show(900)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    hands.grid.set_current(500)
    top = hands.grid.verticalScrollBar().value()
    assert top > 0
    hands.find(500)
    assert hands.grid.verticalScrollBar().value() == 0
    hands.key(Key.Key_PageDown)
    shown.engine.before = lambda name: threading.Event().wait(1.0) and None if name == "ids" else None
    hands.key(Key.Key_Escape)
    # At once: what was shown is kept.
    assert len(hands.ids()) == 900 and hands.grid.current_id() == 500
    assert hands.grid.verticalScrollBar().value() == top and not hands.bar.isVisible()
    assert not hands.grid.marks.score_at(0)


def test_escape_in_a_field_leaves_the_field_alone(hands: Hands) -> None:
    hands.find(20)
    hands.key(Key.Key_Slash)
    hands.key(Key.Key_Escape)
    assert hands.window.exploring.stands and QApplication.focusWidget() is hands.grid
    hands.bar.plus.setFocus()
    hands.key(Key.Key_Escape)
    assert not hands.window.exploring.stands


def test_a_list_of_all_pictures_that_comes_late_is_not_shown_in_a_search(hands: Hands) -> None:
    gate = threading.Event()
    hands.shown.engine.before = lambda name: gate.wait(5) and None if name == "ids" else None
    hands.window.browser.show_now()
    hands.grid.set_current(20)
    hands.key(Key.Key_F)
    hands.qtbot.wait(100)
    hands.shown.engine.before = lambda name: None
    gate.set()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    hands.qtbot.wait(200)
    assert hands.ids()[0] == 20


def test_each_stop_has_the_filter_that_it_was_left_with(hands: Hands) -> None:
    window, filters = hands.window, hands.window.filters
    window.panel.choose(("class", "tench"))
    filters.set_order("name", True)
    hands.qtbot.waitUntil(lambda: 0 < len(hands.ids()) < 20, timeout=5000)
    all_with = window.query()
    hands.find(hands.ids()[3])
    hands.key(Key.Key_Period)
    found_with = replace(all_with, class_name=None, labelled="unlabelled", text="IMG")
    filters.class_name.choose(None)
    filters.labelled.setCurrentIndex(filters.labelled.findData("unlabelled"))
    filters.search.setText("IMG")
    hands.qtbot.waitUntil(lambda: len(hands.shown.calls("similar")) >= 2 and hands.search.stop.is_whole, timeout=5000)
    hands.qtbot.waitUntil(lambda: hands.search.stop.where.text == "IMG", timeout=5000)
    assert window.query() == found_with
    shown = hands.ids()
    hands.grid.set_current(shown[2])
    hands.key(Key.Key_Left, ALT)
    assert window.query() == all_with and window.panel._chosen == ("class", "tench")
    hands.qtbot.waitUntil(lambda: hands.ids() != shown, timeout=5000)
    filters.low.setValue(1)  # another filter of all pictures, before the way forward
    assert hands.window.query() != all_with
    hands.key(Key.Key_Right, ALT)
    hands.settled()
    assert window.query() == found_with and hands.search.stop.level == "same_kind"
    hands.qtbot.waitUntil(lambda: hands.ids() == shown, timeout=5000)
    assert hands.grid.current_id() == shown[2]
    # What is changed now is not put back by anything but a step.
    filters.search.clear()
    hands.qtbot.waitUntil(lambda: hands.search.stop.where.text == "", timeout=5000)
    assert window.query() == replace(found_with, text="")
    hands.key(Key.Key_Left, ALT)
    assert window.query() == replace(all_with, confidence_min=0.01)


def test_a_step_back_from_another_page_shows_the_pictures(hands: Hands) -> None:
    hands.find(20)
    hands.window.show_duplicates()
    assert not hands.grid.isVisible()
    hands.key(Key.Key_Left, ALT)
    hands.qtbot.waitUntil(lambda: hands.grid.isVisible() and hands.ids() == list(range(1, 61)), timeout=5000)
    assert hands.grid.current_id() == 20
    hands.window.show_duplicates()
    hands.key(Key.Key_Left, ALT)  # there is no further way back: all stays
    assert not hands.grid.isVisible()
