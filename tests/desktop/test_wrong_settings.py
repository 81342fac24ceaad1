"""Settings that cannot be used, as a process: said in a window and in the log, and a start without them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.desktop.conftest import Start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
# The program, with a person who presses one button where it asks.
_ANSWERING = """
import sys
from desktop.ui.settings_refused import SettingsRefused
from PySide6.QtCore import QTimer
SettingsRefused.showEvent = lambda box, _event: QTimer.singleShot(0, box.{button}.click)
from desktop.__main__ import main
sys.exit(main([]))
"""


def _wrong_settings(home: Path) -> Path:
    file = home / "config/settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text("top_k = 'many'\n", encoding="utf-8")
    return file


def _until_open(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "first click accepted" in line:
            return said
    raise AssertionError(said)


def test_wrong_settings_are_said_in_a_window_and_in_the_log(start: Start, home: Path) -> None:
    """Whoever starts from a menu has no terminal; Quit, and a signal, end it."""
    _wrong_settings(home)
    process = start("-m", "desktop", LIGHTDESK_MODEL="fake")
    assert process.stderr is not None and "settings.toml" in process.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)  # it asks
    assert "top_k" in (home / "data/lightdesk.log").read_text("utf-8")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    quitting = start("-c", _ANSWERING.format(button="quit_button"), LIGHTDESK_MODEL="fake")
    quitting.communicate(timeout=60)
    assert quitting.returncode == 2


def test_the_window_starts_without_what_is_wrong(start: Start, home: Path) -> None:
    file = _wrong_settings(home)
    before = file.read_bytes()
    process = start(
        "-c",
        _ANSWERING.format(button="start_button"),
        LIGHTDESK_MODEL="fake",
        LIGHTDESK_STARTUP_TRACE="1",
    )
    said = _until_open(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130 and "top_k" in said and file.read_bytes() == before
