"""The last stage keeps out of the way of a person who waits for a single picture."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.cache import ByteCache
from engine.events import EventBus
from engine.pipeline.patience import Patience
from engine.pipeline.preparing import Ticket
from engine.pipeline.storing import Result, Storer
from engine.priority import RightOfWay
from engine.schemas.files import FoundFile
from tests.faults.conftest import until

CLAIMED_S = 0.15


class Written(Storer):
    """Writes down when it would have stored, and what."""

    def __init__(self, cache: ByteCache, way: RightOfWay) -> None:
        self.calls: list[tuple[float, int]] = []
        library: Any = Patience.__new__(Patience)  # nothing is written here
        super().__init__(
            library,
            cache,
            EventBus(),
            way=way,
            on_stored=lambda _job, _seqs: None,
            on_lost=lambda _ticket, _error: None,
        )

    def store_now(self, results: Sequence[Result], *, urgent: bool) -> None:
        self.calls.append((time.monotonic(), len(results)))


@pytest.fixture
def way() -> RightOfWay:
    return RightOfWay()


@pytest.fixture
def storer(tmp_path: Path, way: RightOfWay) -> Iterator[Written]:
    cache = ByteCache(tmp_path / "cache", 10**7)
    storer = Written(cache, way)
    yield storer
    assert storer.close(2)
    cache.close()


def result(number: int) -> Result:
    return Result(Ticket(FoundFile(f"/photos/{number}.jpg", "/photos", 1, 0), 1, number), 1)


def test_results_of_a_folder_wait_while_a_person_does(storer: Written, way: RightOfWay) -> None:
    began_s = time.monotonic()
    way.claim(CLAIMED_S)
    for number in range(5):
        storer.put(result(number))
    while not storer.calls:
        assert time.monotonic() - began_s < 5
        time.sleep(0.002)
    assert storer.calls[0][0] - began_s >= CLAIMED_S


def test_nothing_is_left_behind_at_the_end_though_a_person_waits(storer: Written, way: RightOfWay) -> None:
    for number in range(5):
        storer.put(result(number))
    way.claim(60)  # bulk work goes on after a quarter of a second in any case
    assert storer.close(2)
    assert sum(n for _at_s, n in storer.calls) == 5


def test_the_first_come_alone_and_those_that_follow_in_larger_groups(storer: Written) -> None:
    """While results keep coming, each transaction and each new look of the window is for many of them."""
    for number in range(120):
        storer.put(result(number))
        time.sleep(0.005)
    until(lambda: sum(n for _when, n in storer.calls) == 120)
    first, *middle, _last = [n for _when, n in storer.calls]
    assert 2 * first < statistics.mean(middle)
    assert max(n for _when, n in storer.calls) <= 32
