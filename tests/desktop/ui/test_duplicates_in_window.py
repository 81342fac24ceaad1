"""The page of duplicates in the whole window: entry, key, line of activity, undo by Ctrl+Z, and whose turn thumbnails are."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.duplicates_in_window import DuplicatesInWindow
from desktop.ui.library_panel import ALL, DUPLICATES
from engine.schemas.duplicates import DuplicatesState, Resolution
from tests.desktop.conftest import Shown

Show = Callable[..., Shown]
Key = Qt.Key


def rows(shown: Shown) -> list[str]:
    return [row.text if row.n is None else f"{row.text} {row.n}" for row in shown.window.panel._rows.rows]


def opened(show: Show, qtbot) -> Shown:
    """A window with three groups of duplicates, found and shown."""
    shown = show(12)
    shown.engine.near = ((1, 2, 3), (4, 5), (6, 7))
    shown.window.grid.setFocus()
    QTest.keyClick(shown.window.grid, Key.Key_D)
    page = shown.window.duplicates.page
    assert shown.window.middle.currentWidget() is page
    page.card.button.click()
    qtbot.waitUntil(lambda: len(page.model.groups) == 3, timeout=10_000)
    qtbot.waitUntil(page.list.hasFocus, timeout=10_000)
    return shown


def test_the_entry_and_the_key_lead_to_it_and_escape_leads_back(show: Show, qtbot) -> None:
    shown = show(12)
    window = shown.window
    assert isinstance(window.duplicates, DuplicatesInWindow)
    qtbot.waitUntil(lambda: "Duplicates" in rows(shown), timeout=10_000)
    window.panel.choose(DUPLICATES)
    assert window.middle.currentWidget() is window.duplicates.page and not window.inspector.isVisible()
    QTest.keyClick(window.duplicates.page.card.button, Key.Key_Escape)
    assert window.middle.currentWidget() is window.grid and window.panel._chosen == ALL
    assert window.inspector.isVisible()
    QTest.keyClick(window.grid, Key.Key_D)
    assert window.middle.currentWidget() is window.duplicates.page and window.panel._chosen == DUPLICATES


def test_groups_are_counted_in_the_panel(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    assert "Duplicates 3" in rows(shown)
    QTest.keyClick(shown.window.duplicates.page.list, Key.Key_K)
    qtbot.waitUntil(lambda: "Duplicates 2" in rows(shown), timeout=10_000)


def test_what_is_hidden_leaves_the_pictures_and_ctrl_z_brings_it_back(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    page = shown.window.duplicates.page
    QTest.keyClick(page.list, Key.Key_K)
    qtbot.waitUntil(lambda: shown.window.grid.count() == 10, timeout=10_000)
    assert shown.calls("resolve") == [((2, 3), (Resolution(1, (2, 3)),))]
    assert "Ctrl+Z" in shown.window.activity.message.text()
    qtbot.waitUntil(shown.window.actions_by_name["undo"].isEnabled, timeout=10_000)
    QTest.keyClick(page.list, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(page.model.groups) == 3, timeout=10_000)
    assert page.model.group == 0 and shown.window.middle.currentWidget() is page
    qtbot.waitUntil(lambda: shown.window.grid.count() == 12, timeout=10_000)


def test_u_takes_back_as_well(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    page = shown.window.duplicates.page
    QTest.keyClick(page.list, Key.Key_S)
    qtbot.waitUntil(lambda: bool(shown.calls("part")), timeout=10_000)
    QTest.keyClick(page.list, Key.Key_U)
    qtbot.waitUntil(lambda: shown.calls("undo") == [()], timeout=10_000)


def test_keys_of_the_grid_do_nothing_to_pictures_that_are_not_seen(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    shown.window.grid.set_current(9)
    for key in (Key.Key_X, Key.Key_1, Key.Key_Backspace, Key.Key_N, Key.Key_P):
        QTest.keyClick(shown.window.duplicates.page.list, key)
    assert not any(shown.calls(name) for name in ("reject", "accept", "clear_label", "hide", "similar"))
    for name in ("accept_first", "reject", "hide_selected"):
        shown.window.actions_by_name[name].trigger()
    assert not any(shown.calls(name) for name in ("accept", "reject", "hide"))


def test_while_it_is_looked_for_a_line_says_so_wherever_one_is(show: Show, qtbot) -> None:
    shown = show(12)
    window, line = shown.window, shown.window.duplicates.line
    shown.engine.set_duplicates(DuplicatesState("building", 0.25))
    qtbot.waitUntil(line.isVisible, timeout=10_000)
    assert "25%" in line.text.text()
    window.duplicates.show()
    assert not line.isVisible(), "the page says it"
    QTest.keyClick(window.duplicates.page, Key.Key_Escape)
    qtbot.waitUntil(line.isVisible, timeout=10_000)
    line.button.click()
    qtbot.waitUntil(lambda: bool(shown.calls("stop_finding_duplicates")) and not line.isVisible(), timeout=10_000)


def test_a_label_given_elsewhere_is_seen(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    page = shown.window.duplicates.page
    shown.engine.label([1], "swan")
    shown.engine.label([2], "banjo")
    qtbot.waitUntil(lambda: page.model.groups[0].is_conflict, timeout=10_000)
    assert page.model.groups[0].labels == ["swan", "banjo"]


def test_new_pictures_in_the_list_of_all_leave_the_page_where_it_is(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    n_read = len(shown.calls("duplicates"))
    shown.engine.submit(["/x/1.jpg", "/x/2.jpg"])
    qtbot.waitUntil(lambda: shown.window.grid.count() == 14, timeout=10_000)
    qtbot.waitUntil(lambda: len(shown.calls("duplicates")) > n_read, timeout=20_000)  # one more file is a group, maybe
    assert shown.window.middle.currentWidget() is shown.window.duplicates.page
    assert shown.window.duplicates.page.list.hasFocus()


def test_the_thumbnails_of_the_page_come_and_the_grid_has_its_own_again_after_it(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    window, page = shown.window, shown.window.duplicates.page
    qtbot.waitUntil(lambda: page.list.visible_share_with_thumbnails() == 1, timeout=10_000)
    own = window.duplicates._own_wishes
    qtbot.waitUntil(lambda: window.duplicates._wishes._holder is own, timeout=10_000)
    QTest.keyClick(page.list, Key.Key_Escape)
    qtbot.waitUntil(lambda: window.duplicates._wishes._holder is window.duplicates._grid_wishes, timeout=10_000)


def test_another_library_has_no_duplicates_of_this_one(show: Show, qtbot, tmp_path) -> None:
    shown = opened(show, qtbot)
    shown.program.open_library(tmp_path / "other.lightdesk")
    qtbot.waitUntil(lambda: shown.window.middle.currentWidget() is not shown.window.duplicates.page, timeout=10_000)
    assert shown.window.duplicates.page.model.groups == [] and "Duplicates 3" not in rows(shown)


def test_find_similar_from_a_tile(show: Show, qtbot) -> None:
    shown = opened(show, qtbot)
    QTest.keyClick(shown.window.duplicates.page.list, Key.Key_F)
    qtbot.waitUntil(lambda: bool(shown.calls("similar")), timeout=10_000)
    assert shown.window.middle.currentWidget() is shown.window.grid
    assert QApplication.focusWidget() is not None
