"""What must fail a test does: each mistake is planted in a test of a child run, under the settings and hooks of this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Name of the planted test, and what its report must say; those that say nothing must pass.
PLANTED = {
    "python_thread": "threads outlived their test: planted",
    "qthread": "QThreads outlived their test: planted",
    "own_qthread": "QThreads outlived their test: Own",
    "python_warning": "UserWarning: planted",
    "deprecation": "DeprecationWarning: planted",
    "qt_warning": "planted warning of Qt",
    "error_in_a_thread": "PytestUnhandledThreadExceptionWarning",
    "error_in_a_finaliser": "PytestUnraisableExceptionWarning",
    "good": "",
    "threads_that_end": "",
}
_CODE = """
import threading, time, warnings
import tests.conftest, tests.desktop.conftest
from PySide6.QtCore import QThread, qWarning

tests.conftest._THREADS_END_WITHIN_S = tests.desktop.conftest._THREADS_END_WITHIN_S = 0.2
kept = []

class Own(QThread):
    def run(self):
        self.exec()

class Late(QThread):
    def run(self):
        time.sleep(0.05)

def started(thread):
    thread.start()
    kept.append(thread)
    return thread

def test_python_thread():
    started(threading.Thread(target=time.sleep, args=(2,), name="planted", daemon=True))

def test_qthread(qtbot):
    thread = QThread()
    thread.setObjectName("planted")
    started(thread)

def test_own_qthread(qtbot):
    started(Own())

def test_python_warning():
    warnings.warn("planted")

def test_deprecation():
    warnings.warn("planted", DeprecationWarning)

def test_qt_warning(qtbot):
    qWarning("planted warning of Qt")

def test_error_in_a_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

def test_error_in_a_finaliser():
    class Ends:
        def __del__(self):
            raise ValueError("planted")
    Ends()

def test_good(qtbot):
    pass

def test_threads_that_end(qtbot):
    started(Late())
    started(threading.Thread(target=time.sleep, args=(0.05,)))
"""


def child(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as here, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.qt
def test_what_is_planted_fails(tmp_path: Path) -> None:
    planted = tmp_path / "test_planted.py"
    planted.write_text(_CODE, "utf-8")
    done = child("-rA", "-p", "tests.conftest", "-p", "tests.desktop.conftest", planted)
    assert done.returncode == 1, done.stdout + done.stderr
    failed = {*re.findall(r"(?m)^(?:FAILED|ERROR) \S*::test_(\w+)", done.stdout)}
    assert failed == {name for name, says in PLANTED.items() if says}, done.stdout
    assert {*re.findall(r"(?m)^PASSED \S*::test_(\w+)", done.stdout)} >= PLANTED.keys() - failed, done.stdout
    for name in failed:
        report = done.stdout.partition(f" test_{name} __")[2].partition("\n____")[0]
        assert PLANTED[name] in report, f"{name}:\n{done.stdout}"
