"""The log is moved into the library beside the writer, and does not grow for good."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from engine.errors import ErrorCode, LibraryError
from engine.library import checkpoints, database
from engine.library.writer import Writer
from tests.engine.library.small_library import SmallLibrary
from tests.waiting import until

PAGE_BYTES = 4096


@pytest.fixture(autouse=True)
def short_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "PAGES", 40)


def log_bytes(path: Path) -> int:
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0


def fill(hand: Writer, start: int, n: int) -> None:
    """Commit n transactions of a page or more each."""
    for i in range(start, start + n):
        hand.submit(lambda conn, i=i: conn.execute("INSERT INTO meta VALUES(?, ?)", (f"{i}", "x" * 4000))).result(60)


def copied(path: Path) -> int:
    """Count the rows that are in the library's file itself, without its log."""
    alone = path.with_name("alone.lightdesk")
    alone.write_bytes(path.read_bytes())
    conn = apsw.Connection(str(alone), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        return conn.execute("SELECT count(*) FROM meta WHERE value LIKE 'xx%'").fetchall()[0][0]
    except apsw.CorruptError:
        return 0  # copied while a checkpoint was writing to it
    finally:
        conn.close()


def test_the_log_is_copied_while_the_writer_lives_and_begun_anew(small: SmallLibrary) -> None:
    small.conn.close()
    hand = Writer(small.path)
    try:
        fill(hand, 0, 60)
        until(lambda: copied(small.path) > 0)
        start = 60

        def begun_anew() -> bool:
            nonlocal start
            before = log_bytes(small.path)
            fill(hand, start, 40)
            start += 40
            return log_bytes(small.path) == before

        until(begun_anew)
    finally:
        hand.close()


def test_a_reader_that_holds_an_old_look_only_delays_it(small: SmallLibrary) -> None:
    small.conn.close()
    reader = database.connect(small.path, read_only=True)
    hand = Writer(small.path)
    try:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM meta WHERE value LIKE 'xx%'").fetchall() == [(0,)]
        fill(hand, 0, 300)
        held = log_bytes(small.path)
        assert held > 300 * PAGE_BYTES, "what is in use is not thrown away"
        assert reader.execute("SELECT count(*) FROM meta WHERE value LIKE 'xx%'").fetchall() == [(0,)]
        reader.execute("COMMIT")
        start = 300

        def begun_anew() -> bool:
            nonlocal start
            before = log_bytes(small.path)
            fill(hand, start, 10)
            start += 10
            return copied(small.path) >= 300 and log_bytes(small.path) == before

        until(begun_anew)
    finally:
        reader.close()
        hand.close()


def test_the_writer_copies_the_rest_of_a_long_log(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the thread never gets to the end, since commits do not stop."""
    real = checkpoints.Checkpoints._checkpoint
    by: set[str] = set()

    def checkpoint(self: checkpoints.Checkpoints, conn: database.Connection, *mode: int) -> None:
        name = threading.current_thread().name
        by.add(name)
        if name == "library-writer":
            real(self, conn)

    monkeypatch.setattr(checkpoints.Checkpoints, "_checkpoint", checkpoint)
    small.conn.close()
    hand = Writer(small.path)
    try:
        start = 0

        def done_by_the_writer() -> bool:
            nonlocal start
            fill(hand, start, 40)
            start += 40
            return "library-writer" in by and copied(small.path) > 0

        until(done_by_the_writer)
    finally:
        hand.close()


def test_a_checkpoint_that_cannot_be_made_is_tried_again(
    small: SmallLibrary, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small.conn.close()
    hand = Writer(small.path)
    failing = True
    real = database.connect

    def connect(path: Path, **options: bool) -> database.Connection:
        if failing and threading.current_thread().name == "library-checkpoints":
            raise LibraryError(ErrorCode.LIBRARY_BUSY, "not now")
        return real(path, **options)

    monkeypatch.setattr(database, "connect", connect)
    try:
        fill(hand, 0, 100)
        until(lambda: "No checkpoint" in caplog.text)
        failing = False
        start = 100

        def done() -> bool:
            nonlocal start
            fill(hand, start, 40)
            start += 40
            return copied(small.path) > 0

        until(done)
    finally:
        hand.close()


def test_closing_leaves_no_thread_and_no_log(small: SmallLibrary) -> None:
    small.conn.close()
    hand = Writer(small.path)
    fill(hand, 0, 100)
    hand.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("library-")]
    assert log_bytes(small.path) == 0
    assert copied(small.path) == 100
