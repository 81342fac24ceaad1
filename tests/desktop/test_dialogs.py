"""Settings, sheet of keys, doctor, about."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QWidget

from desktop.ui.actions import ACTIONS
from desktop.ui.doctor_dialog import DoctorDialog
from desktop.ui.settings_dialog import GROUPS, SettingsDialog
from desktop.ui.shortcuts_sheet import ShortcutsSheet
from engine.schemas.settings import Settings


@pytest.fixture
def parent(qtbot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def dialog(parent: QWidget, settings: Settings | None = None, wrong: str = "", fixed: frozenset[str] = frozenset()):
    return SettingsDialog(settings or Settings(), lambda name, _v: "No." if name == wrong else None, fixed, parent)


def test_every_setting_is_in_one_group() -> None:
    names = [name for _, rows in GROUPS for name, _ in rows]
    assert sorted(names) == sorted(field.name for field in dataclasses.fields(Settings))


def test_nothing_touched_is_nothing_changed(parent: QWidget) -> None:
    settings = Settings(library=Path("/a/b.lightdesk"), user_name="Ann", max_delay_ms=3.5, device="cpu", theme="dark")
    assert dialog(parent, settings).changed_values() == {}


def test_changes_come_back_typed_and_within_bounds(parent: QWidget) -> None:
    edited = dialog(parent)
    edited.editors["top_k"].widget.setValue(999)
    edited.editors["include_hidden"].widget.setChecked(True)
    edited.editors["cache_dir"].widget.setText("/tmp/cache")
    edited.editors["device"].widget.setCurrentIndex(1)
    expected = {"top_k": 20, "include_hidden": True, "cache_dir": Path("/tmp/cache"), "device": "cpu"}
    assert edited.changed_values() == expected


def test_wrong_value_is_said_beside_its_field_and_the_dialog_stays(parent: QWidget) -> None:
    edited = dialog(parent, wrong="model")
    edited.show()
    edited.editors["model"].widget.setText("nonsense")
    edited.accept()
    assert edited.isVisible() and edited.editors["model"].problem.text() == "No."
    assert edited.groups.currentRow() == 1


def test_what_the_environment_decides_is_not_edited(parent: QWidget) -> None:
    edited = dialog(parent, fixed=frozenset({"device"}))
    assert not edited.editors["device"].widget.isEnabled()
    assert "LIGHTDESK_DEVICE" in edited.editors["device"].widget.accessibleDescription()


def test_sheet_shows_every_key(parent: QWidget) -> None:
    sheet = ShortcutsSheet(parent)
    texts = " ".join(label.text() for label in sheet.findChildren(QLabel))
    for row in ACTIONS:
        if row.keys:
            assert row.text.rstrip(".") in texts
    assert "1 \N{HORIZONTAL ELLIPSIS} 9" in texts


def test_doctor_shows_what_it_is_told_and_a_late_answer_is_dropped(parent: QWidget) -> None:
    asked = []
    doctor = DoctorDialog(lambda done, failed: asked.append((done, failed)), parent)
    assert "Examining" in doctor.view.toPlainText() and not doctor.copy_button.isEnabled()
    asked[0][0]("all is well")
    assert doctor.view.toPlainText() == "all is well"
    doctor.again.click()
    doctor.reject()
    asked[1][0]("too late")
