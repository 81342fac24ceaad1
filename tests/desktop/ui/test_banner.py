"""The line under the filters."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.banner import Banner
from engine.schemas.device import ModelState
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import error

PATH = "/media/ada/" + "a_very_long_name_without_a_space" * 9


@pytest.fixture
def banner(qtbot) -> Banner:
    banner = Banner()
    shown(qtbot, banner, 900, 40)
    banner.hide()
    return banner


def test_an_error_says_reason_and_way_out_and_can_be_copied(banner: Banner) -> None:
    banner.show_error(error())
    assert banner.isVisible() and banner.text.text() == "The drive is gone. Plug it in."
    assert banner.property("kind") == "error"
    banner.copy_button.click()
    assert QApplication.clipboard().text() == "SOURCE_OFFLINE: The drive is gone. Plug it in."


def test_ways_out_are_buttons(banner: Banner, qtbot) -> None:
    done: list[str] = []
    banner.show_error(error(), [("Doctor", lambda: done.append("doctor")), ("Back up", lambda: done.append("up"))])
    buttons = {b.text(): b for b in banner.findChildren(QPushButton) if b.isVisible()}
    buttons["Doctor"].setFocus()
    qtbot.keyClick(buttons["Doctor"], Qt.Key.Key_Space)
    buttons["Back up"].click()
    assert done == ["doctor", "up"]
    banner.show_error(error())
    qtbot.waitUntil(lambda: not banner.findChildren(QPushButton), timeout=2000)


def offered(banner: Banner) -> list[str]:
    return [button.text() for button in banner.findChildren(QPushButton) if button.isVisible()]


def test_tab_goes_from_left_to_right(qtbot) -> None:
    """And between what stands before the line and after it, also with ways that came later."""
    window, banner = QWidget(), Banner()
    layout = QVBoxLayout(window)
    before, after = QLineEdit("before"), QLineEdit("after")
    for part in (before, banner, after):
        layout.addWidget(part)
    shown(qtbot, window, 900, 120)
    for ways in (["Back up"], [], ["Doctor", "Back up"]):
        banner.show_error(error(), [(way, lambda: None) for way in ways])
        qtbot.waitUntil(lambda ways=ways: offered(banner) == ways, timeout=2000)
        before.setFocus()
        visited: list[QWidget] = []
        while after not in visited:
            qtbot.keyClick(visited[-1] if visited else before, Qt.Key.Key_Tab)
            focus = QApplication.focusWidget()
            assert focus is not None and focus not in visited
            visited.append(focus)
        assert [b.text() for b in visited if isinstance(b, QPushButton)] == ways
        assert visited[len(ways) :] == [banner.copy_button, banner.close_button, after]


def test_a_notice_does_not_cover_an_error(banner: Banner) -> None:
    banner.show_error(error())
    banner.show_notice("good to know")
    assert "drive" in banner.text.text()
    banner.dismiss()
    assert not banner.isVisible()
    banner.show_notice("good to know")
    assert banner.text.text() == "good to know" and banner.property("kind") == "notice"
    banner.show_error(error())
    assert banner.property("kind") == "error"


def test_an_answer_takes_the_place_of_an_error_and_a_notice_does_not(banner: Banner) -> None:
    banner.show_error(error("The disk is full.", "Free some space."))
    banner.show_notice("by the way")
    assert "disk is full" in banner.text.text()
    banner.show_notice("no damage found", asked=True)
    assert banner.text.text() == "no damage found"


def test_a_notice_is_taken_back_and_what_came_after_it_is_not(banner: Banner) -> None:
    for text, up in (("One", False), ("Another", True)):
        banner.show_notice(text)
        banner.take_back("One")
        assert banner.isVisible() == up
    banner.show_error(error())
    banner.take_back(banner.text.accessibleName())
    assert banner.isVisible()


def test_it_is_closed_by_its_button(banner: Banner, qtbot) -> None:
    banner.show_notice("x")
    banner.close_button.setFocus()
    qtbot.keyClick(banner.close_button, Qt.Key.Key_Space)
    assert not banner.isVisible()


def test_a_long_path_wraps_in_a_narrow_window_and_is_copied_as_it_is(banner: Banner) -> None:
    banner.show_error(error(f"{PATH} is full.", "Free some space."), [("Doctor", lambda: None)])
    banner.adjustSize()
    banner.resize(900, banner.heightForWidth(900))
    QApplication.sendPostedEvents()
    assert banner.minimumSizeHint().width() < 500
    assert banner.close_button.geometry().right() < 900
    room = QRect(0, 0, banner.text.width(), 1000)
    wrapped = banner.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, banner.text.text())
    assert wrapped.width() <= room.width()
    assert banner.text.heightForWidth(banner.text.width()) <= banner.text.height()
    banner.copy_button.click()
    assert PATH in QApplication.clipboard().text()
    assert PATH in banner.accessibleName()


def test_screen_readers_say_it_at_once(banner: Banner, monkeypatch) -> None:
    told: list[tuple[object, object]] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: told.append((event.object(), event.type())))
    banner.show_notice("x")
    assert told == [(banner, QAccessible.Event.Alert)]


def test_controls_have_names(banner: Banner) -> None:
    assert banner.copy_button.accessibleName() and banner.close_button.accessibleName()


def test_that_the_model_failed_is_taken_back_once_it_is_ready(banner: Banner) -> None:
    trouble = error("The disk is full.", "Free some space.")
    failed, ready = ModelState("failed", "m@1", str(trouble)), ModelState("ready", "m@1")
    banner.follow_model(failed)
    banner.show_error(trouble)
    banner.follow_model(failed)
    assert banner.isVisible()
    banner.follow_model(ready)
    assert not banner.isVisible()
    banner.follow_model(failed)
    banner.show_error(error("The drive is gone.", "Plug it in."))
    banner.follow_model(ready)
    assert banner.isVisible(), "something else is said there"
