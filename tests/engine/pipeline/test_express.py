"""The queue of the express lane, and the lane at work beside a running folder."""

from __future__ import annotations

import threading

from engine.pipeline.express import ExpressQueue
from engine.pipeline.preparing import Ticket
from engine.schemas.files import FoundFile


def ticket(name: str, job_id: int | None) -> Ticket:
    return Ticket(FoundFile(name, name, 1, 1), job_id, None if job_id is None else 0)


def test_files_of_jobs_first_in_order_then_what_was_looked_at_last() -> None:
    queue = ExpressQueue()
    for i in range(100):
        queue.put(ticket(f"looked at {i}", None))
    for i in range(30):
        queue.put(ticket(f"dropped {i}", 1))
    taken = []
    while len(taken) < 46:
        first = queue.take()
        assert first is not None
        taken.append(first.found.path)
    assert taken[:30] == [f"dropped {i}" for i in range(30)]  # each is answered for
    assert taken[30:] == [f"looked at {i}" for i in range(99, 83, -1)]  # the rest nobody waits for any more


def test_closing_lets_go() -> None:
    queue = ExpressQueue()
    taken: list[Ticket | None] = []
    thread = threading.Thread(target=lambda: taken.append(queue.take()))
    thread.start()
    queue.close()
    thread.join(5)
    assert taken == [None]
    queue.put(ticket("late", 1))
    assert queue.take() is None
