"""A file made ready for the model: a folder that is away for a moment is no fault of its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import ErrorCode, FileError
from engine.pipeline import preparing
from engine.schemas.files import ImageLimits, LoadedFile
from tests.faults.conftest import Watched
from tests.images import folder_of

N = 5


@pytest.mark.parametrize(("times_missing", "n_failed"), [(1, 0), (2, 1)])
def test_a_file_that_is_missing_is_looked_for_once_more(
    start: Callable[..., Watched],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    times_missing: int,
    n_failed: int,
) -> None:
    """Its folder was away when it was opened, and was back when that was asked for."""
    folder = folder_of(tmp_path / "photos", N)
    flickering = str(folder / "0002.jpg")
    n_asked = 0
    read_file = preparing.read_file

    def read(path: str, limits: ImageLimits) -> LoadedFile:
        nonlocal n_asked
        if path == flickering:
            n_asked += 1
            if n_asked <= times_missing:
                raise FileError(ErrorCode.FILE_NOT_FOUND, "gone", way_out="Put it back.", path=path)
        return read_file(path, limits)

    monkeypatch.setattr(preparing, "read_file", read)
    now = start()
    job_id = now.engine.submit([str(folder)], urgent=False)
    now.until_done(job_id)
    job = now.engine.wait(job_id, 0)
    assert (job.n_done, job.n_failed) == (N - n_failed, n_failed)
    assert n_asked == 2
