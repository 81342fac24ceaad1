"""Settings, sheet of keys, doctor, about."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from desktop.ui import theme
from desktop.ui.about import AboutDialog
from desktop.ui.actions import ACTIONS
from desktop.ui.doctor_dialog import DoctorDialog
from desktop.ui.settings_dialog import GROUPS, SettingsDialog
from desktop.ui.shortcuts_sheet import ShortcutsSheet
from engine import settings as settings_room
from engine.errors import DeviceError, ErrorCode, LightdeskError
from engine.schemas.settings import Settings

NAMES = [field.name for field in dataclasses.fields(Settings)]
# Of each setting a value that is not its default, as the dialog must give it back.
OTHER: dict[str, Any] = {
    "library": Path("/a b/שלום.lightdesk"),
    "cache_dir": Path("/tmp/cache"),
    "models_dir": Path("/tmp/models"),
    "model": "fake@1",
    "user_name": "Ada <ada@example.org>",
}


def other(name: str) -> Any:
    """Return a right value that is not the default."""
    if name in OTHER:
        return OTHER[name]
    field = next(field for field in dataclasses.fields(Settings) if field.name == name)
    hint = typing.get_type_hints(Settings)[name]
    if typing.get_origin(hint) is typing.Literal:
        return next(word for word in typing.get_args(hint) if word != field.default)
    if hint is bool:
        return not field.default
    return type(field.default)(field.metadata["maximum"])


@pytest.fixture
def parent(qtbot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def dialog(parent: QWidget, settings: Settings | None = None, wrong: str = "", fixed: frozenset[str] = frozenset(), **more: Any):
    return SettingsDialog(settings or Settings(), lambda name, _v: "No." if name == wrong else None, fixed, parent, **more)


def why_invalid(name: str, value: object) -> str | None:
    try:
        settings_room.parse(name, value)
    except LightdeskError as error:
        return str(error)
    return None


def enter(edited: SettingsDialog, name: str, value: Any) -> None:
    """Enter a value as a person would, through the widget."""
    widget = edited.editors[name].widget
    if isinstance(widget, QLineEdit):
        widget.setText(str(value))
    elif isinstance(widget, QComboBox):
        widget.setCurrentIndex(widget.findData(value))
    elif isinstance(widget, QAbstractSpinBox):
        line = widget.lineEdit()
        line.setText(str(value))
        widget.interpretText()
    else:
        widget.setChecked(value)


def test_every_setting_is_in_one_group() -> None:
    names = [name for _, rows in GROUPS for name, _ in rows]
    assert sorted(names) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(parent: QWidget, name: str) -> None:
    """What is entered comes back typed, is right to the engine, is shown when opened again, and can be put back."""
    default, value = getattr(Settings(), name), other(name)
    edited = dialog(parent)
    assert edited.changed_values() == {}
    enter(edited, name, value)
    assert edited.changed_values() == {name: value}
    assert why_invalid(name, edited.changed_values()[name]) is None
    again = dialog(parent, dataclasses.replace(Settings(), **{name: value}))
    assert again.changed_values() == {}
    again.groups.setCurrentRow(next(i for i, (_, rows) in enumerate(GROUPS) if name in dict(rows)))
    again.restore_page()
    assert again.changed_values() == {name: default}


def test_nothing_touched_is_nothing_changed(parent: QWidget) -> None:
    settings = Settings(library=Path("/a/b.lightdesk"), user_name="Ann", max_delay_ms=3.5, device="cpu", theme="dark")
    assert dialog(parent, settings).changed_values() == {}


def test_numbers_keep_within_bounds(parent: QWidget) -> None:
    edited = dialog(parent)
    edited.editors["top_k"].widget.setValue(999)
    edited.editors["cache_mb"].widget.setValue(1)
    assert edited.changed_values() == {"top_k": 20, "cache_mb": 16}


def test_home_may_be_written_short(parent: QWidget) -> None:
    edited = dialog(parent)
    enter(edited, "cache_dir", "~/cache")
    assert edited.changed_values() == {"cache_dir": Path.home() / "cache"}


def test_wrong_value_is_said_beside_its_field_and_the_dialog_stays(parent: QWidget) -> None:
    edited = dialog(parent, wrong="model")
    edited.show()
    edited.editors["model"].widget.setText("nonsense")
    edited.accept()
    problem = edited.editors["model"].problem
    assert edited.isVisible() and problem.text() == "No." and problem.isVisible()
    assert edited.groups.currentRow() == 1 and edited.editors["model"].widget.accessibleDescription().startswith("No.")
    edited.editors["model"].widget.setText("better")
    assert not problem.isVisible()


def test_what_the_engine_refuses_is_refused_with_its_words(parent: QWidget) -> None:
    edited = SettingsDialog(Settings(), why_invalid, frozenset(), parent)
    edited.show()
    enter(edited, "model", "")
    edited.accept()
    said = edited.editors["model"].problem.text().replace("\u200b", "")
    assert said == why_invalid("model", "") and "must not be empty" in said
    assert edited.isVisible() and edited.result() != edited.DialogCode.Accepted


def test_models_are_chosen_where_they_are_known(parent: QWidget) -> None:
    edited = dialog(parent, Settings(model="mine@7"), models=("efficientnet-lite0@1", "fake@1"))
    box = edited.editors["model"].widget
    assert [box.itemText(i) for i in range(box.count())] == ["mine@7", "efficientnet-lite0@1", "fake@1"]
    assert edited.changed_values() == {}
    box.setCurrentIndex(2)
    assert edited.changed_values() == {"model": "fake@1"}
    edited.groups.setCurrentRow(1)
    edited.restore_page()
    assert edited.changed_values() == {"model": "efficientnet-lite0@1"}


def test_a_number_with_more_places_than_the_field_is_no_change(parent: QWidget) -> None:
    edited = dialog(parent, Settings(max_delay_ms=2.55))
    assert edited.changed_values() == {}


def test_what_the_environment_decides_is_not_edited(parent: QWidget) -> None:
    edited = dialog(parent, Settings(device="cpu"), fixed=frozenset({"device", "cpu_threads"}))
    assert not edited.editors["device"].widget.isEnabled()
    assert "LIGHTDESK_DEVICE" in edited.editors["device"].widget.accessibleDescription()
    edited.groups.setCurrentRow(1)
    edited.restore_page()
    assert edited.changed_values() == {} and edited.editors["device"].read() == "cpu"


def test_a_wheel_over_the_page_changes_nothing(parent: QWidget, qtbot) -> None:
    edited = dialog(parent)
    edited.show()
    edited.activateWindow()
    qtbot.waitUntil(edited.isActiveWindow, timeout=5000)
    edited.groups.setCurrentRow(1)
    for name in ("device", "cpu_threads"):
        widget = edited.editors[name].widget
        edited.groups.setFocus()
        turn_wheel(widget)
        assert edited.changed_values() == {}, name
        widget.setFocus()
        turn_wheel(widget)
        assert name in edited.changed_values()
        edited.editors[name].write(getattr(Settings(), name))


def turn_wheel(widget: QWidget) -> None:
    at, whole = QPointF(5, 5), QPointF(widget.mapToGlobal(QPoint(5, 5)))
    keys, buttons, phase = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    # A list goes down, a number (nought, the least) up.
    degrees = 120 if isinstance(widget, QAbstractSpinBox) else -120
    QApplication.sendEvent(widget, QWheelEvent(at, whole, QPoint(), QPoint(0, degrees), buttons, keys, phase, False))


def test_keys_reach_every_editor_and_each_has_a_name(parent: QWidget, qtbot) -> None:
    edited = dialog(parent)
    edited.show()
    edited.activateWindow()
    qtbot.waitUntil(edited.isActiveWindow, timeout=5000)
    for row, (_, rows) in enumerate(GROUPS):
        edited.groups.setFocus()
        edited.groups.setCurrentRow(row)
        seen: list[QWidget] = []
        while (now := QApplication.focusWidget()) not in seen:
            seen.append(now)
            qtbot.keyClick(now, Qt.Key.Key_Tab)
        for name, _title in rows:
            assert edited.editors[name].widget in seen, name
            assert edited.editors[name].widget.accessibleName()
        assert edited.buttons.button(QDialogButtonBox.StandardButton.Save) in seen


def test_enter_saves_and_escape_does_not(parent: QWidget, qtbot) -> None:
    edited = dialog(parent)
    edited.show()
    enter(edited, "user_name", "Ada")
    qtbot.keyClick(edited.editors["user_name"].widget, Qt.Key.Key_Return)
    assert edited.result() == edited.DialogCode.Accepted and edited.changed_values() == {"user_name": "Ada"}
    edited = dialog(parent)
    edited.show()
    qtbot.keyClick(edited, Qt.Key.Key_Escape)
    assert edited.result() == edited.DialogCode.Rejected and not edited.isVisible()


def test_pages_fit_without_being_cut(parent: QWidget) -> None:
    edited = dialog(parent)
    edited.show()
    for row in range(len(GROUPS)):
        edited.groups.setCurrentRow(row)
        area = edited._pages.currentWidget()
        assert isinstance(area, QAbstractScrollArea)
        assert area.horizontalScrollBar().maximum() == 0
    edited.resize(edited.minimumSize())
    assert edited.buttons.geometry().bottom() <= edited.height()


def test_sheet_shows_every_key(parent: QWidget) -> None:
    sheet = ShortcutsSheet(parent)
    texts = " ".join(label.text() for label in sheet.findChildren(QLabel))
    for row in ACTIONS:
        if row.keys:
            assert row.text.rstrip(".") in texts
    assert "1 \N{HORIZONTAL ELLIPSIS} 9" in texts


def test_sheet_fits_the_screen_and_says_its_keys(parent: QWidget, qtbot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    sheet = ShortcutsSheet(parent)
    qtbot.addWidget(sheet)
    sheet.show()
    # Qt gives a new window two thirds of the screen at most.
    assert sheet.sizeHint().height() > sheet.screen().availableSize().height() * 2 / 3
    area = sheet.findChild(QAbstractScrollArea)
    assert area.horizontalScrollBar().maximum() == area.verticalScrollBar().maximum() == 0
    assert "Undo: Ctrl+Z" in area.accessibleDescription()
    sheet.resize(sheet.width(), 300)
    QApplication.sendPostedEvents()
    assert area.horizontalScrollBar().maximum() == 0 and area.verticalScrollBar().maximum() > 0
    area.setFocus()
    qtbot.keyClick(area, Qt.Key.Key_PageDown)
    assert area.verticalScrollBar().value() > 0
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_doctor_shows_what_it_is_told_and_a_late_answer_is_dropped(parent: QWidget) -> None:
    asked = []
    doctor = DoctorDialog(lambda done, failed: asked.append((done, failed)), parent)
    assert "Examining" in doctor.view.toPlainText() and not doctor.copy_button.isEnabled()
    asked[0][0]("all is well")
    assert doctor.view.toPlainText() == "all is well"
    doctor.copy_button.click()
    assert QApplication.clipboard().text() == "all is well"
    doctor.again.click()
    asked[1][1](DeviceError(ErrorCode.DEVICE_UNAVAILABLE, "No.", way_out="Try."))
    assert doctor.view.toPlainText() == "No. Try." and doctor.again.isEnabled()
    doctor.again.click()
    doctor.reject()
    asked[2][0]("too late")
    assert "Examining" in doctor.view.toPlainText()


def test_doctor_is_no_larger_than_the_screen(parent: QWidget) -> None:
    doctor = DoctorDialog(lambda done, failed: None, parent)
    screen = doctor.screen().availableSize()
    assert doctor.width() < screen.width() and doctor.height() < screen.height()


def test_about_says_version_licences_and_where_the_library_is(parent: QWidget, qtbot) -> None:
    path = "/home/ada/" + "x" * 300 + "/library.lightdesk"
    about = AboutDialog("1.2.3", path, parent)
    about.show()
    texts = " ".join(label.text() for label in about.findChildren(QLabel))
    for words in ("Lightdesk 1.2.3", "Apache-2.0", "LGPL-3.0", "Nothing leaves it"):
        assert words in texts
    assert about.width() < 700
    about.facts.findChild(QToolButton).click()
    assert QApplication.clipboard().text() == path
    assert not isinstance(about.focusWidget(), QToolButton)
    close = about.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Close)
    assert isinstance(close, QPushButton)
    qtbot.keyClick(close, Qt.Key.Key_Space)
    assert not about.isVisible()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_no_line_of_the_doctor_ends_out_of_sight(parent: QWidget) -> None:
    line = "  OK    compiled providers        " + "a provider, " * 12
    doctor = DoctorDialog(lambda done, _failed: done(f"{line}\n/{'x' * 300}"), parent)
    doctor.show()
    for width in (doctor.width(), doctor.minimumSizeHint().width()):
        doctor.resize(width, 400)
        assert doctor.view.horizontalScrollBar().maximum() == 0
