"""Durable jobs: items, counters, leases."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Sequence
from typing import Any

import psutil

from engine.errors import ErrorCode, JobError
from engine.library.database import Connection, now
from engine.library.records import ItemResult
from engine.schemas.files import FoundFile
from engine.schemas.job import ENDED, Job, JobItem, JobState

_COLUMNS = """id, kind, state, title, model_ref, scanning, n_total, n_done, n_failed, n_skipped, created_at,
              pause_code, pause_reason, lease_owner"""
_JOB_FIELDS = tuple(name.strip() for name in _COLUMNS.split(","))
_ITEM = "job_id, seq, path, root, size_bytes, mtime_ns, state, n_crashes"


def new_owner() -> str:
    """Return the name under which this process holds jobs: host, pid, its start, and a nonce."""
    started = int(psutil.Process().create_time() * 100)
    return f"{socket.gethostname()}:{os.getpid()}:{started}:{uuid.uuid4().hex[:8]}"


def create(
    conn: Connection, kind: str, title: str, model_ref: str, options: dict[str, Any], owner: str, ttl_s: float
) -> int:
    """Write a new job down, held by `owner`."""
    conn.execute(
        """INSERT INTO jobs(kind, state, title, model_ref, options, created_at, lease_owner, lease_until)
           VALUES(?, 'running', ?, ?, ?, ?, ?, ?)""",
        (kind, title, model_ref, json.dumps(options), now(), owner, time.time() + ttl_s),
    )
    return conn.last_insert_rowid()


def create_counted(
    conn: Connection, kind: str, title: str, model_ref: str, n_total: int, owner: str, ttl_s: float
) -> int:
    """Write a new job down that has numbers and no items, held by `owner`."""
    job_id = create(conn, kind, title, model_ref, {}, owner, ttl_s)
    conn.execute("UPDATE jobs SET scanning = 0, n_total = ? WHERE id = ?", (n_total, job_id))
    return job_id


def count(conn: Connection, job_id: int, n_done: int, n_skipped: int) -> None:
    """Count on in a job without items; the total grows where more came than were seen."""
    conn.execute(
        """UPDATE jobs SET n_done = n_done + ?1, n_skipped = n_skipped + ?2,
             n_total = max(n_total, n_done + ?1 + n_failed + n_skipped + ?2) WHERE id = ?3""",
        (n_done, n_skipped, job_id),
    )


def newest(conn: Connection, kind: str, model_ref: str, owner: str = "") -> Job | None:
    """Return the job of a kind that was made last for a model version."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM jobs WHERE kind = ? AND model_ref = ? ORDER BY id DESC LIMIT 1", (kind, model_ref)
    ).fetchall()
    return _job(rows[0], owner) if rows else None


def take(conn: Connection, job_id: int, owner: str, ttl_s: float) -> bool:
    """Hold a job that nobody alive holds; tells whether its holder died over it."""
    ((holder, _until),) = conn.execute("SELECT lease_owner, lease_until FROM jobs WHERE id = ?", (job_id,)).fetchall()
    conn.execute("UPDATE jobs SET lease_owner = ?, lease_until = ? WHERE id = ?", (owner, time.time() + ttl_s, job_id))
    return holder is not None and holder != owner


def get(conn: Connection, job_id: int, owner: str = "") -> Job:
    """Return a job. Raises JobError JOB_NOT_FOUND."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchall()
    if not rows:
        raise JobError(ErrorCode.JOB_NOT_FOUND, f"There is no job {job_id}.", way_out="`lightdesk jobs` lists them.")
    return _job(rows[0], owner)


def listed(conn: Connection, *, active_only: bool = False, owner: str = "") -> list[Job]:
    """Return jobs, newest first."""
    where = "WHERE state IN ('queued', 'running', 'paused')" if active_only else ""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM jobs {where} ORDER BY id DESC LIMIT 1000").fetchall()
    return [_job(row, owner) for row in rows]


def options(conn: Connection, job_id: int) -> dict[str, Any]:
    """Return what the job was asked."""
    value: dict[str, Any] = json.loads(
        conn.execute("SELECT options FROM jobs WHERE id = ?", (job_id,)).fetchall()[0][0]
    )
    return value


def _job(row: Sequence[Any], owner: str) -> Job:
    values = dict(zip(_JOB_FIELDS, row, strict=True))
    holder = values.pop("lease_owner")
    values["scanning"] = bool(values["scanning"])
    return Job(**values, held_here=bool(owner) and holder == owner)


def add_items(conn: Connection, job_id: int, found: Sequence[FoundFile], known: Sequence[int | None]) -> None:
    """Append files in scan order. Where `known` has a content id the item is done at once."""
    start = last_seq(conn, job_id) + 1
    conn.executemany(
        """INSERT INTO job_items(job_id, seq, path, root, size_bytes, mtime_ns, state, content_id)
           VALUES(?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (
                job_id,
                start + i,
                os.fsencode(file.path),
                os.fsencode(file.root),
                file.size_bytes,
                file.mtime_ns,
                "pending" if content_id is None else "done",
                content_id,
            )
            for i, (file, content_id) in enumerate(zip(found, known, strict=True))
        ],
    )
    n_done = sum(content_id is not None for content_id in known)
    conn.execute(
        "UPDATE jobs SET n_total = n_total + ?, n_done = n_done + ? WHERE id = ?", (len(found), n_done, job_id)
    )


def last_seq(conn: Connection, job_id: int) -> int:
    """Return the place of the item added last, or -1."""
    return int(
        conn.execute("SELECT coalesce(max(seq), -1) FROM job_items WHERE job_id = ?", (job_id,)).fetchall()[0][0]
    )


def scanned_paths(conn: Connection, job_id: int) -> set[str]:
    """Return what an interrupted scan had already found."""
    rows = conn.execute("SELECT path FROM job_items WHERE job_id = ?", (job_id,)).fetchall()
    return {os.fsdecode(row[0]) for row in rows}


def pending_roots(conn: Connection, job_id: int) -> list[str]:
    """Return the dropped folders that open items of a job lie in."""
    rows = conn.execute(
        "SELECT DISTINCT root FROM job_items WHERE job_id = ? AND state = 'pending' AND root <> path", (job_id,)
    ).fetchall()
    return [os.fsdecode(row[0]) for row in rows]


def finish_scan(conn: Connection, job_id: int) -> None:
    """Say that no more items will come."""
    conn.execute("UPDATE jobs SET scanning = 0 WHERE id = ?", (job_id,))


def claim(conn: Connection, job_id: int, limit: int) -> list[JobItem]:
    """Write the next items down as in flight and return them, in scan order; none while the job rests."""
    rows = conn.execute(
        f"""SELECT {_ITEM} FROM job_items WHERE job_id = ? AND state = 'pending' AND suspect = 0
            AND EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND state = 'running') ORDER BY seq LIMIT ?""",
        (job_id, limit),
    ).fetchall()
    conn.executemany(
        "UPDATE job_items SET state = 'in_flight' WHERE job_id = ? AND seq = ?", [(job_id, row[1]) for row in rows]
    )
    return [_item(row) for row in rows]


def suspects(conn: Connection, job_id: int, limit: int) -> list[JobItem]:
    """Return items that were in flight when a process died, and have not been cleared since."""
    rows = conn.execute(
        f"""SELECT {_ITEM} FROM job_items WHERE job_id = ? AND state = 'pending' AND suspect = 1
            ORDER BY seq LIMIT ?""",
        (job_id, limit),
    ).fetchall()
    return [_item(row) for row in rows]


def clear_suspects(conn: Connection, job_id: int, seqs: Sequence[int]) -> None:
    """Let `claim` hand out items that a trial in a child process has survived."""
    conn.executemany("UPDATE job_items SET suspect = 0 WHERE job_id = ? AND seq = ?", [(job_id, s) for s in seqs])


def _item(row: Sequence[Any]) -> JobItem:
    return JobItem(row[0], row[1], os.fsdecode(row[2]), os.fsdecode(row[3]), *row[4:])


def finish(conn: Connection, job_id: int, answered: Sequence[tuple[int, int]]) -> None:
    """Mark items done with their contents, also such as had failed elsewhere."""
    n = n_mended = 0
    for seq, content_id in answered:
        values = (content_id, job_id, seq)
        conn.execute(
            """UPDATE job_items SET state = 'done', content_id = ?
               WHERE job_id = ? AND seq = ? AND state IN ('pending', 'in_flight')""",
            values,
        )
        if conn.changes():
            n += 1
            continue
        conn.execute(
            """UPDATE job_items SET state = 'done', content_id = ?, problem_id = NULL
               WHERE job_id = ? AND seq = ? AND state = 'failed'""",
            values,
        )
        n_mended += conn.changes()
    conn.execute(
        "UPDATE jobs SET n_done = n_done + ?, n_failed = n_failed - ? WHERE id = ?", (n + n_mended, n_mended, job_id)
    )


def fail(conn: Connection, job_id: int, seq: int, problem_id: int) -> None:
    """Mark an item failed with its problem, unless it has been answered for."""
    conn.execute(
        """UPDATE job_items SET state = 'failed', problem_id = ?
           WHERE job_id = ? AND seq = ? AND state IN ('pending', 'in_flight')""",
        (problem_id, job_id, seq),
    )
    conn.execute("UPDATE jobs SET n_failed = n_failed + ? WHERE id = ?", (conn.changes(), job_id))


def requeue(conn: Connection, job_id: int, seqs: Sequence[int]) -> None:
    """Put items back that were in flight, without blame."""
    conn.executemany(
        "UPDATE job_items SET state = 'pending' WHERE job_id = ? AND seq = ? AND state = 'in_flight'",
        [(job_id, seq) for seq in seqs],
    )


def set_state(
    conn: Connection, job_id: int, state: JobState, pause_code: str | None = None, pause_reason: str | None = None
) -> None:
    """Move a job. Raises JobError JOB_STATE when it has already ended."""
    job = get(conn, job_id)
    if job.state == state and state in ENDED:
        return
    if job.state in ENDED:
        raise JobError(
            ErrorCode.JOB_STATE, f"Job {job_id} has already ended ({job.state}).", way_out="Drop the files again."
        )
    conn.execute(
        "UPDATE jobs SET state = ?, pause_code = ?, pause_reason = ?, ended_at = ? WHERE id = ?",
        (state, pause_code, pause_reason, now() if state in ENDED else None, job_id),
    )
    if state == "running":
        finish_if_through(conn, job_id)  # its last answers may have come while it rested


def finish_if_through(conn: Connection, job_id: int) -> bool:
    """End a running job when nothing is left of it."""
    conn.execute(
        """UPDATE jobs SET state = 'done', lease_owner = NULL, ended_at = ? WHERE id = ? AND state = 'running'
           AND scanning = 0 AND n_done + n_failed + n_skipped >= n_total""",
        (now(), job_id),
    )
    return bool(conn.changes())


def heartbeat(conn: Connection, owner: str, ttl_s: float) -> None:
    """Prolong what this process holds."""
    conn.execute(
        "UPDATE jobs SET lease_until = ? WHERE lease_owner = ? AND state IN ('queued', 'running', 'paused')",
        (time.time() + ttl_s, owner),
    )


def release(conn: Connection, owner: str) -> None:
    """Let go of everything, at an orderly end: what was in flight goes back without blame."""
    conn.execute(
        """UPDATE job_items SET state = 'pending' WHERE state = 'in_flight'
           AND job_id IN (SELECT id FROM jobs WHERE lease_owner = ?)""",
        (owner,),
    )
    conn.execute("UPDATE jobs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?", (owner,))


def take_over(conn: Connection, owner: str, ttl_s: float) -> list[int]:
    """Take the open jobs with items that nobody alive holds; what was in flight becomes suspect. Returns their ids."""
    rows = conn.execute(
        """SELECT id, lease_owner, lease_until FROM jobs
           WHERE state IN ('queued', 'running', 'paused') AND kind = 'ingest' ORDER BY id"""
    ).fetchall()
    taken = []
    for job_id, holder, until in rows:
        if holder == owner or (holder and not _is_dead(holder, until)):
            continue
        conn.execute(
            "UPDATE jobs SET lease_owner = ?, lease_until = ? WHERE id = ?", (owner, time.time() + ttl_s, job_id)
        )
        conn.execute(
            """UPDATE job_items SET state = 'pending', suspect = 1, n_crashes = n_crashes + 1
               WHERE job_id = ? AND state = 'in_flight'""",
            (job_id,),
        )
        taken.append(int(job_id))
    return taken


def is_held(conn: Connection, job_id: int) -> bool:
    """Tell whether a living process works on the job, or will."""
    rows = conn.execute("SELECT lease_owner, lease_until FROM jobs WHERE id = ?", (job_id,)).fetchall()
    return bool(rows and rows[0][0]) and not _is_dead(*rows[0])


def _is_dead(holder: str, until: float | None) -> bool:
    host, _, rest = holder.partition(":")
    pid, _, rest = rest.partition(":")
    started, _, _ = rest.partition(":")
    if host == socket.gethostname() and pid.isdigit():
        try:
            process = psutil.Process(int(pid))
            # A zombie works no more; where nobody collects it (in a container) it stays in the list.
            if process.status() == psutil.STATUS_ZOMBIE or str(int(process.create_time() * 100)) != started:
                return True
            # An earlier engine of this very process may have been unable to let go: of those only the lease tells.
            if int(pid) != os.getpid():
                return False
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            pass  # it lives but may not be asked: only the lease tells
    return until is None or until < time.time()


def results(conn: Connection, job_id: int, after_seq: int, limit: int) -> list[ItemResult]:
    """Return items in scan order, with what became of each."""
    rows = conn.execute(
        """SELECT i.seq, i.path, i.state, i.content_id, p.code, p.message, p.way_out FROM job_items i
           LEFT JOIN problems p ON p.id = i.problem_id WHERE i.job_id = ? AND i.seq > ? ORDER BY i.seq LIMIT ?""",
        (job_id, after_seq, limit),
    ).fetchall()
    return [ItemResult(row[0], os.fsdecode(row[1]), *row[2:]) for row in rows]


def prune(conn: Connection, *, keep: int = 20, ended_before: str, limit: int) -> bool:
    """Throw some items of old jobs away, one small step; tells whether there may be more.

    Parameters
    ----------
    keep
        The jobs that ended last keep theirs.
    ended_before
        A time (ISO 8601, UTC): jobs that ended later keep theirs too, since somebody may still be reading what
        became of each file.
    limit
        Items of one step, so that no other writer waits for long.
    """
    rows = conn.execute(
        """SELECT id FROM (SELECT id, ended_at FROM jobs WHERE ended_at IS NOT NULL
                           ORDER BY ended_at DESC, id DESC LIMIT -1 OFFSET ?) j
           WHERE ended_at < ? AND EXISTS (SELECT 1 FROM job_items i WHERE i.job_id = j.id) LIMIT 1""",
        (keep, ended_before),
    ).fetchall()
    for (job_id,) in rows:
        conn.execute("UPDATE jobs SET pruned = 1 WHERE id = ? AND pruned = 0", (job_id,))
        conn.execute(
            """DELETE FROM job_items WHERE job_id = ?1 AND seq <= (
                 SELECT max(seq) FROM (SELECT seq FROM job_items WHERE job_id = ?1 ORDER BY seq LIMIT ?2))""",
            (job_id, limit),
        )
    return bool(rows)
