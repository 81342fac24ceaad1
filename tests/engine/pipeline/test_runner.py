"""Jobs side by side, paused, cancelled and hurried, with pictures in flight: nothing lost, nothing leaked."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import priority
from engine.errors import ErrorCode, LibraryError
from engine.events import JobChanged, PredictionsStored
from engine.library import database, ingest, jobs
from engine.pipeline.preparing import Preparer
from engine.pipeline.runner import _IN_FLIGHT, Pipeline
from engine.pipeline.storing import Storer
from engine.service import Engine
from tests.faults.conftest import Gate, Watched, until
from tests.images import encoded, folder_of, picture

Start = Callable[..., Watched]


def pipeline_of(engine: Engine) -> Pipeline:
    assert engine._pipeline is not None
    return engine._pipeline


def in_flight(engine: Engine) -> int:
    return pipeline_of(engine)._held.n_in_flight


def items_by_state(engine: Engine, job_id: int) -> dict[str, int]:
    conn = database.connect(engine.library_path, read_only=True)
    try:
        rows = conn.execute("SELECT state, count(*) FROM job_items WHERE job_id = ? GROUP BY state", (job_id,))
        return dict(rows.fetchall())
    finally:
        conn.close()


def full_queues(now: Watched, gate: Gate, folder: Path) -> int:
    """Drop a folder of which hardly anything is answered: all queues before the model fill up."""
    gate.let(1)
    job_id = now.engine.submit([str(folder)])
    until(lambda: in_flight(now.engine) > _IN_FLIGHT - 32)
    return job_id


def test_pause_with_pictures_in_flight(start: Start, gate: Gate, tmp_path: Path) -> None:
    now = start()
    job_id = full_queues(now, gate, folder_of(tmp_path / "photos", 200))
    now.engine.pause(job_id)
    gate.open()
    until(lambda: in_flight(now.engine) == 0)
    job = now.engine.wait(job_id, 0)
    # What was in flight is kept, and nothing more is begun.
    assert job.state == "paused" and 0 < job.n_done <= _IN_FLIGHT
    assert set(items_by_state(now.engine, job_id)) == {"done", "pending"}
    states = [e.progress.job.state for e in now.told if isinstance(e, JobChanged) and e.progress.job.id == job_id]
    assert "running" not in states[states.index("paused") :], "a job that rests was told of as running"
    now.engine.resume(job_id)
    now.until_done(job_id)
    assert now.engine.wait(job_id, 0).n_done == 200 and gate.n_answered == 200


def test_resume_of_a_job_whose_last_pictures_came_while_it_rested(start: Start, gate: Gate, tmp_path: Path) -> None:
    now = start()
    gate.let(1)
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 40))])
    until(lambda: items_by_state(now.engine, job_id).get("pending", 0) == 0 and in_flight(now.engine) > 0)
    now.engine.pause(job_id)
    gate.open()
    until(lambda: in_flight(now.engine) == 0)
    assert now.engine.wait(job_id, 0).n_left == 0
    assert now.engine.wait(job_id, 0).state == "paused"
    now.engine.resume(job_id)
    now.until_done(job_id)


def test_cancel_with_pictures_in_flight(start: Start, gate: Gate, tmp_path: Path) -> None:
    now = start()
    job_id = full_queues(now, gate, folder_of(tmp_path / "photos", 200))
    now.engine.cancel(job_id)
    gate.open()
    until(lambda: in_flight(now.engine) == 0)
    assert now.engine.wait(job_id, 0).state == "cancelled"
    # What was still before the decoders is not even read.
    assert now.engine.info().contents < _IN_FLIGHT
    assert pipeline_of(now.engine).states() == {}
    other = now.engine.submit([str(folder_of(tmp_path / "other", 20, seed=1000))])
    now.until_done(other)
    assert now.engine.wait(other, 0).n_done == 20


def test_jobs_that_are_through_leave_nothing_behind(start: Start, tmp_path: Path) -> None:
    now = start()
    for i in range(12):
        folder = folder_of(tmp_path / f"{i}", 3, seed=10 * i)
        now.until_done(now.engine.submit([str(folder)], urgent=bool(i % 2)))
    held = pipeline_of(now.engine)._held
    until(lambda: held.all() == [])  # a scan's last word may come after the end, and is put right by the feeder
    assert held.n_in_flight == 0 and held._in_flight == {} and held._stored == {} and held._offline == {}


def test_a_small_job_does_not_wait_for_a_large_one(start: Start, gate: Gate, tmp_path: Path) -> None:
    now = start()
    large = full_queues(now, gate, folder_of(tmp_path / "large", 300))
    small = now.engine.submit([str(folder_of(tmp_path / "small", 60, seed=5000))])
    until(lambda: not now.engine.wait(small, 0).scanning)
    gate.let(10_000)
    now.until_done(small)
    done = next(e for e in now.told if isinstance(e, JobChanged) and e.progress.job == now.engine.wait(small, 0))
    before = now.told[: now.told.index(done)]
    n_large = sum(len(e.content_ids) for e in before if isinstance(e, PredictionsStored) and e.job_id == large)
    # What was in flight already, and turn by turn from then on; not the whole of it.
    assert n_large <= _IN_FLIGHT + 60 + 3 * 32
    now.until_done(large)


def test_a_claim_that_fails_leaves_nothing_in_flight(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = jobs.claim
    n_calls = 0

    def claim(*arguments: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        items = real(*arguments)
        if n_calls in (2, 3, 4):
            raise LibraryError(ErrorCode.DISK_FULL, "no room for the claim")
        if n_calls in (6, 7):
            raise RuntimeError("a bug")
        return items

    monkeypatch.setattr(jobs, "claim", claim)
    now = start()
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 300))])
    now.until_done(job_id)
    assert now.engine.wait(job_id, 0).n_done == 300
    until(lambda: in_flight(now.engine) == 0)


def test_what_cannot_be_stored_is_named_and_takes_nothing_with_it(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ingest.store

    def store(conn: Any, job_id: Any, model_id: Any, items: Any) -> Any:
        if any(item.path.endswith("0007.jpg") for item in items):
            raise IndexError("a bug")
        return real(conn, job_id, model_id, items)

    monkeypatch.setattr(ingest, "store", store)
    now = start()
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 100))])
    now.until_done(job_id)
    job = now.engine.wait(job_id, 0)
    assert (job.n_done, job.n_failed) == (99, 1)
    until(lambda: in_flight(now.engine) == 0)  # told of after the commit
    view = now.engine.view()
    (problem,) = view.problems()
    view.close()
    assert problem.code == "INTERNAL" and problem.path.endswith("0007.jpg")


# The express lane


def test_a_picture_dropped_alone_goes_before_a_running_folder(start: Start, gate: Gate, tmp_path: Path) -> None:
    """All queues are full, and the model answers nobody else."""
    now = start()
    folder_job = full_queues(now, gate, folder_of(tmp_path / "photos", 200))
    before = now.engine.info().contents
    alone = tmp_path / "alone.jpg"
    alone.write_bytes(encoded(picture(7777), "JPEG"))
    job = now.engine.wait(now.engine.submit([str(alone)]), 20)
    assert (job.state, job.n_done) == ("done", 1)
    assert now.engine.info().contents <= before + 9  # nothing of the folder but what had been let through
    awaited = [e for e in now.told if isinstance(e, PredictionsStored) and e.awaited]
    assert len(awaited) == 1
    gate.open()
    now.until_done(folder_job)


def test_prioritise_answers_for_a_known_content_without_prediction(start: Start, gate: Gate, tmp_path: Path) -> None:
    now = start()
    now.until_done(now.engine.submit([str(folder_of(tmp_path / "known", 3))]))
    engine = now.engine

    def forget(conn: Any) -> None:
        """As if another model had answered until now."""
        conn.execute("DELETE FROM predictions WHERE content_id = 2")
        conn.execute("DELETE FROM vectors_1 WHERE rowid = 2")

    engine._write(forget)
    with engine._cache._used() as store:
        for key in [key for key in store if key.startswith("p1:")]:
            store.delete(key)
    folder_job = full_queues(now, gate, folder_of(tmp_path / "photos", 200, seed=100))
    assert engine.info().embeddings < engine.info().contents
    engine.prioritise(2)

    def answered() -> bool:
        view = engine.view()
        try:
            detail = view.detail(2, engine.model_ref)
            return detail is not None and bool(detail.predictions)
        finally:
            view.close()

    until(answered)
    n_told = len(now.told)
    engine.prioritise(2)  # has it: nothing to do
    time.sleep(0.1)
    assert not [e for e in now.told[n_told:] if isinstance(e, PredictionsStored) and e.awaited]
    gate.open()
    now.until_done(folder_job)
    assert engine.info().problems == 0


# Memory


def test_queues_stay_bounded_behind_a_slow_storer(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_prepared = n_stored = most = 0
    lock = threading.Lock()
    go_on = threading.Event()
    prepare, store_now = Preparer.prepare, Storer.store_now

    def counted(self: Preparer, ticket: Any) -> Any:
        nonlocal n_prepared, most
        with lock:
            n_prepared += 1
            most = max(most, n_prepared - n_stored)
        return prepare(self, ticket)

    def slow(self: Storer, results: Any, *, urgent: bool) -> None:
        nonlocal n_stored
        if not go_on.is_set():
            go_on.wait(0.2)
        store_now(self, results, urgent=urgent)
        with lock:
            n_stored += len(results)

    monkeypatch.setattr(Preparer, "prepare", counted)
    monkeypatch.setattr(Storer, "store_now", slow)
    now = start()
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 400))])
    until(lambda: n_stored >= 128)
    assert most <= _IN_FLIGHT + 32  # and a group whose commit is just being told of
    go_on.set()
    now.until_done(job_id)
    assert most <= _IN_FLIGHT + 32 and now.engine.wait(job_id, 0).n_done == 400


# Priority


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="no nice values here")
def test_stepping_back_never_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(priority.sys, "platform", "linux")
    monkeypatch.setattr(priority.os, "setpriority", lambda which, who, value: asked.append(value))
    for now, wanted in ((0, [10]), (10, []), (15, [])):
        asked.clear()
        monkeypatch.setattr(priority.os, "getpriority", lambda which, who, now=now: now)
        priority.step_back()
        assert asked == wanted
