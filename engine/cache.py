"""Bytes by key on disk, bounded, shared by processes, safe to delete at any time.

Thumbnails and packed predictions. A failing cache costs time, never a result: every operation
answers as if nothing were stored, and the failure is logged once a minute and counted.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import diskcache

from engine.errors import ErrorCode, LightdeskError

log = logging.getLogger(__name__)
T = TypeVar("T")
_RAW = 1  # diskcache's mode for a value that lies in the row as it is
_CULL_ROWS = 64
# Cull to a little below the limit, so that not every store has to.
_CULL_TO = 0.97
_SHRINK_PAGES = 1024
_COMPLAIN_EVERY_S = 60.0
# After a failure that a fresh start did not cure (disk full, no permission), stores rest this long.
_REST_S = 5.0
_TIMEOUT_S = 5.0
_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))


class _Untrusted(Exception):
    """A row that this program cannot have written."""


class _ByteDisk(diskcache.Disk):  # type: ignore[misc]
    """Holds bytes under text keys inside the database, and nothing that would have to be unpickled.

    A cache folder may be tampered with: a row can neither run code nor name a file to be read or removed.
    """

    def put(self, key: Any) -> tuple[Any, bool]:
        if type(key) is not str:
            raise TypeError("cache keys are text")
        return key, True

    def get(self, key: Any, raw: Any) -> Any:
        if not raw or type(key) is not str:
            raise _Untrusted("the cache holds a key that is not plain text")
        return key

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:
        if type(value) is not bytes or read:
            raise TypeError("cache values are bytes")
        return 0, _RAW, None, value

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> Any:
        if mode != _RAW or filename is not None or read or type(value) is not bytes:
            raise _Untrusted("the cache holds a value that is not plain bytes")
        return value

    def remove(self, file_path: Any) -> None:
        """Remove nothing: we write no files beside the database."""


class _Store(diskcache.Cache):  # type: ignore[misc]
    """diskcache with three changes.

    All connections can be closed from one thread; free pages do not count as used; and it culls once
    a transaction, not once a key (there, pages are given back at the commit only, so that diskcache
    itself would go on culling until then).
    """

    def __init__(self, folder: Path, size_limit_bytes: int) -> None:
        self._connections: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._connections_lock = threading.Lock()
        super().__init__(
            str(folder),
            disk=_ByteDisk,
            size_limit=size_limit_bytes,
            eviction_policy="least-recently-stored",
            cull_limit=0,
            statistics=0,
            tag_index=0,
            sqlite_auto_vacuum=2,  # incremental: `cull_now` decides when the file shrinks
            sqlite_cache_size=1024,  # pages, for each thread: rows are read and written once
            sqlite_mmap_size=0,  # a drive pulled under a mapped file would end the process
            timeout=_TIMEOUT_S,
        )
        self.identity = self.identity_now()
        self.n_users = 0  # counted by ByteCache: nothing is closed under a thread that uses it

    def identity_now(self) -> tuple[int, int] | None:
        """Return device and inode of the database file, None where there is none."""
        try:
            info = os.stat(os.path.join(self.directory, diskcache.core.DBNAME))
        except OSError:
            return None
        return info.st_dev, info.st_ino

    @property
    def _con(self) -> sqlite3.Connection:
        known = getattr(self._local, "con", None) if getattr(self._local, "pid", None) == os.getpid() else None
        if known is not None:
            return known  # type: ignore[no-any-return]
        self._local.pid = os.getpid()
        con = sqlite3.connect(
            os.path.join(self._directory, diskcache.core.DBNAME),
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,  # for `close_all` only
        )
        self._local.con = con
        with self._connections_lock:
            gone = [c for thread, c in self._connections if not thread.is_alive()]
            self._connections = [(t, c) for t, c in self._connections if t.is_alive()]
            self._connections.append((threading.current_thread(), con))
        for other in gone:
            _close(other)
        with contextlib.suppress(sqlite3.OperationalError):  # the table may not exist yet
            for key, value in con.execute("SELECT key, value FROM Settings").fetchall():
                if key in ("sqlite_cache_size", "sqlite_mmap_size", "sqlite_synchronous"):
                    con.execute(f"PRAGMA {key[7:]} = {int(value)}")
        return con

    def close_all(self) -> None:
        """Close the connections of all threads, none of which may be using one."""
        with self._connections_lock:
            connections, self._connections = self._connections, []
        for _, con in connections:
            _close(con)
        self._local = threading.local()

    def give_back(self) -> None:
        """End what this thread's failed transaction has left open."""
        with contextlib.suppress(sqlite3.Error):
            if self._con.in_transaction:
                self._con.execute("ROLLBACK")

    def cull_now(self, sql: Callable[..., Any]) -> None:
        """Drop the oldest rows while more is used than allowed. Inside a transaction."""
        limit = int(self.size_limit)
        pages, free = (sql(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
        if (pages - free) * self._page_size > limit:
            while (pages - free) * self._page_size > limit * _CULL_TO:
                gone = sql(
                    "DELETE FROM Cache WHERE rowid IN (SELECT rowid FROM Cache ORDER BY store_time LIMIT ?)",
                    (_CULL_ROWS,),
                ).rowcount
                if not gone:
                    break
                pages, free = (sql(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))

    def shrink(self) -> None:
        """Give free pages back bit by bit, after a limit was lowered. Outside of a transaction."""
        pages, free = (self._sql(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
        if pages * self._page_size > self.size_limit and free > _SHRINK_PAGES:
            # `execute` would stop after the first page: the statement gives rows without columns.
            self._con.executescript(f"PRAGMA incremental_vacuum({_SHRINK_PAGES})")


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what it hides: a rollback that fails may stand before the reason."""
    while error is not None:
        yield error
        error = error.__context__


def _is_full(error: BaseException) -> bool:
    return any("is full" in str(e) or getattr(e, "errno", None) == errno.ENOSPC for e in _with_causes(error))


def _is_forbidden(error: BaseException, folder: Path) -> bool:
    """Tell whether a right to write is missing. SQLite says only that it cannot open where a file may not be made."""
    return any(
        getattr(e, "errno", None) in _FORBIDDEN
        or getattr(e, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
        or (
            getattr(e, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN
            and folder.is_dir()
            and not os.access(folder, os.W_OK)
        )
        for e in _with_causes(error)
    )


def _close(con: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        con.close()


class ByteCache:
    """A bounded store of bytes in a folder.

    Parameters
    ----------
    folder
        Made when missing, also when it is deleted while in use.
    size_limit_bytes
        Beyond it the least recently stored entries go.

    Attributes
    ----------
    n_failures
        Operations that failed so far. They are answered as if nothing were stored.
    write_trouble
        Why nothing can be stored at the moment; None when the last store worked.

    Notes
    -----
    Safe to call from any thread and by several processes.
    """

    def __init__(self, folder: Path, size_limit_bytes: int) -> None:
        self._folder = folder
        self._size_limit_bytes = size_limit_bytes
        self._lock = threading.Lock()
        self._store: _Store | None = None
        self._complained_at_s = -_COMPLAIN_EVERY_S
        self._resting_until_s = 0.0
        self.n_failures = 0
        self.write_trouble: LightdeskError | None = None

    def get(self, key: str) -> bytes | None:
        """Return the bytes stored under `key`, or None."""

        def get(store: _Store) -> bytes | None:
            try:
                value = store.get(key)
            except _Untrusted as error:
                self._failed(error)
                return None
            return value if isinstance(value, bytes) else None

        return self._attempt(get)

    def has(self, key: str) -> bool:
        """Tell whether something is stored under `key`."""
        return bool(self._attempt(lambda store: key in store))

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Store several entries in one transaction."""
        for key, value in values.items():
            if type(key) is not str or type(value) is not bytes:
                raise TypeError("the cache holds bytes under text keys")

        def set_all(store: _Store) -> None:
            # Not `retry=True`: it waits for ever, also for what will not pass.
            with store.transact():
                for key, value in values.items():
                    store.set(key, value)
                store.cull_now(store._sql)
            self.write_trouble = None
            store.shrink()

        if values and time.monotonic() >= self._resting_until_s:
            self._attempt(set_all, writes=True)

    def set(self, key: str, value: bytes) -> None:
        """Store one entry."""
        self.set_many({key: value})

    def close(self) -> None:
        """Close the files; a later call opens them again."""
        self._retire(self._store)

    @contextlib.contextmanager
    def _used(self) -> Iterator[_Store]:
        """Open if need be; the store cannot be closed meanwhile."""
        with self._lock:
            # The folder may be deleted while in use, and made again by another process: then our
            # connections write into a file that no name leads to.
            now = self._store
            stale = now if now is not None and now.identity_now() != now.identity else None
        self._retire(stale)
        with self._lock:
            if self._store is None:
                self._store = _Store(self._folder, self._size_limit_bytes)
            store = self._store
            store.n_users += 1
        try:
            yield store
        finally:
            with self._lock:
                store.n_users -= 1
                idle = store.n_users == 0 and store is not self._store
            if idle:
                store.close_all()

    def _retire(self, store: _Store | None) -> None:
        """Let go of a store; whoever uses it last closes it."""
        with self._lock:
            if store is None or store is not self._store:
                return
            self._store = None
            idle = store.n_users == 0
        if idle:
            store.close_all()

    def _attempt(self, work: Callable[[_Store], T], *, writes: bool = False) -> T | None:
        for last in (False, True):
            try:
                with self._used() as store:
                    try:
                        return work(store)
                    except diskcache.Timeout as error:  # another process is writing: not worth waiting longer
                        self._failed(error)
                        return None
                    except sqlite3.OperationalError as error:
                        if writes and _is_full(error):
                            store.give_back()  # what is stored can still be read
                            self._rest(error)
                            return None
                        self._retire(store)
                        raise
                    except Exception:
                        self._retire(store)
                        raise
            except Exception as error:  # whatever is wrong with a cache, its user must not notice
                if not last:
                    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                        self._throw_away()
                    continue
                (self._rest if writes else self._failed)(error)
        return None

    def _rest(self, error: Exception) -> None:
        """Store nothing for a while: the next try would most likely fail as well."""
        self._failed(error)
        self._resting_until_s = time.monotonic() + _REST_S
        code, why, way_out = ErrorCode.INTERNAL, str(error), "Look whether that folder and its disk can be used"
        if _is_full(error):
            code, why, way_out = ErrorCode.DISK_FULL, "the disk is full", "Free some space there"
        elif _is_forbidden(error, self._folder):
            code, way_out = ErrorCode.PERMISSION_DENIED, "Allow writing there"
        self.write_trouble = LightdeskError(
            code,
            f"Thumbnails cannot be kept in {self._folder}: {why}.",
            way_out=f"{way_out}; until then everything works, but slower.",
            path=str(self._folder),
        )

    def _throw_away(self) -> None:
        """Remove a damaged database: it is only a cache."""
        for name in (diskcache.core.DBNAME, diskcache.core.DBNAME + "-wal", diskcache.core.DBNAME + "-shm"):
            with contextlib.suppress(OSError):
                os.remove(self._folder / name)

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self.n_failures += 1
            now_s = time.monotonic()
            due = now_s - self._complained_at_s >= _COMPLAIN_EVERY_S
            if due:
                self._complained_at_s = now_s
        if due:
            log.warning("The cache in %s cannot be used for now: %s", self._folder, str(error) or type(error).__name__)
