"""A few views, each lent to one thread at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.errors import ErrorCode, LibraryError
from engine.readers import LibraryReaders
from engine.schemas.library import Query
from engine.view import LibraryView
from tests.engine.library.small_library import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small = made(tmp_path / "small.lightdesk")
    small.add("/photos/a.jpg", "one")
    small.conn.close()
    return small.path


def test_a_view_is_used_again(path: Path) -> None:
    readers = LibraryReaders(path)
    with readers.borrow() as first:
        assert first.ids(Query()).tolist() == [1]
        with readers.borrow() as second:
            assert second is not first
    with readers.borrow() as third:
        assert third in (first, second)
    readers.close()


def test_a_view_comes_back_from_a_failure(path: Path) -> None:
    readers = LibraryReaders(path)
    with pytest.raises(ZeroDivisionError), readers.borrow() as first:
        raise ZeroDivisionError
    with readers.borrow() as second:
        assert second is first
    readers.close()


def test_no_view_is_lent_to_two_threads(path: Path) -> None:
    readers = LibraryReaders(path)
    lent: set[LibraryView] = set()
    ever: set[LibraryView] = set()
    lock = threading.Lock()
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def use() -> None:
        try:
            together.wait(30)
            for _ in range(50):
                with readers.borrow() as view:
                    with lock:
                        assert view not in lent
                        lent.add(view)
                        ever.add(view)
                    assert view.ids(Query()).tolist() == [1]
                    with lock:
                        lent.remove(view)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    readers.close()
    assert not failures and 1 <= len(ever) <= 4


def test_closing_closes_what_is_idle_and_what_comes_back(path: Path) -> None:
    readers = LibraryReaders(path)
    with readers.borrow() as idle:
        pass
    with readers.borrow() as lent:
        assert lent is idle
        readers.close()
        assert lent.ids(Query()).tolist() == [1], "whoever reads may read to the end"
    with pytest.raises(LibraryError):
        lent.ids(Query())
    with pytest.raises(LibraryError) as caught, readers.borrow():
        pass
    assert caught.value.code is ErrorCode.LIBRARY_BUSY
