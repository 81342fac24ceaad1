"""Suspects are tried beside the work, blamed only for what they did, and never hold up the end."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.library import database, problems
from engine.pipeline import trial
from engine.pipeline.trial import Trial
from engine.schemas.files import ImageLimits
from tests.faults.conftest import Gate, Watched, until
from tests.images import folder_of

Start = Callable[..., Watched]
LIMITS = ImageLimits(10**8, 10**8)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="children are scripts of a shell here")


def child_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Put another program in the place of the child."""
    script = tmp_path / "child.sh"
    script.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n", "utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(trial.sys, "executable", str(script))


def job_with_suspects(now: Watched, folder: Path, n: int, n_crashes: int) -> int:
    """A job of which the first n were in flight when a process died; it rests."""
    job_id = now.engine.submit([str(folder)])
    now.engine.pause(job_id)
    until(lambda: not now.engine.wait(job_id, 0).scanning)
    until(lambda: now.engine._pipeline is not None and now.engine._pipeline._held.n_in_flight == 0)

    now.engine._write(
        lambda conn: conn.execute(
            """UPDATE job_items SET suspect = 1, n_crashes = ? WHERE job_id = ? AND state = 'pending'
               AND seq IN (SELECT seq FROM job_items WHERE job_id = ? AND state = 'pending' ORDER BY seq LIMIT ?)""",
            (n_crashes, job_id, job_id, n),
        ).fetchall()
    )
    return job_id


def suspects(now: Watched) -> int:
    conn = database.connect(now.engine.library_path, read_only=True)
    try:
        return conn.execute("SELECT count(*) FROM job_items WHERE suspect = 1 AND state = 'pending'").fetchall()[0][0]
    finally:
        conn.close()


def test_verdicts_of_a_real_child(tmp_path: Path) -> None:
    good, broken, missing = (str(folder_of(tmp_path, 1) / "0000.jpg"), str(tmp_path / "b.jpg"), str(tmp_path / "no"))
    Path(broken).write_bytes(b"\xff\xd8\xff broken")
    assert Trial(LIMITS).survivors([good, broken, missing, os.fsdecode(b"/\xff\n"), good]) == [True] * 5


def test_a_fresh_child_after_each_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_that(
        tmp_path,
        monkeypatch,
        "echo ready",
        "while read -r line; do case $line in *deadly*) kill -9 $$;; *) echo survived;; esac; done",
    )
    paths = ["a", "deadly 1", "b", "deadly 2", "deadly 3", "c"]
    assert Trial(LIMITS).survivors(paths) == [True, False, True, False, False, True]


@pytest.mark.parametrize("how", ["no such program", "dies before it is ready"])
def test_nothing_is_blamed_where_no_child_starts(
    how: str, start: Start, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    gate.let(1)
    once = job_with_suspects(now, folder_of(tmp_path / "once", 60), 5, n_crashes=1)
    twice = job_with_suspects(now, folder_of(tmp_path / "twice", 60, seed=500), 5, n_crashes=2)
    if how == "no such program":
        monkeypatch.setattr(trial.sys, "executable", str(tmp_path / "nothing"))
    else:
        child_that(tmp_path, monkeypatch, "exit 1")
    gate.open()
    for job_id in (once, twice):
        now.engine.resume(job_id)
        now.until_done(job_id)
    assert now.engine.wait(once, 0).n_failed == 0
    assert now.engine.wait(twice, 0).n_failed == 5  # as often as it takes where nothing can be tried
    view = now.engine.view()
    assert {problem.code for problem in view.problems()} == {"QUARANTINED"}
    view.close()


def test_a_trial_that_hangs_holds_up_neither_other_jobs_nor_the_end(
    start: Start, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    gate.let(1)
    job_id = job_with_suspects(now, folder_of(tmp_path / "photos", 60), 5, n_crashes=1)
    child_that(tmp_path, monkeypatch, f"touch {tmp_path}/started", "echo ready", "exec sleep 100")
    gate.open()
    now.engine.resume(job_id)
    until((tmp_path / "started").exists)
    other = now.engine.submit([str(folder_of(tmp_path / "other", 60, seed=500))])
    now.until_done(other)
    until(lambda: now.engine.wait(job_id, 0).n_left == 5)  # its own others too
    assert now.close() < 6.0  # two seconds, on a machine with nothing else to do
    assert suspects(now) == 5
    monkeypatch.setattr(trial.sys, "executable", sys.executable)


def test_suspects_are_tried_once(
    start: Start, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    gate.let(1)
    job_id = job_with_suspects(now, folder_of(tmp_path / "photos", 60), 8, n_crashes=1)
    child_that(tmp_path, monkeypatch, "echo ready", f"while read -r line; do echo x >> {tmp_path}/tried; exit; done")
    gate.open()
    now.engine.resume(job_id)
    now.until_done(job_id)
    assert (tmp_path / "tried").read_text("utf-8").count("x") == 8
    assert now.engine.wait(job_id, 0).n_failed == 8
    view = now.engine.view()
    assert [problem.n_tries for problem in view.problems()] == [1] * 8
    view.close()


def test_suspects_that_cannot_be_written_down_are_left_for_the_next_start(
    start: Start, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = problems.record

    def record(conn: Any, found: Any, code: str, *texts: Any) -> int:
        if found.path.endswith("stuck.jpg"):
            raise IndexError("a bug")
        return real(conn, found, code, *texts)

    monkeypatch.setattr(problems, "record", record)
    now = start()
    gate.let(1)
    folder = folder_of(tmp_path / "photos", 60)
    (folder / "0050.jpg").rename(folder / "0050 stuck.jpg")
    (folder / "0059.jpg").rename(folder / "0059 stuck.jpg")
    job_id = job_with_suspects(now, folder, 60, n_crashes=1)
    n = suspects(now)
    child_that(tmp_path, monkeypatch, "echo ready", f"while read -r line; do echo x >> {tmp_path}/tried; exit; done")
    gate.open()
    now.engine.resume(job_id)
    until(lambda: now.engine.wait(job_id, 0).n_left == 2)
    time.sleep(1.0)  # ten turns of the feeder
    assert (tmp_path / "tried").read_text("utf-8").count("x") == n + 2 * 2
    assert suspects(now) == 2
    other = now.engine.submit([str(folder_of(tmp_path / "other", 20, seed=500))])
    now.until_done(other)


def test_stopping_from_another_thread_judges_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_that(tmp_path, monkeypatch, "echo ready", "read -r line; echo survived", f"touch {tmp_path}/one", "exec sleep 100")
    attempt = Trial(LIMITS)
    verdicts: list[list[bool | None]] = []
    thread = threading.Thread(target=lambda: verdicts.append(attempt.survivors(["a", "b", "c"])))
    thread.start()
    until((tmp_path / "one").exists)
    time.sleep(0.1)
    attempt.stop()
    thread.join(20)
    assert verdicts == [[True]]
    assert attempt.survivors(["a"]) == []
