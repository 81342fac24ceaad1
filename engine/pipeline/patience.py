"""Work that waits out what passes by itself: a full disk, a locked library, a drive that is away, a device without memory."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from engine.errors import DeviceError, ErrorCode, LibraryError, LightdeskError
from engine.library.database import Connection
from engine.library.writer import Writer

T = TypeVar("T")
log = logging.getLogger(__name__)
_SOON_S = 0.05
_RETRY_S = 1.0
_LOOK_S = 0.25
# A lock held for less than this is another program at work, not a trouble to be told of.
BUSY_AFTER_S = 2.0
_GRACE_S = 0.8


class GaveUp(Exception):
    """The program is being closed, and what was tried could not be done: the next start does it."""


class Patience:
    """Tries again what failed for a passing reason, says so meanwhile, and ends at once when told to.

    One for all who write in the background, so that what holds several of them up is told of once.

    Parameters
    ----------
    on_changed
        Called with the reason when something begins to be held up, and with None when all goes on.

    Notes
    -----
    Any thread but the writer's own.
    """

    def __init__(self, writer: Writer, *, on_changed: Callable[[LightdeskError | None], None]) -> None:
        self._writer = writer
        self._on_changed = on_changed
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._told: LightdeskError | None = None
        # By thread: one that gets through must not hide that another is still held up.
        self._troubles: dict[int, LightdeskError] = {}
        self._giving_up = threading.Event()
        self._until_s = 0.0

    @property
    def trouble(self) -> LightdeskError | None:
        """What holds the work up at the moment, if anything does."""
        with self._lock:
            return next(iter(self._troubles.values()), None)

    def give_up(self) -> None:
        """Try nothing again from now on, and wait for a lock only a moment longer."""
        self._until_s = time.monotonic() + _GRACE_S
        self._giving_up.set()

    def write(self, work: Callable[[Connection], T], *, urgent: bool = True) -> T:
        """Run `work` on the library's writer until it gets through, and wait for the commit.

        Raises
        ------
        GaveUp
            After `give_up`, when it cannot be done now.
        Exception
            Whatever `work` raised, where waiting does not help.
        """
        return self.insist(lambda: self.attempt(work, urgent=urgent))

    def attempt(self, work: Callable[[Connection], T], *, urgent: bool = True) -> T:
        """Run `work` on the library's writer once, and wait for a lock and the commit only.

        Raises
        ------
        LibraryError
            LIBRARY_BUSY after `give_up`, when the library stays locked.
        Exception
            Whatever `work` raised.
        """
        future = self._writer.submit(work, urgent=urgent)
        busy = False
        try:
            while True:
                try:
                    return future.result(timeout=self._look_s())
                except TimeoutError:
                    if future.done():
                        return future.result()
                since_s = self._writer.waiting_since_s
                now_s = time.monotonic()
                if since_s is not None and now_s - since_s > BUSY_AFTER_S and not self._giving_up.is_set():
                    busy = True
                    self._report(_locked())
                elif busy and since_s is None:
                    busy = False
                    self._report(None)
                if self._giving_up.is_set() and now_s > self._until_s and future.cancel():
                    raise _locked()
        finally:
            if busy:
                self._report(None)

    def insist(self, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it gets through. Raises as `write` does."""
        again = False
        try:
            while True:
                try:
                    return attempt()
                except LightdeskError as error:
                    if not passes(error):
                        raise
                    if again:
                        self._report(error)
                    if self._giving_up.wait(_RETRY_S if again else _SOON_S):
                        raise GaveUp(str(error)) from error
                    again = True
        finally:
            self._report(None)

    def _look_s(self) -> float:
        if not self._giving_up.is_set():
            return _LOOK_S
        return min(_LOOK_S, max(_SOON_S, self._until_s - time.monotonic()))

    def _report(self, error: LightdeskError | None) -> None:
        me = threading.get_ident()
        with self._lock:
            if error is None and me not in self._troubles:
                return
            if error is None:
                del self._troubles[me]
            else:
                self._troubles[me] = error
        with self._telling:  # in order: the last one told is the one that holds
            current = self.trouble
            if (current and current.code) == (self._told and self._told.code):
                return
            self._told = current
            if current is not None:
                log.warning("Waiting: %s", current)
            self._on_changed(current)


def passes(error: LightdeskError) -> bool:
    """Tell whether an error is about the state of the machine, which may change, and not about what was asked."""
    if isinstance(error, LibraryError):
        return error.code is not ErrorCode.INTERNAL
    return isinstance(error, DeviceError) and error.code is ErrorCode.OUT_OF_MEMORY


def _locked() -> LibraryError:
    """Return the error of a library that another program holds."""
    return LibraryError(
        ErrorCode.LIBRARY_BUSY,
        "The library is locked by another program.",
        way_out="Wait until it has finished, or close it; the job then goes on by itself.",
    )
