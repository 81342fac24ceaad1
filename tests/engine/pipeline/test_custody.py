"""Jobs beside other processes: whose commits are told of, and what happens to jobs that rest."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from engine.events import Event, JobChanged, LibraryChanged
from engine.library import database
from engine.service import Engine
from engine.settings import load
from tests.images import folder_of

_OTHER_PROCESS = """
import sys
from pathlib import Path
from engine.library import commands
from engine.library.writer import Writer
writer = Writer(Path(sys.argv[1]))
writer.submit(lambda conn: commands.label(conn, [1], "from elsewhere", "ben"), urgent=True).result()
writer.close()
"""


def until(condition: Callable[[], bool], limit_s: float = 20.0) -> float:
    """Wait; returns the seconds it took."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < limit_s, "it did not come to pass"
        time.sleep(0.02)
    return time.monotonic() - began_s


def ready(engine: Engine) -> bool:
    return engine.model_state().phase == "ready"


def test_commits_of_another_process_are_told_within_two_seconds(engine: Engine, tmp_path: Path) -> None:
    engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 3))]), 30)
    told: list[Event] = []
    time.sleep(1.5)  # the first beat only learns where the counter stands
    engine.events.subscribe(told.append)
    subprocess.run([sys.executable, "-c", _OTHER_PROCESS, str(engine.library_path)], check=True)
    committed_s = time.monotonic()
    until(lambda: any(isinstance(event, LibraryChanged) for event in told))
    # A beat takes a second; the rest is for a busy machine.
    assert time.monotonic() - committed_s < 4.0


def test_own_commits_are_not_taken_for_those_of_others(engine: Engine, tmp_path: Path) -> None:
    until(lambda: ready(engine))
    told: list[Event] = []
    engine.events.subscribe(told.append)
    engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 60))]), 30)
    engine.label([1, 2], "Cat")
    time.sleep(2.5)
    assert not [event for event in told if isinstance(event, LibraryChanged)]


def test_resting_job_is_resumed_from_another_process(engine: Engine, tmp_path: Path) -> None:
    """Also one that was paused before there was a model, or taken over while it rested."""
    until(lambda: ready(engine))
    folder = folder_of(tmp_path / "photos", 400)
    job_id = engine.submit([str(folder)])
    engine.pause(job_id)
    assert engine.wait(job_id, 30).state == "paused"
    engine.close()
    second = Engine(load({"model": "fake"}))
    second.start()
    try:
        until(lambda: ready(second))
        until(lambda: _owner_of(second, job_id) is not None)  # taken over, and resting
        code = "import sys; from desktop.__main__ import main; sys.exit(main(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", code, "jobs", "resume", str(job_id)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert second.wait(job_id, 60).state == "done"
    finally:
        second.close()


def test_progress_of_a_job_paused_before_the_model_is_there(home: Path, tmp_path: Path) -> None:
    engine = Engine(load({"model": "fake"}))
    told: list[Event] = []
    engine.events.subscribe(told.append)
    engine.start()
    try:
        job_id = engine.submit([str(folder_of(tmp_path / "photos", 5))])
        engine.pause(job_id)
        until(lambda: ready(engine))
        assert engine.wait(job_id, 10).state == "paused"
        engine.resume(job_id)
        assert engine.wait(job_id, 30).n_done == 5
        states = [event.progress.job.state for event in told if isinstance(event, JobChanged)]
        assert "paused" in states and states[-1] in ("running", "done")
    finally:
        engine.close()


def _owner_of(engine: Engine, job_id: int) -> str | None:
    conn = database.connect(engine.library_path, read_only=True)
    try:
        rows = conn.execute("SELECT lease_owner FROM jobs WHERE id = ?", (job_id,)).fetchall()
    finally:
        conn.close()
    return rows[0][0] if rows else None
