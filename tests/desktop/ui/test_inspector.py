"""The inspector over ports that answer when the test says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QToolButton, QWidget

from desktop.ui.inspector import Inspector
from engine.schemas.library import Detail, FileRow, Tile
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.insight_reads import MISTAKE
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import AT, HEBREW, PIZZA, detail, error, label


class Opened:
    """An inspector over a few pictures."""

    def __init__(self, qtbot, *details: Detail, width: int = 320, height: int = 700, top_k: int = 5) -> None:
        self.read, self.engine = HeldReads(held=True), HeldEngine()
        self.view = self.read.view
        self.view.details = {detail.content_id: detail for detail in details}
        self.inspector = Inspector(self.read, HeldThumbnails(), self.engine, top_k=top_k)  # type: ignore[arg-type]
        shown(qtbot, self.inspector, width, height)

    def show(self, content_id: int | None, *selected: int) -> None:
        self.inspector.show_content(content_id, len(selected) or int(content_id is not None), np.array(selected, np.int64))
        self.read.answer_all()

    def said(self, signal_name: str) -> list[tuple]:
        heard: list[tuple] = []
        getattr(self.inspector, signal_name).connect(lambda *values: heard.append(values))
        return heard


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot, detail(1), detail(2, label=label("black swan", note="by the lake")), detail(3))


def test_all_of_a_picture_is_said(opened: Opened) -> None:
    opened.show(1)
    box = opened.inspector
    texts = " ".join(w.accessibleName() or "" for w in box.findChildren(QWidget))
    assert box.title.text() == "IMG_1.jpg"
    for words in ("400 \N{MULTIPLICATION SIGN} 300", "JPEG", "61.2 kB", "net@3", "CPU", "8.9 ms", "/photos/IMG_1.jpg"):
        assert words in texts.replace("\u2066", "").replace("\u2069", ""), words
    assert box.state.text() == "No label yet"
    assert "1: tench, 62.0%" in box.bars.accessibleDescription()
    assert "banjo" not in box.bars.accessibleDescription()


def test_label_says_who_set_it(opened: Opened) -> None:
    opened.show(2)
    assert "black swan" in opened.inspector.state.text() and "Ada" in opened.inspector.who.text()
    opened.view.details[2] = detail(2, label=label(None))
    opened.inspector.refresh()
    opened.read.answer_all()
    assert "Rejected" in opened.inspector.state.text() and not opened.inspector.field.text()


def test_nothing_chosen_shows_nothing_to_do(opened: Opened) -> None:
    opened.show(1)
    opened.show(None)
    assert not opened.inspector.field.isVisible() and not opened.inspector.body.isVisible()
    assert not [bar for bar in opened.inspector.findChildren(QWidget) if "ScrollBar" in type(bar).__name__ and bar.isVisible()]
    opened.show(3)
    assert opened.inspector.field.isVisible() and opened.inspector.title.text() == "IMG_3.jpg"


def test_answers_about_another_picture_are_dropped(opened: Opened) -> None:
    opened.inspector.show_content(1, 1)
    opened.inspector.show_content(3, 1)
    opened.read.answer_all()
    assert opened.inspector.title.text() == "IMG_3.jpg"
    late = opened.inspector._show_detail
    late(opened.view.details[1])
    assert opened.inspector.title.text() == "IMG_3.jpg"


def test_buttons_and_bars_ask(opened: Opened, qtbot) -> None:
    opened.show(2)
    box = opened.inspector
    rejected, cleared, accepted, copied = (
        opened.said(name) for name in ("rejectRequested", "clearRequested", "acceptRequested", "copyRecordRequested")
    )
    for button in (box.reject_button, box.clear_button, box.copy_button):
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Space)
    box.bars.acceptRequested.emit(2)
    assert (rejected, cleared, accepted, copied) == ([()], [()], [(2,)], [(2,)])
    opened.show(1)
    assert not box.clear_button.isEnabled() and box.reject_button.isEnabled()


def test_a_label_typed_is_asked_for(opened: Opened, qtbot) -> None:
    opened.show(1)
    labelled, left = opened.said("labelRequested"), opened.said("left")
    opened.inspector.focus_label()
    qtbot.keyClicks(opened.inspector.field, "zebra")
    opened.read.answer_all()
    assert "zebra" in opened.inspector.hint.text() and opened.inspector.hint.isVisible()
    qtbot.keyClick(opened.inspector.field, Qt.Key.Key_Return)
    assert labelled == [("zebra",)] and not opened.inspector.hint.isVisible()
    qtbot.keyClick(opened.inspector.field, Qt.Key.Key_Escape)
    assert left == [()]


def test_what_was_typed_for_one_picture_goes_to_that_one(opened: Opened, qtbot) -> None:
    opened.show(1)
    sent = opened.said("typedLabelLeft")
    opened.inspector.focus_label()
    qtbot.keyClicks(opened.inspector.field, "zebra")
    opened.show(3)
    assert opened.inspector.field.text() == "" and sent == [([1], "zebra")]


def test_notes_are_sent_once_with_their_picture(opened: Opened, qtbot) -> None:
    opened.show(2)
    note, sent = opened.inspector.note, opened.said("noteRequested")
    assert note.text() == "by the lake"
    note.setFocus()
    note.clearFocus()
    assert sent == []
    note.setFocus()
    qtbot.keyClicks(note, "!")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    note.clearFocus()
    assert sent == [(2, "by the lake!")]


@pytest.mark.parametrize("goes_to", [3, None])
def test_a_note_is_not_lost_when_another_picture_comes(opened: Opened, qtbot, goes_to: int | None) -> None:
    opened.show(2)
    sent = opened.said("noteRequested")
    opened.inspector.note.setFocus()
    qtbot.keyClicks(opened.inspector.note, " at noon")
    opened.show(goes_to)
    assert sent == [(2, "by the lake at noon")]


def test_a_reading_from_before_does_not_undo_a_note(opened: Opened, qtbot) -> None:
    opened.show(2)
    sent = opened.said("noteRequested")
    opened.inspector.note.setFocus()
    qtbot.keyClicks(opened.inspector.note, " at noon")
    opened.inspector.refresh()
    opened.read.answer_all()
    assert opened.inspector.note.text() == "by the lake at noon"
    opened.inspector.commit_typed()
    opened.inspector.refresh()  # still the old note: the step is not committed yet
    opened.read.answer_all()
    opened.show(3)
    assert sent == [(2, "by the lake at noon")]


def test_a_picture_without_a_label_takes_no_note(opened: Opened) -> None:
    opened.inspector.show_content(1, 1)
    assert opened.inspector.field.isVisible()
    assert not opened.inspector.note.isVisible()  # nor before it is known
    opened.read.answer_all()
    assert not opened.inspector.note.isVisible()


def test_a_selection_says_what_it_has_in_common(opened: Opened) -> None:
    row = Tile(1, "0", "a", 1, "tench", 0.5, "tench", "accepted")
    plain, rejected = replace(row, label=None, label_state=None), replace(row, label=None, label_state="rejected")
    opened.view.changed = {1: row, 2: plain, 3: rejected}
    opened.show(1, 1, 2, 3)
    state = opened.inspector.state.text().replace("\u2068", "").replace("\u2069", "")
    assert state == "tench 1  \N{MIDDLE DOT}  no label 1  \N{MIDDLE DOT}  rejected 1"
    assert opened.inspector.title.text() == "3 selected" and opened.inspector.clear_button.isEnabled()
    opened.show(1)
    assert opened.inspector.state.text() == "No label yet" and opened.inspector.title.text() == "IMG_1.jpg"


def test_files_behind_the_content_can_be_shown(qtbot, tmp_path: Path) -> None:
    files = tuple(FileRow(f"/photos/{i}/a.jpg", 1, 0, i != 1, "photos") for i in range(25))
    opened = Opened(qtbot, detail(1, files=files))
    revealed = opened.said("revealRequested")
    opened.show(1)
    buttons = [b for b in opened.inspector.files.findChildren(QToolButton) if b.isVisibleTo(opened.inspector.files)]
    assert len(buttons) == 19  # twenty are shown, and one of these is not there now
    buttons[1].click()
    assert revealed == [("/photos/2/a.jpg",)]
    assert "not there now" in opened.inspector.files.accessibleDescription()
    assert "and 5 more" in opened.inspector.files.accessibleDescription()


def test_the_hash_can_be_copied(opened: Opened) -> None:
    opened.show(3)
    QApplication.clipboard().clear()
    opened.inspector.identity.findChild(QToolButton).click()
    assert QApplication.clipboard().text() == f"{3:064x}"


def test_camera_data_is_read_when_it_is_unfolded(opened: Opened, qtbot) -> None:
    opened.show(1)
    camera = opened.inspector.camera
    qtbot.waitUntil(lambda: ("prioritise", 1) in opened.engine.calls, timeout=5000)
    assert ("exif", 1) not in opened.engine.calls and not camera.rows.isVisible()
    camera.button.setFocus()
    qtbot.keyClick(camera.button, Qt.Key.Key_Space)
    assert opened.engine.calls.count(("exif", 1)) == 1
    opened.engine.answer("exif", {"Model": "LM-1", "ISOSpeedRatings": "ISO 100"})
    assert camera.rows.accessibleDescription() == "Camera: LM-1; ISO: 100"
    camera.button.click()
    camera.button.click()
    assert opened.engine.calls.count(("exif", 1)) == 1
    opened.show(3)
    assert camera.rows.accessibleDescription() == ""
    qtbot.waitUntil(lambda: ("exif", 3) in opened.engine.calls, timeout=5000)
    opened.show(2)
    opened.engine.answer("exif", {"Model": "late"})
    assert camera.rows.accessibleDescription() == ""


def test_camera_data_that_cannot_be_read_can_be_asked_for_again(opened: Opened) -> None:
    opened.show(1)
    camera = opened.inspector.camera
    camera.button.click()
    opened.engine.answer("exif", error())
    assert camera.rows.accessibleDescription() == "The drive is gone."
    camera.button.click()
    camera.button.click()
    assert opened.engine.calls.count(("exif", 1)) == 2
    opened.engine.answer("exif", {})
    assert "none" in camera.rows.accessibleDescription()


def test_read_only_lets_look_but_not_touch(opened: Opened) -> None:
    box = opened.inspector
    box.set_read_only(True)
    opened.show(2)
    for widget in (box.field, box.note, box.reject_button, box.clear_button, box.bars):
        assert not widget.isEnabled()
    assert box.copy_button.isEnabled() and box.camera.button.isEnabled()
    box.set_read_only(False)
    opened.show(1)
    opened.show(2)
    assert box.field.isEnabled() and box.clear_button.isEnabled()


def test_model_and_number_of_classes_can_change(opened: Opened) -> None:
    opened.show(1)
    opened.inspector.set_top_k(2)
    assert "harvestman" not in opened.inspector.bars.accessibleDescription()
    opened.view.details[1] = detail(1, predictions=())
    opened.inspector.set_model_ref("net@4")
    opened.read.answer_all()
    assert opened.inspector.bars.accessibleDescription() == "" and not opened.inspector.copy_button.isEnabled()


def test_names_of_all_kinds_fit_a_narrow_inspector(qtbot) -> None:
    name = f"{PIZZA} {HEBREW} <b>x</b> \udce9\n{'long ' * 40}.jpg"
    files = (FileRow(f"/{'f' * 300}/{name}", 1, 0, True, "photos"),)
    named = label(f"{HEBREW} {'w' * 200}")
    opened = Opened(qtbot, detail(1, name=name, files=files, label=named), width=240, height=420)
    opened.show(1)
    box = opened.inspector
    assert box.width() == 240
    for widget in box.body.findChildren(QWidget):
        if widget.isVisibleTo(box.body):
            assert widget.mapTo(box.body, widget.rect().topRight()).x() <= box.body.width()
    assert box.field.width() > 190


def test_every_control_has_a_name_and_is_reached_by_tab(opened: Opened, qtbot) -> None:
    opened.show(2)
    box = opened.inspector
    box.field.setFocus()
    seen: list[QWidget] = []
    while (now := QApplication.focusWidget()) not in seen:
        seen.append(now)
        qtbot.keyClick(now, Qt.Key.Key_Tab)
    for widget in (box.field, box.note, box.reject_button, box.clear_button, box.copy_button, box.bars, box.camera.button):
        assert widget in seen
    for widget in seen:
        text = getattr(widget, "text", str)()
        assert widget.accessibleName() or (text if not isinstance(widget, QLineEdit) else ""), widget


def test_times_are_this_persons(opened: Opened) -> None:
    from desktop.ui.inspector_words import when

    assert when(AT) != AT and "2026" in when(AT)
    assert when("nonsense") == "nonsense"


def test_why_a_picture_stands_out_is_said_under_its_label(opened: Opened) -> None:
    opened.view.insights[2] = MISTAKE
    opened.show(2)
    line = opened.inspector.insight
    line.show_content(2)
    opened.read.answer_all()
    assert line.isVisible() and "9 of its 10 nearest" in line.text()
    assert opened.inspector.who.geometry().bottom() < line.geometry().top() < opened.inspector.field.geometry().top()
