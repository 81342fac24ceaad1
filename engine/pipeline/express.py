"""What waits for the express lane: files dropped alone first, then the picture looked at last."""

from __future__ import annotations

import threading
from collections import deque

from engine.pipeline.preparing import Ticket

_LOOKED_AT = 16


class ExpressQueue:
    """Tickets of jobs in their order, each answered for; pictures that were only looked at, newest first.

    Of the latter the oldest are forgotten: whoever leafs through a thousand pictures waits for the one
    on the screen. Any thread; `put` never waits.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._of_jobs: deque[Ticket] = deque()
        self._looked_at: deque[Ticket] = deque(maxlen=_LOOKED_AT)
        self._closed = False

    def put(self, ticket: Ticket) -> None:
        """Add a ticket; dropped after `close`, when the next start has it."""
        with self._changed:
            if self._closed:
                return
            (self._looked_at if ticket.job_id is None else self._of_jobs).append(ticket)
            self._changed.notify()

    def take(self) -> Ticket | None:
        """Wait for the next ticket; None after `close`."""
        with self._changed:
            while not self._closed:
                if self._of_jobs:
                    return self._of_jobs.popleft()
                if self._looked_at:
                    return self._looked_at.pop()
                self._changed.wait()
            return None

    def close(self) -> None:
        """Let go of what waits, and of who waits for it."""
        with self._changed:
            self._closed = True
            self._of_jobs.clear()
            self._looked_at.clear()
            self._changed.notify_all()
