"""The cache loses time at most: whatever happens to its folder, nobody sees an error."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import cache as room
from engine.cache import ByteCache

LIMIT = 50_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "store"


@pytest.fixture
def cache(folder: Path) -> Iterator[ByteCache]:
    cache = ByteCache(folder, LIMIT)
    yield cache
    cache.close()


def test_keeps_bytes(cache: ByteCache, folder: Path) -> None:
    assert cache.get("a") is None and not cache.has("a")
    cache.set_many({f"k{i}": bytes([i]) * i * 4000 for i in range(32)})
    cache.set("a", b"")
    cache.set("a", b"again")
    assert cache.get("k31") == bytes([31]) * 31 * 4000 and cache.get("a") == b"again" and cache.has("k5")
    cache.close()
    assert cache.get("k31") is not None  # opens again
    other = ByteCache(folder, LIMIT)
    assert other.get("a") == b"again"
    other.close()
    assert cache.n_failures == 0


@pytest.mark.parametrize("values", [{"a": "text"}, {"a": bytearray(b"x")}, {"a": None}, {b"a": b"x"}, {"a": ["x"]}])
def test_takes_nothing_but_bytes_under_text(cache: ByteCache, values: dict) -> None:
    with pytest.raises(TypeError):
        cache.set_many(values)


class _Bomb:
    def __reduce__(self) -> tuple:
        return (os.mkdir, (os.environ["CACHE_BOMB"],))


def test_a_tampered_row_is_never_unpickled(
    cache: ByteCache, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "exploded"
    monkeypatch.setenv("CACHE_BOMB", str(bomb))
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    cache.set_many(dict.fromkeys(("row", "file", "read", "key", "text"), b"x"))
    payload = pickle.dumps(_Bomb())
    (folder / "p.val").write_bytes(payload)
    with sqlite3.connect(folder / "cache.db") as db:
        db.execute("UPDATE Cache SET mode = 4, value = ? WHERE key = 'row'", (payload,))
        db.execute("UPDATE Cache SET mode = 4, value = NULL, filename = 'p.val' WHERE key = 'file'")
        db.execute(
            "UPDATE Cache SET mode = 2, value = NULL, filename = ? WHERE key = 'read'", (f"../../{secret.name}",)
        )
        db.execute("UPDATE Cache SET raw = 0, key = ? WHERE key = 'key'", (payload,))
        db.execute("UPDATE Cache SET value = 'text' WHERE key = 'text'")
    db.close()
    for name in ("row", "file", "read", "key", "text"):
        assert cache.get(name) is None
    cache.set_many(dict.fromkeys(("row", "file", "read", "text"), b"new"))  # replacing removes no file either
    assert cache.get("file") == b"new"
    assert secret.exists() and not bomb.exists()
    assert cache.n_failures >= 4


def test_bounded_in_bytes_oldest_first(folder: Path) -> None:
    cache = ByteCache(folder, 4_000_000)
    value = os.urandom(10_000)
    for batch in range(40):
        cache.set_many({f"{batch}:{i}": value for i in range(32)})
    kept = [batch for batch in range(40) if cache.has(f"{batch}:31")]
    cache.close()
    assert kept and kept == list(range(kept[0], 40))  # the newest, without a gap
    assert 0.75 * 4_000_000 < sum(cache_kept(folder)) <= 4_000_000
    assert (folder / "cache.db").stat().st_size < 4_500_000


def cache_kept(folder: Path) -> list[int]:
    with sqlite3.connect(folder / "cache.db") as db:
        sizes = [n for (n,) in db.execute("SELECT length(value) FROM Cache")]
    db.close()
    return sizes


def test_a_lowered_limit_shrinks_the_file(folder: Path) -> None:
    large = ByteCache(folder, LIMIT)
    large.set_many({f"{i}": bytes(10_000) for i in range(2000)})
    large.close()
    lowered = ByteCache(folder, 2_000_000)
    for i in range(12):
        lowered.set(f"n{i}", bytes(1000))
    assert lowered.has("n11")
    lowered.close()
    assert (folder / "cache.db").stat().st_size < 4_000_000


def test_folder_deleted_while_in_use(cache: ByteCache, folder: Path) -> None:
    cache.set("a", b"1")
    shutil.rmtree(folder.parent)
    assert cache.get("a") is None
    cache.set("b", b"2")
    assert cache.get("b") == b"2" and (folder / "cache.db").exists()
    # ... and made again by somebody else meanwhile
    shutil.rmtree(folder.parent)
    other = ByteCache(folder, LIMIT)
    other.set("c", b"3")
    assert cache.get("c") == b"3"
    cache.set("d", b"4")
    assert other.get("d") == b"4"
    other.close()
    assert cache.n_failures == 0


def test_folder_deleted_again_and_again_under_many_threads(cache: ByteCache, folder: Path) -> None:
    stop = threading.Event()
    wrong: list[object] = []

    def work(n: int) -> None:
        i = 0
        while not stop.is_set():
            i += 1
            try:
                cache.set_many({f"{n}:{i}:{k}": b"%d" % n * 3000 for k in range(4)})
                value = cache.get(f"{n}:{i}:1")
                if value not in (None, b"%d" % n * 3000):
                    wrong.append(value)
            except BaseException as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        time.sleep(0.05)
        shutil.rmtree(folder.parent, ignore_errors=True)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not wrong and not any(t.is_alive() for t in threads)
    room_now = ByteCache(folder, LIMIT)
    room_now.set("z", b"z")
    assert room_now.get("z") == b"z"
    room_now.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_damaged_database_is_replaced(cache: ByteCache, folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "cache.db").write_bytes(content)
    cache.set("a", b"1")
    assert cache.get("a") == b"1"


def test_database_damaged_while_in_use(cache: ByteCache, folder: Path) -> None:
    cache.set_many({f"{i}": bytes(9000) for i in range(200)})
    cache.close()
    data = bytearray((folder / "cache.db").read_bytes())
    data[4096 : len(data) // 2] = b"\xa5" * (len(data) // 2 - 4096)
    (folder / "cache.db").write_bytes(data)
    for i in range(200):
        assert cache.get(f"{i}") in (None, bytes(9000))
    cache.set("new", b"1")
    assert cache.get("new") == b"1"


def test_a_place_that_cannot_be_used_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ByteCache(tmp_path / "file" / "store", LIMIT)
    began_s = time.monotonic()
    with caplog.at_level(logging.WARNING):
        for i in range(50):
            cache.set(f"{i}", b"x")
            assert cache.get(f"{i}") is None and not cache.has(f"{i}")
    cache.close()
    assert time.monotonic() - began_s < 2
    assert len(caplog.records) == 1 and "cannot be used" in caplog.text
    assert cache.n_failures > 1


def test_disk_full_is_ignored_and_passes(cache: ByteCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.set("a", b"1")
    full = True
    real = room._Store.cull_now

    def cull_now(self: room._Store, sql: object) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        real(self, sql)  # type: ignore[arg-type]

    monkeypatch.setattr(room._Store, "cull_now", cull_now)
    monkeypatch.setattr(room, "_REST_S", 0.2)
    cache.set("b", b"2")
    assert cache.get("b") is None and cache.get("a") == b"1" and cache.n_failures == 1
    cache.set("c", b"3")  # rests: not even tried
    assert cache.n_failures == 1
    full = False
    time.sleep(0.25)
    cache.set("b", b"2")
    assert cache.get("b") == b"2"


def failure(name: str, code: int, errno_: int | None = None) -> Exception:
    """As the system or SQLite raises it."""
    error: Exception = sqlite3.OperationalError(name) if errno_ is None else OSError(errno_, name)
    if errno_ is None:
        error.sqlite_errorcode = code  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        (failure("disk I/O error", sqlite3.SQLITE_IOERR_WRITE), "INTERNAL", "its disk can be used"),
        (failure("unable to open database file", sqlite3.SQLITE_CANTOPEN), "INTERNAL", "its disk can be used"),
        (failure("Not a directory", 0, errno.ENOTDIR), "INTERNAL", "its disk can be used"),
        (failure("Permission denied", 0, errno.EACCES), "PERMISSION_DENIED", "Allow writing there"),
        (failure("Operation not permitted", 0, errno.EPERM), "PERMISSION_DENIED", "Allow writing there"),
        (failure("Read-only file system", 0, errno.EROFS), "PERMISSION_DENIED", "Allow writing there"),
        (
            failure("attempt to write a readonly database", sqlite3.SQLITE_READONLY_DIRECTORY),
            "PERMISSION_DENIED",
            "Allow writing there",
        ),
        (failure("No space left on device", 0, errno.ENOSPC), "DISK_FULL", "Free some space"),
    ],
    ids=str,
)
def test_what_keeps_it_from_storing_is_told_with_what_helps(
    cache: ByteCache, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, advice: str
) -> None:
    cache.set("a", b"1")
    assert cache.write_trouble is None

    def cull_now(_self: room._Store, _sql: object) -> None:
        raise error

    monkeypatch.setattr(room._Store, "cull_now", cull_now)
    cache.set("b", b"2")
    trouble = cache.write_trouble
    assert trouble is not None and (trouble.code, trouble.details["path"]) == (code, str(folder))
    assert advice in trouble.way_out and str(folder) in trouble.message


def test_a_folder_in_which_no_file_may_be_made(
    cache: ByteCache, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says only that it cannot open; root, who may run the tests, may always."""
    folder.mkdir(parents=True)
    monkeypatch.setattr(room.os, "access", lambda *_arguments: False)
    error = failure("unable to open database file", sqlite3.SQLITE_CANTOPEN)
    assert room._is_forbidden(error, folder) and not room._is_forbidden(error, folder / "none")


def test_a_writer_that_holds_the_lock_is_not_waited_for_long(
    cache: ByteCache, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.set("a", b"1")
    cache.close()
    monkeypatch.setattr(room, "_TIMEOUT_S", 0.2)
    cache.get("a")
    other = sqlite3.connect(folder / "cache.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began_s = time.monotonic()
    cache.set("b", b"2")
    assert cache.get("a") == b"1"  # readers go on
    assert time.monotonic() - began_s < 3
    other.execute("ROLLBACK")
    other.close()
    cache.set("b", b"2")
    assert cache.get("b") == b"2"


_PROCESS = """
import sys
from pathlib import Path
from engine.cache import ByteCache
cache = ByteCache(Path(sys.argv[1]), 50_000_000)
for i in range(60):
    cache.set_many({f"{sys.argv[2]}:{i}:{k}": sys.argv[2].encode() * 2000 for k in range(8)})
    assert cache.get(f"{sys.argv[2]}:{i}:7") == sys.argv[2].encode() * 2000
assert cache.n_failures == 0, cache.n_failures
"""


def test_several_processes_at_once(cache: ByteCache, folder: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, str(folder), str(n)], stderr=subprocess.PIPE)
        for n in range(3)
    ]
    for child in children:
        _, said = child.communicate(timeout=60)
        assert child.returncode == 0, said.decode()
    for n in range(3):
        assert cache.get(f"{n}:59:7") == str(n).encode() * 2000


def test_connections_of_ended_threads_are_closed(cache: ByteCache) -> None:
    cache.set("a", b"1")
    for _ in range(20):
        thread = threading.Thread(target=cache.get, args=("a",))
        thread.start()
        thread.join()
    assert cache._store is not None and len(cache._store._connections) <= 3
