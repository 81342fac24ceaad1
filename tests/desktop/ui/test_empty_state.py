"""Pages of the middle without pictures."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from desktop.ui import theme
from desktop.ui.empty_state import EmptyState, LibraryClosed, NothingFound
from engine.errors import ErrorCode, LibraryError
from tests.desktop.ui.on_screen import painted, shown


def buttons(page: QWidget) -> dict[str, QPushButton]:
    return {button.text(): button for button in page.findChildren(QPushButton) if button.isVisible()}


def test_an_empty_library_is_a_drop_zone_with_two_ways_in(qtbot) -> None:
    page = EmptyState()
    shown(qtbot, page, 500, 420)
    asked: list[str] = []
    page.openFolderRequested.connect(lambda: asked.append("folder"))
    page.samplesRequested.connect(lambda: asked.append("samples"))
    page.setFocus()
    first = QApplication.focusWidget()
    assert isinstance(first, QPushButton) and "folder" in first.text()
    qtbot.keyClick(first, Qt.Key.Key_Space)
    qtbot.keyClick(first, Qt.Key.Key_Tab)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert asked == ["folder", "samples"]
    assert "JPEG" in page.text.text() and "never changed" in page.text.text()


def test_signs_and_frame_follow_the_theme(qtbot) -> None:
    page = EmptyState()
    shown(qtbot, page, 300, 300)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert theme.LIGHT["line"] in painted(page)
    theme.apply(app, "dark")
    colors = painted(page)
    theme.apply(app, "light")
    assert theme.DARK["line"] in colors and theme.DARK["strong_line"] in colors


def test_nothing_found_says_how_many_there_are_and_leads_back(qtbot) -> None:
    page = NothingFound()
    shown(qtbot, page, 500, 420)
    page.show_total(1)
    assert "one picture" in page.text.text()
    page.show_total(100_000)
    assert "100,000" in page.text.text()
    with qtbot.waitSignal(page.clearRequested, timeout=1000):
        page.setFocus()
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)


@pytest.mark.parametrize(
    ("what", "title", "button"),
    [
        ({"standing": False}, "No picture passes the filter", "Clear the filter"),
        ({"standing": True}, "No picture is that much alike", "Show all that was found"),
        ({"standing": True, "picks": True}, "All pictures here have a label", "Show all pictures"),
        ({"standing": False, "only": "outliers"}, "No outlier is known here", "Clear the filter"),
        ({"standing": False, "only": "mistakes"}, "No label here is likely to be a mistake", "Clear the filter"),
    ],
)
def test_nothing_found_says_what_was_looked_for(qtbot, what: dict, title: str, button: str) -> None:
    page = NothingFound()
    shown(qtbot, page, 500, 420)
    page.show_search(**what)
    assert page.title.text() == title and list(buttons(page)) == [button]


RESTORABLE = (ErrorCode.LIBRARY_DAMAGED, ErrorCode.LIBRARY_NOT_FOUND, ErrorCode.LIBRARY_TOO_NEW)


@pytest.mark.parametrize(
    ("code", "first"),
    [
        (ErrorCode.LIBRARY_DAMAGED, "Restore a backup\N{HORIZONTAL ELLIPSIS}"),
        (ErrorCode.LIBRARY_NOT_FOUND, "Restore a backup\N{HORIZONTAL ELLIPSIS}"),
        (ErrorCode.LIBRARY_LOCATION, "Use the standard place"),
        (ErrorCode.LIBRARY_TOO_NEW, "Open another\N{HORIZONTAL ELLIPSIS}"),
        (ErrorCode.LIBRARY_FOREIGN, "Open another\N{HORIZONTAL ELLIPSIS}"),
        (ErrorCode.DISK_FULL, "Open another\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_a_closed_library_says_why_and_offers_what_helps_first(qtbot, code: ErrorCode, first: str) -> None:
    page = LibraryClosed()
    shown(qtbot, page, 640, 420)
    page.show_error(LibraryError(code, "/a/b.lightdesk is bad.", way_out="Do this."))
    assert next(iter(buttons(page))) == first
    assert page.text.text() == "/a/b.lightdesk is bad. Do this." and page.title.text()
    asked: list[str] = []
    for name in ("open", "new", "retry", "standard", "restore"):
        getattr(page, f"{name}Requested").connect(lambda name=name: asked.append(name))
    page.setFocus()
    assert QApplication.focusWidget().text() == first
    for button in buttons(page).values():
        qtbot.keyClick(button, Qt.Key.Key_Space)
    assert [ask for ask in asked if ask in ("open", "new", "retry")] == ["open", "new", "retry"]
    assert len(asked) == len(buttons(page)) and ("restore" in asked) == (code in RESTORABLE)


def test_a_long_path_does_not_widen_the_window(qtbot) -> None:
    page = LibraryClosed()
    shown(qtbot, page, 500, 420)
    path = "/home/" + "x" * 400
    page.show_error(LibraryError(ErrorCode.LIBRARY_DAMAGED, f"{path} is damaged.", way_out="Restore a backup."))
    assert page.minimumSizeHint().width() <= 600
    assert path in page.text.accessibleName()


def test_another_error_replaces_the_buttons(qtbot) -> None:
    page = LibraryClosed()
    shown(qtbot, page, 640, 420)
    for code in (ErrorCode.LIBRARY_DAMAGED, ErrorCode.LIBRARY_BUSY):
        page.show_error(LibraryError(code, "x", way_out=""))
        page.setFocus()
    assert list(buttons(page)) == [
        "Open another\N{HORIZONTAL ELLIPSIS}",
        "New library\N{HORIZONTAL ELLIPSIS}",
        "Try again",
    ]
    # Tried again, and it failed again: the keys are not lost with the old buttons.
    page.show_error(LibraryError(ErrorCode.LIBRARY_BUSY, "x", way_out=""))
    assert QApplication.focusWidget() is buttons(page)["Open another\N{HORIZONTAL ELLIPSIS}"]
