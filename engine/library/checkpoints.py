"""Moves the write-ahead log into the library beside the writer, so that nobody's commit waits for it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import apsw

from engine.library import database
from engine.library.database import Connection

log = logging.getLogger(__name__)

# 16 MB of 4 kB pages. By SQLite's own 1000 pages a commit at a million rows waited up to 0.4 s and the
# same pages of the indexes were written again and again; above this, reading through the log costs more.
PAGES = 4000
_ROUNDS = 2
_LONG = 4


class Checkpoints:
    """A thread that copies the log into the library whenever it has grown enough.

    A log is begun anew only once it is copied to its very end, which a checkpoint beside steady commits
    can miss. So the thread does a second round, which is short; when that too came late and the log has become
    long, the writer itself copies the rest between two of its transactions.
    """

    def __init__(self, path: Path, writing: Connection) -> None:
        self._path = path
        self._writing = writing
        self._due = threading.Event()
        self._rest_due = threading.Event()
        self._closing = False
        self._pages = 0
        self._done_at_pages = 0
        writing.set_wal_hook(self._grown)  # takes the place of SQLite's automatic checkpoints
        self._thread = threading.Thread(target=self._run, name="library-checkpoints")
        self._thread.start()

    def finish(self) -> None:
        """Copy the rest, if the thread cannot. On the writer's thread, outside transactions."""
        if self._rest_due.is_set():
            self._rest_due.clear()
            self._checkpoint(self._writing)

    def close(self) -> None:
        """End the thread and copy all of the log, so that the library is one file again. On the writer's thread."""
        self._closing = True
        self._due.set()
        self._thread.join()
        self._writing.set_wal_hook(None)
        # Nobody waits for readers of other processes: with them the log stays, and is whole.
        self._writing.set_busy_timeout(0)
        self._checkpoint(self._writing, apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def _grown(self, _conn: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        if pages < self._done_at_pages:
            self._done_at_pages = 0  # the log has begun anew
        if pages >= self._done_at_pages + PAGES:
            self._done_at_pages = pages
            self._due.set()
        return apsw.SQLITE_OK

    def _run(self) -> None:
        conn: Connection | None = None
        while True:
            self._due.wait()
            self._due.clear()
            if self._closing:
                break
            try:
                conn = conn or database.connect(self._path)
            except Exception as error:
                log.warning("No checkpoint of the library: %s", error)
                continue
            for _ in range(_ROUNDS):
                self._checkpoint(conn)
            if self._pages >= _LONG * PAGES:
                self._rest_due.set()
        if conn is not None:
            conn.close()

    def _checkpoint(self, conn: Connection, mode: int = apsw.SQLITE_CHECKPOINT_PASSIVE) -> None:
        """Copy what can be copied without waiting for anybody."""
        try:
            conn.wal_checkpoint(mode=mode)
        except apsw.Error as error:  # a full disk, or another process's checkpoint: the log is whole, tried again later
            log.info("The checkpoint of the library has to wait: %s", error)
