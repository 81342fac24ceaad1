"""A library that another process has locked: nothing fails, a person is told, and all goes on after."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Gate, Watched, until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of

_HOLDS_THE_LOCK = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
conn.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
conn.execute("ROLLBACK")
"""


@contextmanager
def locked(library: Path) -> Iterator[None]:
    """Hold the lock for writing, in another process."""
    command = [sys.executable, "-c", _HOLDS_THE_LOCK, str(library)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        yield
        child.stdin.write("\n")
        child.stdin.close()
    assert child.returncode == 0


@pytest.mark.parametrize(
    "for_s", [1.0, pytest.param(30.0, marks=pytest.mark.slow)], ids=["some seconds", "half a minute"]
)
def test_nothing_fails_and_all_goes_on(
    for_s: float, start: Callable[..., Watched], gate: Gate, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 200)
    now = start()
    gate.let(40)
    job_id = now.engine.submit([str(folder)])
    until(lambda: now.engine.info().contents >= 30)
    labelled = threading.Event()

    def label() -> None:
        now.engine.label([1], "by a person")
        labelled.set()

    with locked(now.engine.library_path):
        gate.open()
        thread = threading.Thread(target=label)
        thread.start()
        until(lambda: now.shown(job_id) == ("paused", "LIBRARY_BUSY"))
        assert not labelled.wait(for_s)
        assert now.shown(job_id) == ("paused", "LIBRARY_BUSY")
        # Looking is not held up.
        assert 30 <= now.engine.info().contents < 200
        assert now.engine.record(1, 1)["success"]
    thread.join(20)
    assert labelled.is_set()
    now.until_done(job_id)
    assert now.failures() == ["LIBRARY_BUSY"]
    now.close()
    whole = whole_library(now.engine.library_path)
    assert whole == undisturbed([str(folder)], tmp_path / "other.sqlite")


def test_a_lock_of_a_moment_is_not_told_of(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    gate.let(20)
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 60))])
    until(lambda: now.engine.info().contents >= 10)
    monkeypatch.setattr("engine.pipeline.patience.BUSY_AFTER_S", 30.0)
    with locked(now.engine.library_path):
        gate.open()
        until(lambda: gate.n_answered >= 40)
    now.until_done(job_id)
    assert now.failures() == []
