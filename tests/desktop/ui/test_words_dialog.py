"""The window for search with words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget

from desktop.ui.words_desk import WordsDesk
from desktop.ui.words_dialog import WordsDialog
from engine.schemas.words import WordsState
from tests.desktop.ui.held_ports import HeldEngine
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import error
from tests.desktop.ui.words_records import NONE, READY, preparing


class Opened:
    def __init__(self, qtbot, state: WordsState = NONE, *, can_write: bool = True) -> None:
        self.engine = HeldEngine()
        self.window = shown(qtbot, QWidget(), 900, 700)
        self.desk = WordsDesk(self.engine, self.window)
        self.desk.open()
        self.engine.answer("words_state", state)
        self.dialog = WordsDialog(self.desk, self.window, can_write=can_write)
        self.dialog.open()

    def words(self) -> str:
        labels = self.dialog.findChildren(QLabel)
        return "\n".join(label.accessibleName() or label.text() for label in labels if label.isVisible())


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: str(tmp_path))
    return tmp_path


def test_without_a_model_it_says_what_is_needed(qtbot, folder: Path) -> None:
    opened = Opened(qtbot)
    for words in ("CLIP-like", "ONNX", "transformers.js", "Optimum", "fetches nothing by itself", "tokenizer.json"):
        assert words in opened.words(), words
    assert not opened.dialog.there.isVisible() and opened.dialog.choose.isDefault()
    qtbot.keyClick(opened.dialog, Qt.Key.Key_Return)
    assert opened.engine.calls[-1][:2] == ("add_words", folder)
    opened.engine.calls[-1][2]("Trying the image tower", 0.6)
    qtbot.waitUntil(lambda: "Trying the image tower" in opened.words(), timeout=5000)
    assert opened.dialog.progress.value() == 600 and not opened.dialog.choose.isEnabled()
    qtbot.mouseClick(opened.dialog.cancel, Qt.MouseButton.LeftButton)
    assert opened.engine.calls[-1][3]() and not opened.dialog.cancel.isEnabled() and "Stopping" in opened.words()
    opened.engine.answer("add_words", None)
    assert opened.dialog.choose.isEnabled() and not opened.dialog.adding.isVisible()


def test_what_was_added_and_what_was_assumed(qtbot, folder: Path) -> None:
    opened = Opened(qtbot)
    qtbot.mouseClick(opened.dialog.choose, Qt.MouseButton.LeftButton)
    opened.engine.answer("add_words", replace(READY, assumed=("the pictures are cropped", "lower case")))
    words = opened.words()
    for expected in ("In use: Clip in miniature", "clip@1, added", "• the pictures are cropped", "• lower case"):
        assert expected in words, expected
    assert "40 of 1,200 pictures can be found" in words and opened.dialog.meter.value() == 40
    assert "CLIP-like" not in words and "another" in opened.dialog.choose.text()
    opened.desk._rest.stop()
    opened.desk.refresh()
    opened.engine.answer("words_state", replace(READY, n_prepared=1200))
    assert "All pictures of the library" in opened.words() and "assumed" not in opened.words().casefold()
    assert not opened.dialog.prepare.isVisible()
    opened.desk._rest.stop()
    opened.desk.refresh()
    opened.engine.answer("words_state", replace(READY, n_prepared=0, n_total=1))
    assert "The only picture" in opened.words()


def test_trouble_is_said_with_its_way_out(qtbot, folder: Path) -> None:
    opened = Opened(qtbot)
    qtbot.mouseClick(opened.dialog.choose, Qt.MouseButton.LeftButton)
    opened.engine.answer("add_words", error())
    assert "The drive is gone." in opened.words() and "Plug it in." in opened.words()
    qtbot.mouseClick(opened.dialog.choose, Qt.MouseButton.LeftButton)
    assert "The drive is gone." not in opened.words()


def test_no_folder_chosen_is_nothing_done(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: "")
    opened = Opened(qtbot)
    qtbot.mouseClick(opened.dialog.choose, Qt.MouseButton.LeftButton)
    assert all(call[0] == "words_state" for call in opened.engine.calls)


def test_prepare_pause_and_resume(qtbot) -> None:
    opened = Opened(qtbot, READY)
    for text, name, then in (
        ("Prepare now", "prepare_words", preparing()),
        ("Pause", "pause", preparing("paused")),
        ("Resume", "resume", preparing()),
    ):
        assert opened.dialog.prepare.text() == text
        qtbot.mouseClick(opened.dialog.prepare, Qt.MouseButton.LeftButton)
        assert name in [call[0] for call in opened.engine.calls[-2:]]
        opened.desk.show_job(then)
    assert opened.dialog.prepare.text() == "Pause"


def test_in_a_library_that_can_only_be_read_nothing_is_offered(qtbot) -> None:
    opened = Opened(qtbot, can_write=False)
    assert not opened.dialog.choose.isEnabled() and "can only be read" in opened.words()


def test_closed_it_goes_on_behind(qtbot, folder: Path) -> None:
    opened = Opened(qtbot)
    qtbot.mouseClick(opened.dialog.choose, Qt.MouseButton.LeftButton)
    qtbot.keyClick(opened.dialog, Qt.Key.Key_Escape)
    qtbot.wait(20)
    assert opened.desk.adding is not None
    again = WordsDialog(opened.desk, opened.window)
    again.open()
    assert again.adding.isVisible()
    opened.engine.answer("add_words", READY)
    assert not again.adding.isVisible() and again.there.isVisible()
