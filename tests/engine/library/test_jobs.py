"""Jobs: items, counters, leases, taking over, pruning."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode, JobError
from engine.library import database, ingest, jobs, problems, upkeep
from engine.schemas.files import FoundFile
from tests.engine.library.locking import ROOT
from tests.engine.library.small_library import SmallLibrary, item

PATHS = [f"/photos/{i}.jpg" for i in range(6)]


def state_of(small: SmallLibrary, job_id: int) -> tuple[object, ...]:
    return small.rows("SELECT state, n_total, n_done, n_failed, n_skipped FROM jobs WHERE id = ?", job_id)[0]


def states(small: SmallLibrary, job_id: int) -> list[str]:
    return [str(row[0]) for row in small.rows("SELECT state FROM job_items WHERE job_id = ? ORDER BY seq", job_id)]


def fail(small: SmallLibrary, job_id: int, seq: int) -> None:
    found = FoundFile(PATHS[seq], "/photos", 10, 1)
    jobs.fail(small.conn, job_id, seq, problems.record(small.conn, found, "EMPTY_FILE", "It is empty.", "Copy it."))


def test_items_keep_their_order_over_several_chunks(small: SmallLibrary) -> None:
    content_id = small.add("/photos/1.jpg", "one")
    job_id = jobs.create(small.conn, "ingest", "photos", "small@1", {"paths": ["61"]}, "me", 60)
    jobs.add_items(small.conn, job_id, [FoundFile(path, "/photos", 10, 1) for path in PATHS[:3]], [None, content_id, None])
    jobs.add_items(small.conn, job_id, [FoundFile(path, "/photos", 10, 1) for path in PATHS[3:]], [None] * 3)
    assert state_of(small, job_id) == ("running", 6, 1, 0, 0)
    assert jobs.last_seq(small.conn, job_id) == 5 and jobs.last_seq(small.conn, job_id + 1) == -1
    assert jobs.scanned_paths(small.conn, job_id) == set(PATHS)
    assert jobs.options(small.conn, job_id) == {"paths": ["61"]}
    claimed = jobs.claim(small.conn, job_id, 3)
    assert [i.seq for i in claimed] == [0, 2, 3] and [i.path for i in claimed] == [PATHS[0], PATHS[2], PATHS[3]]
    assert states(small, job_id) == ["in_flight", "done", "in_flight", "in_flight", "pending", "pending"]
    assert [i.seq for i in jobs.claim(small.conn, job_id, 10)] == [4, 5]
    assert jobs.claim(small.conn, job_id, 10) == []
    answers = jobs.results(small.conn, job_id, 0, 2)
    assert [(a.seq, a.path, a.state, a.content_id) for a in answers] == [
        (1, PATHS[1], "done", content_id),
        (2, PATHS[2], "in_flight", None),
    ]


def test_a_job_that_rests_gives_nothing_out(small: SmallLibrary) -> None:
    job_id = small.job(PATHS)
    for state in ("paused", "cancelled"):
        jobs.set_state(small.conn, job_id, state)
        assert jobs.claim(small.conn, job_id, 10) == []
    assert states(small, job_id) == ["pending"] * 6


def test_a_job_ends_when_all_is_answered_for(small: SmallLibrary) -> None:
    job_id = jobs.create(small.conn, "ingest", "photos", "small@1", {}, "me", 60)
    jobs.add_items(small.conn, job_id, [FoundFile(path, "/photos", 10, 1) for path in PATHS[:2]], [None, None])
    small.through(job_id, jobs.claim(small.conn, job_id, 1))
    assert not jobs.finish_if_through(small.conn, job_id)
    jobs.claim(small.conn, job_id, 1)
    fail(small, job_id, 1)
    assert not jobs.finish_if_through(small.conn, job_id), "it is still being scanned"
    jobs.finish_scan(small.conn, job_id)
    assert jobs.finish_if_through(small.conn, job_id) and not jobs.finish_if_through(small.conn, job_id)
    assert state_of(small, job_id) == ("done", 2, 1, 1, 0)
    job = jobs.get(small.conn, job_id, "me")
    assert not job.held_here and job.n_left == 0
    (answer,) = jobs.results(small.conn, job_id, 0, 10)
    assert (answer.code, answer.message, answer.way_out) == ("EMPTY_FILE", "It is empty.", "Copy it.")
    assert upkeep.check(small.path).ok


def test_a_job_whose_last_answers_came_while_it_rested_ends_when_resumed(small: SmallLibrary) -> None:
    job_id = small.job(PATHS[:1])
    claimed = jobs.claim(small.conn, job_id, 1)
    jobs.set_state(small.conn, job_id, "paused", "DISK_FULL", "The disk is full.")
    assert (jobs.get(small.conn, job_id).pause_code, jobs.get(small.conn, job_id).pause_reason) == (
        "DISK_FULL",
        "The disk is full.",
    )
    small.through(job_id, claimed)
    assert not jobs.finish_if_through(small.conn, job_id)
    jobs.set_state(small.conn, job_id, "running")
    job = jobs.get(small.conn, job_id)
    assert (job.state, job.pause_code, job.pause_reason) == ("done", None, None)


@pytest.mark.parametrize("end", ["done", "cancelled", "failed"])
def test_what_has_ended_stays_so(small: SmallLibrary, end: jobs.JobState) -> None:
    job_id = small.job(PATHS)
    jobs.set_state(small.conn, job_id, end)
    ended = small.rows("SELECT ended_at FROM jobs WHERE id = ?", job_id)
    assert ended[0][0]
    jobs.set_state(small.conn, job_id, end)
    for state in ("running", "paused", "queued"):
        with pytest.raises(JobError) as caught:
            jobs.set_state(small.conn, job_id, state)
        assert caught.value.code is ErrorCode.JOB_STATE and end in caught.value.message
    assert small.rows("SELECT ended_at FROM jobs WHERE id = ?", job_id) == ended


def test_there_is_no_such_job(small: SmallLibrary) -> None:
    with pytest.raises(JobError) as caught:
        jobs.get(small.conn, 77)
    assert caught.value.code is ErrorCode.JOB_NOT_FOUND
    with pytest.raises(JobError):
        jobs.set_state(small.conn, 77, "paused")
    assert not jobs.is_held(small.conn, 77)


def test_lists(small: SmallLibrary) -> None:
    first, second, third = (small.job(PATHS, owner=owner) for owner in ("me", "you", "me"))
    jobs.set_state(small.conn, second, "cancelled")
    jobs.set_state(small.conn, third, "paused")
    assert [job.id for job in jobs.listed(small.conn)] == [third, second, first]
    active = jobs.listed(small.conn, active_only=True, owner="me")
    assert [(job.id, job.held_here) for job in active] == [(third, True), (first, True)]
    assert not jobs.get(small.conn, first).held_here


# Answers that come twice, or from two processes

turn = st.tuples(st.sampled_from(["claim", "done", "fail", "requeue", "die"]), st.integers(0, len(PATHS) - 1))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(turn, max_size=25))
def test_counters_are_those_of_the_items_whatever_comes(small: SmallLibrary, turns: list[tuple[str, int]]) -> None:
    with small.tried():
        job_id = small.job(PATHS)
        answered: dict[int, str] = {}
        for kind, seq in turns:
            if kind == "claim":
                assert all(i.seq not in answered for i in jobs.claim(small.conn, job_id, 2))
            elif kind == "done":
                ingest.store(small.conn, job_id, small.model_id, [item(PATHS[seq], PATHS[seq], seq=seq)])
                answered[seq] = "done"
            elif kind == "fail":
                fail(small, job_id, seq)
                answered.setdefault(seq, "failed")
            elif kind == "requeue":
                jobs.requeue(small.conn, job_id, [seq])
            else:
                small.conn.execute("UPDATE jobs SET lease_owner = 'gone', lease_until = 0")
                jobs.take_over(small.conn, "me", 60)
        got = states(small, job_id)
        assert {seq: state for seq, state in enumerate(got) if state in ("done", "failed")} == answered
        n_done = sum(state == "done" for state in answered.values())
        assert state_of(small, job_id)[1:] == (6, n_done, len(answered) - n_done, 0)
        assert upkeep.broken_promises(small.conn) == []
        assert jobs.finish_if_through(small.conn, job_id) == (len(answered) == 6)


def test_a_second_failure_and_a_late_failure_change_nothing(small: SmallLibrary) -> None:
    job_id = small.job(PATHS[:2])
    claimed = jobs.claim(small.conn, job_id, 2)
    small.through(job_id, claimed[:1])
    for _ in range(2):
        fail(small, job_id, 0)
        fail(small, job_id, 1)
    assert state_of(small, job_id) == ("running", 2, 1, 1, 0)
    small.through(job_id, claimed[1:])
    assert state_of(small, job_id) == ("running", 2, 2, 0, 0)
    assert [answer.code for answer in jobs.results(small.conn, job_id, -1, 10)] == [None, None]


# Who holds what


@pytest.fixture
def dead_owner() -> str:
    """The name of a process of this machine that has ended."""
    code = "from engine.library import jobs; print(jobs.new_owner())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.fixture
def living_owner() -> Iterator[str]:
    """The name of another process of this machine, which lives until the test ends."""
    code = "from engine.library import jobs; import sys; print(jobs.new_owner(), flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.stdout.readline().strip()
        child.communicate("\n", timeout=60)


def test_owners_have_names_of_their_own() -> None:
    mine, again = jobs.new_owner(), jobs.new_owner()
    assert mine != again and mine.startswith(f"{socket.gethostname()}:{os.getpid()}:")


def test_a_living_process_keeps_its_job(small: SmallLibrary, living_owner: str) -> None:
    job_id = small.job(PATHS, owner=living_owner, ttl_s=-100)
    jobs.claim(small.conn, job_id, 2)
    # Its lease has run out, while its computer slept; but it is there.
    assert jobs.is_held(small.conn, job_id)
    assert jobs.take_over(small.conn, jobs.new_owner(), 60) == []
    assert states(small, job_id)[:2] == ["in_flight", "in_flight"]


def test_a_dead_process_loses_its_job_at_once(small: SmallLibrary, dead_owner: str) -> None:
    job_id = small.job(PATHS, owner=dead_owner, ttl_s=3600)
    done = small.job(PATHS, owner=dead_owner)
    jobs.set_state(small.conn, done, "cancelled")
    jobs.claim(small.conn, job_id, 2)
    assert not jobs.is_held(small.conn, job_id)
    me = jobs.new_owner()
    assert jobs.take_over(small.conn, me, 60) == [job_id]
    assert jobs.get(small.conn, job_id, me).held_here and jobs.is_held(small.conn, job_id)
    assert jobs.take_over(small.conn, me, 60) == [], "already mine"
    # What was in flight may be what took it down: nobody claims it untried.
    assert [i.seq for i in jobs.suspects(small.conn, job_id, 10)] == [0, 1]
    assert [i.n_crashes for i in jobs.suspects(small.conn, job_id, 10)] == [1, 1]
    assert [i.seq for i in jobs.claim(small.conn, job_id, 2)] == [2, 3]
    jobs.clear_suspects(small.conn, job_id, [1])
    assert [i.seq for i in jobs.suspects(small.conn, job_id, 10)] == [0]
    (cleared, *_) = jobs.claim(small.conn, job_id, 10)
    assert (cleared.seq, cleared.n_crashes) == (1, 1), "its crash is not forgotten"


def test_a_pid_used_again_is_another_process(small: SmallLibrary) -> None:
    started = int(psutil.Process().create_time() * 100)
    job_id = small.job(PATHS, owner=f"{socket.gethostname()}:{os.getpid()}:{started - 100_000}:cafe", ttl_s=3600)
    assert not jobs.is_held(small.conn, job_id)


def test_of_another_machine_the_lease_tells(small: SmallLibrary) -> None:
    lasting = small.job(PATHS, owner="elsewhere:1:1:cafe", ttl_s=3600)
    run_out = small.job(PATHS, owner="elsewhere:1:1:cafe", ttl_s=-1)
    assert jobs.take_over(small.conn, "me", 60) == [run_out]
    assert jobs.is_held(small.conn, lasting)


def test_nobody_takes_their_own_job_over(small: SmallLibrary) -> None:
    """After a sleep of the computer the lease has run out; what is in flight is at work still."""
    mine = small.job(PATHS, owner="me", ttl_s=-1)
    jobs.claim(small.conn, mine, 2)
    assert jobs.take_over(small.conn, "me", 60) == []
    assert states(small, mine)[:2] == ["in_flight", "in_flight"]


def test_a_process_that_may_not_be_asked_is_believed_as_long_as_its_lease(
    small: SmallLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(pid: int) -> None:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(jobs.psutil, "Process", denied)
    held = small.job(PATHS, owner=f"{socket.gethostname()}:1:1:cafe", ttl_s=3600)
    lost = small.job(PATHS, owner=f"{socket.gethostname()}:1:1:cafe", ttl_s=-1)
    assert jobs.is_held(small.conn, held) and not jobs.is_held(small.conn, lost)


def test_a_heartbeat_prolongs_what_is_mine_and_open(small: SmallLibrary) -> None:
    mine, yours, ended = small.job(owner="me", ttl_s=1), small.job(owner="you", ttl_s=1), small.job(owner="me", ttl_s=1)
    jobs.set_state(small.conn, ended, "cancelled")
    before = dict(small.rows("SELECT id, lease_until FROM jobs"))
    jobs.heartbeat(small.conn, "me", 500)
    after = dict(small.rows("SELECT id, lease_until FROM jobs"))
    assert after[mine] > time.time() + 400
    assert (after[yours], after[ended]) == (before[yours], before[ended])


def test_an_orderly_end_blames_nobody(small: SmallLibrary) -> None:
    mine, yours = small.job(PATHS, owner="me"), small.job(PATHS, owner="elsewhere:1:1:cafe")
    jobs.claim(small.conn, mine, 3)
    jobs.claim(small.conn, yours, 3)
    jobs.requeue(small.conn, mine, [0, 5])
    assert states(small, mine)[:2] == ["pending", "in_flight"]
    jobs.release(small.conn, "me")
    assert states(small, mine) == ["pending"] * 6 and states(small, yours)[0] == "in_flight"
    assert not jobs.is_held(small.conn, mine) and jobs.is_held(small.conn, yours)
    assert jobs.take_over(small.conn, "next", 60) == [mine]
    assert jobs.suspects(small.conn, mine, 10) == []


# Pruning


def ended(small: SmallLibrary, ended_at: str, n: int = 3) -> int:
    job_id = small.job([f"/photos/{i}.jpg" for i in range(n)])
    jobs.set_state(small.conn, job_id, "cancelled")
    small.conn.execute("UPDATE jobs SET ended_at = ? WHERE id = ?", (ended_at, job_id))
    return job_id


def items_left(small: SmallLibrary) -> dict[int, int]:
    return dict(small.rows("SELECT job_id, count(*) FROM job_items GROUP BY job_id"))  # type: ignore[arg-type]


def test_old_jobs_lose_their_items_and_nothing_else(small: SmallLibrary) -> None:
    # The first ended last: a long job may end after many that came later.
    long = ended(small, "2026-01-09")
    others = [ended(small, f"2026-01-0{day}") for day in range(1, 6)]
    running = small.job(PATHS)
    steps = 0
    while jobs.prune(small.conn, keep=2, ended_before="2026-02", limit=2):
        steps += 1
    assert items_left(small) == {long: 3, others[-1]: 3, running: 6}
    assert steps == 8, "3 items each of 4 jobs, 2 at a time"
    assert [job.n_total for job in jobs.listed(small.conn)] == [6, 3, 3, 3, 3, 3, 3]
    assert jobs.results(small.conn, others[0], -1, 10) == []
    assert upkeep.check(small.path).ok


def test_jobs_that_somebody_may_still_be_reading_are_left_alone(small: SmallLibrary) -> None:
    recent = [ended(small, "2026-01-09T12:30:00.000+00:00") for _ in range(4)]
    old = ended(small, "2026-01-09T11:59:59.000+00:00")
    while jobs.prune(small.conn, keep=1, ended_before="2026-01-09T12:00:00.000+00:00", limit=100):
        pass
    assert items_left(small) == dict.fromkeys(recent, 3) and old not in items_left(small)


def test_a_pruning_cut_off_goes_on(small: SmallLibrary) -> None:
    job_id = ended(small, "2020", n=5)
    assert jobs.prune(small.conn, keep=0, ended_before="2026", limit=2)
    assert items_left(small) == {job_id: 3} and upkeep.check(small.path).ok
    assert jobs.prune(small.conn, keep=0, ended_before="2026", limit=9)
    assert not jobs.prune(small.conn, keep=0, ended_before="2026", limit=9)
    assert items_left(small) == {}


def test_a_job_taken_over_in_another_process_is_seen_here(small: SmallLibrary, dead_owner: str) -> None:
    job_id = small.job(PATHS, owner=dead_owner)
    other = database.connect(small.path)
    assert jobs.take_over(other, jobs.new_owner(), 60) == [job_id]
    other.close()
    assert jobs.take_over(small.conn, jobs.new_owner(), 60) == []
