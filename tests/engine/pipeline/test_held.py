"""What is known of jobs: states by whoever changed them, counters by whoever stored, turns in fairness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.pipeline.held import HeldJobs
from engine.schemas.job import Job


def job(job_id: int = 1, **values: Any) -> Job:
    return replace(
        Job(job_id, "ingest", "running", "photos", "fake@1", False, 100, 0, 0, 0, "2026-01-01", held_here=True),
        **values,
    )


def test_an_old_row_does_not_undo_a_newer_wish() -> None:
    held = HeldJobs()
    held.add(job())
    held.took_off(1, [0, 1, 2])
    held.update(job(state="paused"))
    # Committed before the pause, told of after it.
    told = held.stored(job(n_done=2), [0, 1])
    assert (told.state, told.n_done) == ("paused", 2)
    assert held.runnable() == [] and held.n_in_flight == 1
    held.update(job(state="running", n_done=2))
    told = held.stored(job(state="paused", n_done=3), [2])
    assert (told.state, told.n_done) == ("running", 3)
    assert held.runnable() == [1] and held.n_in_flight == 0


def test_ended_jobs_are_forgotten_and_leave_nothing() -> None:
    held = HeldJobs()
    for state in ("done", "cancelled"):
        held.add(job())
        held.took_off(1, [7])
        if state == "done":
            held.stored(job(state="done"), [7])
        else:
            held.update(job(state="cancelled"))
            assert held.n_in_flight == 1  # still in the queues
            held.stored(job(state="cancelled"), [7])
        assert held.all() == [] and held.n_in_flight == 0 and held._stored == {} and held._in_flight == {}
    # What is read late, of a job that is through, does not bring it back.
    held.add(job(state="done"))
    held.update(job())
    assert held.all() == []


def test_of_a_job_that_is_not_held_nothing_is_kept() -> None:
    """Its last answers come when another process has it; those of the express lane, before it is held."""
    held = HeldJobs()
    held.took_off(1, [0, 1])
    assert held.stored(job(n_done=2), [0, 1]).n_done == 2
    assert held.n_in_flight == 0 and held._stored == {} and held.all() == []


def test_turns_go_round() -> None:
    held = HeldJobs()
    for job_id in (3, 1, 2):
        held.add(job(job_id))
    turns = []
    for _ in range(6):
        first = held.runnable()[0]
        turns.append(first)
        held.fed(first)
    assert turns == [1, 2, 3, 1, 2, 3]
    held.update(job(2, state="paused"))
    held.fed(1)
    assert held.runnable() == [3, 1]


def test_a_folder_is_waited_for_until_the_job_goes_on() -> None:
    held = HeldJobs()
    held.add(job())
    assert held.went_offline(1, "/drive") and not held.went_offline(1, "/other")
    assert held.offline(1) == "/drive"
    held.update(job(state="running"))
    assert held.offline(1) is None and held.went_offline(1, "/other")


def test_a_folder_found_away_is_not_noted_against_a_wish_to_go_on() -> None:
    """It takes a while to look: noted late, it would keep the job from being paused again."""
    held = HeldJobs()
    held.add(job(state="paused"))
    held.waits_for(1, "/drive")
    assert held.offline(1) == "/drive"
    held.update(job(state="running"))
    held.waits_for(1, "/drive")
    held.waits_for(2, "/drive")
    assert held.went_offline(1, "/drive") and held.offline(2) is None


def test_rate_is_of_the_last_seconds(monkeypatch) -> None:
    held = HeldJobs()
    held.add(job())
    now_s = 100.0
    monkeypatch.setattr("engine.pipeline.held.time.monotonic", lambda: now_s)
    assert held.rate_per_s(1) is None
    for _ in range(20):
        held.stored(job(), range(32))
        now_s += 1.0
    rate = held.rate_per_s(1)
    assert rate is not None and 28 <= rate <= 36
    assert len(held._stored[1]) <= 7  # flat, however long the job
    now_s += 60
    assert held.rate_per_s(1) is None  # it has stood still
