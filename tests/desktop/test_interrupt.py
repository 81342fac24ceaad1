"""Signals to the window, as a process: Ctrl+C, the end of a session, impatience."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.desktop.conftest import Start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
_WINDOW = """
import sys
from desktop.interrupt import Interrupt
with Interrupt() as interrupt:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    class Window(QWidget):
        def closeEvent(self, event):
            print("closed", flush=True)
            if "stubborn" in sys.argv:
                event.ignore()

    app = QApplication([])
    window = Window()
    window.show()
    QTimer.singleShot(0, lambda: print("open", flush=True))
    app.exec()
print("after")
sys.exit(interrupt.exit_code)
"""
# The program, with an engine that never closes.
_HANGING = """
import sys, threading
from engine.service import Engine
start = Engine.start

def told(engine):
    start(engine)
    print("started", flush=True)

Engine.start, Engine.close = told, lambda _engine: threading.Event().wait()
from desktop.__main__ import main
sys.exit(main([]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_closes_the_window_in_order(start: Start, number: signal.Signals) -> None:
    process = start("-c", _WINDOW)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("closed\nafter\n", "", 128 + number)


def test_the_same_again_ends_a_window_that_does_not_close(start: Start) -> None:
    process = start("-c", _WINDOW, "stubborn")
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "closed\n"
    process.send_signal(signal.SIGHUP)  # as the end of a session sends it beside the other
    assert process.stdout.readline() == "closed\n"  # asked again, and still alive
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert "after" not in process.stdout.read()


def test_what_was_ignored_stays_ignored(start: Start) -> None:
    process = start("-c", _WINDOW, deaf=True)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("closed\nafter\n", "", 143)


def test_a_signal_before_the_window_is_not_lost(start: Start) -> None:
    early = _WINDOW.replace(
        "    from PySide6.QtCore", "    print('entered', flush=True); input()\n    from PySide6.QtCore", 1
    )
    process = start("-c", early, stdin=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == "entered\n"
    process.send_signal(signal.SIGTERM)
    out, _err = process.communicate("\n", timeout=60)
    assert out.endswith("closed\nafter\n") and process.returncode == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_thread_that_hangs_does_not_change_what_the_end_is_called(start: Start, number: signal.Signals) -> None:
    process = start("-c", _HANGING, LIGHTDESK_MODEL="fake")
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    process.send_signal(number)
    _out, err = process.communicate(timeout=60)
    assert "left behind: engine" in err  # else nothing was hanging
    assert process.returncode == 128 + number


def test_the_program_itself(start: Start, home: Path) -> None:
    """From the terminal to the kept geometry, on the fake model."""
    process = start("-m", "desktop", LIGHTDESK_MODEL="fake", LIGHTDESK_STARTUP_TRACE="1")
    assert process.stderr is not None and "first click accepted" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert (err, process.returncode) == ("", 130)
    assert (home / "config/window.ini").exists()
