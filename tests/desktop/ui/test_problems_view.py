"""Files that could not be used."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem, QVBoxLayout, QWidget

from desktop.ui.problems_view import CODE, FILE, REASON, WAY_OUT, ProblemsView, report
from engine.schemas.library import Problem
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import AT, HEBREW, PIZZA

WAY = "Open it in an image viewer to see whether it is whole; copy it again or save it anew."


def problem(i: int, path: str = "", message: str = "", **changes: object) -> Problem:
    path = path or f"/photos/IMG_{i:05d}.jpg"
    made = Problem(i, path, "UNREADABLE_IMAGE", message or f"{path} cannot be read: its header is damaged.", WAY, 1, AT, AT)
    return replace(made, **changes)  # type: ignore[arg-type]


class Listed:
    def __init__(self, qtbot, n: int = 5, width: int = 1000) -> None:
        self.view = ProblemsView()
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        shown(qtbot, self.window, width, 500)
        self.said: list[tuple] = []
        for name in ("retry", "dismiss", "reveal"):
            getattr(self.view, f"{name}Requested").connect(lambda value, name=name: self.said.append((name, value)))
        self.view.show_problems([problem(i) for i in range(n, 0, -1)])

    def cell(self, row: int, column: int) -> str:
        return str(self.view.table.model().index(row, column).data())

    def select(self, *rows: int) -> None:
        table = self.view.table
        table.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in rows:
            table.selectionModel().setCurrentIndex(table.model().index(row, 0), flags)

    def button(self, name: str):
        return self.view._buttons[name]


@pytest.fixture
def listed(qtbot) -> Listed:
    return Listed(qtbot)


def test_a_reason_after_the_path_and_a_colon_begins_as_a_sentence(listed: Listed) -> None:
    listed.view.show_problems([problem(1, "/a.jpg", "/a.jpg: There is no such file or folder.")])
    assert listed.cell(0, REASON) == "There is no such file or folder."


def test_rows_say_file_reason_and_way_out(listed: Listed) -> None:
    assert [listed.cell(0, column) for column in (FILE, REASON, WAY_OUT, CODE)] == [
        "IMG_00005.jpg", "Cannot be read: its header is damaged.", WAY, "UNREADABLE_IMAGE",
    ]  # fmt: skip
    tip = listed.view.table.model().index(0, FILE).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "/photos/IMG_00005.jpg"


def test_the_path_goes_from_the_reason_whatever_its_bytes(listed: Listed) -> None:
    path = f"/p/caf\udce9 {PIZZA}.jpg"
    listed.view.show_problems([problem(1, path, f"/p/caf\\xe9 {PIZZA}.jpg cannot be read: cut short.")])
    assert listed.cell(0, REASON) == "Cannot be read: cut short."
    assert listed.cell(0, FILE) == f"caf\\xe9 {PIZZA}.jpg"


def test_buttons_ask_for_what_is_chosen(listed: Listed) -> None:
    for name in ("retry", "reveal", "dismiss"):
        assert not listed.button(name).isEnabled()
    listed.button("retry_all").click()
    listed.select(1, 3)
    for name in ("retry", "reveal", "dismiss"):
        listed.button(name).click()
    assert listed.said == [("retry", None), ("retry", [4, 2]), ("reveal", "/photos/IMG_00004.jpg"), ("dismiss", [4, 2])]


def test_keys_do_the_same(listed: Listed, qtbot) -> None:
    table = listed.view.table
    table.setFocus()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Delete):
        qtbot.keyClick(table, key)
    assert listed.said == []
    listed.select(0)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete):
        qtbot.keyClick(table, key)
    assert listed.said == [("retry", [5]), ("retry", [5]), ("dismiss", [5])]
    qtbot.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert len(QApplication.clipboard().text().splitlines()) == 6


def test_keys_for_pictures_do_nothing_to_pictures_while_problems_are_shown(listed: Listed, qtbot) -> None:
    fired: list[str] = []
    for key in ("Return", "Delete", "Backspace", "Space", "X", "L", "3", "Ctrl+C", "Ctrl+A", "?", "Ctrl+Z"):
        action = QAction(key, listed.window)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda _checked=False, k=key: fired.append(k))
        listed.window.addAction(action)
    table = listed.view.table
    table.setFocus()
    listed.select(0)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Space):
        qtbot.keyClick(table, key)
    qtbot.keyClicks(table, "xl3?")
    for key in (Qt.Key.Key_C, Qt.Key.Key_A, Qt.Key.Key_Z):
        qtbot.keyClick(table, key, Qt.KeyboardModifier.ControlModifier)
    assert fired == ["?", "Ctrl+Z"]


def test_all_about_one_file_is_read_without_a_mouse(listed: Listed, qtbot) -> None:
    listed.view.show_problems([problem(1, f"/photos/{'long/' * 40}{HEBREW}.jpg", n_tries=3), problem(2)])
    listed.select(0)
    text = listed.view.detail.toPlainText()
    assert f"{'long/' * 40}{HEBREW}.jpg" in text and WAY in text and "UNREADABLE_IMAGE" in text and "Tried 3 times" in text
    listed.view.table.setFocus()
    qtbot.keyClick(listed.view.table, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is listed.view.detail and listed.view.detail.isReadOnly()
    qtbot.keyClick(listed.view.detail, Qt.Key.Key_Backtab)
    assert listed.view.table.hasFocus()
    listed.select(1)
    assert "Tried once" in listed.view.detail.toPlainText()
    listed.select(0, 1)
    assert listed.view.detail.toPlainText() == "2 files chosen."
    listed.view.table.clearSelection()
    assert listed.view.detail.toPlainText() == "" and listed.view.detail.placeholderText()


def test_choice_keys_and_place_stay_when_the_list_moves(qtbot) -> None:
    listed = Listed(qtbot, 200)
    listed.select(50, 52)
    bar = listed.view.table.verticalScrollBar()
    bar.setValue(700)
    rows = [problem(i) for i in range(201, 0, -1)]
    listed.view.show_problems(rows)
    assert listed.view._selected() == [150, 148] and bar.value() == 700
    assert listed.view.table.currentIndex().row() == 53
    listed.view.show_problems([row for row in rows if row.id not in (150, 148)])
    assert listed.view._selected() == [] and listed.view.table.currentIndex().row() == 53


def test_report_has_all_and_copying_is_said(listed: Listed, qtbot) -> None:
    with qtbot.waitSignal(listed.view.copied, timeout=1000) as said:
        listed.button("copy").click()
    assert said.args == [5]
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 6 and lines[1].split("\t")[0] == "/photos/IMG_00005.jpg"
    hostile = report([problem(1, "/a\tb\nc\udce9.jpg")])
    assert len(hostile.splitlines()) == 2 and hostile.encode()


def test_where_the_list_is_not_complete_it_says_so(listed: Listed) -> None:
    listed.view.show_total(5)
    assert listed.view.note.text() == ""
    listed.view.show_total(12_345)
    assert listed.view.note.text() == "The newest 5 of 12,345"


def test_five_thousand_rows_are_quick(qtbot) -> None:
    listed = Listed(qtbot, 1)
    rows = [problem(i, f"/photos/{PIZZA}{HEBREW}/{'n' * 80}{i}.jpg") for i in range(5000)]
    started_s = time.process_time()
    listed.view.show_problems(rows)
    listed.view.table.selectAll()
    listed.view.show_problems([replace(row, n_tries=2) for row in rows])
    listed.view.table.scrollToBottom()
    listed.view.grab()
    # A fifth of a second of work; with a signal for each row it was minutes.
    assert time.process_time() - started_s < 5.0
    assert len(listed.view._selected()) == 5000


@pytest.mark.parametrize("text", [
    f"{PIZZA * 3} The file {PIZZA} cannot be read since {PIZZA} its header is damaged, and so {PIZZA} it goes on " * 3,
    "/media/" + "x" * 400,
    f"{HEBREW} " * 60,
])  # fmt: skip
def test_texts_wrap_to_whole_letters_and_end_in_dots(listed: Listed, text: str) -> None:
    listed.view.show_problems([problem(1, "/a.jpg", text)])
    table = listed.view.table
    index = table.model().index(0, REASON)
    option = QStyleOptionViewItem()
    option.rect = table.visualRect(index)
    option.font = table.font()
    option.fontMetrics = table.fontMetrics()
    table.itemDelegate().initStyleOption(option, index)
    lines = option.text.split("\N{LINE SEPARATOR}")
    assert len(lines) == 3 and "\N{HORIZONTAL ELLIPSIS}" in lines[2]
    assert all(table.fontMetrics().horizontalAdvance(line) <= option.rect.width() - 20 for line in lines)
    whole = listed.cell(0, REASON)
    assert whole.startswith(lines[0]) and lines[1] in whole and "\N{REPLACEMENT CHARACTER}" not in option.text


def test_in_a_narrow_window_the_code_gives_way_to_the_words(listed: Listed, qtbot) -> None:
    table = listed.view.table
    assert not table.isColumnHidden(CODE)
    listed.window.resize(640, 400)
    qtbot.waitUntil(lambda: table.isColumnHidden(CODE), timeout=2000)
    assert table.columnWidth(REASON) > 150 and table.columnWidth(WAY_OUT) > 150
    listed.select(0)
    assert "UNREADABLE_IMAGE" in listed.view.detail.toPlainText()


def test_controls_have_names(listed: Listed) -> None:
    assert listed.view.table.accessibleName() and listed.view.detail.accessibleName()
    assert all(button.toolTip() for button in listed.view._buttons.values())
    listed.view.show_problems([])
    assert not any(button.isEnabled() for button in listed.view._buttons.values())
