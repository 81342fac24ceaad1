"""Keys, mouse and words of the list of duplicates; and that only what is on the screen costs anything."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from desktop.ui.duplicates_surface import DuplicatesSurface
from tests.desktop.ui.duplicates_hands import Key, Page, exact, group, many, page

__all__ = ["page"]
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def asked(page: Page) -> list[str]:
    """What the list asks for from now on, instead of doing it."""
    page.list.asked.disconnect()
    heard: list[str] = []
    page.list.asked.connect(heard.append)
    return heard


def test_arrows_go_through_groups_and_tiles(page: Page) -> None:
    page.opened(group(1, 2, 3), group(4, 5), group(6, 7))
    page.press(Key.Key_Right, Key.Key_Right, Key.Key_Right)
    assert page.current() == 3, "the last of its group"
    page.press(Key.Key_Down)
    assert page.current() == 4, "the first of the next"
    page.press(Key.Key_Down, Key.Key_Right, Key.Key_Down)
    assert page.current() == 7, "there is none below"
    page.press(Key.Key_Left, Key.Key_Left, Key.Key_Up)
    assert page.current() == 4
    page.press(Key.Key_End)
    assert page.current() == 6
    page.press(Key.Key_Home)
    assert page.current() == 1


def test_in_a_group_of_several_lines_up_and_down_go_through_the_lines(page: Page) -> None:
    page.opened(group(*range(1, 11)), group(20, 21))
    columns = page.list._layout.columns
    assert 2 <= columns < 10
    page.press(Key.Key_Down)
    assert page.current() == 1 + columns
    for _ in range(10 // columns + 1):
        page.press(Key.Key_Down)
    assert page.model.group == 1
    page.press(Key.Key_Up)
    assert page.model.group == 0


@pytest.mark.parametrize(
    ("key", "modifiers", "what"),
    [
        (Key.Key_K, None, "keep"), (Key.Key_Return, None, "proposal"), (Key.Key_Enter, None, "proposal"),
        (Key.Key_S, None, "part_one"), (Key.Key_S, SHIFT, "part_all"), (Key.Key_H, None, "hide"),
        (Key.Key_Delete, None, "hide"), (Key.Key_Space, None, "large"), (Key.Key_C, None, "compare"),
        (Key.Key_L, None, "label"), (Key.Key_U, None, "undo"), (Key.Key_F, None, "similar"), (Key.Key_C, CTRL, "copy"),
    ],
)  # fmt: skip
def test_each_key_asks_for_one_thing(page: Page, key: Key, modifiers, what: str) -> None:
    page.opened(group(1, 2))
    heard = asked(page)
    page.press(key, modifiers=modifiers or Qt.KeyboardModifier.NoModifier)
    assert heard == [what]


def test_keys_that_would_mean_pictures_of_the_grid_go_no_further(page: Page) -> None:
    page.opened(group(1, 2))
    for key, text in ((Key.Key_X, "x"), (Key.Key_1, "1"), (Key.Key_Backspace, "\b"), (Key.Key_P, "p"), (Key.Key_Period, ".")):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier, text)
        event.ignore()
        QApplication.sendEvent(page.list, event)
        assert event.isAccepted(), text
    for key, text in ((Key.Key_Slash, "/"), (Key.Key_Question, "?"), (Key.Key_Escape, "")):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier, text)
        event.ignore()
        QApplication.sendEvent(page.list, event)
        assert not event.isAccepted(), f"{text} is the window's"


def test_a_click_makes_a_tile_the_current_one_and_a_double_click_looks_at_it(page: Page) -> None:
    page.opened(group(1, 2, 3), group(4, 5))
    heard = asked(page)
    page.click(page.tile(1, 1).center())
    assert page.current() == 5 and heard == [] and page.list.hasFocus()
    QTest.mouseDClick(page.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, page.tile(0, 2).center())
    assert heard == ["large"]


def test_the_button_of_a_group_keeps_the_marked_one_of_just_that_group(page: Page) -> None:
    page.opened(group(1, 2), group(4, 5))
    heard = asked(page)
    head = page.list._layout.head(1)
    button = page.list._on_screen(page.list._dressed().button(head, page.model.groups[1]))
    page.click(button.center())
    assert heard == ["proposal"] and page.model.group == 1
    page.click(QPoint(button.left() - 40, button.center().y()))
    assert heard == ["proposal"], "beside it nothing is asked"


def test_a_click_on_a_label_chooses_it_and_another_one_leaves_it_open(page: Page) -> None:
    page.opened(group(1, 2), group(3, 4, labels=("Swan", "Banjo")))
    conflict = page.model.groups[1]
    chips = dict(page.list._dressed().chips(page.list._layout.head(1), conflict))
    assert list(chips) == ["Swan", "Banjo"]
    page.click(page.list._on_screen(chips["Banjo"]).center())
    assert page.model.label_of(conflict) == "Banjo"
    assert "The kept one gets the label Banjo" in page.list.accessibleDescription()
    page.click(page.list._on_screen(chips["Banjo"]).center())
    assert page.model.label_of(conflict) is None


def test_the_right_button_and_the_menu_key_ask_for_a_menu(page: Page) -> None:
    page.opened(group(1, 2))
    page.list.menuRequested.disconnect()
    at: list[QPoint] = []
    page.list.menuRequested.connect(at.append)
    page.click(page.tile(0, 1).center(), Qt.MouseButton.RightButton)
    assert page.current() == 2


def test_the_mouse_shows_where_a_click_does_something(page: Page) -> None:
    page.opened(group(1, 2))
    button = page.list._on_screen(page.list._dressed().button(page.list._layout.head(0), page.model.groups[0]))
    for where, shape in ((button.center(), Qt.CursorShape.PointingHandCursor), (page.tile(0, 1).center(), Qt.CursorShape.ArrowCursor)):
        none = Qt.MouseButton.NoButton
        move = QMouseEvent(QEvent.Type.MouseMove, QPointF(where), QPointF(where), none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(page.list.viewport(), move)
        assert page.list.viewport().cursor().shape() == shape


def test_all_that_is_seen_is_said(page: Page) -> None:
    page.opened(group(1, 2, labels=("Swan", "Banjo")), group(3, 4))
    said = page.list.accessibleDescription()
    for words in ("IMG_00001.jpg", "4001", "3000", "60.0 kB", "/photos", "Sharpness 120", "Labelled Swan", "most pixels",
                  "1 of 2", "The labels differ: Swan, Banjo", "group 1 of 2"):  # fmt: skip
        assert words in said, words
    page.press(Key.Key_Down)
    assert "IMG_00003.jpg" in page.list.accessibleDescription() and "group 2 of 2" in page.list.accessibleDescription()


def test_a_tooltip_says_it_too(page: Page) -> None:
    page.opened(group(1, 2))
    at = page.tile(0, 1).center()
    QApplication.sendEvent(page.list.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, page.list.viewport().mapToGlobal(at)))
    assert "IMG_00002.jpg" in QToolTip.text()
    QToolTip.hideText()


def test_files_of_one_picture_are_listed_with_their_folders(page: Page) -> None:
    page.opened(exact(9, 3))
    assert page.model.groups[0].kind == "exact"
    page.press(Key.Key_Right)
    assert "/photos/1" in page.list.accessibleDescription()
    assert page.list._dressed().button(page.list._layout.head(0), page.model.groups[0]).isNull(), "nothing to choose"


def test_only_what_is_on_the_screen_is_wished_for(page: Page, qtbot) -> None:
    assert isinstance(page.list, DuplicatesSurface)
    page.opened(*many(5000))
    qtbot.waitUntil(lambda: page.list.visible_share_with_thumbnails() == 1)
    assert 0 < len(page.thumbnails.wishes) < 80
    page.list.verticalScrollBar().setValue(page.list.verticalScrollBar().maximum() // 2)
    qtbot.waitUntil(lambda: page.list.visible_share_with_thumbnails() == 1)
    assert len(page.thumbnails.images) < 200 and len(page.list._tiles) <= 200


def test_a_wish_that_another_widget_has_replaced_is_made_again(page: Page, qtbot) -> None:
    page.thumbnails.instant = False
    page.opened(*many(50))
    qtbot.waitUntil(lambda: len(page.thumbnails.wishes) > 0)
    page.thumbnails.want([(999_999, "0")])
    qtbot.waitUntil(lambda: (999_999, "0") not in page.thumbnails.wishes)


def test_thousands_of_groups_are_listed_scrolled_and_walked_at_once(page: Page) -> None:
    began_s = time.monotonic()
    page.opened(*many(5000))
    for step in range(40):
        page.list.verticalScrollBar().setValue(step * 3000)
        page.list.viewport().repaint()
    page.press(Key.Key_End)
    assert page.model.group == 4999
    assert time.monotonic() - began_s < 20


def test_new_groups_above_do_not_move_what_is_looked_at(page: Page) -> None:
    groups = many(60)
    page.opened(*groups)
    page.list.go(40, 0)
    before = page.tile(40, 0).top()
    page.library.listed = [group(1_000, 1_001), group(1_002, 1_003, 1_004), *groups]
    page.view.finder._refresher.at_once()
    assert page.model.group == 42 and page.tile(42, 0).top() == before


def test_new_groups_above_do_not_move_a_list_that_was_scrolled_away_from_the_current_one(page: Page) -> None:
    groups = many(60)
    page.opened(*groups)
    page.list.verticalScrollBar().setValue(5000)
    first = page.list._layout.visible(page.list._scroll_px, 1).start
    before = page.tile(first, 0).top()
    page.library.listed = [group(1_000, 1_001), *groups]
    page.view.finder._refresher.at_once()
    assert page.tile(first + 1, 0).top() == before


def test_another_width_leaves_what_is_looked_at_where_it_is(page: Page, qtbot) -> None:
    page.opened(*[group(*range(20 * i + 1, 20 * i + 9)) for i in range(40)])
    page.list.go(20, 0)
    top = page.list._on_screen(page.list._layout.head(20)).top()
    page.view.resize(640, 640)
    qtbot.waitUntil(lambda: page.list.width() < 700)
    assert page.list._on_screen(page.list._layout.head(20)).top() == top


def test_larger_and_smaller_tiles(page: Page) -> None:
    page.opened(*many(20))
    width = page.tile(0, 0).width()
    page.view.zoom(2)
    assert page.tile(0, 0).width() > width
    page.view.zoom(-99)
    smallest = page.tile(0, 0).width()
    page.view.zoom(-1)
    assert page.tile(0, 0).width() == smallest < width


def test_the_current_one_can_be_seen_with_the_keys_and_without_them(page: Page, qtbot) -> None:
    page.opened(group(1, 2), group(3, 4))
    assert page.list.hasFocus()
    with_keys = page.list.viewport().grab().toImage()
    page.view.rules_button.setFocus()
    without = page.list.viewport().grab().toImage()
    page.list.setFocus()
    page.press(Key.Key_Right)
    assert with_keys != without and page.list.viewport().grab().toImage() not in (with_keys, without)
