"""Before there is a window: what the arguments mean, and what is printed where none can open."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from desktop import __main__ as entry

ROOT = Path(__file__).resolve().parents[2]

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


@pytest.mark.parametrize("wanted", ["--help", "-h", "--version"])
@pytest.mark.parametrize("before", [[], ["a.jpg"], ["--library", "/l"]])
def test_help_is_given_wherever_it_is_asked_for(
    wanted: str, before: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main([*before, wanted]) == 0
    assert "lightdesk" in capsys.readouterr().out


def test_after_two_dashes_everything_is_a_path(no_display, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("engine.cli.table.run_table", lambda paths, library: asked.append(paths) or 0)
    assert entry.main(["--", "--help", "classify"]) == 0
    assert asked == [["--help", "classify"]]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["--library", "/l", "classify", "a.jpg"], "lightdesk classify ..."),
        (["a.jpg", "doctor"], "lightdesk doctor ..."),
        (["clasify", "a.jpg"], "did you mean `lightdesk classify`"),
        (["modles"], "did you mean `lightdesk models`"),
    ],
)
def test_a_verb_in_the_wrong_place_or_letters_opens_no_window(
    arguments: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main(arguments) == 2
    assert advice in capsys.readouterr().err


def test_a_file_that_is_named_nearly_like_a_verb_opens(
    no_display, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").touch()
    asked = []
    monkeypatch.setattr("engine.cli.table.run_table", lambda paths, library: asked.append(paths) or 0)
    assert entry.main(["model"]) == 0
    assert entry.main(["nothing.jpg", "modles"]) == 0  # only the first word can have been meant as a verb
    assert asked == [["model"], ["nothing.jpg", "modles"]]


@linux_only
@pytest.mark.parametrize("closed", ["", ">&-", "2>&-", ">&- 2>&- <&-"])
def test_without_streams_as_a_windowed_program_has_none(no_display, home: Path, closed: str) -> None:
    command = f"exec {shlex.quote(sys.executable)} -m desktop {closed}"
    environment = {**os.environ, "LIGHTDESK_MODEL": "fake"}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert ("chelsea.jpg" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_what_is_slow_is_not_imported_before_the_window() -> None:
    code = "import sys, desktop.app; print([m for m in ('onnxruntime', 'onnx', 'cv2', 'apsw') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_what_the_window_warns_of_is_in_the_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    monkeypatch.setattr("desktop.platform_check.why_no_window", lambda: None)
    monkeypatch.setattr("desktop.app.run", lambda *_, **__: logging.getLogger("engine.x").warning("No driver.") or 0)
    try:
        assert entry.main([]) == 0
        assert "engine.x: No driver." in (home / "data" / "lightdesk.log").read_text("utf-8")
    finally:
        for handler in [handler for handler in root.handlers if handler not in before]:
            root.removeHandler(handler)
            handler.close()
