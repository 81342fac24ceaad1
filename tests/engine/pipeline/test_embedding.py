"""A space is filled behind all other work, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import DeviceError, ErrorCode, LightdeskError, ModelError
from engine.events import Event, EventBus, JobChanged
from engine.pipeline import embedding
from engine.pipeline.embedding import Embedding
from engine.pipeline.ledger import Missing, Turn
from engine.pipeline.patience import GaveUp
from engine.schemas.files import FoundFile, ImageLimits
from engine.schemas.frame import Frame
from engine.schemas.job import Job
from tests.images import encoded, picture

LIMITS = ImageLimits(10**9, 10**9)
_WITHIN_S = 20.0


def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true."""
    until_s = time.monotonic() + _WITHIN_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def file_at(path: Path | str) -> FoundFile:
    """A file as the library has it."""
    return FoundFile(str(path), str(path), 1, 1)


class MemoryLedger:
    """A library of one space in memory, with the rules of `Ledger`."""

    def __init__(self, folder: Path, n: int) -> None:
        self.lock = threading.RLock()
        self.contents: dict[int, Missing] = {}
        self.vectors: dict[int, NDArray[np.float32]] = {}
        self.stored: list[int] = []
        self.jobs: list[Job] = []
        self.from_the_dead = False
        self.quarantined: list[str] = []
        self.closed = False
        self.trouble: Exception | None = None
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.add(n)

    def add(self, n: int) -> list[int]:
        """Add pictures, each with a file; returns their ids."""
        first = len(self.contents) + 1
        for number in range(first, first + n):
            path = self._folder / f"{number}.png"
            path.write_bytes(encoded(picture(number, (40, 30)), "PNG"))
            digest = hashlib.sha256(path.read_bytes()).digest()
            with self.lock:
                self.contents[number] = Missing(number, digest, (file_at(path),))
        return list(range(first, first + n))

    def set_state(self, state: str) -> None:
        """What a person does with the newest job."""
        with self.lock:
            self.jobs[-1] = replace(self.jobs[-1], state=state, pause_code=None)

    @property
    def newest(self) -> Job:
        with self.lock:
            return self.jobs[-1]

    def begin(self, all_over: bool, given_up: frozenset[int]) -> Turn | None:
        with self.lock:
            if self.trouble is not None:
                raise self.trouble
            if self.jobs and not self.newest.has_ended:
                return Turn(self.newest, self.from_the_dead) if self.newest.state == "running" else None
            open_ids = self.contents.keys() - self.vectors.keys() - given_up
            if not open_ids or (self.jobs and self.newest.state == "cancelled"):
                return None
            number = len(self.jobs) + 1
            n = len(self.contents.keys() - self.vectors.keys())
            self.jobs.append(Job(number, "ingest", "running", "embed", "clip@1", False, n, 0, 0, 0, "now", held_here=True))
            return Turn(self.newest, False)

    def job(self, job_id: int) -> Job:
        with self.lock:
            return self.jobs[job_id - 1]

    def missing(self, after_id: int, limit: int) -> list[Missing]:
        with self.lock:
            ids = sorted(i for i in self.contents.keys() - self.vectors.keys() if i > after_id)
            return [self.contents[i] for i in ids[:limit]]

    def store(self, job_id: int, content_ids: Sequence[int], vectors: Sequence[Any], n_skipped: int) -> Job:
        with self.lock:
            self.stored += content_ids
            self.vectors.update(zip(content_ids, vectors, strict=True))
            job = self.jobs[job_id - 1]
            n_done, n_skipped = job.n_done + len(content_ids), job.n_skipped + n_skipped
            total = max(job.n_total, n_done + n_skipped)
            self.jobs[job_id - 1] = replace(job, n_done=n_done, n_skipped=n_skipped, n_total=total)
            return self.jobs[job_id - 1]

    def end(self, job_id: int) -> Job:
        with self.lock:
            if self.jobs[job_id - 1].state == "running":
                self.jobs[job_id - 1] = replace(self.jobs[job_id - 1], state="done")
            return self.jobs[job_id - 1]

    def pause(self, job_id: int, code: str, reason: str) -> Job:
        with self.lock:
            self.jobs[job_id - 1] = replace(self.jobs[job_id - 1], state="paused", pause_code=code, pause_reason=reason)
            return self.jobs[job_id - 1]

    def quarantine(self, condemned: Sequence[FoundFile]) -> None:
        self.quarantined += [file.path for file in condemned]

    def close(self) -> None:
        self.closed = True


@dataclass
class ColourTower:
    """The mean colour as a vector; it can be held up, and fail on purpose."""

    best_batch: int = 3
    max_concurrency: int = 2
    short_side: int = 16
    gate: threading.Event = field(default_factory=threading.Event)
    refuses: Callable[[NDArray[Any]], LightdeskError | None] = lambda _item: None
    n_calls: int = 0
    closed: bool = False

    def prepare(self, frame: Frame) -> NDArray[Any]:
        return frame.pixels.mean(axis=(0, 1)).astype(np.float32) + 1

    def embed_items(self, items: NDArray[Any]) -> NDArray[np.float32]:
        self.gate.wait(_WITHIN_S)
        self.n_calls += 1
        for item in items:
            if (error := self.refuses(item)) is not None:
                raise error
        return np.asarray(items / np.linalg.norm(items, axis=1, keepdims=True), np.float32)

    def close(self) -> None:
        self.closed = True


@dataclass
class Desk:
    """An embedding under way, and what it says."""

    ledger: MemoryLedger
    tower: ColourTower
    embedding: Embedding
    events: list[Event]
    announced: list[int]

    def states(self) -> list[tuple[str, int]]:
        return [(e.progress.job.state, e.progress.job.n_done) for e in self.events if isinstance(e, JobChanged)]


@pytest.fixture(autouse=True)
def no_looks_without_a_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens here happens because somebody woke it, and not because it looks after a while."""
    monkeypatch.setattr(embedding, "_REST_S", 600.0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Start an embedding over so many pictures; it is closed at the end."""
    open_ones: list[Desk] = []

    def begin(n: int = 10, *, tower: ColourTower | None = None, held: bool = False, **options: Any) -> Desk:
        tower = tower or ColourTower()
        if not held:
            tower.gate.set()
        ledger = options.pop("ledger", None) or MemoryLedger(tmp_path / "photos", n)
        events: list[Event] = []
        bus = EventBus()
        bus.subscribe(events.append)
        announced: list[int] = []
        open_tower = options.pop("open_tower", lambda: tower)
        work = Embedding(ledger, open_tower, bus, LIMITS, on_stored=announced.extend, **options)
        open_ones.append(Desk(ledger, tower, work, events, announced))
        return open_ones[-1]

    yield begin
    for desk in open_ones:
        desk.tower.gate.set()
        desk.embedding.close(_WITHIN_S)
        assert desk.ledger.closed


def test_everything_gets_its_vector_once(start: Callable[..., Desk]) -> None:
    desk = start(50)
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "done")
    assert sorted(desk.ledger.stored) == list(range(1, 51)) == sorted(desk.announced)
    assert desk.ledger.newest.n_done == desk.ledger.newest.n_total == 50
    frame = Frame(np.asarray(picture(7, (40, 30))), 40, 30, "image/png")
    expected = desk.tower.prepare(frame)
    assert np.allclose(desk.ledger.vectors[7], expected / np.linalg.norm(expected), atol=1e-3)
    until(lambda: desk.states() and desk.states()[-1] == ("done", 50))
    assert [n for _, n in desk.states()] == sorted(n for _, n in desk.states())


def test_what_comes_later_is_taken_in_when_it_comes(start: Callable[..., Desk]) -> None:
    desk = start(5)
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "done")
    new = desk.ledger.add(4)
    desk.embedding.wake()
    until(lambda: set(new) <= desk.ledger.vectors.keys())
    until(lambda: [job.state for job in desk.ledger.jobs] == ["done", "done"])
    assert sorted(desk.ledger.stored) == list(range(1, 10))


def test_pause_resume_and_cancel(start: Callable[..., Desk]) -> None:
    desk = start(200, held=True)
    until(lambda: desk.ledger.jobs)
    desk.ledger.set_state("paused")
    desk.tower.gate.set()
    until(lambda: desk.states()[-1][0] == "paused")
    n = len(desk.ledger.stored)
    time.sleep(0.1)
    assert len(desk.ledger.stored) == n < 200
    desk.ledger.set_state("running")
    desk.embedding.wake()
    until(lambda: len(desk.ledger.stored) > n)
    desk.tower.gate.clear()
    desk.ledger.set_state("cancelled")
    desk.tower.gate.set()
    until(lambda: desk.states()[-1][0] == "cancelled")
    n = len(desk.ledger.stored)
    assert n < 200 and len(set(desk.ledger.stored)) == n
    # Cancelled means: not by itself again.
    desk.embedding.wake(all_over=True)
    time.sleep(0.1)
    assert (len(desk.ledger.stored), len(desk.ledger.jobs)) == (n, 1)


def test_more_urgent_work_goes_first(start: Callable[..., Desk]) -> None:
    busy = threading.Event()
    desk = start(100, held=True, busy=busy.is_set)
    until(lambda: desk.ledger.jobs)
    busy.set()
    desk.tower.gate.set()
    until(lambda: desk.ledger.stored)
    time.sleep(0.05)
    n = len(desk.ledger.stored)
    time.sleep(0.3)
    assert len(desk.ledger.stored) == n < 100 and desk.ledger.newest.state == "running"
    busy.clear()
    desk.embedding.wake()
    until(lambda: desk.ledger.newest.state == "done")
    assert len(desk.ledger.stored) == 100


def test_it_begins_soon_after_more_urgent_work_has_ended(start: Callable[..., Desk]) -> None:
    busy = threading.Event()
    busy.set()
    desk = start(5, busy=busy.is_set)
    time.sleep(0.05)
    assert desk.ledger.jobs == []
    busy.clear()  # and nobody says so
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "done")


def test_closing_keeps_what_is_done_and_the_next_start_does_the_rest(start: Callable[..., Desk], tmp_path: Path) -> None:
    desk = start(300, tower=ColourTower(best_batch=1))
    until(lambda: desk.ledger.stored)
    desk.embedding.close(_WITHIN_S)
    n = len(desk.ledger.stored)
    assert 0 < n < 300 and desk.ledger.newest.state == "running" and desk.tower.closed
    assert desk.ledger.newest.n_skipped == 0
    again = start(ledger=desk.ledger)
    until(lambda: again.ledger.newest.state == "done")
    assert sorted(desk.ledger.stored) == list(range(1, 301))


def test_pictures_that_cannot_be_read_are_left_out_and_stop_nothing(start: Callable[..., Desk], tmp_path: Path) -> None:
    ledger = MemoryLedger(tmp_path / "photos", 12)
    os.unlink(ledger.contents[2].files[0].path)
    Path(ledger.contents[5].files[0].path).write_bytes(encoded(picture(99, (40, 30)), "PNG"))  # another content by now
    ledger.contents[7] = replace(ledger.contents[7], files=())
    # Another file has it.
    ledger.contents[9] = replace(ledger.contents[9], files=(file_at("/nowhere/9.png"), *ledger.contents[9].files))
    desk = start(ledger=ledger)
    until(lambda: ledger.jobs and ledger.newest.state == "done")
    assert sorted(ledger.stored) == [1, 3, 4, 6, 8, 9, 10, 11, 12]
    assert (ledger.newest.n_done, ledger.newest.n_skipped) == (9, 3)
    # They are no reason for one job after another, until somebody asks.
    desk.embedding.wake()
    time.sleep(0.1)
    assert len(ledger.jobs) == 1
    ledger.contents[7] = replace(ledger.contents[7], files=(file_at(tmp_path / "photos" / "7.png"),))
    desk.embedding.wake(all_over=True)
    until(lambda: 7 in ledger.vectors)


def test_one_picture_that_the_tower_refuses_takes_no_other_with_it(start: Callable[..., Desk], tmp_path: Path) -> None:
    ledger = MemoryLedger(tmp_path / "photos", 20)
    tower = ColourTower(best_batch=5)
    frame = Frame(np.asarray(picture(4, (40, 30))), 40, 30, "image/png")
    odd = tower.prepare(frame)
    error = ModelError(ErrorCode.MODEL_INVALID, "It gave a vector of nothing but zeros.")
    tower.refuses = lambda item: error if np.allclose(item, odd, atol=0.5) else None
    start(ledger=ledger, tower=tower)
    until(lambda: ledger.jobs and ledger.newest.state == "done")
    assert sorted(ledger.stored) == [i for i in range(1, 21) if i != 4]


def test_a_tower_that_answers_nobody_lets_the_job_rest_with_the_reason(start: Callable[..., Desk]) -> None:
    tower = ColourTower(refuses=lambda _item: DeviceError(ErrorCode.INFERENCE_FAILED, "The model could not be run."))
    desk = start(100, tower=tower)
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "paused")
    assert desk.ledger.newest.pause_code == "INFERENCE_FAILED"
    assert desk.ledger.newest.n_skipped == 0 and desk.ledger.stored == []
    tower.refuses = lambda _item: None
    desk.ledger.set_state("running")
    desk.embedding.wake()
    until(lambda: desk.ledger.newest.state == "done")
    assert len(desk.ledger.stored) == 100


def test_a_tower_that_cannot_be_had_lets_the_job_rest_with_the_reason(start: Callable[..., Desk]) -> None:
    def damaged() -> ColourTower:
        raise ModelError(ErrorCode.MODEL_DAMAGED, "model.onnx is not as it was.", way_out="Add it again.")

    desk = start(3, open_tower=damaged)
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "paused")
    assert (desk.ledger.newest.pause_code, "Add it again." in (desk.ledger.newest.pause_reason or "")) == (
        "MODEL_DAMAGED",
        True,
    )


def test_what_died_over_it_is_tried_in_a_child_first(
    start: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = MemoryLedger(tmp_path / "photos", 30)
    ledger.from_the_dead = True
    ledger.begin(True, frozenset())
    bad = ledger.contents[2].files[0].path
    tried: list[str] = []

    def survivors(self: object, paths: Sequence[str]) -> list[bool | None]:
        tried.extend(paths)
        return [path != bad for path in paths]

    monkeypatch.setattr(embedding.Trial, "survivors", survivors)
    start(ledger=ledger)
    until(lambda: ledger.newest.state == "done")
    assert ledger.quarantined == [bad] and 2 not in ledger.vectors and len(ledger.vectors) == 29
    # Only what can have been at work, and not the whole library.
    assert tried[:3] == [ledger.contents[i].files[0].path for i in (1, 2, 3)] and len(tried) <= 24


def test_nothing_is_tried_in_a_child_without_a_death(
    start: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding.Trial, "survivors", lambda *_: pytest.fail("tried"))
    desk = start(3)
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "done")


def test_a_passing_failure_of_the_library_is_tried_again(
    start: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_REST_S", 0.01)
    ledger = MemoryLedger(tmp_path / "photos", 4)
    ledger.trouble = RuntimeError("a bug")
    desk = start(ledger=ledger)
    until(lambda: any(not isinstance(event, JobChanged) for event in desk.events))
    assert "reporting" not in str(desk.events[0]) and "INTERNAL" in str(desk.events[0])
    ledger.trouble = None
    until(lambda: ledger.jobs and ledger.newest.state == "done")
    assert len(ledger.stored) == 4


def test_the_program_is_closed_while_the_library_is_locked(start: Callable[..., Desk], tmp_path: Path) -> None:
    ledger = MemoryLedger(tmp_path / "photos", 4)
    ledger.trouble = GaveUp("locked")
    start(ledger=ledger)
    until(lambda: ledger.closed)


def test_memory_is_given_back_after_a_rest(start: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_KEEP_TOWER_S", 0.05)
    monkeypatch.setattr(embedding, "_REST_S", 0.02)
    desk = start(3)
    until(lambda: desk.tower.closed)
    assert len(desk.ledger.stored) == 3
    desk.ledger.add(1)
    desk.embedding.wake()
    until(lambda: len(desk.ledger.stored) == 4)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lowers a single thread")
def test_its_threads_step_back_behind_those_of_the_main_model(start: Callable[..., Desk]) -> None:
    seen: set[int] = set()
    tower = ColourTower()
    tower.refuses = lambda _item: seen.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    desk = start(5, tower=tower)
    until(lambda: len(desk.ledger.stored) == 5)
    assert min(seen) >= 15


def test_rate_and_time_left(start: Callable[..., Desk]) -> None:
    desk = start(60, tower=ColourTower(best_batch=1))
    until(lambda: desk.ledger.jobs and desk.ledger.newest.state == "done")
    told = [e.progress for e in desk.events if isinstance(e, JobChanged) and e.progress.rate_per_s]
    assert told and all(p.rate_per_s > 0 for p in told)
    assert all(p.eta_s == pytest.approx(p.job.n_left / p.rate_per_s) for p in told)
