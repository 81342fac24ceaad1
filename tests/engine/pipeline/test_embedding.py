"""A space is filled behind all other work, whatever happens meanwhile."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import DeviceError, ErrorCode, ModelError
from engine.events import Event, EventBus, JobChanged
from engine.pipeline import embedding
from engine.pipeline.embedding import Embedding
from engine.pipeline.patience import GaveUp
from engine.schemas.frame import Frame
from tests.engine.pipeline.colour_tower import LIMITS, WITHIN_S, ColourTower
from tests.engine.pipeline.memory_ledger import MemoryLedger, file_at
from tests.images import encoded, picture
from tests.waiting import until


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
        desk.embedding.close(WITHIN_S)
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
    desk.embedding.close(WITHIN_S)
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
