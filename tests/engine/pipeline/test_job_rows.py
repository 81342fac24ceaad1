"""The rows decide: what a person has wished meanwhile, perhaps in another process, stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import JobError
from engine.library import database, jobs, migrations
from engine.library.database import Connection
from engine.pipeline import job_rows
from engine.schemas.files import FoundFile


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    migrations.open_library(tmp_path / "library.sqlite", create=True)
    conn = database.connect(tmp_path / "library.sqlite")
    yield conn
    conn.close()


def made(conn: Connection, *, owner: str = "me") -> int:
    job_id = jobs.create(conn, "ingest", "photos", "fake@1", {"paths": []}, owner, 15.0)
    jobs.add_items(conn, job_id, [FoundFile(f"/photos/{i}.jpg", "/photos", 1, 1) for i in range(3)], [None] * 3)
    jobs.finish_scan(conn, job_id)
    return job_id


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_an_offline_folder_neither_pauses_nor_resumes_against_a_wish(conn: Connection, state: str) -> None:
    job_id = made(conn)
    jobs.set_state(conn, job_id, state)
    job = job_rows.paused(job_id, "me", job_rows.OFFLINE, "away", conn)
    assert (job.state, job.pause_code) == (state, None)
    assert job_rows.resumed(job_id, "me", conn) is None
    assert jobs.get(conn, job_id).state == state


def test_an_offline_folder_pauses_and_resumes(conn: Connection) -> None:
    job_id = made(conn)
    job = job_rows.paused(job_id, "me", job_rows.OFFLINE, "away", conn)
    assert (job.state, job.pause_code, job.held_here) == ("paused", "SOURCE_OFFLINE", True)
    assert job_rows.claim(job_id, "me", 8, conn)[0] == []
    again = job_rows.resumed(job_id, "me", conn)
    assert again is not None and again.state == "running" and again.pause_code is None


def test_nothing_is_claimed_of_a_job_that_another_process_holds(conn: Connection) -> None:
    job_id = made(conn, owner="somebody else")
    items, job, suspicious = job_rows.claim(job_id, "me", 8, conn)
    assert items == [] and not job.held_here and not suspicious
    assert len(jobs.claim(conn, job_id, 8)) == 3  # untouched


def test_a_claim_ends_a_job_that_has_nothing_left(conn: Connection) -> None:
    job_id = made(conn)
    items, job, _ = job_rows.claim(job_id, "me", 8, conn)
    assert len(items) == 3 and job.state == "running"
    assert job_rows.claim(job_id, "me", 8, conn)[1].state == "running"  # in flight is not through
    conn.execute("UPDATE job_items SET state = 'done'")
    conn.execute("UPDATE jobs SET n_done = 3")
    assert job_rows.claim(job_id, "me", 8, conn)[1].state == "done"


def test_only_folders_with_open_items_are_waited_for(conn: Connection) -> None:
    job_id = made(conn)
    alone, elsewhere = FoundFile("/alone.jpg", "/alone.jpg", 1, 1), FoundFile("/more/1.jpg", "/more", 1, 1)
    jobs.add_items(conn, job_id, [alone, elsewhere], [None, None])
    assert sorted(jobs.pending_roots(conn, job_id)) == ["/more", "/photos"]
    conn.execute("UPDATE job_items SET state = 'done' WHERE seq < 3")
    assert jobs.pending_roots(conn, job_id) == ["/more"]


def test_a_job_that_is_not_there_is_an_error(conn: Connection) -> None:
    with pytest.raises(JobError):
        job_rows.claim(999, "me", 8, conn)
