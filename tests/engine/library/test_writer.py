"""The one thread that writes: order, groups, failures, locks of others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import apsw
import pytest

from engine.errors import ErrorCode, LibraryError, UsageError
from engine.library import commands, database, writer
from engine.library.writer import Writer
from tests.engine.library.locking import locked
from tests.engine.library.small_library import SmallLibrary
from tests.waiting import until


@pytest.fixture
def hand(small: SmallLibrary) -> Iterator[Writer]:
    hand = Writer(small.path)
    yield hand
    hand.close()


def put(key: str):
    """Work that writes one row."""

    def work(conn: database.Connection) -> str:
        conn.execute("INSERT INTO meta VALUES(?, '')", (key,))
        return key

    return work


def keys(small: SmallLibrary) -> set[str]:
    return {key for (key,) in small.rows("SELECT key FROM meta WHERE value = ''")}


class Gate:
    """Work that holds the writer's thread, so that a queue builds up behind it."""

    def __init__(self, hand: Writer) -> None:
        self._reached, self._open = threading.Event(), threading.Event()
        self.future = hand.submit(self._work)
        assert self._reached.wait(30)

    def _work(self, _conn: database.Connection) -> None:
        self._reached.set()
        assert self._open.wait(30)

    def open(self) -> None:
        self._open.set()
        self.future.result(30)


def commits_of(hand: Writer) -> list[None]:
    counted: list[None] = []
    hand._conn.set_commit_hook(lambda: bool(counted.append(None)))
    return counted


def test_a_result_is_given_after_the_commit(hand: Writer, small: SmallLibrary) -> None:
    assert hand.submit(put("a")).result(30) == "a"
    assert keys(small) == {"a"}


def test_all_runs_on_one_thread(hand: Writer) -> None:
    names = [hand.submit(lambda _conn: threading.current_thread().name).result(30) for _ in range(3)]
    assert set(names) == {"library-writer"}


def test_what_waits_together_is_one_commit(hand: Writer, small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_GROUP_S", 60)
    gate = Gate(hand)
    commits = commits_of(hand)
    waiting = [hand.submit(put(str(i))) for i in range(20)]
    gate.open()
    assert [future.result(30) for future in waiting] == [str(i) for i in range(20)]
    assert len(commits) == 1 and len(keys(small)) == 20


def test_a_group_is_not_stretched(hand: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_GROUP_S", 0)
    gate = Gate(hand)
    commits = commits_of(hand)
    waiting = [hand.submit(put(str(i))) for i in range(5)]
    gate.open()
    for future in waiting:
        future.result(30)
    assert len(commits) >= 5


def test_urgent_work_goes_first(hand: Writer) -> None:
    gate = Gate(hand)
    order: list[str] = []
    futures = [hand.submit(lambda _conn, i=i: order.append(f"bulk {i}")) for i in range(3)]
    futures += [hand.submit(lambda _conn, i=i: order.append(f"urgent {i}"), urgent=True) for i in range(3)]
    gate.open()
    for future in futures:
        future.result(30)
    assert order == ["urgent 0", "urgent 1", "urgent 2", "bulk 0", "bulk 1", "bulk 2"]


def test_bulk_work_waits_for_room_and_urgent_work_does_not(small: SmallLibrary) -> None:
    hand = Writer(small.path, capacity=2)
    gate = Gate(hand)
    futures = [hand.submit(put("a")), hand.submit(put("b"))]
    third = threading.Thread(target=lambda: futures.append(hand.submit(put("c"))))
    third.start()
    futures.append(hand.submit(put("urgent"), urgent=True))
    third.join(0.1)
    assert third.is_alive()
    gate.open()
    third.join(30)
    assert not third.is_alive()
    for future in futures:
        future.result(30)
    hand.close()
    assert keys(small) == {"a", "b", "c", "urgent"}


@pytest.mark.parametrize("error", [ValueError("ours"), UsageError(ErrorCode.INVALID_ARGUMENT, "theirs")])
def test_a_task_that_fails_takes_nobody_with_it(hand: Writer, small: SmallLibrary, error: Exception) -> None:
    def fails(conn: database.Connection) -> None:
        put("half")(conn)
        raise error

    gate = Gate(hand)
    before, bad, after = hand.submit(put("before")), hand.submit(fails), hand.submit(put("after"))
    gate.open()
    assert (before.result(30), after.result(30)) == ("before", "after")
    with pytest.raises(type(error)) as caught:
        bad.result(30)
    assert caught.value is error
    assert keys(small) == {"before", "after"}


def test_sqlite_s_errors_come_as_ours(hand: Writer, small: SmallLibrary) -> None:
    hand.submit(put("twice")).result(30)
    with pytest.raises(LibraryError) as caught:
        hand.submit(put("twice")).result(30)
    assert caught.value.code is ErrorCode.INTERNAL and isinstance(caught.value.__context__ or caught.value, Exception)
    assert hand.submit(put("next")).result(30) == "next"


def test_a_disk_that_is_full_fails_what_was_not_committed_and_goes_on(hand: Writer, small: SmallLibrary) -> None:
    (pages,) = small.rows("PRAGMA page_count")[0]

    def too_much(conn: database.Connection) -> None:
        conn.execute(f"PRAGMA max_page_count = {pages + 4}")
        for i in range(1000):
            conn.execute("INSERT INTO meta VALUES(?, ?)", (f"much {i}", "x" * 1000))

    gate = Gate(hand)
    futures = [hand.submit(put("before")), hand.submit(too_much), hand.submit(put("after"))]
    gate._open.set()
    with pytest.raises(LibraryError) as caught:
        futures[1].result(30)
    assert caught.value.code is ErrorCode.DISK_FULL
    written = set()
    for future, key in ((futures[0], "before"), (futures[2], "after")):
        error = future.exception(30)
        assert error is None or (isinstance(error, LibraryError) and error.code is ErrorCode.DISK_FULL)
        written |= {key} if error is None else set()
    assert keys(small) == written, "what is said to be written is, and nothing else"
    hand.submit(lambda conn: conn.execute("PRAGMA max_page_count = 1000000")).result(30)
    assert hand.submit(put("room again")).result(30) == "room again"


def test_where_sqlite_rolls_back_by_itself_the_whole_group_fails(hand: Writer, small: SmallLibrary) -> None:
    def rolled_back(conn: database.Connection) -> None:
        put("half")(conn)
        conn.execute("ROLLBACK")
        raise apsw.FullError("database or disk is full")

    gate = Gate(hand)
    before, bad, after = hand.submit(put("before")), hand.submit(rolled_back), hand.submit(put("after"))
    gate._open.set()
    for future in (gate.future, before, bad):
        with pytest.raises(LibraryError) as caught:
            future.result(30)
        assert caught.value.code is ErrorCode.DISK_FULL
    assert after.result(30) == "after"
    assert keys(small) == {"after"}


def test_a_commit_that_fails_fails_its_group(hand: Writer, small: SmallLibrary) -> None:
    def orphan(conn: database.Connection) -> None:
        conn.execute("PRAGMA defer_foreign_keys = ON")
        conn.execute("INSERT INTO labels VALUES(12345, 'accepted', NULL, 'me', 1, 'now', '')")

    gate = Gate(hand)
    good, bad = hand.submit(put("good")), hand.submit(orphan)
    gate._open.set()
    for future in (gate.future, good, bad):
        with pytest.raises(LibraryError):
            future.result(30)
    assert keys(small) == set() and small.rows("SELECT * FROM labels") == []
    assert hand.submit(put("next")).result(30) == "next"


def test_nobody_waits_for_ever_when_the_writer_itself_meets_a_bug(
    hand: Writer, small: SmallLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    """A task that ends the savepoint it runs in."""

    def ends_it(conn: database.Connection) -> None:
        conn.execute("RELEASE task")
        raise ValueError("a bug")

    gate = Gate(hand)
    bad = hand.submit(ends_it)
    gate._open.set()
    with pytest.raises(ValueError, match="a bug"):
        bad.result(30)
    assert hand.submit(put("next")).result(30) == "next"
    assert "met a bug" in caplog.text


def test_what_nobody_wants_any_more_is_not_done(hand: Writer, small: SmallLibrary) -> None:
    gate = Gate(hand)
    futures = [hand.submit(put("unwanted")), hand.submit(put("wanted"))]
    assert futures[0].cancel()
    gate.open()
    futures[1].result(30)
    assert keys(small) == {"wanted"}


def test_durable_work_is_on_the_disk(hand: Writer, small: SmallLibrary) -> None:
    def synchronous(conn: database.Connection) -> int:
        return conn.execute("PRAGMA synchronous").fetchall()[0][0]

    normal, full = 1, 2
    assert hand.submit(synchronous).result(30) == normal
    assert hand.submit(synchronous, durable=True).result(30) == full
    assert hand.submit(synchronous).result(30) == normal
    gate = Gate(hand)
    mixed = [hand.submit(synchronous), hand.submit(synchronous, durable=True), hand.submit(synchronous)]
    gate.open()
    first, second, third = (future.result(30) for future in mixed)
    assert (first, second) == (normal, full) and third in (normal, full)


# Locks of other processes


def test_writing_waits_for_another_process_and_goes_on(hand: Writer, small: SmallLibrary) -> None:
    with locked(small.path) as unlock:
        futures = [hand.submit(put(str(i)), urgent=i % 2 == 0) for i in range(6)]
        # Longer than SQLite waits by itself.
        until(lambda: hand.waiting_since_s is not None and time.monotonic() - hand.waiting_since_s > 0.5)
        assert not any(future.done() for future in futures)
        unlock()
        assert sorted(future.result(60) for future in futures) == [str(i) for i in range(6)]
    assert hand.waiting_since_s is None
    assert len(keys(small)) == 6


def test_giving_up(hand: Writer, small: SmallLibrary) -> None:
    with locked(small.path) as unlock:
        patient = hand.submit(put("patient"))
        hasty = [hand.submit(put("hasty"), give_up_s=0.1), hand.submit(put("urgent"), urgent=True, give_up_s=0.1)]
        for future in hasty:
            with pytest.raises(LibraryError) as caught:
                future.result(60)
            assert caught.value.code is ErrorCode.LIBRARY_BUSY and caught.value.way_out
        assert not patient.done()
        unlock()
        assert patient.result(60) == "patient"
    assert keys(small) == {"patient"}


def test_the_first_in_the_queue_may_give_up_too(hand: Writer, small: SmallLibrary) -> None:
    with locked(small.path) as unlock:
        with pytest.raises(LibraryError) as caught:
            hand.submit(put("hasty"), give_up_s=0.1).result(60)
        assert caught.value.code is ErrorCode.LIBRARY_BUSY
        unlock()
    assert hand.submit(put("later"), give_up_s=60).result(60) == "later"
    assert keys(small) == {"later"}


def test_closing_while_another_process_holds_the_lock(small: SmallLibrary) -> None:
    hand = Writer(small.path)
    with locked(small.path):
        futures = [hand.submit(put(str(i)), urgent=i % 2 == 0) for i in range(50)]
        until(lambda: hand.waiting_since_s is not None)
        began_s = time.monotonic()
        hand.close()
        assert time.monotonic() - began_s < 10, "the lock is looked for once, not once for each that waits"
        for future in futures:
            with pytest.raises(LibraryError) as caught:
                future.result(0)
            assert caught.value.code is ErrorCode.LIBRARY_BUSY
    assert keys(small) == set()


def test_closing_finishes_what_is_queued_and_refuses_more(small: SmallLibrary) -> None:
    hand = Writer(small.path)
    futures = [hand.submit(put(str(i))) for i in range(30)]
    hand.close()
    assert [future.result(0) for future in futures] == [str(i) for i in range(30)]
    with pytest.raises(LibraryError) as caught:
        hand.submit(put("late")).result(0)
    assert caught.value.code is ErrorCode.LIBRARY_BUSY
    assert len(keys(small)) == 30


def test_closing_lets_those_go_that_wait_for_room(small: SmallLibrary) -> None:
    hand = Writer(small.path, capacity=1)
    gate = Gate(hand)
    hand.submit(put("a"))
    errors: list[object] = []
    waiting = threading.Thread(target=lambda: errors.append(hand.submit(put("b")).exception(30)))
    waiting.start()
    until(lambda: len(hand._bulk) == 1)
    closing = threading.Thread(target=hand.close)
    closing.start()
    until(lambda: hand._closing)
    waiting.join(30)
    gate._open.set()
    closing.join(30)
    assert not waiting.is_alive() and not closing.is_alive()
    assert len(errors) == 1


def test_commands_can_be_written_beside_bulk_work(hand: Writer, small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one")
    bulk = [hand.submit(put(str(i))) for i in range(40)]
    command = hand.submit(lambda conn: commands.label(conn, [content_id], "cat", "me"), urgent=True, durable=True)
    assert command.result(30).kind == "label"
    for future in bulk:
        future.result(30)
