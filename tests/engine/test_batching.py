"""Micro-batching: at once when idle, full rungs when busy, bounded, and nothing lost."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batching import LADDER, MicroBatcher, ladder_up_to, rung_for


def batcher(ladder: tuple[int, ...] = (1, 2, 4), **options: object) -> MicroBatcher[int]:
    given_options = {"max_delay_ms": 1000.0, "capacity": 16, "whole_rungs": False, **options}
    return MicroBatcher(ladder, **given_options)  # type: ignore[arg-type]


@given(st.integers(1, 200))
def test_ladder_and_rungs(largest: int) -> None:
    ladder = ladder_up_to(largest)
    assert ladder[0] == 1 and ladder[-1] <= max(largest, 1) and set(ladder) <= set(LADDER)
    for n in range(1, ladder[-1] + 1):
        rung = rung_for(n, ladder)
        assert rung >= n and not any(n <= smaller < rung for smaller in ladder)


def test_idle_takes_one_at_once() -> None:
    queue = batcher()
    queue.put(7)
    began_s = time.monotonic()
    assert queue.take() == [7]
    assert time.monotonic() - began_s < 0.5


def test_busy_waits_for_a_full_batch_or_for_the_delay() -> None:
    queue = batcher(max_delay_ms=60.0)
    queue.put(0)
    assert queue.take() == [0]  # runs now: others wait
    for item in (1, 2, 3, 4):
        queue.put(item)
    began_s = time.monotonic()
    assert queue.take() == [1, 2, 3, 4]
    assert time.monotonic() - began_s < 0.04
    queue.put(5)
    began_s = time.monotonic()
    assert queue.take() == [5]
    assert 0.04 <= time.monotonic() - began_s < 1.0


def test_a_batch_that_ends_lets_the_next_go() -> None:
    queue = batcher(max_delay_ms=60_000.0)
    queue.put(0)
    queue.take()
    queue.put(1)
    taken: list[list[int] | None] = []
    thread = threading.Thread(target=lambda: taken.append(queue.take()))
    thread.start()
    time.sleep(0.05)
    assert taken == []
    queue.finished()
    thread.join(5)
    assert taken == [[1]]


def test_whole_rungs_are_not_padded() -> None:
    queue = batcher(whole_rungs=True)
    for item in range(3):
        queue.put(item)
    assert queue.take() == [0, 1]
    queue.finished()
    assert queue.take() == [2]


def test_a_full_queue_makes_the_producer_wait() -> None:
    queue = batcher(capacity=4)
    done = threading.Event()

    def produce() -> None:
        for item in range(6):
            queue.put(item)
        done.set()

    thread = threading.Thread(target=produce)
    thread.start()
    time.sleep(0.1)
    assert not done.is_set() and len(queue) == 4
    assert queue.take() == [0, 1, 2, 3]
    thread.join(5)
    assert done.is_set() and len(queue) == 2


def test_closing_refuses_new_items_and_hands_out_old_ones() -> None:
    queue = batcher(capacity=1, ladder=(1,))
    queue.put(1)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(queue.put(2)))
    thread.start()
    time.sleep(0.05)
    queue.close()
    thread.join(5)
    assert answers == [False]
    assert queue.put(3) is False
    assert queue.take() == [1]
    assert queue.take() is None


def test_halving_ends_at_one() -> None:
    queue = batcher()
    assert [queue.halve() for _ in range(4)] == [2, 1, 1, 1]
    assert queue.max_batch == 1
    for item in range(3):
        queue.put(item)
    assert queue.take() == [0]


def test_drain_leaves_nothing() -> None:
    queue = batcher()
    for item in range(3):
        queue.put(item)
    assert queue.drain() == [0, 1, 2]
    assert len(queue) == 0


@pytest.mark.parametrize("whole_rungs", [True, False])
@settings(deadline=None, max_examples=15)
@given(n=st.integers(0, 60), n_consumers=st.integers(1, 3))
def test_every_item_comes_out_once(whole_rungs: bool, n: int, n_consumers: int) -> None:
    queue = batcher(max_delay_ms=1.0, capacity=8, whole_rungs=whole_rungs)
    out: list[int] = []
    sizes: set[int] = set()

    def consume() -> None:
        while (batch := queue.take()) is not None:
            out.extend(batch)
            sizes.add(len(batch))
            queue.finished()

    threads = [threading.Thread(target=consume) for _ in range(n_consumers)]
    for thread in threads:
        thread.start()
    for item in range(n):
        assert queue.put(item)
    queue.close()
    for thread in threads:
        thread.join(10)
    assert sorted(out) == list(range(n))
    assert all(size <= 4 and (not whole_rungs or size in (1, 2, 4)) for size in sizes)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[int, ...]:
    return LADDER[: draw(st.integers(1, 5))]


@settings(deadline=None, max_examples=40)
@given(
    ladder=ladders(),
    capacity=st.integers(1, 24),
    whole_rungs=st.booleans(),
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    n_consumers=st.integers(1, 3),
    halvings=st.integers(0, 3),
)
def test_producers_and_consumers_at_once(
    ladder: tuple[int, ...], capacity: int, whole_rungs: bool, counts: list[int], n_consumers: int, halvings: int
) -> None:
    """Nothing is lost or doubled, each producer's order is kept, sizes are rungs, and the queue is bounded."""
    queue: MicroBatcher[tuple[int, int]] = MicroBatcher(
        ladder, max_delay_ms=0.5, capacity=capacity, whole_rungs=whole_rungs
    )
    bound = max(capacity, ladder[-1])
    taken: list[list[tuple[int, int]]] = []
    longest = 0
    lock = threading.Lock()

    def produce(producer: int, n: int) -> None:
        nonlocal longest
        for i in range(n):
            assert queue.put((producer, i))
            longest = max(longest, len(queue))

    def consume() -> None:
        while True:
            with lock:  # as one step, so that the order of batches is known
                batch = queue.take()
                if batch is not None:
                    taken.append(batch)
            if batch is None:
                return
            queue.finished()

    consumers = [threading.Thread(target=consume) for _ in range(n_consumers)]
    producers = [threading.Thread(target=produce, args=given) for given in enumerate(counts)]
    for thread in (*consumers, *producers):
        thread.start()
    for _ in range(halvings):
        queue.halve()
    for thread in producers:
        thread.join(20)
    queue.close()
    for thread in consumers:
        thread.join(20)
    assert not any(thread.is_alive() for thread in (*producers, *consumers))
    everything = [item for batch in taken for item in batch]
    for producer, n in enumerate(counts):
        assert [i for p, i in everything if p == producer] == list(range(n))
    assert len(everything) == sum(counts) and longest <= bound
    for batch in taken:
        assert rung_for(len(batch), ladder) in ladder and len(batch) <= ladder[-1]
        assert not whole_rungs or len(batch) in ladder
    assert queue.max_batch == ladder[max(0, len(ladder) - 1 - halvings)]


@settings(deadline=None, max_examples=30)
@given(ladder=ladders(), whole_rungs=st.booleans(), n=st.integers(1, 30))
def test_idle_never_waits_whatever_is_there(ladder: tuple[int, ...], whole_rungs: bool, n: int) -> None:
    """With nothing running, a day's delay is no reason to hold a single item back."""
    queue: MicroBatcher[int] = MicroBatcher(
        ladder, max_delay_ms=86_400_000.0, capacity=n, whole_rungs=whole_rungs
    )
    for item in range(n):
        queue.put(item)
    out: list[int] = []
    while len(queue):
        batch = queue.take()
        assert batch
        out += batch
        queue.finished()
    assert out == list(range(n))


def test_take_now_gives_what_is_due_and_never_waits() -> None:
    queue = batcher(max_delay_ms=60_000.0)
    assert queue.take_now(all_of_it=False) is None and queue.take_now(all_of_it=True) is None
    for item in range(3):
        queue.put(item)
        assert queue.take_now(all_of_it=False) is None  # neither full nor old
    queue.put(3)
    assert queue.take_now(all_of_it=False) == [0, 1, 2, 3]
    queue.put(4)
    assert queue.take_now(all_of_it=True) == [4]  # nothing more is coming
    impatient = batcher(max_delay_ms=0.0)
    impatient.put(1)
    assert impatient.take_now(all_of_it=False) == [1]


@settings(max_examples=30, deadline=None)
@given(n_threads=st.integers(1, 6), n_each=st.integers(1, 60), whole_rungs=st.booleans())
def test_threads_that_make_and_run_lose_nothing(n_threads: int, n_each: int, whole_rungs: bool) -> None:
    """As decoders do on a CPU: put one, run what is due, and at the end run what is left."""
    queue = batcher(whole_rungs=whole_rungs, capacity=4)
    done: list[list[int]] = []
    lock = threading.Lock()

    def run(all_of_it: bool) -> None:
        while (batch := queue.take_now(all_of_it=all_of_it)) is not None:
            with lock:
                done.append(batch)
            queue.finished()

    def work(number: int) -> None:
        for i in range(n_each):
            assert queue.put(number * 1000 + i)
            run(False)
        run(True)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    answered = [item for batch in done for item in batch]
    assert sorted(answered) == sorted(n * 1000 + i for n in range(n_threads) for i in range(n_each))
    assert all(1 <= len(batch) <= 4 for batch in done)
    assert not whole_rungs or all(len(batch) in (1, 2, 4) for batch in done)
