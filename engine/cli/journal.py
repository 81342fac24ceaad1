"""Where the command line logs: a file in the data folder, made when there is something to say."""

from __future__ import annotations

import contextlib
import logging
import os
from io import TextIOWrapper
from pathlib import Path

from engine.settings import log_file

_LARGEST_BYTES = 1_000_000


def begin() -> None:
    """Send warnings and errors of the engine to the log, not between the lines on the terminal."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _LogFile)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(_LogFile(log_file(), level=logging.WARNING))


class _LogFile(logging.FileHandler):
    """Opens at the first line, keeps one older file, and stays silent where nothing can be written."""

    def __init__(self, path: Path, *, level: int) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
        self.setLevel(level)
        self.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LARGEST_BYTES:
            os.replace(path, path.with_suffix(".log.1"))
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or nothing: a log that cannot be written must not end the work."""
        with contextlib.suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Stay silent: a full disk is told by the verb itself."""
