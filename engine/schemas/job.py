"""Durable long work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

JobKind = Literal["ingest", "embed"]
JobState = Literal["queued", "running", "paused", "done", "cancelled", "failed"]
ItemState = Literal["pending", "in_flight", "done", "failed", "skipped"]
ENDED: tuple[JobState, ...] = ("done", "cancelled", "failed")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as stored. Counters are of items; `n_total` grows while `scanning`.

    Attributes
    ----------
    pause_code, pause_reason
        Why the engine paused it by itself (disk full, source offline); None when a person did.
    held_here
        True when this process holds the lease.
    """

    id: int
    kind: JobKind
    state: JobState
    title: str
    model_ref: str
    scanning: bool
    n_total: int
    n_done: int
    n_failed: int
    n_skipped: int
    created_at: str
    pause_code: str | None = None
    pause_reason: str | None = None
    held_here: bool = False

    @property
    def n_left(self) -> int:
        """Items not yet answered for."""
        return self.n_total - self.n_done - self.n_failed - self.n_skipped

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job with what only the running process knows."""

    job: Job
    rate_per_s: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class JobItem:
    """One file of a job."""

    job_id: int
    seq: int
    path: str
    root: str
    size_bytes: int
    mtime_ns: int
    state: ItemState
    n_crashes: int


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a drop held: the line shown while work starts.

    Attributes
    ----------
    n_unreadable
        Of the skipped, what a dropped folder held and could not be looked at (a folder without the
        right to read it, a socket): a problem, but no item of the job.
    """

    job_id: int
    n_images: int
    n_videos: int
    n_known: int
    n_skipped: int
    skipped_reasons: dict[str, int] = field(default_factory=dict)
    finished: bool = False
    n_unreadable: int = 0
