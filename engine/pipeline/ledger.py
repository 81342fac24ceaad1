"""What the library keeps of a space that is being filled, as the one who fills it sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.schemas.files import FoundFile
from engine.schemas.job import Job


@dataclass(frozen=True, slots=True)
class Missing:
    """A content without a vector, and the files that have it; none where they are away, or in quarantine."""

    content_id: int
    sha256: bytes
    files: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A job that this process holds now.

    Attributes
    ----------
    from_the_dead
        It was taken over from a process that died over it: what is missing first may be why.
    after_id
        Up to this content nothing is missing that is to be looked at.
    """

    job: Job
    from_the_dead: bool
    after_id: int = 0


class Ledger(Protocol):
    """What the library keeps of one space and its job; each call a transaction of its own, on any thread.

    All wait out what passes by itself, and raise GaveUp when the program is being closed meanwhile.
    """

    def begin(self, all_over: bool, given_up: frozenset[int]) -> Turn | None:
        """Return the job to work on: the open one, unless it rests or somebody alive has it; or a new one.

        Parameters
        ----------
        all_over
            Look at all contents, and not only at those that came since.
        given_up
            Contents that are no reason for a new job.
        """
        ...

    def job(self, job_id: int) -> Job:
        """Return a job as it is now; `held_here` where this process holds it."""
        ...

    def missing(self, after_id: int, limit: int) -> list[Missing]:
        """Return the next contents without a vector, by id."""
        ...

    def store(
        self, job_id: int, content_ids: Sequence[int], vectors: Sequence[NDArray[np.float32]], n_skipped: int
    ) -> Job:
        """Store vectors and count them, in one transaction; returns the job as it is then."""
        ...

    def end(self, job_id: int) -> Job:
        """End a running job: nothing is missing any more. Returns it as it is then."""
        ...

    def pause(self, job_id: int, code: str, reason: str) -> Job:
        """Let a running job rest, with the reason. Returns it as it is then."""
        ...

    def quarantine(self, condemned: Sequence[FoundFile]) -> None:
        """Write down files that take a process down."""
        ...

    def close(self) -> None:
        """Let go of the job, and close what is open."""
        ...
