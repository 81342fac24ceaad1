"""Catches what native libraries print on standard error, which Python's own streams never see."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator

_MAX_BYTES = 100_000
_lock = threading.Lock()


@contextlib.contextmanager
def captured() -> Iterator[list[str]]:
    """Redirect file descriptor 2 into a list, which is filled at the end; one thread at a time.

    The descriptor belongs to the whole process: what other threads print meanwhile is caught too, so
    the time inside is kept short and the caller logs what it got.
    """
    lines: list[str] = []
    with _lock:
        try:
            saved = os.dup(2)
        except OSError:  # a windowed program may have no standard error at all
            yield lines
            return
        try:
            with tempfile.TemporaryFile() as sink:
                os.dup2(sink.fileno(), 2)
                try:
                    yield lines
                finally:
                    os.dup2(saved, 2)
                    sink.seek(0)
                    lines += sink.read(_MAX_BYTES).decode("utf-8", "replace").splitlines()
        finally:
            os.close(saved)
