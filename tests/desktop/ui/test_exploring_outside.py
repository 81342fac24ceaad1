"""Searches with what comes from outside: files and pictures that are dropped and pasted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QDragLeaveEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMenu

from desktop.ui.drag_out import mime_of
from engine.errors import ErrorCode, FileError
from tests.desktop.conftest import Shown, on_first
from tests.desktop.ui.search_hands import CTRL, Hands, Key, red_photo, urls


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return red_photo(tmp_path)


def test_a_file_dropped_on_the_search_field_is_looked_for_and_not_taken_in(hands: Hands, photo: Path) -> None:
    overlay = hands.window._overlay
    assert hands.drag(urls(str(photo)), hands.window.filters.search, drop=False)
    assert overlay.isVisible() and overlay.words() == "Drop to find similar pictures"
    assert hands.drag(urls(str(photo)), None, drop=False) and "add to the library" in overlay.words()
    QApplication.sendEvent(hands.window, QDragLeaveEvent())
    hands.drag(urls(str(photo)), hands.window.filters.search)
    assert not overlay.isVisible()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 3, timeout=5000)
    assert hands.shown.calls("example") == [(str(photo),)] and not hands.shown.calls("submit")
    sample = hands.search.likeness.plus[0]
    hands.qtbot.waitUntil(lambda: sample.image is not None, timeout=5000)
    assert sample.image.pixelColor(5, 5).name() == "#ff0000" and sample.name == "outside.png"


def test_a_file_of_the_library_is_known_for_what_it_is(hands: Hands) -> None:
    hands.drag(urls("/photos/IMG_00040.jpg"), hands.window.filters.search)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 40, timeout=5000)
    assert hands.asked() == [([40], [], 200)]


def test_a_file_that_cannot_be_read_ends_the_search_it_began(hands: Hands) -> None:
    def refuse(name: str) -> None:
        if name == "example":
            raise FileError(ErrorCode.UNREADABLE_IMAGE, "/x.jpg is damaged.", way_out="Take another.")

    hands.shown.engine.before = refuse
    hands.drag(urls("/x.jpg"), hands.window.filters.search)
    hands.qtbot.waitUntil(hands.window.banner.isVisible, timeout=5000)
    assert "is damaged" in hands.window.banner.text.text()
    assert not hands.window.exploring.stands and hands.ids() == list(range(1, 61))


def test_a_picture_pasted_in_the_search_field_is_looked_for_and_text_is_text(hands: Hands) -> None:
    clipboard, field = QGuiApplication.clipboard(), hands.window.filters.search
    clipboard.setText("IMG_0001")
    hands.key(Key.Key_Slash)
    hands.key(Key.Key_V, CTRL)
    assert field.text() == "IMG_0001" and not hands.window.exploring.stands
    field.clear()
    image = QImage(8, 6, QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 0, 255, 0))  # what is transparent is white
    image.setPixelColor(0, 0, QColor(10, 20, 30))
    clipboard.setImage(image)
    hands.key(Key.Key_V, CTRL)
    hands.qtbot.waitUntil(lambda: bool(hands.ids()) and hands.ids()[0] == 5, timeout=5000)
    ((pixels,),) = hands.shown.calls("example_of_pixels")
    assert pixels.shape == (6, 8, 3) and pixels.dtype == np.uint8
    assert pixels[0, 0].tolist() == [10, 20, 30] and pixels[3, 3].tolist() == [255, 255, 255]
    assert field.text() == "" and not hands.shown.calls("submit")


def test_paste_in_the_menu_of_the_search_field_means_what_the_key_means(hands: Hands) -> None:
    clipboard, field = QGuiApplication.clipboard(), hands.window.filters.search

    def paste() -> None:
        at = field.rect().center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, field.mapToGlobal(at))
        QApplication.sendEvent(field, event)
        menu = next(menu for menu in hands.window.findChildren(QMenu) if menu.isVisible())
        action = menu.findChild(QAction, "edit-paste")
        assert action is not None and action.isEnabled()
        action.trigger()
        menu.close()

    clipboard.setMimeData(urls("/photos/IMG_00040.jpg"))
    paste()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 40, timeout=5000)
    assert field.text() == "" and not hands.shown.calls("submit")
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    clipboard.setImage(image)
    paste()
    hands.qtbot.waitUntil(lambda: bool(hands.shown.calls("example_of_pixels")), timeout=5000)
    clipboard.setText("IMG_0001")
    paste()
    assert field.text() == "IMG_0001" and len(hands.shown.calls("example_of_pixels")) == 1


def test_tiles_and_files_fall_into_the_wells(hands: Hands, photo: Path) -> None:
    hands.find(20)
    assert hands.drag(mime_of(["/photos/IMG_00030.jpg"], [30]), hands.bar.plus)
    hands.settled()
    assert hands.asked()[-1] == ([20, 30], [], 200)
    assert hands.drag(urls(str(photo)), hands.bar.minus)
    hands.qtbot.waitUntil(lambda: hands.asked()[-1] == ([20, 30], [None], 200), timeout=5000)
    assert not hands.shown.calls("submit")


def test_tiles_dropped_anywhere_else_in_the_window_do_nothing(hands: Hands) -> None:
    own = mime_of(["/photos/IMG_00030.jpg"], [30])
    assert not hands.drag(own, None, drop=False)
    assert hands.window._overlay.isVisible() and not hands.window._overlay._veiled
    hands.drag(own, None)
    hands.qtbot.wait(60)
    assert not hands.shown.calls("submit") and not hands.window.exploring.stands
    assert hands.drag(own, hands.window.filters.search)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)


def test_a_picture_is_pasted_into_the_well_that_has_the_keys(hands: Hands) -> None:
    hands.find(20)
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    QGuiApplication.clipboard().setImage(image)
    hands.bar.minus.setFocus()
    hands.key(Key.Key_V, CTRL)
    hands.qtbot.waitUntil(lambda: hands.asked()[-1] == ([20], [None], 200), timeout=5000)
    assert not hands.shown.calls("submit")
    hands.grid.setFocus()
    hands.key(Key.Key_V, CTRL)
    hands.qtbot.waitUntil(lambda: len(hands.shown.calls("submit")) == 1, timeout=5000)  # elsewhere it is taken in


def test_a_library_that_can_only_be_read_can_be_searched(show: Callable[..., Shown], qtbot, monkeypatch, photo: Path) -> None:
    from tests.desktop.fake_engine import FakeEngine

    made = FakeEngine.__init__

    def read_only(engine: FakeEngine, *arguments: object, **named: object) -> None:
        made(engine, *arguments, **named)  # type: ignore[arg-type]
        engine.read_only = True

    monkeypatch.setattr(FakeEngine, "__init__", read_only)
    shown = show(30)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    assert not hands.drag(urls(str(photo)), None, drop=False)
    assert hands.drag(urls(str(photo)), hands.window.filters.search)
    qtbot.waitUntil(lambda: hands.ids()[0] == 3, timeout=5000)
    hands.find(20)
    assert not hands.window.actions_by_name["label_these"].isEnabled() and not hands.bar.label_button.isEnabled()
