"""What the pipeline reads and writes of a job's rows, each within one transaction."""

from __future__ import annotations

from engine.errors import ErrorCode
from engine.library import jobs
from engine.library.database import Connection
from engine.schemas.job import Job, JobItem

OFFLINE = str(ErrorCode.SOURCE_OFFLINE)


def claim(job_id: int, owner: str, limit: int, conn: Connection) -> tuple[list[JobItem], Job, bool]:
    """Return what may be worked on now, the job, and whether something of it must be tried in a child first."""
    job = jobs.get(conn, job_id, owner)
    if not job.held_here or job.state != "running":
        return [], job, False
    items = jobs.claim(conn, job_id, limit)
    suspicious = len(items) < limit and bool(jobs.suspects(conn, job_id, 1))
    if not items and not suspicious and jobs.finish_if_through(conn, job_id):
        job = jobs.get(conn, job_id, owner)
    return items, job, suspicious


def paused(job_id: int, owner: str, code: str, reason: str, conn: Connection) -> Job:
    """Let a running job rest and return it; a person's wish, to rest or to end, stands."""
    if jobs.get(conn, job_id).state == "running":
        jobs.set_state(conn, job_id, "paused", code, reason)
    return jobs.get(conn, job_id, owner)


def resumed(job_id: int, owner: str, conn: Connection) -> Job | None:
    """Go on with a job that rests for a folder, and return it; None where a person has decided otherwise."""
    job = jobs.get(conn, job_id)
    if job.state != "paused" or job.pause_code != OFFLINE:
        return None
    jobs.set_state(conn, job_id, "running")
    return jobs.get(conn, job_id, owner)
