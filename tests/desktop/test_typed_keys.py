"""Keys as they are typed: the sheet by its sign, steps on a selection of several, undo and redo over a restart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from desktop.app import Program
from desktop.ui.shortcuts_sheet import ShortcutsSheet
from engine.schemas.library import Detail, Label
from engine.service import Engine
from tests.desktop.conftest import Shown
from tests.desktop.real_program import closed, opened
from tests.images import folder_of

Show = Callable[..., Shown]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_the_question_mark_opens_the_sheet_of_keys(show: Show, qtbot) -> None:
    window = show(2).window
    QTest.keyClicks(window, "?")
    (sheet,) = window.findChildren(ShortcutsSheet)
    assert sheet.isVisible() and QApplication.activeModalWidget() is sheet
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_a_question_mark_typed_in_a_field_is_text(show: Show, qtbot) -> None:
    window = show(2).window
    QTest.keyClicks(window, "/")
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit) and field is window.filters.search
    QTest.keyClicks(field, "what?")
    assert field.text() == "what?" and not window.findChildren(ShortcutsSheet)


def details(engine: Engine) -> list[Detail]:
    """All pictures as the library has them."""
    view = engine.view()
    try:
        found = [view.detail(content_id, engine.model_ref) for content_id in range(1, engine.info().contents + 1)]
    finally:
        view.close()
    return [detail for detail in found if detail is not None]


def labels(engine: Engine) -> list[tuple[str, str | None] | None]:
    """State and class of each picture's label."""
    return [_short(detail.label) for detail in details(engine)]


def _short(label: Label | None) -> tuple[str, str | None] | None:
    return (label.state, label.class_name) if label is not None and label.state else None


def choose_first(program: Program, n_chosen: int) -> None:
    """Choose the first so many by keys."""
    grid = program.window.grid
    program.window.activateWindow()
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_Home)
    for _ in range(n_chosen - 1):
        QTest.keyClick(grid, Qt.Key.Key_Right, SHIFT)
    assert grid.selected_ids() == list(range(1, n_chosen + 1))


def turn(qtbot, program: Program, which: str) -> None:
    """Type the keys of undo or redo, once the window knows that there is something to turn."""
    qtbot.waitUntil(program.window.actions_by_name[which].isEnabled, timeout=5000)
    QTest.keyClick(program.window, Qt.Key.Key_Z, CTRL if which == "undo" else CTRL | SHIFT)


def test_steps_by_key_go_to_all_that_are_chosen_and_turn_back_after_a_restart(
    qtbot, home: Path, tmp_path: Path
) -> None:
    program, (engine,) = opened(qtbot, home, folder_of(tmp_path / "photos", 4))
    try:
        qtbot.waitUntil(lambda: program.window.grid.count() == 4, timeout=15_000)
        ranked = [[score.class_name for score in detail.predictions[0].top] for detail in details(engine)]
        history: list[Sequence[object]] = [labels(engine)]
        choose_first(program, 3)

        def becomes(*names: str | None, state: str = "accepted") -> None:
            """All three have these labels, and the fourth has none."""
            wanted = [(state, name) for name in names] + [None]
            qtbot.waitUntil(lambda: labels(engine) == wanted, timeout=5000)
            history.append(wanted)

        QTest.keyClick(program.window.grid, Qt.Key.Key_Return)
        becomes(*(names[0] for names in ranked[:3]))
        for k in range(9, 0, -1):
            QTest.keyClicks(program.window.grid, str(k))
            becomes(*(names[k - 1] for names in ranked[:3]))
        QTest.keyClicks(program.window.grid, "x")
        becomes(None, None, None, state="rejected")
        QTest.keyClicks(program.window.grid, "l")
        field = program.window.inspector.field
        assert QApplication.focusWidget() is field
        QTest.keyClicks(field, "a new class")
        QTest.keyClick(field, Qt.Key.Key_Return)
        becomes("a new class", "a new class", "a new class")
        assert {detail.label.set_by_person for detail in details(engine)[:3] if detail.label is not None} == {True}

        turn(qtbot, program, "undo")
        qtbot.waitUntil(lambda: labels(engine) == history[-2], timeout=5000)
        turn(qtbot, program, "redo")
        qtbot.waitUntil(lambda: labels(engine) == history[-1], timeout=5000)
        turn(qtbot, program, "undo")
        qtbot.waitUntil(lambda: labels(engine) == history[-2], timeout=5000)
    finally:
        closed(program)

    program, (engine,) = opened(qtbot, home)
    try:
        qtbot.waitUntil(lambda: program.window.grid.count() == 4, timeout=15_000)
        assert labels(engine) == history[-2]
        for wanted in history[-3::-1]:
            turn(qtbot, program, "undo")
            qtbot.waitUntil(lambda wanted=wanted: labels(engine) == wanted, timeout=5000)
        qtbot.waitUntil(lambda: not program.window.actions_by_name["undo"].isEnabled(), timeout=5000)
        for wanted in history[1:]:
            turn(qtbot, program, "redo")
            qtbot.waitUntil(lambda wanted=wanted: labels(engine) == wanted, timeout=5000)
        qtbot.waitUntil(lambda: not program.window.actions_by_name["redo"].isEnabled(), timeout=5000)
    finally:
        closed(program)
