"""Displays and libraries as they are met on real machines: whatever is missing, Qt never ends the process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desktop import platform_check

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")
ROOT = Path(__file__).resolve().parents[2]
_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No display, nothing set by a person, who is no administrator and has apt-get."""
    for name in (*_VARIABLES, "XDG_SESSION_TYPE"):
        # Set and taken away again, so that what the code sets is undone too.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(platform_check.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(platform_check.shutil, "which", lambda name: f"/usr/bin/{name}")


@pytest.fixture
def all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library is missing, and every display answers."""
    monkeypatch.setattr(platform_check, "_loads", lambda library: True)
    monkeypatch.setattr(platform_check, "_x11_answers", lambda: True)
    monkeypatch.setattr(platform_check, "_wayland_answers", lambda: True)
    monkeypatch.setattr(platform_check, "_plugin_error", lambda platform: None)


def gone(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    monkeypatch.setattr(platform_check, "_loads", lambda library: library not in libraries)


def asked_outside(**environment: str) -> str:
    """Ask in a process of its own, and see that it lives."""
    kept = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
    code = "import desktop.platform_check as check; print(check.why_no_window())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_missing_libraries_are_named_in_one_apt_line(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    gone(monkeypatch, "libxcb-icccm.so.4", "libxcb-keysyms.so.1")
    reason = platform_check.why_no_window()
    assert reason is not None
    assert reason.splitlines()[1:] == ["Install them with: sudo apt-get install -y libxcb-icccm4 libxcb-keysyms1"]


def test_without_a_display_they_are_named_too(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    assert platform_check.why_no_window() == "There is no display, so the predictions are printed here."
    gone(monkeypatch, "libGL.so.1", "libxcb-cursor.so.0")
    reason = platform_check.why_no_window()
    assert reason is not None
    assert reason.splitlines()[0] == "There is no display, so the predictions are printed here."
    assert reason.splitlines()[1:] == ["A window would also need: sudo apt-get install -y libgl1 libxcb-cursor0"]


def test_an_administrator_needs_no_sudo(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_check.os, "geteuid", lambda: 0)
    gone(monkeypatch, "libGL.so.1")
    reason = platform_check.why_no_window()
    assert reason is not None and reason.endswith("need: apt-get install -y libgl1")


def test_where_there_is_no_apt_the_libraries_are_named(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setattr(platform_check.shutil, "which", lambda name: None)
    gone(monkeypatch, "libGL.so.1", "libxcb-cursor.so.0")
    reason = platform_check.why_no_window()
    assert reason is not None and "apt" not in reason
    assert reason.endswith("what brings libGL.so.1 libxcb-cursor.so.0")


@pytest.mark.parametrize(("dead", "taken"), [("_wayland_answers", "xcb"), ("_x11_answers", "wayland")])
def test_of_two_displays_the_one_that_works_is_taken(
    all_there, monkeypatch: pytest.MonkeyPatch, dead: str, taken: str
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert platform_check.why_no_window() is None
    assert "QT_QPA_PLATFORM" not in os.environ  # Qt knows best which of the two it likes
    monkeypatch.setattr(platform_check, dead, lambda: False)
    assert platform_check.why_no_window() is None
    assert os.environ["QT_QPA_PLATFORM"] == taken


def test_x_in_a_session_of_wayland_is_taken_without_a_try_of_the_other(
    all_there, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    assert platform_check.why_no_window() is None
    assert os.environ["QT_QPA_PLATFORM"] == "xcb"


def test_a_plugin_that_the_loader_refuses(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setattr(platform_check, "_plugin_error", lambda platform: f"{platform}: no libnew.so.1")
    reason = platform_check.why_no_window()
    assert reason is not None and "xcb: no libnew.so.1" in reason


@pytest.mark.parametrize("asked", ["xcb", "wayland;xcb", "offscreen", "wayland-egl", "offscreen:size=9x9"])
def test_what_a_person_asks_for_is_left_alone(all_there, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", asked)
    assert platform_check.why_no_window() is None
    assert os.environ["QT_QPA_PLATFORM"] == asked


def test_of_platforms_asked_for_one_is_enough(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_check, "_wayland_answers", lambda: False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "wayland;xcb")
    assert platform_check.why_no_window() is None
    monkeypatch.setattr(platform_check, "_x11_answers", lambda: False)
    reason = platform_check.why_no_window()
    assert reason is not None and "WAYLAND_DISPLAY is not set" in reason


# With the real libraries, where they are; each would end in an abort if Qt were asked.


@pytest.mark.qt
def test_a_platform_that_does_not_exist() -> None:
    said = asked_outside(QT_QPA_PLATFORM="nonsense")
    assert 'Could not find the Qt platform plugin "nonsense"' in said
    assert said.endswith("Take it away with: unset QT_QPA_PLATFORM")


@pytest.mark.qt
def test_plugins_that_are_elsewhere_are_tried_in_a_child(tmp_path: Path) -> None:
    said = asked_outside(QT_QPA_PLATFORM="offscreen", QT_QPA_PLATFORM_PLUGIN_PATH=str(tmp_path))
    assert said == "None"  # Qt looks into its own folder too
    said = asked_outside(QT_QPA_PLATFORM="nonsense", QT_PLUGIN_PATH=str(tmp_path))
    assert said.endswith("Take it away with: unset QT_QPA_PLATFORM QT_PLUGIN_PATH")


NOBODY_IS_LET_IN = "The display {} does not answer or lets nobody in, so the predictions are printed here."
needs_xcb = pytest.mark.skipif(bool(platform_check._missing("xcb")), reason="no libraries for X here: it stops at them")
needs_wayland = pytest.mark.skipif(bool(platform_check._missing("wayland")), reason="no libraries for Wayland here")


@needs_xcb
def test_an_x_display_that_is_not_there() -> None:
    assert asked_outside(DISPLAY=":987") == NOBODY_IS_LET_IN.format(":987")


@needs_xcb
def test_an_x_display_whose_other_end_is_closed_as_after_ssh() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1] - 6000
    assert asked_outside(DISPLAY=f"127.0.0.1:{number}.0") == NOBODY_IS_LET_IN.format(f"127.0.0.1:{number}.0")


@needs_wayland
def test_a_wayland_display_that_is_not_there(tmp_path: Path) -> None:
    said = asked_outside(WAYLAND_DISPLAY="wayland-987", XDG_RUNTIME_DIR=str(tmp_path))
    assert said == NOBODY_IS_LET_IN.format("wayland-987")


def test_a_display_that_keeps_silent_is_given_up(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setenv("DISPLAY", "far-away:0")
    monkeypatch.setattr(platform_check, "_ANSWERS_WITHIN_S", 0.05)
    monkeypatch.setattr(platform_check, "_x11_answers", lambda: over.wait(60) or True)
    reason = platform_check.why_no_window()
    over.set()
    assert reason is not None and "far-away:0 does not answer" in reason


@pytest.mark.qt
def test_the_doctor_is_answered_without_a_display() -> None:
    kept = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
    command = [sys.executable, "-m", "desktop.platform_check", "{}"]
    done = subprocess.run(command, env=kept, cwd=ROOT, capture_output=True, text=True, timeout=90)
    facts = json.loads(done.stdout)
    assert "no display" in facts["why_no_window"] and facts["display"] is False
    assert facts["platform"] == "offscreen" and facts["n_font_families"] >= 0


def test_the_doctor_is_answered_where_qt_cannot_even_be_loaded(all_there, monkeypatch: pytest.MonkeyPatch) -> None:
    gone(monkeypatch, "libGL.so.1")
    facts = platform_check.probe()
    assert facts["platform"] is None and facts["screens"] == [] and facts["n_font_families"] is None
    assert facts["qt"] and "apt-get install -y libgl1" in str(facts["why_no_window"])
