"""A device that runs one batch at a time and searches for each new shape: only sizes that it knows, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.backends.fake import FakeSession
from engine.batching import ladder_up_to
from tests.faults.conftest import Watched, until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of

N = 150


class Device:
    """The fake model as such a device, and what it was asked to run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.warmed: list[int] = []
        self.sizes: list[int] = []
        self.padding: list[int] = []
        self.callers: set[str] = set()
        self.ready = False
        self.before_first: Callable[[], None] = lambda: None
        self._busy = threading.Lock()
        run = FakeSession.run

        def run_here(session: FakeSession, batch: Any) -> list[Any]:
            assert self._busy.acquire(blocking=False), "two at once"
            try:
                if self.ready and not self.sizes:
                    self.before_first()
                (self.sizes if self.ready else self.warmed).append(len(batch))
                self.padding.append(sum(not picture.any() for picture in batch))
                self.callers.add(threading.current_thread().name)
                return run(session, batch)
            finally:
                self._busy.release()

        monkeypatch.setattr(FakeSession, "pads", True)
        monkeypatch.setattr(FakeSession, "max_concurrency", 1)
        monkeypatch.setattr(FakeSession, "best_batch", 16)
        monkeypatch.setattr(FakeSession, "run", run_here)

    def begin(self) -> None:
        """What comes now is work."""
        self.ready = True
        self.padding.clear()
        self.callers.clear()


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    return Device(monkeypatch)


@pytest.mark.parametrize(("max_batch", "rungs"), [(0, (1, 2, 4, 8, 16)), (6, (1, 2, 4))])
def test_each_rung_is_warmed_and_only_rungs_are_run(
    device: Device, start: Callable[..., Watched], tmp_path: Path, max_batch: int, rungs: tuple[int, ...]
) -> None:
    folder = folder_of(tmp_path / "photos", N)
    now = start(max_batch=max_batch, max_delay_ms=5)
    assert tuple(device.warmed) == rungs == ladder_up_to(max_batch or 16)
    device.begin()
    assert now.engine._pipeline is not None
    waiting = now.engine._pipeline._lane.batcher
    # The device is slower than those who decode, at first.
    device.before_first = lambda: until(lambda: len(waiting) >= rungs[-1])
    job_id = now.engine.submit([str(folder)])
    now.until_done(job_id)
    assert set(device.sizes) <= set(rungs), "no size that was not warmed"
    assert max(device.sizes) == rungs[-1]
    assert sum(device.sizes) - sum(device.padding) == N, "each picture once, beside padding of zeros"
    assert device.callers == {"inference"}, "a device of its own has a thread that feeds it"
    job = now.engine.wait(job_id, 0)
    assert (job.n_done, job.n_failed) == (N, 0)


def test_answers_of_padding_are_dropped(
    device: Device, start: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three pictures that wait while another one runs make a batch of four: three rows, each with its own answer."""
    first, three = folder_of(tmp_path / "first", 1), folder_of(tmp_path / "photos", 3, seed=10)
    now = start()
    device.begin()
    assert now.engine._pipeline is not None
    waiting = now.engine._pipeline._lane.batcher
    running = threading.Event()

    def hold() -> None:
        running.set()
        until(lambda: len(waiting) == 3)

    device.before_first = hold
    job_ids = [now.engine.submit([str(first)], urgent=False)]
    assert running.wait(30)
    job_ids.append(now.engine.submit([str(three)], urgent=False))
    for job_id in job_ids:
        now.until_done(job_id)
    assert device.sizes == [1, 4] and device.padding == [0, 1]
    now.close()
    monkeypatch.setattr(FakeSession, "pads", False)
    assert whole_library(now.engine.library_path) == undisturbed([str(first), str(three)], tmp_path / "other.sqlite")
