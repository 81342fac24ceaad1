"""Nothing goes to the trash that was not in the list, and for each file it is said what came of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.hidden_copies import HiddenFile
from desktop.ui.trash_dialog import FILE, SIZE, STATE, TrashDialog
from desktop.ui.trash_files import KnownFile, Outcome, TrashFile
from engine.errors import ErrorCode, FileError
from tests.desktop.ui.duplicates_hands import HeldTrash
from tests.desktop.ui.on_screen import shown

KEPT = (KnownFile("/photos/kept.jpg", 5, 5),)


def hidden(number: int, *, is_copy: bool = True) -> HiddenFile:
    file = TrashFile(f"/photos/{number}.jpg", f"{number:064x}", 1_000_000, 7, KEPT, "0" * 64)
    return HiddenFile(file, 1, is_copy)


@pytest.fixture
def window(qtbot, qapp) -> QWidget:
    return shown(qtbot, QWidget(), 1000, 700)


def dialog_of(window: QWidget, trash: HeldTrash, *files: HiddenFile) -> TrashDialog:
    dialog = TrashDialog(list(files), trash, window)
    dialog.open()
    return dialog


def rows(dialog: TrashDialog) -> list[tuple[str, str, str]]:
    model = dialog._model
    return [tuple(model.index(row, column).data() for column in (FILE, SIZE, STATE)) for row in range(model.rowCount())]  # type: ignore[misc]


def test_the_whole_list_stands_there_and_nothing_has_moved(window: QWidget) -> None:
    trash = HeldTrash()
    dialog = dialog_of(window, trash, hidden(2), hidden(3))
    assert rows(dialog) == [
        ("/photos/2.jpg", "1.0 MB", "Copy of /photos/kept.jpg"),
        ("/photos/3.jpg", "1.0 MB", "Copy of /photos/kept.jpg"),
    ]
    assert dialog.summary.text().startswith("2 files, 2.0 MB") and trash.moved == []
    assert dialog.move_button.text() == "Move 2 files to the trash"


def test_enter_moves_nothing(window: QWidget, qtbot) -> None:
    trash = HeldTrash()
    dialog = dialog_of(window, trash, hidden(2))
    qtbot.waitUntil(dialog.table.hasFocus)
    for _ in range(3):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert trash.moved == [] and dialog.isVisible()


def test_what_is_confirmed_is_moved_and_said(window: QWidget) -> None:
    trash = HeldTrash()
    dialog = dialog_of(window, trash, *[hidden(n) for n in range(2, 42)])
    dialog.move_button.click()
    assert trash.moved == [f"/photos/{n}.jpg" for n in range(2, 42)]
    assert dialog.summary.text() == "40 files were moved to the trash."
    assert {row[2] for row in rows(dialog)} == {"Moved to the trash"}
    assert dialog.close_button.text() == "Close" and not dialog.move_button.isEnabled()
    dialog.close_button.click()
    assert not dialog.isVisible()


def test_what_cannot_go_is_named_before_and_not_moved(window: QWidget) -> None:
    trash = HeldTrash()
    trash.outcomes["/photos/3.jpg"] = Outcome("/photos/3.jpg", "It has changed since it was looked at.")
    dialog = dialog_of(window, trash, hidden(2), hidden(3))
    assert rows(dialog)[0] == ("/photos/3.jpg", "1.0 MB", "It has changed since it was looked at.")
    assert dialog.summary.text().startswith("1 file,") and "1 file stays" in dialog.note.text()
    dialog.move_button.click()
    assert trash.moved == ["/photos/2.jpg"] and dialog.summary.text() == "1 file was moved to the trash."
    assert "1 stayed" in dialog.note.text()


def test_what_fails_meanwhile_is_named_with_its_reason(window: QWidget) -> None:
    trash = HeldTrash()
    dialog = dialog_of(window, trash, hidden(2), hidden(3))
    trash.outcomes["/photos/2.jpg"] = Outcome("/photos/2.jpg", "The system's trash did not take it: No space left.")
    dialog.move_button.click()
    assert trash.moved == ["/photos/3.jpg"]
    assert rows(dialog) == [
        ("/photos/2.jpg", "1.0 MB", "The system's trash did not take it: No space left."),
        ("/photos/3.jpg", "1.0 MB", "Moved to the trash"),
    ]


def test_what_is_gone_already_is_not_listed(window: QWidget) -> None:
    trash = HeldTrash()
    trash.outcomes["/photos/2.jpg"] = Outcome("/photos/2.jpg", "It is not there any more.", is_gone=True)
    dialog = dialog_of(window, trash, hidden(2))
    assert rows(dialog) == [] and not dialog.move_button.isEnabled() and "No hidden file" in dialog.summary.text()


def test_before_the_files_were_looked_at_nothing_can_be_moved(window: QWidget) -> None:
    trash = HeldTrash()
    trash.held = True
    dialog = dialog_of(window, trash, hidden(2))
    assert not dialog.move_button.isEnabled() and "Looking" in dialog.summary.text()
    trash.waiting.pop(0)()
    assert dialog.move_button.isEnabled()


def test_other_shots_are_only_listed_when_they_are_asked_for(window: QWidget) -> None:
    trash = HeldTrash()
    dialog = dialog_of(window, trash, hidden(2), hidden(3, is_copy=False))
    assert [row[0] for row in rows(dialog)] == ["/photos/2.jpg"] and dialog.shots.isVisible()
    dialog.shots.click()
    assert rows(dialog)[1][2] == "Another shot of /photos/kept.jpg" and dialog.summary.text().startswith("2 files")
    dialog.shots.click()
    dialog.move_button.click()
    assert trash.moved == ["/photos/2.jpg"]


def test_it_can_be_stopped_between_files(window: QWidget) -> None:
    trash = HeldTrash()
    dialog = dialog_of(window, trash, *[hidden(n) for n in range(2, 102)])
    trash.held = True
    dialog.move_button.click()
    trash.waiting.pop(0)()
    n_moved = len(trash.moved)
    assert 0 < n_moved < 100 and f"{n_moved} of 100" in dialog.summary.text()
    dialog.close_button.click()
    assert dialog.isVisible(), "what came of the files under way is still to be said"
    trash.waiting.pop(0)()
    assert not trash.waiting and 0 < len(trash.moved) < 100 and f"{len(trash.moved)} files were moved" in dialog.summary.text()
    assert f"{100 - len(trash.moved)} stayed" in dialog.note.text()


def test_an_answer_after_the_dialog_is_gone_is_dropped(window: QWidget, qtbot) -> None:
    trash = HeldTrash()
    trash.held = True
    dialog = dialog_of(window, trash, hidden(2))
    dialog.reject()
    qtbot.wait(10)
    trash.waiting.pop(0)()


def test_the_list_can_be_copied_whole_or_in_part(window: QWidget) -> None:
    dialog = dialog_of(window, HeldTrash(), hidden(2), hidden(3))
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text().splitlines() == ["\t".join(row) for row in rows(dialog)]
    dialog.table.selectRow(1)
    QTest.keyClick(dialog.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "\t".join(rows(dialog)[1]) + "\n"


def test_names_that_are_no_text_can_be_shown(window: QWidget) -> None:
    one = hidden(2)
    odd = replace(one, file=replace(one.file, path="/photos/caf\udce9.jpg"))
    dialog = dialog_of(window, HeldTrash(), odd)
    assert rows(dialog)[0][0] == "/photos/caf\\xe9.jpg"


def test_a_failure_is_said(window: QWidget) -> None:
    class Broken(HeldTrash):
        def look(self, files, done, failed) -> None:
            failed(FileError(ErrorCode.INTERNAL, "A mistake.", way_out="Report it."))

    dialog = dialog_of(window, Broken(), hidden(2))
    assert "A mistake." in dialog.note.text() and not dialog.move_button.isEnabled()
