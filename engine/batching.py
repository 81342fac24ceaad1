"""Micro-batching: one picture at once when idle, full rungs of a ladder when busy."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

LADDER = (1, 2, 4, 8, 16, 32, 64)


def ladder_up_to(max_batch: int) -> tuple[int, ...]:
    """Return the rungs not above `max_batch` (at least one)."""
    return tuple(rung for rung in LADDER if rung <= max_batch) or (1,)


def rung_for(n: int, ladder: Sequence[int]) -> int:
    """Return the smallest rung that holds `n` items: the size a batch is padded to."""
    for rung in ladder:
        if rung >= n:
            return rung
    return ladder[-1]


class MicroBatcher(Generic[T]):
    """A bounded queue that hands out batches.

    An idle consumer side (no batch running) gets what is there at once. While other batches run, a
    caller waits until the largest rung is full or the oldest item has waited `max_delay_ms`.

    Parameters
    ----------
    ladder
        Allowed batch sizes, ascending.
    max_delay_ms
        Longest wait for a fuller batch.
    capacity
        Items held at most; `put` blocks beyond it, which is what keeps memory flat.
    whole_rungs
        Hand out only exact rungs (no padding): right where the cost of a batch is proportional to
        its size, as on a CPU. Otherwise the caller pads with `rung_for`.

    Notes
    -----
    Safe to call from any thread.
    """

    def __init__(self, ladder: Sequence[int], *, max_delay_ms: float, capacity: int, whole_rungs: bool) -> None:
        self._ladder = tuple(ladder)
        self._max_delay_s = max_delay_ms / 1000.0
        self._capacity = max(capacity, self._ladder[-1])
        self._whole_rungs = whole_rungs
        self._items: deque[tuple[float, T]] = deque()
        self._running = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def max_batch(self) -> int:
        """The largest rung now in use."""
        return self._ladder[-1]

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> bool:
        """Add an item, waiting for room. False when the batcher was closed instead."""
        with self._changed:
            while len(self._items) >= self._capacity and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            self._items.append((time.monotonic(), item))
            self._changed.notify_all()
            return True

    def take(self) -> list[T] | None:
        """Wait for a batch; None when closed and empty. Each batch is followed by one `finished`."""
        with self._changed:
            while True:
                if not self._items:
                    if self._closed:
                        return None
                    self._changed.wait()
                    continue
                waited_s = time.monotonic() - self._items[0][0]
                full = len(self._items) >= self._ladder[-1]
                if full or self._running == 0 or self._closed or waited_s >= self._max_delay_s:
                    break
                self._changed.wait(self._max_delay_s - waited_s)
            return self._taken()

    def _taken(self) -> list[T]:
        n = min(len(self._items), self._ladder[-1])
        if self._whole_rungs:
            n = max(rung for rung in self._ladder if rung <= n)
        batch = [self._items.popleft()[1] for _ in range(n)]
        self._running += 1
        self._changed.notify_all()
        return batch

    def take_now(self, *, all_of_it: bool) -> list[T] | None:
        """Return a batch without waiting, or None.

        For threads that make items and run batches alike: a batch is due when the largest rung is full, when the
        oldest item has waited long enough, or with `all_of_it`, when nothing more is coming. Each batch is
        followed by one `finished`.
        """
        with self._changed:
            if not self._items:
                return None
            waited_s = time.monotonic() - self._items[0][0]
            if len(self._items) < self._ladder[-1] and waited_s < self._max_delay_s and not all_of_it:
                return None
            return self._taken()

    def finished(self) -> None:
        """Say that a batch taken earlier is through."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def halve(self) -> int:
        """Drop the largest rung after an out-of-memory; returns the new largest batch."""
        with self._changed:
            if len(self._ladder) > 1:
                self._ladder = self._ladder[:-1]
            return self._ladder[-1]

    def drain(self) -> list[T]:
        """Take out everything that waits, for an orderly stop."""
        with self._changed:
            items = [item for _, item in self._items]
            self._items.clear()
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """Refuse new items and wake everybody; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
