"""A thread that looks after one thing: it looks, rests, and looks again, at once when it is woken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engine.errors import ErrorCode, LibraryError, LightdeskError

log = logging.getLogger(__name__)


def _nothing() -> None:
    pass


class Caretaker:
    """Looks again and again, whatever a look ends with. Any thread; `close` once.

    Parameters
    ----------
    name
        Of the thread.
    thing
        What is looked after, as a sentence begins: "The map".
    look
        One look; here and in the functions below on the caretaker's thread.
    failed
        Called with the reason why a look failed; a bug of ours is one too, and is logged.
    begin, end
        Called once, before the first look and after the last.
    """

    def __init__(
        self,
        name: str,
        thing: str,
        look: Callable[[], None],
        failed: Callable[[LightdeskError], None],
        *,
        rest_s: float,
        retry_s: float,
        begin: Callable[[], None] = _nothing,
        end: Callable[[], None] = _nothing,
    ) -> None:
        self._thing, self._look, self._failed, self._begin, self._end = thing, look, failed, begin, end
        self._rest_s, self._retry_s = rest_s, retry_s
        self._closing, self._wake = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        """Begin, where that was not done before."""
        with self._lock:
            if self._thread.ident is None and not self._closing.is_set():
                self._thread.start()

    def wake(self) -> None:
        """Let it look at once."""
        self._wake.set()

    def is_closing(self) -> bool:
        """Tell whether a look should come to its end."""
        return self._closing.is_set()

    def close(self, timeout_s: float) -> None:
        """End, and wait for that for some time."""
        with self._lock:
            self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        self._begin()
        while not self._closing.is_set():
            self._wake.wait(self._rest_s if self._looked() else self._retry_s)
            self._wake.clear()
        self._end()

    def _looked(self) -> bool:
        try:
            self._look()
        except LightdeskError as error:
            self._failed(error)
        except Exception:
            if self._closing.is_set():
                return False  # what is read from may have been closed meanwhile
            log.exception("%s: a look failed on a bug", self._thing)
            message = f"{self._thing} could not be made, on a bug of ours; see the log."
            self._failed(LibraryError(ErrorCode.INTERNAL, message))
        else:
            return True
        return False
