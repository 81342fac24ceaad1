"""What is asked before there is a window, where the settings cannot be used."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop.ui.settings_refused import SettingsRefused
from engine.errors import ErrorCode, UsageError
from tests.desktop.ui.on_screen import shown

WRONG = UsageError(
    ErrorCode.SETTINGS_INVALID,
    f"The settings file /home/{'ann/' * 30}settings.toml cannot be read: it is not <b>TOML</b>.",
    way_out="Correct that line.",
)


@pytest.fixture
def box(qtbot) -> SettingsRefused:
    box = SettingsRefused(WRONG)
    shown(qtbot, box, 1, 1)
    return box


def test_it_says_what_is_wrong_and_the_way_out_in_full(box: SettingsRefused) -> None:
    said = box.text.text().replace("\N{ZERO WIDTH SPACE}", "")
    assert said == box.text.accessibleName() == str(WRONG) and "Correct that line." in said
    assert box.text.textFormat() == Qt.TextFormat.PlainText
    assert box.text.heightForWidth(box.text.width()) <= box.text.height() and box.width() < 700
    box.copy_button.click()
    assert QApplication.clipboard().text() == f"SETTINGS_INVALID: {WRONG}"
    assert box.isVisible()


@pytest.mark.parametrize(
    ("key", "answer"),
    [(Qt.Key.Key_Return, QDialog.DialogCode.Accepted), (Qt.Key.Key_Escape, QDialog.DialogCode.Rejected)],
)
def test_enter_starts_and_escape_quits(box: SettingsRefused, qtbot, key: Qt.Key, answer: QDialog.DialogCode) -> None:
    answers: list[int] = []
    box.finished.connect(answers.append)
    focus: QWidget = QApplication.focusWidget() or box
    qtbot.keyClick(focus, key)
    assert answers == [answer]
