"""Connections to the library file, and the one door through which SQLite's errors pass."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import sqlite_vec

from engine.errors import ErrorCode, LibraryError

APPLICATION_ID = 0x4C444B31  # "LDK1": tells our files from other SQLite databases
BUSY_TIMEOUT_MS = 60_000
_HARDLY_ANY_BYTES = 1 << 20
_HARDLY_A_CHUNK_BYTES = 32 << 20  # vectors are stored by the thousand
_CHECK = "Run `lightdesk library check`, or restore one of the automatic backups in the folder `backups` beside it."


class Connection(apsw.Connection):
    """A connection whose rows hold anything, as SQLite's do; each query knows what it selects.

    Attributes
    ----------
    version_found
        The version of the library's schema when it was opened; 0 where there was nothing in the file yet.
    """

    version_found = 0

    if TYPE_CHECKING:

        def execute(self, *args: Any, **kwargs: Any) -> Any: ...


def connect(path: Path, *, read_only: bool = False, create: bool = False) -> Connection:
    """Open a connection with vectors, foreign keys and waiting for locks.

    Parameters
    ----------
    read_only
        Never writes; works without the right to write.
    create
        Make the file when it is missing.

    Returns
    -------
    Connection
        To be used on one thread at a time.

    Raises
    ------
    LibraryError
        LIBRARY_NOT_FOUND, LIBRARY_FOREIGN, LIBRARY_READ_ONLY, LIBRARY_DAMAGED, LIBRARY_BUSY.
    """
    if not create and not path.is_file():
        raise LibraryError(
            ErrorCode.LIBRARY_NOT_FOUND,
            f"There is no library at {path}.",
            way_out="Check the path, or create one there.",
            path=str(path),
        )
    with translated(path):
        if not read_only:
            conn = _opened(str(path), apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0), path)
        else:
            conn = _opened_for_reading(path)
        try:
            conn.enable_load_extension(True)
            conn.load_extension(sqlite_vec.loadable_path())
            conn.enable_load_extension(False)
            conn.execute("PRAGMA foreign_keys = ON")
            # Several readers live side by side; what they do not keep, the system's page cache has. No memory
            # mapping: it measured no quicker, and a file cut short behind it would end the process.
            conn.execute(f"PRAGMA cache_size = -{8_192 if read_only else 16_384}")
            conn.execute("PRAGMA temp_store = MEMORY")
            if not read_only:
                _write_ahead(conn)
                conn.execute("PRAGMA synchronous = NORMAL")
                conn.execute("PRAGMA journal_size_limit = 67108864")
        except BaseException:
            conn.close()
            raise
    return conn


def _write_ahead(conn: Connection) -> None:
    """Switch to a write-ahead log. SQLite waits for nobody here, so that two that open at once must try again."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)


def _opened(name: str, flags: int, path: Path) -> Connection:
    """Return a connection to a file that is ours, or empty and so about to be. Nothing is written."""
    conn = Connection(name, flags=flags)
    try:
        conn.set_busy_timeout(BUSY_TIMEOUT_MS)
        if flags & apsw.SQLITE_OPEN_READWRITE and conn.readonly("main"):
            raise apsw.ReadOnlyError("the file is write-protected")
        conn.version_found = version_of(conn, path, may_be_new=bool(flags & apsw.SQLITE_OPEN_READWRITE))
    except BaseException:
        conn.close()
        raise
    return conn


def _opened_for_reading(path: Path) -> Connection:
    try:
        return _opened(str(path), apsw.SQLITE_OPEN_READONLY, path)
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError):
        log = Path(f"{path}-wal")
        if os.access(path.parent, os.W_OK) or (log.exists() and log.stat().st_size):
            raise
    # Where no file may be made beside the library, SQLite cannot share it with writers. There can be none
    # then (on a disc, in a folder of somebody else's), and without a log the file holds everything.
    return _opened(path.absolute().as_uri() + "?immutable=1", apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, path)


def version_of(conn: Connection, path: Path, *, may_be_new: bool) -> int:
    """Return the version of the library's schema, 0 where there is nothing in the file yet.

    Read at one moment: between two statements another process may make a library of an empty file.

    Raises
    ------
    LibraryError
        LIBRARY_FOREIGN where it is neither ours nor, if it may be, new.
    """
    with conn:
        ((application_id,),) = conn.execute("PRAGMA application_id").fetchall()
        ((version,),) = conn.execute("PRAGMA user_version").fetchall()
        empty = not conn.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
    if application_id != APPLICATION_ID and not (may_be_new and empty and application_id == version == 0):
        raise LibraryError(
            ErrorCode.LIBRARY_FOREIGN,
            f"{path} is a database of another program.",
            way_out="Choose another file; this one was left as it is.",
            path=str(path),
        )
    return int(version)


@contextlib.contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except apsw.Error as error:
        raise library_error(error, path) from error


def library_error(error: apsw.Error, path: Path | str) -> LibraryError:
    """Return our error for one of SQLite's."""
    reason = str(error)
    facts = {"path": str(path), "sqlite": reason[:200]}
    if isinstance(error, apsw.FullError) or _is_full(error, path):
        return LibraryError(
            ErrorCode.DISK_FULL,
            f"The disk that holds the library {path} is full.",
            way_out="Free some space; the job then goes on by itself.",
            **facts,
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError | apsw.ProtocolError):
        return LibraryError(
            ErrorCode.LIBRARY_BUSY,
            f"The library {path} is locked by another program.",
            way_out="Wait until it has finished, or close it.",
            **facts,
        )
    if isinstance(error, apsw.NotADBError):
        return LibraryError(
            ErrorCode.LIBRARY_FOREIGN,
            f"{path} is not a Lightdesk library.",
            way_out="Choose another file; this one was left as it is.",
            **facts,
        )
    if isinstance(error, apsw.CorruptError | apsw.FormatError):
        return LibraryError(ErrorCode.LIBRARY_DAMAGED, f"The library {path} is damaged.", way_out=_CHECK, **facts)
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.AuthError):
        return LibraryError(
            ErrorCode.LIBRARY_READ_ONLY,
            f"The library {path} cannot be written.",
            way_out="Give yourself the right to write the file and its folder; it can be viewed meanwhile.",
            **facts,
        )
    if isinstance(error, apsw.CantOpenError):
        missing = not os.path.exists(path)
        folder = os.path.dirname(os.path.abspath(path))
        if missing and os.path.isdir(folder) and not os.access(folder, os.W_OK):
            return LibraryError(
                ErrorCode.PERMISSION_DENIED,
                f"The library {path} cannot be made: you may not write in its folder.",
                way_out="Choose another place for the library.",
                **facts,
            )
        return LibraryError(
            ErrorCode.LIBRARY_NOT_FOUND if missing else ErrorCode.LIBRARY_READ_ONLY,
            f"The library {path} cannot be {'found' if missing else 'opened'}.",
            way_out="Check that its folder exists and that you may write there.",
            **facts,
        )
    if isinstance(error, apsw.IOError):
        if not os.path.exists(path):
            return LibraryError(
                ErrorCode.LIBRARY_NOT_FOUND,
                f"The library {path} is no longer there.",
                way_out="Connect its drive again, or put the file back.",
                **facts,
            )
        return LibraryError(
            ErrorCode.LIBRARY_DAMAGED,
            f"The disk reported an error at the library {path}: {reason[:120]}.",
            way_out="Check the disk and its connection. " + _CHECK,
            **facts,
        )
    return LibraryError(ErrorCode.INTERNAL, f"The library {path}: {reason[:200]}", way_out=_CHECK, **facts)


def _is_full(error: apsw.Error, path: Path | str) -> bool:
    """Ask the disk where the error does not tell.

    SQLite calls it an I/O error when the index of its log cannot grow, and sqlite-vec gives no reason at all when it
    finds no room for its next thousand vectors.
    """
    vectors = "sqlite-vec" in str(error)
    if not isinstance(error, apsw.IOError) and not vectors:
        return False
    try:
        free = shutil.disk_usage(os.path.dirname(os.path.abspath(path))).free
    except OSError:
        return False
    return free < (_HARDLY_A_CHUNK_BYTES if vectors else _HARDLY_ANY_BYTES)


def change_counter(conn: Connection) -> int:
    """Return a number that moves when any other connection, of any process, has committed."""
    return int(conn.execute("PRAGMA data_version").fetchall()[0][0])


def library_id(conn: Connection) -> str:
    """Return what tells this library from others, wherever its file lies."""
    return str(conn.execute("SELECT value FROM meta WHERE key = 'library_id'").fetchall()[0][0])


def now() -> str:
    """The time now, UTC with offset, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def fold(text: str) -> str:
    """Return text for comparison without regard to case, in any script."""
    return text.casefold()
