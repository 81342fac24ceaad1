"""Before there is a window: options, displays, missing libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from desktop import __main__ as entry
from desktop import platform_check

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@linux_only
def test_without_a_display_a_table_is_printed(no_display, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("engine.cli.table.run_table", lambda paths, library: asked.append((paths, library)) or 0)
    assert entry.main(["--library", "/l", "a.jpg", "--", "-odd.jpg"]) == 0
    assert asked == [(["a.jpg", "-odd.jpg"], "/l")]


@pytest.mark.parametrize("arguments", [["--nonsense"], ["a.jpg", "-x"], ["--library"], ["--library="]])
def test_wrong_options_are_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(arguments) == 2
    assert "--help" in capsys.readouterr().err


@linux_only
def test_missing_libraries_are_named_in_one_apt_line(no_display, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    gone = {"libxcb-icccm.so.4", "libxcb-keysyms.so.1"}
    monkeypatch.setattr(platform_check, "_loads", lambda library: library not in gone)
    reason = platform_check.why_no_window()
    assert reason is not None
    assert reason.splitlines()[-1].endswith("apt-get install -y libxcb-icccm4 libxcb-keysyms1")


@linux_only
def test_of_two_displays_the_one_that_works_is_taken(no_display, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(platform_check, "_why_not", lambda way: "no" if way == "wayland" else None)
    assert platform_check.why_no_window() is None
    assert os.environ["QT_QPA_PLATFORM"] == "xcb"


@linux_only
def test_display_that_does_not_answer_ends_without_an_abort(home) -> None:
    clean = {k: v for k, v in os.environ.items() if k not in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    code = "import desktop.platform_check as c; print(c.why_no_window())"
    answer = subprocess.run(
        [sys.executable, "-c", code], env=clean | {"DISPLAY": ":987"}, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0 and ("does not answer" in answer.stdout or "apt-get" in answer.stdout)


def test_what_is_slow_is_not_imported_before_the_window() -> None:
    code = "import sys, desktop.app; print([m for m in ('onnxruntime', 'onnx', 'cv2', 'apsw') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stdout.strip() == "[]", answer.stderr
