"""Every open dialog, and all of the Library menu: what is asked, and what an answer or none does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QPushButton

from desktop.ui.doctor_dialog import TextDialog
from engine.errors import ErrorCode, LibraryError
from engine.library import upkeep
from engine.schemas.settings import Settings
from tests.desktop.conftest import Shown
from tests.engine.library.small_library import made

Show = Callable[..., Shown]
OPEN, OPEN_SEVERAL, SAVE, FOLDER = "getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Asked:
    """Answers Qt's file dialogs; all but the expected one fail the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.places: list[str] = []
        self.titles: list[str] = []
        for kind in (OPEN, OPEN_SEVERAL, SAVE, FOLDER):
            monkeypatch.setattr(QFileDialog, kind, lambda *_, kind=kind: pytest.fail(f"{kind} was called"))

    def answer(self, kind: str, answer: Any) -> None:
        """Let the dialog of that kind give this; an empty answer is Cancel."""

        def ask(_parent: object, title: str, place: str = "", *_more: object) -> Any:
            self.titles.append(title)
            self.places.append(place)
            return answer if kind == FOLDER else (answer, "")

        self._monkeypatch.setattr(QFileDialog, kind, ask)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A real library with one picture: the window over it is on the fake engine, the Library menu is not."""
    (tmp_path / "own").mkdir()
    small = made(tmp_path / "own" / "photos.lightdesk")
    small.add("/photos/a.jpg", "one")
    small.conn.close()
    return small.path


def over(show: Show, library: Path, **more: Any) -> Shown:
    return show(2, settings=replace(Settings(), library=library), **more)


def entry(shown: Shown, menu: str, text: str) -> QAction:
    """Find an entry by what a person reads."""
    return next(action for action in entries(shown, menu) if action.text() == text)


def entries(shown: Shown, menu: str) -> list[QAction]:
    found = next(action.menu() for action in shown.window.menuBar().actions() if action.text().replace("&", "") == menu)
    assert isinstance(found, QMenu)
    return found.actions()


def is_open(qtbot, shown: Shown, path: Path) -> None:
    qtbot.waitUntil(lambda: shown.window.windowTitle().startswith(path.stem), timeout=5000)
    assert shown.program.library_file() == path


# Getting pictures in


def test_files_and_folders_are_asked_for_by_key_and_menu(show: Show, asked: Asked, qtbot) -> None:
    shown = show(1)
    asked.answer(OPEN_SEVERAL, ["/photos/a b.jpg", "/photos/c.png"])
    qtbot.keyClick(shown.window, Qt.Key.Key_O, CTRL)
    qtbot.waitUntil(lambda: shown.calls("submit") == [(("/photos/a b.jpg", "/photos/c.png"),)])
    asked.answer(FOLDER, "/photos")
    qtbot.keyClick(shown.window, Qt.Key.Key_O, CTRL | SHIFT)
    qtbot.waitUntil(lambda: shown.calls("submit")[1:] == [(("/photos",),)])
    asked.answer(OPEN_SEVERAL, ["/photos/d.jpg"])
    entry(shown, "File", "Open files...").trigger()
    entry(shown, "File", "Open folder...").trigger()
    qtbot.waitUntil(lambda: shown.calls("submit")[2:] == [(("/photos/d.jpg",),), (("/photos",),)])
    assert asked.titles == ["Open files", "Open folder"] * 2


def test_nothing_happens_where_a_dialog_is_cancelled(show: Show, asked: Asked, library: Path, qtbot) -> None:
    shown = over(show, library)
    for kind, none in ((OPEN, ""), (OPEN_SEVERAL, []), (SAVE, ""), (FOLDER, "")):
        asked.answer(kind, none)
    files = sorted(library.parent.iterdir())
    for menu, text in (
        ("File", "Open files..."),
        ("File", "Open folder..."),
        ("Library", "New library..."),
        ("Library", "Open library..."),
        ("Library", "Back up..."),
    ):
        entry(shown, menu, text).trigger()
    shown.window.library_menu.restore()
    assert len(asked.titles) == 6
    qtbot.wait(100)
    assert {call[0] for call in shown.engine.calls} <= {"start", "words_state"}
    assert sorted(library.parent.iterdir()) == files and not shown.window.banner.isVisible()
    is_open(qtbot, shown, library)


# Libraries


def test_new_library_gets_its_ending_and_is_opened(show: Show, asked: Asked, library: Path, qtbot) -> None:
    shown = over(show, library)
    before = shown.engine
    # What comes after the point is no ending of ours.
    asked.answer(SAVE, str(library.with_name("summer.2026")))
    qtbot.keyClick(shown.window, Qt.Key.Key_N, CTRL)
    qtbot.waitUntil(lambda: shown.engine is not before and before.closed)
    is_open(qtbot, shown, library.with_name("summer.2026.lightdesk"))
    asked.answer(SAVE, str(library.with_name("winter.lightdesk")))
    entry(shown, "Library", "New library...").trigger()
    is_open(qtbot, shown, library.with_name("winter.lightdesk"))
    assert asked.places == [str(library.parent)] * 2


def test_open_library_opens_what_was_chosen(show: Show, asked: Asked, library: Path, qtbot) -> None:
    shown = over(show, library)
    other = library.with_name("other name.db")
    asked.answer(OPEN, str(other))
    entry(shown, "Library", "Open library...").trigger()
    is_open(qtbot, shown, other)
    assert asked.places == [str(library.parent)]
    assert shown.engine.settings.library == other


def test_check_of_a_whole_library_says_so(show: Show, library: Path, qtbot) -> None:
    shown = over(show, library)
    entry(shown, "Library", "Check for damage").trigger()
    assert shown.window.banner.text.text() == "Checking the library…"
    qtbot.waitUntil(lambda: "no damage found" in shown.window.banner.text.text(), timeout=5000)
    assert not shown.window.findChildren(TextDialog)


def test_check_of_a_damaged_library_lists_what_was_found_and_the_way_out(show: Show, library: Path, qtbot) -> None:
    data = bytearray(library.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    library.write_bytes(data)
    findings = upkeep.check(library).findings
    assert findings
    shown = over(show, library)
    entry(shown, "Library", "Check for damage").trigger()
    qtbot.waitUntil(lambda: bool(shown.window.findChildren(TextDialog)), timeout=5000)
    (dialog,) = shown.window.findChildren(TextDialog)
    text = dialog.view.toPlainText()
    assert dialog.isVisible() and not dialog.isModal()
    assert "Damage was found" in text and str(library.parent / "backups") in text
    assert all(finding in text for finding in findings)
    assert not shown.window.banner.isVisible()
    dialog.close()


def test_backup_is_a_library_of_its_own(show: Show, asked: Asked, library: Path, qtbot) -> None:
    shown = over(show, library)
    target = library.with_name("kept.2026")
    asked.answer(SAVE, str(target))
    entry(shown, "Library", "Back up...").trigger()
    kept = target.with_name("kept.2026.lightdesk")
    qtbot.waitUntil(lambda: "was backed up to" in shown.window.banner.text.text(), timeout=5000)
    assert shown.window.banner.text.text().replace("\u200b", "").endswith(f"{kept}.")
    assert asked.places == [str(library.with_name(f"photos-{time.strftime('%Y-%m-%d')}.lightdesk"))]
    assert upkeep.check(kept).ok and shown_names(kept) == ["a.jpg"]
    is_open(qtbot, shown, library)
    # A second time nothing is overwritten.
    before = kept.read_bytes()
    entry(shown, "Library", "Back up...").trigger()
    qtbot.waitUntil(lambda: "already there" in shown.window.banner.text.text(), timeout=5000)
    assert kept.read_bytes() == before


def test_backup_of_a_damaged_library_says_that_the_damage_came_along(
    show: Show, asked: Asked, library: Path, qtbot
) -> None:
    library.write_bytes(library.read_bytes()[:6000])
    shown = over(show, library)
    target = library.with_name("kept.lightdesk")
    asked.answer(SAVE, str(target))
    entry(shown, "Library", "Back up...").trigger()
    qtbot.waitUntil(lambda: "was backed up to" in shown.window.banner.text.text(), timeout=5000)
    assert "damage" in shown.window.banner.text.text().partition("was backed up to")[2]
    assert target.read_bytes() == library.read_bytes()


def test_restore_puts_a_backup_in_the_place_of_a_damaged_library(
    show: Show, asked: Asked, library: Path, qtbot
) -> None:
    kept = library.parent / "backups" / "photos-v1.lightdesk"
    kept.parent.mkdir()
    upkeep.backup(library, kept)
    library.write_bytes(library.read_bytes()[:4096])
    error = LibraryError(ErrorCode.LIBRARY_DAMAGED, "The library is damaged.", way_out="Restore a backup.")
    shown = over(show, library, error=error)
    page = shown.window.closed
    qtbot.waitUntil(lambda: shown.window.middle.currentWidget() is page)
    asked.answer(OPEN, str(kept))
    next(button for button in page.findChildren(QPushButton) if "Restore" in button.text()).click()
    qtbot.waitUntil(lambda: shown.window.middle.currentWidget() is shown.window.grid, timeout=5000)
    assert asked.places == [str(library.parent / "backups")]
    assert upkeep.check(library).ok and shown_names(library) == ["a.jpg"]
    assert kept.exists() and list(library.parent.glob("photos.lightdesk.before-restore-*"))


def test_restore_of_no_library_says_why_and_leaves_the_page(show: Show, asked: Asked, library: Path, qtbot) -> None:
    wrong = library.with_name("holiday.txt")
    wrong.write_text("no library", encoding="utf-8")
    before = library.read_bytes()
    error = LibraryError(ErrorCode.LIBRARY_DAMAGED, "The library is damaged.", way_out="Restore a backup.")
    shown = over(show, library, error=error)
    page = shown.window.closed
    qtbot.waitUntil(lambda: shown.window.middle.currentWidget() is page)
    asked.answer(OPEN, str(wrong))
    page.restoreRequested.emit()
    qtbot.waitUntil(lambda: "cannot be used" in page.text.text().replace("\u200b", ""), timeout=5000)
    assert library.read_bytes() == before


def test_recent_libraries_are_listed_newest_first_and_opened(show: Show, library: Path, qtbot) -> None:
    shown = over(show, library)
    menu = shown.window.library_menu
    places = [library.with_name(f"R&D {n}.lightdesk") for n in range(9)]
    for path in places:
        menu.opened(path)
    menu.opened(places[4])  # once more: it moves, and is there once
    newest = [places[4], *(places[n] for n in (8, 7, 6, 5, 3, 2, 1))]
    assert menu.recent() == [str(path) for path in newest]
    menu.opened(library)
    assert menu.recent_menu.menuAction() in entries(shown, "Library")
    menu.recent_menu.aboutToShow.emit()
    actions = menu.recent_menu.actions()
    assert [action.text().replace("&&", "&") for action in actions] == [str(p) for p in (library, *newest[:7])]
    assert [action.isChecked() for action in actions] == [True] + [False] * 7
    actions[2].trigger()
    is_open(qtbot, shown, places[8])
    assert menu.recent()[0] == str(places[8])


def test_recent_is_known_to_the_next_window_and_greyed_where_there_is_none(show: Show, library: Path, qtbot) -> None:
    error = LibraryError(ErrorCode.LIBRARY_DAMAGED, "The library is damaged.")
    assert not over(show, library, error=error).window.library_menu.recent_menu.isEnabled()
    is_open(qtbot, over(show, library), library)
    again = over(show, library, error=error).window.library_menu
    assert again.recent_menu.isEnabled() and again.recent() == [str(library)]


def test_no_entry_of_the_library_menu_opens_a_modal_box(show: Show, asked: Asked, library: Path, qtbot) -> None:
    shown = over(show, library)
    for kind in (OPEN, SAVE):
        asked.answer(kind, "")
    for action in entries(shown, "Library"):
        if action.menu() is None:
            action.trigger()
    qtbot.waitUntil(lambda: "no damage" in shown.window.banner.text.text(), timeout=5000)
    assert QApplication.activeModalWidget() is None
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def shown_names(path: Path) -> list[str]:
    """Names of the pictures that a library shows."""
    small = made(path)
    try:
        return [name for name, visible in small.shown().values() if visible]
    finally:
        small.conn.close()
