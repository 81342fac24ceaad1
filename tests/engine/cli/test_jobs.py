"""`lightdesk jobs`, also while another process works on them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from engine.service import Engine
from engine.settings import library_path, load
from tests.engine.cli.running import classifying, command, environment, posix, started
from tests.images import folder_of
from tests.waiting import until


def jobs_of(lightdesk, path: Path) -> list[dict[str, object]]:
    return json.loads(lightdesk("jobs", "--library", path, "--json").out)


def test_list(library: Path, tmp_path: Path, lightdesk) -> None:
    assert lightdesk("jobs", "--library", library).out.count("\n") == 2
    (job,) = jobs_of(lightdesk, library)
    assert (job["state"], job["n_total"], job["n_done"], job["n_failed"], job["n_left"]) == ("done", 6, 5, 1, 0)
    empty = tmp_path / "empty.lightdesk"
    lightdesk("library", "create", empty)
    assert lightdesk("jobs", "--library", empty).out == "There are no jobs.\n"
    assert jobs_of(lightdesk, empty) == []


def test_jobs_that_cannot_be_changed(library: Path, lightdesk) -> None:
    for action in ("pause", "resume", "cancel"):
        done = lightdesk("jobs", action, 77, "--library", library)
        assert done.code == 1 and "no job 77" in done.err
    done = lightdesk("jobs", "pause", 1, "--library", library)
    assert done.code == 1 and "already ended" in done.err
    assert lightdesk("jobs", "pause", "--library", library).code == 2
    assert lightdesk("jobs", "list", 1, "--library", library).code == 2
    assert lightdesk("jobs", "explode", 1).code == 2


def paused_job(path: Path, folder: Path) -> int:
    """A job whose window was closed before it began."""
    engine = Engine(load({"library": path, "model": "fake"}))
    engine.start()
    job_id = engine.submit([str(folder)])
    engine.pause(job_id)
    engine.close()
    return job_id


def test_resume_goes_on_here_when_nobody_works_on_it(library: Path, tmp_path: Path, lightdesk) -> None:
    job_id = paused_job(library, folder_of(tmp_path / "more", 20, seed=70))
    done = lightdesk("jobs", "resume", job_id, "--library", library)
    assert done.code == 0 and "done" in done.out, done
    assert jobs_of(lightdesk, library)[0]["n_done"] == 20


def test_cancel(library: Path, tmp_path: Path, lightdesk) -> None:
    job_id = paused_job(library, folder_of(tmp_path / "more", 20, seed=70))
    assert "cancelled" in lightdesk("jobs", "cancel", job_id, "--library", library).out
    done = lightdesk("jobs", "resume", job_id, "--library", library)
    assert done.code == 1 and "already ended" in done.err


def test_resume_says_how_many_failed(library: Path, tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "more", 2, seed=70)
    (folder / "0001.jpg").write_bytes(b"\xff\xd8\xff broken too")
    job_id = paused_job(library, folder)
    done = lightdesk("jobs", "resume", job_id, "--library", library)
    assert done.code == 1 and "1 of 2 done, 1 failed" in done.out
    done = json.loads(lightdesk("jobs", "cancel", paused_job(library, folder), "--library", library, "--json").out)
    assert (done["state"], done["held"], done["title"]) == ("cancelled", False, "more")


@posix
@pytest.mark.slow
def test_pause_and_resume_from_another_process(tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "photos", 1500)
    path = library_path(load())
    said = tmp_path / "said"
    with (
        said.open("w") as err,
        classifying(folder, stderr=err) as child,
    ):
        assert child.stdout is not None
        child.stdout.readline()
        # Read on all the time: a full pipe would hold the command, and what it has to say.
        lines: list[str] = []
        reading = threading.Thread(target=lines.extend, args=(child.stdout,))
        reading.start()
        assert lightdesk("jobs", "pause", 1).code == 0
        # Nobody looks at a terminal: what follows the log must hear why nothing comes.
        words = "Job 1 was paused from elsewhere. `lightdesk jobs resume 1` goes on."
        until(lambda: words in said.read_text("utf-8"), "it rests without a word")
        counts = [-1]

        def rests() -> bool:
            counts.append(int(str(jobs_of(lightdesk, path)[0]["n_done"])))
            time.sleep(0.3)
            return counts[-1] == counts[-2]

        until(rests, "it did not come to rest")
        job = jobs_of(lightdesk, path)[0]
        assert job["state"] == "paused" and job["held"] and counts[-1] < 1500
        assert "running" in lightdesk("jobs", "resume", 1).out
        reading.join(60)
        assert child.wait(60) == 0
    assert len(lines) == 1499


@posix
def test_cancel_from_another_process_ends_the_run_in_words(tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "photos", 1500)
    with classifying(folder) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        assert lightdesk("jobs", "cancel", 1).code == 0
        out = child.stdout.read()
        assert child.wait(60) == 1
        assert child.stderr.read() == "lightdesk: Job 1 was cancelled from elsewhere.\n"
    assert len(out.splitlines()) < 1499
    assert jobs_of(lightdesk, library_path(load()))[0]["state"] == "cancelled"


def kill_after_the_first_record(folder: Path) -> None:
    with classifying(folder) as child:
        assert child.stdout is not None
        child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)


@posix
def test_a_killed_job_is_left_behind_and_goes_on(tmp_path: Path, lightdesk) -> None:
    kill_after_the_first_record(folder_of(tmp_path / "photos", 600))
    assert "left behind" in lightdesk("jobs").out
    done = lightdesk("jobs", "resume", 1)
    assert done.code == 0, done
    facts = json.loads(lightdesk("library", "info", "--json").out)
    assert (facts["contents"], facts["files"], facts["predictions"]) == (600, 600, 600)
    assert lightdesk("library", "check").code == 0


@posix
def test_a_resumed_job_that_is_stopped_goes_on_later(tmp_path: Path, lightdesk) -> None:
    """Ctrl+C stops this process, not the job: it was not made for this run."""
    kill_after_the_first_record(folder_of(tmp_path / "photos", 1500))
    path = library_path(load())
    with started(command("jobs", "resume", "1"), stderr=subprocess.PIPE, text=True, env=environment()) as child:
        n_before = jobs_of(lightdesk, path)[0]["n_done"]
        until(lambda: jobs_of(lightdesk, path)[0]["n_done"] != n_before, "it did not go on")
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        assert child.stderr is not None
        assert child.stderr.read() == "Stopped. `lightdesk jobs resume 1` or the window goes on with it.\n"
    job = jobs_of(lightdesk, path)[0]
    assert (job["state"], job["held"]) == ("running", False) and 0 < int(str(job["n_left"])) < 1500
