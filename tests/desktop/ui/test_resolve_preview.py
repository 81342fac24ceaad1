"""What the rules would do is all there before it is done: counts, bytes, reasons, and what is left out."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from desktop.ui.duplicates_model import DuplicatesModel, ListedGroup
from desktop.ui.resolve_preview import GOES, KEPT, LABEL, REASON, ResolvePreview
from tests.desktop.ui.duplicates_hands import exact, group, many
from tests.desktop.ui.on_screen import shown


@pytest.fixture
def window(qtbot, qapp) -> QWidget:
    return shown(qtbot, QWidget(), 1000, 700)


def preview(window: QWidget, *groups: ListedGroup) -> ResolvePreview:
    model = DuplicatesModel()
    model.replace(list(groups))
    dialog = ResolvePreview(list(groups), model.label_of, window)
    dialog.labelChosen.connect(model.choose_label)
    dialog.open()
    return dialog


def row(dialog: ResolvePreview, at: int) -> list[str]:
    return [dialog._model.index(at, column).data() for column in (KEPT, GOES, REASON, LABEL)]


def test_counts_bytes_and_reasons(window: QWidget) -> None:
    dialog = preview(window, group(1, 2), group(3, 4, 5, keep=5, labels=("Swan", None, None)), exact(9))
    assert dialog.summary.text() == "2 groups: 3 pictures go out of view, 180.0 kB of files."
    assert "one undo" in dialog.note.text() and dialog.do_button.text() == "Resolve 2 groups"
    assert row(dialog, 0) == ["IMG_00001.jpg", "IMG_00002.jpg", "It has the most pixels.", ""]
    assert row(dialog, 1) == ["IMG_00005.jpg", "IMG_00003.jpg and 1 more", "It has the most pixels.", "Swan"]
    assert "IMG_00004.jpg" in dialog._model.index(1, GOES).data(Qt.ItemDataRole.ToolTipRole)


def test_labels_at_odds_come_first_and_wait_for_a_choice(window: QWidget) -> None:
    dialog = preview(window, group(1, 2), group(3, 4, labels=("Swan", "Banjo")))
    assert row(dialog, 0)[LABEL] == "Left out: Swan or Banjo?" and "1 group the labels differ" in dialog.note.text()
    assert [plan.keep.content_id for plan in dialog.plans] == [1]
    dialog.choose_label(0, "Banjo")
    assert row(dialog, 0)[LABEL] == "Banjo" and dialog.do_button.text() == "Resolve 2 groups"
    assert [plan.resolution.label for plan in dialog.plans] == ["Banjo", None]
    dialog.choose_label(0, None)
    assert len(dialog.plans) == 1


def test_a_label_is_chosen_by_keyboard(window: QWidget, qtbot) -> None:
    dialog = preview(window, group(3, 4, labels=("Swan", "Banjo")))
    qtbot.waitUntil(dialog.table.hasFocus)
    assert not dialog.do_button.isEnabled()
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu) and dialog.isVisible(), "Enter does not do it all"
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert len(dialog.plans) == 1 and dialog.do_button.isEnabled()


def test_a_group_without_a_conflict_asks_nothing(window: QWidget) -> None:
    dialog = preview(window, group(1, 2))
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert QApplication.activePopupWidget() is None and dialog.isVisible()


def test_shots_of_a_scene_are_named_and_one_in_two_groups_is_left_out(window: QWidget) -> None:
    dialog = preview(window, group(1, 2), group(2, 5, kind="similar", keep=5), group(7, 8, kind="similar"))
    assert "One of them is of shots of one scene" in dialog.note.text()
    assert [row(dialog, at)[LABEL] for at in range(3)].count("Left out: in another group as well") == 1
    assert len(dialog.plans) == 2


def test_where_nothing_can_be_done_it_says_so(window: QWidget) -> None:
    dialog = preview(window, exact(9))
    assert "nothing that the rules can do" in dialog.summary.text() and not dialog.do_button.isEnabled()


def test_five_thousand_groups_come_at_once(window: QWidget) -> None:
    began_s = time.monotonic()
    dialog = preview(window, group(90_001, 90_002, labels=("a", "b")), *many(5000))
    dialog.table.scrollToBottom()
    dialog.choose_label(0, "a")
    assert len(dialog.plans) == 5001 and time.monotonic() - began_s < 10
