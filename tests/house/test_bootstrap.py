"""`packaging/bootstrap.py` as a process, with a Python that only plays at being one: signals, two at once, leftovers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and locks of POSIX")
# Copies itself into the environment, as venv does with a real one; pip waits for the file `go` where there is `wait`.
_PYTHON = """#!/bin/sh
here="{here}"
case "$*" in
  "-c "*) echo 3.11; echo venv ;;
  "-m venv --clear "*)
    echo venv >> "$here/log"
    rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python"
    if [ -e "$here/spoil" ]; then chmod a-x "$4/bin/python"; fi ;;
  "-m pip --version") ;;
  *"-m pip"*" -e "*) echo editable >> "$here/log" ;;
  *"-m pip"*)
    trap 'echo interrupted >> "$here/log"; exit 1' INT TERM
    echo "packages $PYTHONPATH" >> "$here/log"
    touch "$TMPDIR/unpacked"
    echo "Collecting numpy==2.4.6"
    [ -e "$here/unpack" ] && echo "Installing collected packages: numpy"
    while [ -e "$here/wait" ]; do sleep 0.02; done
    if [ -e "$here/says" ]; then cat "$here/says"; exit 1; fi ;;
esac
"""


class Project:
    """A project folder of its own to set up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder.parent / "python3.11"
        (folder / "packaging").mkdir(parents=True)
        shutil.copy(ROOT / "packaging/bootstrap.py", folder / "packaging")
        for name in ("requirements.lock", "requirements-test.lock", "pyproject.toml"):
            (folder / name).write_text("click==8.5.1\n", "utf-8")
        self.python.write_text(_PYTHON.format(here=folder.parent), "utf-8")
        self.python.chmod(0o755)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, purpose: str = "run", **more: str) -> subprocess.Popen[str]:
        """Start a set-up as a terminal does."""
        command = [sys.executable, str(self.folder / "packaging/bootstrap.py"), purpose]
        temporary = self.folder.parent / "temporary"
        temporary.mkdir(exist_ok=True)
        environment = {**os.environ, "PYTHON": str(self.python), "TMPDIR": str(temporary), **more}
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_hear_signals,
        )
        self.started.append(process)
        return process

    def run(self, **more: str) -> tuple[int, str]:
        """Set up to the end; returns the exit code and what was said."""
        process = self.start(**more)
        said = process.communicate(timeout=60)[1]
        return process.returncode, said

    def mark(self, name: str, text: str = "") -> Path:
        """Tell the playing Python how to behave."""
        path = self.folder.parent / name
        path.write_text(text, "utf-8")
        return path

    def log(self) -> list[str]:
        """What the playing Python was asked to do."""
        path = self.folder.parent / "log"
        return [line.strip() for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "a project")
    yield made
    (tmp_path / "wait").unlink(missing_ok=True)
    for process in made.started:
        process.kill()
        process.communicate()


def _hear_signals() -> None:
    """Undo what this run may have been started with: nohup, or the background of a shell."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_set_up_and_again(project: Project) -> None:
    code, said = project.run()
    assert code == 0, said
    assert project.log() == ["venv", "packages", "editable"]
    assert project.run() == (0, "")
    assert project.log() == ["venv", "packages", "editable"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_pip_too_and_leaves_words(project: Project, number: signal.Signals) -> None:
    wait = project.mark("wait")
    process = project.start()
    until(lambda: "packages" in project.log())
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert "Run the same command again" in said and "Traceback" not in said
    assert project.log() == ["venv", "packages", "interrupted"]
    assert not any((project.folder.parent / "temporary").iterdir())
    wait.unlink()
    assert project.run()[0] == 0
    # Nothing had been unpacked yet: the environment that was there is good.
    assert project.log()[3:] == ["packages", "editable"]


def test_what_was_stopped_while_unpacking_is_made_anew(project: Project) -> None:
    wait, _unpack = project.mark("wait"), project.mark("unpack")
    process = project.start()
    unfinished = project.folder / ".venv/.unfinished"
    until(unfinished.exists)
    process.kill()
    process.communicate()
    wait.unlink()
    assert project.run()[0] == 0
    assert project.log()[2:] == ["venv", "packages", "editable"]
    assert not unfinished.exists()


def test_an_environment_that_was_never_finished_is_made_anew(project: Project) -> None:
    python = project.folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    shutil.copy(project.python, python)
    assert project.run()[0] == 0
    assert project.log() == ["venv", "packages", "editable"]


def test_an_environment_whose_python_does_not_start_is_made_anew(project: Project) -> None:
    assert project.run()[0] == 0
    for stamp in (project.folder / ".venv").glob(".installed-*"):
        stamp.unlink()
    (project.folder / ".venv/bin/python").chmod(0o644)
    code, said = project.run()
    assert code == 0 and "Traceback" not in said
    assert project.log()[3:] == ["venv", "packages", "editable"]


def test_an_environment_whose_python_does_not_answer_does_not_work(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.run()[0] == 0
    spec = importlib.util.spec_from_file_location("bootstrap", project.folder / "packaging/bootstrap.py")
    assert spec is not None and spec.loader is not None
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    assert bootstrap._venv_works()

    def hangs(command: list[str], *, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(bootstrap.subprocess, "run", hangs)
    assert not bootstrap._venv_works()


def test_a_python_that_cannot_be_started_is_told(project: Project) -> None:
    project.mark("spoil")
    code, said = project.run()
    assert code == 1 and "Traceback" not in said
    assert f"{project.folder}/.venv/bin/python cannot be started: Permission denied." in said
    assert project.log() == ["venv"]


def test_a_python_of_another_machine_is_passed_over(project: Project) -> None:
    project.python.write_bytes(b"\x7fELF of another machine")
    code, said = project.run()
    assert code == 1 and "Traceback" not in said and "Lightdesk needs Python 3.11 or newer" in said


def test_a_moved_project_is_set_up_anew(project: Project) -> None:
    assert project.run()[0] == 0
    project.folder = project.folder.rename(project.folder.with_name("elsewhere"))
    assert project.run()[0] == 0
    assert project.log()[3:] == ["venv", "packages", "editable"]


def test_a_link_to_anothers_environment_is_refused_and_nothing_cleared(project: Project) -> None:
    assert project.run()[0] == 0
    other = Project(project.folder.parent / "other" / "project")
    (other.folder / ".venv").symlink_to(project.folder / ".venv")
    code, said = other.run()
    assert code == 1 and str(project.folder) in said and "Remove the link" in said
    assert (project.folder / ".venv/.installed-run").exists() and not other.log()
    shutil.rmtree(project.folder / "packaging")
    project.folder.rename(project.folder.with_name("elsewhere"))
    (other.folder / ".venv").unlink()
    (other.folder / ".venv").symlink_to(project.folder.with_name("elsewhere") / ".venv")
    assert other.run()[0] == 0  # nobody's any more


def test_another_python_under_the_same_name_is_noticed(project: Project) -> None:
    """A system's upgrade takes python3 from 3.11 to 3.13, and the packages of 3.11 are no longer found."""
    assert project.run()[0] == 0
    python = project.folder / ".venv/bin/python"
    newer = project.folder.parent / "python3.13"
    python.rename(newer)
    python.symlink_to(newer)
    (project.folder / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n", "utf-8")
    assert project.run()[0] == 0
    assert project.log()[3:] == ["venv", "packages", "editable"]


def test_a_second_set_up_waits_for_the_first(project: Project) -> None:
    wait = project.mark("wait")
    first = project.start()
    until(lambda: "packages" in project.log())
    second = project.start()
    assert second.stderr is not None
    assert "waiting for its end" in second.stderr.readline()
    wait.unlink()
    assert first.wait(60) == 0 and second.wait(60) == 0
    assert project.log() == ["venv", "packages", "editable"]


def test_a_waiting_set_up_can_be_stopped(project: Project) -> None:
    project.mark("wait")
    project.start()
    until(lambda: "packages" in project.log())
    second = project.start()
    assert second.stderr is not None
    second.stderr.readline()
    second.terminate()
    assert second.wait(60) == 143
    assert project.log() == ["venv", "packages"]


def test_pip_of_a_killed_set_up_is_waited_for(project: Project) -> None:
    wait = project.mark("wait")
    first = project.start()
    until(lambda: "packages" in project.log())
    first.kill()
    first.wait(60)
    second = project.start()
    assert second.stderr is not None
    assert "waiting for its end" in second.stderr.readline()
    wait.unlink()
    assert second.wait(60) == 0


@pytest.mark.parametrize("name", ["a $HOME", "a {b}", "a:b", "a\nb"])
def test_a_folder_that_pythons_tools_cannot_take_is_told(project: Project, name: str) -> None:
    project.folder = project.folder.rename(project.folder.with_name(name))
    code, said = project.run()
    assert code == 1 and "Rename or move it" in said
    assert project.log() == []


def test_variables_meant_for_other_pythons_do_not_reach_pip(project: Project) -> None:
    assert project.run(PYTHONPATH="/opt/other")[0] == 0
    assert "packages" in project.log()


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("ERROR: No matching distribution found for apsw==3.54.1", "no such package for this machine"),
        ("  OSError: [Errno 28] No space left on device\nERROR: Could not install packages", "full: free some"),
        ("ERROR: Exception:\nOSError: [Errno 28] No space left on device", "  OSError: [Errno 28] No space"),
        ("ERROR: Could not fetch URL x: CERTIFICATE_VERIFY_FAILED", "certificate"),
        ("      ValueError: invalid variable 'x'\nERROR: Could not build wheels", "ValueError: invalid variable 'x'"),
    ],
)
def test_what_pip_could_not_do_is_explained(project: Project, says: str, told: str) -> None:
    project.mark("says", f"{says}\n")
    code, said = project.run()
    assert code == 1 and told in said and "Traceback" not in said
    assert says.splitlines()[-1] in said
    assert "Collecting" not in said
