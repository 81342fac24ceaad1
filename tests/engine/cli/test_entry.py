"""The command as a whole: verbs, help, version, completion, what ends it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from engine.cli import entry
from engine.cli.table import run_table
from engine.errors import ErrorCode, JobError, UsageError
from engine.settings import log_file
from tests.engine.cli.running import command, environment, run
from tests.images import folder_of

VERBS = ("classify", "evaluate", "models", "jobs", "library", "doctor", "settings", "completion")


def test_what_is_a_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    for verb in (*VERBS, "--help", "-h", "--version"):
        assert entry.is_verb([verb])
    for arguments in ([], ["photo.jpg"], ["./classify"], ["--library", "x"], ["folder", "classify"], ["--"]):
        assert not entry.is_verb(arguments)
    monkeypatch.setenv("_LIGHTDESK_COMPLETE", "bash_complete")
    assert entry.is_verb([])


def test_a_verb_is_not_hidden_by_a_file_of_its_name(tmp_path: Path) -> None:
    """`lightdesk ./classify` is for the window, which is a table where there is no display."""
    (tmp_path / "classify").write_bytes(b"not an image")
    done = subprocess.run(
        command("./classify", module="desktop"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "UNSUPPORTED_FORMAT" in done.stdout and done.returncode == 0, done.stderr


def test_a_table_in_place_of_a_window_does_not_fail_on_a_bad_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`make run` ends with 0 once its table is printed; `classify`, for scripts, tells the difference."""
    monkeypatch.setenv("LIGHTDESK_MODEL", "fake")
    good = str(folder_of(tmp_path / "photos", 1) / "0000.jpg")
    bad, missing = tmp_path / "bad.jpg", tmp_path / "missing.jpg"
    bad.write_bytes(b"not an image")
    assert run_table([good, str(bad), str(missing)]) == 0
    printed = capfd.readouterr()
    rows = {line.split()[0]: line for line in printed.out.splitlines()}
    assert "UNSUPPORTED_FORMAT" in rows[str(bad)] and "FILE_NOT_FOUND" in rows[str(missing)] and "%" in rows[good]
    assert "UNSUPPORTED_FORMAT (1 file): Save it as" in printed.err
    assert entry.main(["classify", good, str(bad)]) == 1
    capfd.readouterr()
    # What keeps the table from being printed is still a failure.
    assert run_table([good], str(tmp_path)) == 1
    assert str(tmp_path) in capfd.readouterr().err
    monkeypatch.setenv("LIGHTDESK_TOP_K", "99")
    assert run_table([good]) == 2


def test_without_a_display_the_samples_are_shown() -> None:
    done = run(module="desktop")
    assert done.returncode == 0, done.stderr
    assert "chelsea.jpg" in done.stdout and "fake" in done.stdout
    assert "no display" in done.stderr and "Traceback" not in done.stderr


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom engine.cli.entry import main\nmain(['--help'])\n"
        "heavy = {'numpy', 'apsw', 'PIL', 'cv2', 'onnxruntime', 'psutil', 'diskcache', 'PySide6', 'importlib.metadata'}\n"
        "sys.exit(f'loaded: {heavy & set(sys.modules)}' if heavy & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).returncode == 0
    resource = pytest.importorskip("resource")  # what it works, not what it waits for on a busy machine
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.3


def test_help_names_every_verb_and_option(lightdesk) -> None:
    done = lightdesk("--help")
    assert done.code == 0 and all(verb in done.out for verb in VERBS)
    for verb in ([], *([verb] for verb in VERBS)):
        shown = lightdesk(*verb, "--help")
        assert shown.code == 0
        assert "..." not in shown.out.partition("Commands:")[2], f"{verb}: a summary is cut short"
    assert lightdesk().code == 2
    assert lightdesk("nonsense").code == 2


def test_version(lightdesk) -> None:
    from importlib import metadata

    done = lightdesk("--version")
    assert (done.code, done.out) == (0, f"lightdesk {metadata.version('lightdesk')}\n")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError(ErrorCode.INVALID_ARGUMENT, "Wrong.", way_out="Do it right."), 2, "Wrong. Do it right."),
        (JobError(ErrorCode.JOB_NOT_FOUND, "No job 3."), 1, "No job 3."),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (OSError(28, "No space left on device"), 1, "No space left on device."),
        (ZeroDivisionError("division by zero"), 1, "INTERNAL: ZeroDivisionError"),
    ],
)
def test_what_ends_a_verb(error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise error

    assert entry.guarded(fail) == code
    err = capsys.readouterr().err
    assert words in err and "Traceback" not in err
    if isinstance(error, ZeroDivisionError):
        assert str(log_file()) in err
        assert "ZeroDivisionError: division by zero" in log_file().read_text("utf-8")


def test_a_log_that_cannot_be_written_is_no_second_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIGHTDESK_HOME", str(tmp_path / "file"))

    def fail() -> int:
        raise ZeroDivisionError

    assert entry.guarded(fail) == 1
    assert "Logging error" not in capsys.readouterr().err


def test_an_empty_path_is_not_the_current_folder(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell makes of a variable that is not set."""
    folder_of(tmp_path / "photos", 1)
    monkeypatch.chdir(tmp_path / "photos")
    for arguments in (
        ("classify", ""),
        ("classify", "0000.jpg", ""),
        ("classify", ".", "--library", ""),
        ("evaluate", ""),
        ("evaluate", ".", "--truth", ""),
        ("library", "create", ""),
        ("library", "backup", ""),
        ("doctor", "--library", ""),
    ):
        done = lightdesk(*arguments)
        assert (done.code, done.out) == (2, "") and "The path is empty." in done.err, arguments


def test_words_for_the_person_cannot_command_the_terminal(tmp_path: Path, lightdesk) -> None:
    done = lightdesk("library", "info", "--library", tmp_path / "a\x1b[31mred\nline")
    assert done.code == 1 and "\x1b" not in done.err and done.err.count("\n") == 1
    assert "a\\x1b[31mred\\nline" in done.err


def test_closed_streams() -> None:
    for redirect in (">&-", "2>&-", ">&- 2>&-"):
        line = f"{shlex.quote(sys.executable)} -m engine.cli models {redirect}"
        done = subprocess.run(["bash", "-c", line], env=environment(), timeout=30, check=False, capture_output=True)
        assert done.returncode == 0, (redirect, done.stderr)
        assert b"Traceback" not in done.stderr


def test_settings_in_a_broken_file_end_every_verb_in_words(home: Path, lightdesk) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("top_k = 99")
    for verb in (["classify", "x"], ["models"], ["jobs"], ["library", "info"], ["doctor"], ["settings", "list"]):
        done = lightdesk(*verb)
        assert done.code == 2 and "settings.toml" in done.err and "top_k" in done.err, verb


def test_the_environment_is_left_as_it_is(lightdesk) -> None:
    before = dict(os.environ)
    lightdesk("models")
    assert dict(os.environ) == before
