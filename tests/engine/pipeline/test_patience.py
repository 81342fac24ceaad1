"""Waiting out what passes: how it is told, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import DeviceError, ErrorCode, FileError, LibraryError, LightdeskError
from engine.library import database, migrations
from engine.library.writer import Writer
from engine.pipeline import patience as room
from engine.pipeline.patience import GaveUp, Patience, passes


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    migrations.open_library(tmp_path / "library.sqlite", create=True)
    writer = Writer(tmp_path / "library.sqlite")
    yield writer
    writer.close()


@pytest.fixture
def told() -> list[str | None]:
    return []


@pytest.fixture
def patience(writer: Writer, told: list[str | None], monkeypatch: pytest.MonkeyPatch) -> Patience:
    monkeypatch.setattr(room, "_RETRY_S", 0.05)
    return Patience(writer, on_changed=lambda error: told.append(error and str(error.code)))


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end_s, "it did not come to pass"
        time.sleep(0.005)


def failing(n: int, error: Exception):
    """Fail n times, then answer."""
    left = iter(range(n))

    def attempt(*_: object) -> str:
        if next(left, None) is not None:
            raise error
        return "done"

    return attempt


def full() -> LibraryError:
    return LibraryError(ErrorCode.DISK_FULL, "full")


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_it_gets_through_and_tells_once(n: int, patience: Patience, told: list[str | None]) -> None:
    assert patience.write(failing(n, full())) == "done"
    # What has passed by itself at once is not told of.
    assert told == (["DISK_FULL", None] if n > 1 else [])
    assert patience.trouble is None


def test_one_that_gets_through_does_not_hide_another(patience: Patience, told: list[str | None]) -> None:
    release = threading.Event()

    def held_up() -> None:
        if not release.is_set():
            raise full()

    thread = threading.Thread(target=lambda: patience.insist(held_up))
    thread.start()
    until(lambda: bool(told))
    assert patience.insist(failing(3, full())) == "done"
    assert told == ["DISK_FULL"] and patience.trouble is not None
    release.set()
    thread.join(10)
    assert told == ["DISK_FULL", None] and patience.trouble is None


@pytest.mark.parametrize(
    "error",
    [
        LibraryError(ErrorCode.INTERNAL, "a constraint"),
        FileError(ErrorCode.FILE_NOT_FOUND, "gone"),
        DeviceError(ErrorCode.INFERENCE_FAILED, "failed"),
        ValueError("a bug"),
    ],
)
def test_what_does_not_pass_is_raised_at_once(
    error: Exception, patience: Patience, told: list[str | None]
) -> None:
    with pytest.raises(type(error)):
        patience.write(failing(1, error))
    assert told == []


def test_what_a_person_waits_for_is_tried_once(patience: Patience, told: list[str | None]) -> None:
    with pytest.raises(LibraryError) as caught:
        patience.attempt(failing(1, full()))
    assert caught.value.code is ErrorCode.DISK_FULL
    assert told == [] and patience.trouble is None


def test_a_lock_is_told_of_once_however_many_wait_for_it(
    patience: Patience, tmp_path: Path, told: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "BUSY_AFTER_S", 0.1)
    monkeypatch.setattr(room, "_LOOK_S", 0.02)
    other = database.connect(tmp_path / "library.sqlite")
    other.execute("BEGIN IMMEDIATE")
    written: list[str] = []
    ways = (patience.write, patience.attempt)
    threads = [threading.Thread(target=way, args=(lambda conn: written.append("written"),)) for way in ways]
    for thread in threads:
        thread.start()
    until(lambda: len(patience._troubles) == 2)
    assert told == ["LIBRARY_BUSY"]
    other.execute("ROLLBACK")
    other.close()
    for thread in threads:
        thread.join(20)
    assert written == ["written"] * 2
    assert told == ["LIBRARY_BUSY", None] and patience.trouble is None


def test_all_that_concerns_the_machine_passes() -> None:
    for code in ErrorCode:
        if code.startswith("LIBRARY") or code is ErrorCode.DISK_FULL:
            assert passes(LibraryError(code, ""))
    assert passes(DeviceError(ErrorCode.OUT_OF_MEMORY, ""))
    assert not passes(LightdeskError(ErrorCode.DISK_FULL, ""))  # nobody has said whose


def test_giving_up_ends_the_wait(patience: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_RETRY_S", 3600.0)
    ended: list[type[BaseException]] = []

    def insist() -> None:
        try:
            patience.insist(failing(1000, full()))
        except GaveUp as error:
            ended.append(type(error))

    thread = threading.Thread(target=insist)
    thread.start()
    until(lambda: patience.trouble is not None)
    patience.give_up()
    thread.join(10)
    assert ended == [GaveUp]
    assert patience.write(lambda conn: "still possible") == "still possible"


def test_giving_up_does_not_wait_for_a_lock(
    patience: Patience, writer: Writer, tmp_path: Path, told: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "BUSY_AFTER_S", 0.1)
    other = database.connect(tmp_path / "library.sqlite")
    other.execute("BEGIN IMMEDIATE")
    written: list[str] = []
    ended: list[str] = []

    def write() -> None:
        try:
            patience.write(lambda conn: written.append("written"))
        except GaveUp:
            ended.append("gave up")

    def attempt() -> None:
        try:
            patience.attempt(lambda conn: written.append("written"))
        except LibraryError as error:
            ended.append(str(error.code))

    threads = [threading.Thread(target=target) for target in (write, attempt)]
    for thread in threads:
        thread.start()
    until(lambda: bool(told))
    assert told == ["LIBRARY_BUSY"]
    patience.give_up()
    for thread in threads:
        thread.join(10)
    assert sorted(ended) == ["LIBRARY_BUSY", "gave up"]
    other.execute("ROLLBACK")
    other.close()
    writer.submit(lambda conn: None).result(20)
    assert written == []  # cancelled, not done behind our back
