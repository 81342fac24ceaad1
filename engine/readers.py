"""A few library views kept open, lent to whichever thread asks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.view import LibraryView


class LibraryReaders:
    """Lends views; each is used by one thread at a time and reused after. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[LibraryView] = []

    @contextlib.contextmanager
    def borrow(self) -> Iterator[LibraryView]:
        """Lend a view for the length of a with block."""
        with self._lock:
            view = self._idle.pop() if self._idle else None
        view = view or LibraryView(self._path)
        try:
            yield view
        finally:
            with self._lock:
                self._idle.append(view)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for view in idle:
            view.close()
