"""How fast a job goes and how long it still takes, as the activity bar and `lightdesk jobs` show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.events import JobChanged
from engine.pipeline.held import HeldJobs
from engine.schemas.job import Job, JobProgress
from tests.faults.conftest import Gate, Watched, until
from tests.images import folder_of


def shown(now: Watched, job_id: int) -> JobProgress:
    (progress,) = [progress for progress in now.engine.progress() if progress.job.id == job_id]
    return progress


def test_time_left_is_what_is_left_by_the_rate(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    gate.let(0)
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 60))])
    until(lambda: not shown(now, job_id).job.scanning)
    assert shown(now, job_id).rate_per_s is None and shown(now, job_id).eta_s is None, "nothing has been stored yet"
    rate: float | None = 4.0
    monkeypatch.setattr(HeldJobs, "rate_per_s", lambda _held, held_id: rate if held_id == job_id else None)
    gate.let(20)
    until(lambda: 0 < shown(now, job_id).job.n_done < 60)
    progress = shown(now, job_id)
    assert progress.rate_per_s == 4.0 and progress.eta_s == progress.job.n_left / 4.0
    assert 0 < progress.job.n_left == 60 - progress.job.n_done
    rate = None
    assert shown(now, job_id).eta_s is None
    rate = 0.0
    assert shown(now, job_id).eta_s is None, "never is no time"
    rate = 4.0
    now.engine.pause(job_id)
    assert (shown(now, job_id).rate_per_s, shown(now, job_id).eta_s) == (None, None), "a job that rests has no rate"
    now.engine.resume(job_id)
    gate.open()
    now.until_done(job_id)


def test_while_a_folder_is_still_read_there_is_a_rate_but_no_end(
    start: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    pipeline = now.engine._pipeline
    assert pipeline is not None
    monkeypatch.setattr(HeldJobs, "rate_per_s", lambda _held, _job_id: 10.0)
    job = Job(1, "ingest", "running", "drop", "fake@1", True, 100, 20, 5, 5, "2026-01-01T00:00:00+00:00")
    progress = pipeline.progress(job)
    assert (progress.rate_per_s, progress.eta_s) == (10.0, None)


def test_a_real_run_tells_a_rate_that_fits(start: Callable[..., Watched], gate: Gate, tmp_path: Path) -> None:
    now = start()
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 300))])
    now.until_done(job_id)
    told = [event.progress for event in now.told if isinstance(event, JobChanged) and event.progress.job.id == job_id]
    moving = [progress for progress in told if progress.rate_per_s]
    assert moving, "the rate was told of while it ran"
    for progress in moving:
        if progress.eta_s is not None:
            assert progress.rate_per_s is not None
            assert progress.eta_s == pytest.approx(progress.job.n_left / progress.rate_per_s)
