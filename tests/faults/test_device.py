"""A device that has too little memory, or fails: smaller batches, a wait, and never a picture lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.backends.fake import FakeSession
from engine.errors import DeviceError, ErrorCode
from tests.faults.conftest import Watched, until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of


class Device:
    """The fake model on a device with so much memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fits = 8
        self.refused: list[int] = []
        self.answered: list[int] = []
        self.fails_for: Callable[[Any], bool] = lambda picture: False
        run = FakeSession.run

        def run_here(session: FakeSession, batch: Any) -> list[Any]:
            if len(batch) > self.fits:
                self.refused.append(len(batch))
                raise DeviceError(ErrorCode.OUT_OF_MEMORY, "no memory", batch=len(batch))
            if any(self.fails_for(picture) for picture in batch):
                raise DeviceError(ErrorCode.INFERENCE_FAILED, "a kernel failed")
            self.answered.append(len(batch))
            return run(session, batch)

        monkeypatch.setattr(FakeSession, "run", run_here)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    return Device(monkeypatch)


def test_out_of_memory_halves_the_batch_and_goes_on(
    device: Device, start: Callable[..., Watched], tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 300)
    now = start(decode_threads=4, max_delay_ms=200)
    device.answered.clear()
    device.fits = 2
    job_id = now.engine.submit([str(folder)])
    now.until_done(job_id)
    assert max(device.answered) <= 2 and sum(device.answered) == 300
    # A few tries, not one a batch: the ladder has become shorter.
    assert device.refused and len(device.refused) <= 8
    assert now.failures() == [] and now.engine.wait(job_id, 0).n_failed == 0
    now.close()
    device.fits = 8
    assert whole_library(now.engine.library_path) == undisturbed([str(folder)], tmp_path / "other.sqlite")


def test_no_memory_for_a_single_picture_pauses_and_goes_on(
    device: Device, start: Callable[..., Watched], tmp_path: Path
) -> None:
    """Somebody else's program has taken it all: the pictures are not to blame."""
    now = start()
    device.fits = 0
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 100))])
    until(lambda: now.shown(job_id) == ("paused", "OUT_OF_MEMORY"))
    device.fits = 1
    now.until_done(job_id)
    job = now.engine.wait(job_id, 0)
    assert (job.n_done, job.n_failed) == (100, 0)
    assert now.failures() == ["OUT_OF_MEMORY"]


def test_memory_of_the_machine_counts_too(
    device: Device, start: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    real = np.empty
    n_tries = 0

    def empty(shape: Any, dtype: Any = float, **options: Any) -> Any:
        nonlocal n_tries
        if isinstance(shape, tuple) and len(shape) == 4 and shape[0] > 1:
            n_tries += 1
            raise MemoryError
        return real(shape, dtype, **options)

    monkeypatch.setattr("engine.pipeline.lane.np.empty", empty)
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 100))])
    now.until_done(job_id)
    assert now.engine.wait(job_id, 0).n_done == 100 and n_tries > 0


def test_a_failure_takes_no_other_picture_with_it(
    device: Device, start: Callable[..., Watched], tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 60)
    Image.fromarray(np.full((72, 96, 3), 255, np.uint8)).save(folder / "0030.jpg", quality=95)
    now = start()
    device.fails_for = lambda picture: picture.min() > 250
    job_id = now.engine.submit([str(folder)])
    now.until_done(job_id)
    job = now.engine.wait(job_id, 0)
    assert (job.n_done, job.n_failed) == (59, 1)
    view = now.engine.view()
    (problem,) = view.problems()
    view.close()
    assert problem.code == "INFERENCE_FAILED" and problem.path.endswith("0030.jpg")
