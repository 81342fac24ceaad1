"""``lightdesk jobs``: list, pause, resume, cancel."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from engine.cli.interrupt import Interrupted
from engine.cli.output import say, write_json, write_line, write_table
from engine.cli.running import running
from engine.library import database, jobs, migrations
from engine.library.database import Connection
from engine.library.writer import Writer
from engine.schemas.job import Job, JobState
from engine.settings import library_path, load

T = TypeVar("T")
_ACTIONS: dict[str, JobState] = {"pause": "paused", "resume": "running", "cancel": "cancelled"}


def print_jobs(library: Path | None, *, as_json: bool) -> int:
    """Print the library's jobs, newest first."""
    path = _path(library)
    conn = migrations.open_for_reading(path)
    try:
        with database.translated(path):
            found = jobs.listed(conn)
            held = {job.id for job in found if jobs.is_held(conn, job.id)}
    finally:
        conn.close()
    if as_json:
        write_json([_as_data(job, job.id in held) for job in found])
    elif not found:
        write_line("There are no jobs.")
    else:
        rows = [
            (
                str(j.id),
                _state(j, j.id in held),
                f"{j.n_done:,}/{j.n_total:,}",
                f"{j.n_failed:,}",
                j.created_at,
                j.title,
            )
            for j in found
        ]
        write_table(("job", "state", "done", "failed", "begun (UTC)", "what"), _readable_times(rows), right=(0, 2, 3))
    return 0


def change_job(library: Path | None, action: str, job_id: int, *, as_json: bool) -> int:
    """Pause, resume or cancel a job.

    The process that works on it follows within a second. A job that nobody works on goes on here when
    it is resumed, until it has ended or Ctrl+C.
    """
    path = _path(library)
    migrations.open_for_reading(path).close()

    def change(conn: Connection) -> tuple[Job, bool]:
        jobs.set_state(conn, job_id, _ACTIONS[action])
        return jobs.get(conn, job_id), jobs.is_held(conn, job_id)

    job, held = _write(path, change)
    if action == "resume" and not held:
        return _work(path, job, as_json=as_json)
    return _tell(job, held, as_json=as_json)


def _work(path: Path, job: Job, *, as_json: bool) -> int:
    """Go on with a job in this process."""
    try:
        with running({"library": path, "model": job.model_ref}, adopt_jobs=True) as now:
            for _items in now.following.results(job.id, ours=False):
                pass
    except Interrupted as stopped:
        say(f"Stopped. `lightdesk jobs resume {job.id}` or the window goes on with it.")
        return stopped.exit_code
    conn = migrations.open_for_reading(path)
    try:
        job = jobs.get(conn, job.id)
    finally:
        conn.close()
    _tell(job, False, as_json=as_json)
    return 1 if job.n_failed else 0


def _write(path: Path, change: Callable[[Connection], T]) -> T:
    writer = Writer(path)
    try:
        return writer.submit(change, urgent=True).result()
    finally:
        writer.close()


def _tell(job: Job, held: bool, *, as_json: bool) -> int:
    if as_json:
        write_json(_as_data(job, held))
    else:
        failed = f", {job.n_failed:,} failed" if job.n_failed else ""
        write_line(f"Job {job.id} ({job.title}): {_state(job, held)}, {job.n_done:,} of {job.n_total:,} done{failed}.")
    return 0


def _state(job: Job, held: bool) -> str:
    if job.state == "paused" and job.pause_reason:
        return f"paused ({job.pause_code})"
    # A process that died left it so: whoever starts next takes it over.
    return "left behind" if job.state == "running" and not held else job.state


def _as_data(job: Job, held: bool) -> dict[str, object]:
    data = dataclasses.asdict(job)
    del data["held_here"]
    return {**data, "n_left": job.n_left, "held": held}


def _readable_times(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [(*row[:4], row[4][:19].replace("T", " "), row[5]) for row in rows]


def _path(library: Path | None) -> Path:
    return library_path(load({"library": library}))
