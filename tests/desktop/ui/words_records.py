"""What the engine says of search with words, made up for tests."""

from __future__ import annotations

from typing import Any

from engine.schemas.job import Job, JobProgress
from engine.schemas.words import WordsState
from tests.desktop.ui.records import AT

READY = WordsState("clip@1", "Clip in miniature", 512, AT, (), 40, 1200)
NONE = WordsState(n_total=1200)


def preparing(state: Any = "running", kind: Any = "embed", job_id: int = 9) -> JobProgress:
    """Return a job that prepares the library."""
    return JobProgress(Job(job_id, kind, state, "Prepare search with words (Clip)", "clip@1", False, 1200, 40, 0, 0, AT))
