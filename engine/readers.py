"""A few library views kept open, lent to whichever thread asks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.errors import ErrorCode, LibraryError
from engine.view import LibraryView


class LibraryReaders:
    """Lends views; each is used by one thread at a time and reused after. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[LibraryView] = []
        self._closed = False

    @contextlib.contextmanager
    def borrow(self) -> Iterator[LibraryView]:
        """Lend a view for the length of a with block.

        Raises
        ------
        LibraryError
            LIBRARY_BUSY after `close`, and what opening a view raises.
        """
        with self._lock:
            if self._closed:
                raise LibraryError(
                    ErrorCode.LIBRARY_BUSY, f"The library {self._path} is being closed.", way_out="Open it again."
                )
            view = self._idle.pop() if self._idle else None
        view = view or LibraryView(self._path)
        try:
            yield view
        finally:
            with self._lock:
                keep = not self._closed
                if keep:
                    self._idle.append(view)
            if not keep:
                view.close()

    def close(self) -> None:
        """Close what is idle; what is lent is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for view in idle:
            view.close()
