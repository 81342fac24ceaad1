"""The order of the rules is changed by dragging, by buttons and by keys; each change counts at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.ui.keep_rules_dialog import KeepRulesDialog
from engine.schemas.duplicates import KeepRules
from tests.desktop.ui.on_screen import shown

ALT = Qt.KeyboardModifier.AltModifier
ALL = KeepRules().order


class Dialog:
    """A dialog, and what it has told."""

    def __init__(self, window: QWidget, rules: KeepRules) -> None:
        self.dialog = KeepRulesDialog(rules, ["/photos", "/scans & more"], window)
        self.told: list[KeepRules] = []
        self.dialog.changed.connect(self.told.append)
        self.dialog.open()


@pytest.fixture
def window(qtbot, qapp) -> QWidget:
    return shown(qtbot, QWidget(), 1000, 700)


def test_it_shows_the_rules_and_tells_nothing_by_itself(window: QWidget) -> None:
    rules = KeepRules(("size", "labelled"), ("/b", "/a"))
    shown_ = Dialog(window, rules)
    assert shown_.dialog.chosen() == rules and shown_.told == []
    assert shown_.dialog.rules.count() == len(ALL), "the others are there to be chosen"


def test_alt_and_an_arrow_move_a_rule(window: QWidget) -> None:
    shown_ = Dialog(window, KeepRules())
    shown_.dialog.rules.setFocus()
    QTest.keyClick(shown_.dialog.rules, Qt.Key.Key_Down, ALT)
    assert shown_.told[-1].order[:2] == (ALL[1], ALL[0])
    QTest.keyClick(shown_.dialog.rules, Qt.Key.Key_Up, ALT)
    assert shown_.told[-1] == KeepRules()
    QTest.keyClick(shown_.dialog.rules, Qt.Key.Key_Up, ALT)
    assert len(shown_.told) == 2, "it is the first already"


def test_buttons_move_a_rule(window: QWidget) -> None:
    shown_ = Dialog(window, KeepRules())
    shown_.dialog.rules.setCurrentRow(2)
    up = next(b for b in shown_.dialog.findChildren(QPushButton) if b.accessibleName() == "Move up (Alt+Up)")
    up.click()
    assert shown_.told[-1].order == ("labelled", "resolution", "folder", *ALL[3:])


def test_a_drag_moves_a_rule(window: QWidget) -> None:
    shown_ = Dialog(window, KeepRules())
    model = shown_.dialog.rules.model()
    assert model.moveRow(QModelIndex(), 3, QModelIndex(), 0)  # what a drop inside the list does
    assert shown_.told[-1].order[0] == "sharpness"


def test_without_its_tick_a_rule_does_not_count(window: QWidget) -> None:
    shown_ = Dialog(window, KeepRules())
    shown_.dialog.rules.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert shown_.told[-1].order == ALL[1:]
    shown_.dialog.rules.item(0).setCheckState(Qt.CheckState.Checked)
    assert shown_.told[-1].order == ALL


def test_folders_are_added_ordered_and_removed(window: QWidget) -> None:
    shown_ = Dialog(window, KeepRules())
    dialog = shown_.dialog
    menu = dialog.add_button.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    offered = [action for action in menu.actions() if action.text()]
    assert [action.text() for action in offered] == ["/photos", "/scans && more", "Another folder…"]
    offered[1].trigger()
    offered[0].trigger()
    assert shown_.told[-1].folders == ("/scans & more", "/photos")
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.text()] == ["Another folder…"]
    dialog.folders.move_current(-1)
    assert shown_.told[-1].folders == ("/photos", "/scans & more")
    QTest.keyClick(dialog.folders, Qt.Key.Key_Delete)
    assert shown_.told[-1].folders == ("/scans & more",)
    dialog.remove_button.click()
    assert shown_.told[-1] == KeepRules() and not dialog.remove_button.isEnabled()


def test_the_standard_order_leaves_the_folders(window: QWidget) -> None:
    shown_ = Dialog(window, KeepRules(("size",), ("/a",)))
    shown_.dialog.standard_button.click()
    assert shown_.told == [replace(KeepRules(), folders=("/a",))]
