"""Rows behind the tiles: fetched once, never left stale, bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QObject

from desktop.ui import tile_rows as module
from desktop.ui.tile_rows import TileRows
from engine.errors import ErrorCode, LibraryError
from tests.desktop.ui.held_ports import HeldReads
from tests.desktop.ui.records import tile

BUSY = LibraryError(ErrorCode.LIBRARY_BUSY, "Busy.")


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.fixture
def reads() -> HeldReads:
    reads = HeldReads()
    reads.held = True
    return reads


@pytest.fixture
def came() -> list[list[int]]:
    return []


@pytest.fixture
def rows(qtbot, reads: HeldReads, came: list[list[int]]) -> Iterator[TileRows]:
    parent = QObject()
    yield TileRows(reads, came.append, parent)
    del parent


def test_what_is_missing_is_fetched_the_first_group_first(rows: TileRows, reads: HeldReads, came) -> None:
    rows.want(ids(1, 2), ids(3), ids(4))
    reads.answer("tiles")
    assert came == [[1, 2]] and rows.get(1) == tile(1) and rows.get(3) is None
    reads.answer("tiles")
    reads.answer("tiles")
    assert reads.view.asked == [[1, 2], [3], [4]] and came == [[1, 2], [3], [4]]
    rows.want(ids(1, 2), ids(3, 5))
    reads.answer("tiles")
    assert reads.view.asked[3:] == [[5]]
    assert not reads.waiting


def test_while_one_read_runs_no_other_is_asked_for(rows: TileRows, reads: HeldReads) -> None:
    """The lane drops the answer before: fast scrolling would never see a row."""
    for i in range(50):
        rows.want(ids(i))
    assert reads.n_asked == 1
    reads.answer("tiles")
    reads.answer("tiles")
    assert reads.view.asked == [[0], [49]]


def test_changed_rows_stay_until_the_new_ones_are_there(rows: TileRows, reads: HeldReads, came) -> None:
    rows.want(ids(1, 2))
    reads.answer("tiles")
    reads.view.changed[1] = tile(1, label="tench", label_state="accepted")
    rows.invalidate([1, 99])
    assert rows.get(1) == tile(1)
    rows.want(ids(1, 2))
    reads.answer("tiles")
    assert reads.view.asked[-1] == [1] and came[-1] == [1]
    assert rows.get(1) == reads.view.changed[1]


def test_a_row_read_again_and_found_the_same_is_no_news(rows: TileRows, reads: HeldReads, came) -> None:
    rows.want(ids(1))
    reads.answer("tiles")
    row = rows.get(1)
    rows.invalidate(None)
    rows.want(ids(1))
    reads.answer("tiles")
    assert came == [[1]] and rows.get(1) is row  # the same object: its tile need not be drawn again


def test_a_change_during_a_read_is_not_lost(rows: TileRows, reads: HeldReads) -> None:
    """Return and X pressed one after the other: the answer to the first must not pass for that to the second."""
    rows.want(ids(1))
    reads.answer("tiles")
    reads.view.changed[1] = tile(1, label="tench", label_state="accepted")
    rows.invalidate([1])
    rows.want(ids(1))
    deliver = reads.read("tiles")  # the reader has looked
    reads.view.changed[1] = tile(1, label_state="rejected")
    rows.invalidate([1])
    rows.want(ids(1))
    deliver()
    reads.answer("tiles")
    assert rows.get(1) == reads.view.changed[1]


def test_a_row_that_is_read_for_the_first_time_while_it_changes(rows: TileRows, reads: HeldReads) -> None:
    rows.want(ids(1))
    deliver = reads.read("tiles")
    reads.view.changed[1] = tile(1, label_state="rejected")
    rows.invalidate([1])
    deliver()
    reads.answer("tiles")
    assert rows.get(1) == reads.view.changed[1]


def test_a_content_stored_while_it_was_looked_for_is_found(rows: TileRows, reads: HeldReads, came) -> None:
    reads.view.gone = {1}
    rows.want(ids(1))
    deliver = reads.read("tiles")
    reads.view.gone = set()
    rows.invalidate([1])
    deliver()
    reads.answer("tiles")
    assert came == [[1]]


def test_what_is_not_there_is_asked_for_once_until_it_changes(rows: TileRows, reads: HeldReads) -> None:
    reads.view.gone = {2}
    rows.want(ids(1, 2))
    reads.answer("tiles")
    for _ in range(5):
        rows.want(ids(1, 2))
    assert reads.n_asked == 1
    reads.view.gone = set()
    rows.invalidate([2])
    rows.want(ids(1, 2))
    reads.answer("tiles")
    assert rows.get(2) == tile(2)


def test_another_library_forgets_all_and_takes_no_answer_of_the_one_before(
    rows: TileRows, reads: HeldReads, came
) -> None:
    rows.want(ids(1))
    reads.answer("tiles")
    rows.want(ids(2))
    deliver = reads.read("tiles")
    rows.clear()
    assert rows.get(1) is None
    reads.waiting.clear()
    deliver()
    assert rows.get(2) is None and came == [[1]]
    assert not reads.waiting  # nor is the new library asked for contents of the old one
    reads.view.changed[1] = tile(1, name="another.jpg")
    rows.want(ids(1))
    reads.answer("tiles")
    assert rows.get(1) == reads.view.changed[1]


def test_another_model_reads_all_again(rows: TileRows, reads: HeldReads) -> None:
    rows.want(ids(1))
    reads.answer("tiles")
    assert rows.set_model_ref("b@2") and not rows.set_model_ref("b@2")
    rows.want(ids(1))
    reads.answer("tiles")
    assert reads.view.asked == [[1], [1]]


def test_an_error_is_tried_again_and_less_often(rows: TileRows, reads: HeldReads, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(module, "_RETRY_MS", 20)
    rows._retry_ms = 20
    rows.want(ids(1))
    waits = []
    for _ in range(3):
        reads.fail("tiles", BUSY)
        waits.append(rows._retry.interval())
        qtbot.waitUntil(lambda: "tiles" in reads.waiting)
    assert waits == [20, 40, 80]
    reads.answer("tiles")
    assert rows.get(1) == tile(1)
    rows.want(ids(2))
    reads.fail("tiles", BUSY)
    assert rows._retry.interval() == 20  # an answer came between: it is quick again


def test_a_lost_answer_does_not_stop_all_reading(rows: TileRows, reads: HeldReads, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(module, "_RETRY_MS", 10)
    rows._lost_s = 0.05
    rows.want(ids(1))
    reads.waiting.clear()
    rows.want(ids(2))
    qtbot.waitUntil(lambda: "tiles" in reads.waiting)
    assert rows._lost_s == 0.1  # a library that is only slow gets more time with each attempt
    reads.answer("tiles")
    assert rows.get(2) == tile(2)


def test_bounded_but_never_below_what_is_on_the_screen(rows: TileRows, reads: HeldReads, monkeypatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 10)
    for first in range(0, 100, 5):
        rows.want(np.arange(first, first + 5, dtype=np.int64))
        reads.answer("tiles")
    assert len(rows._rows) <= 10 and rows.get(99) is not None and rows.get(0) is None
    rows.want(np.arange(200, 260, dtype=np.int64), np.arange(300, 360, dtype=np.int64))
    reads.answer("tiles")
    reads.answer("tiles")
    assert not reads.waiting  # all there: else it would fetch round and round
    assert all(rows.get(i) is not None for i in (200, 259, 300, 359))


def test_what_someone_waits_for_comes_beside_what_is_being_read(rows: TileRows, reads: HeldReads, came) -> None:
    rows.want(ids(1, 2))
    rows.expect((7,))
    reads.answer("awaited")
    assert rows.get(7) == tile(7) and came == [[7]]
    reads.answer("tiles")
    assert came == [[7], [1, 2]]
    rows.want(ids(7))
    assert not reads.waiting  # there already


def test_what_someone_waited_for_in_another_library_is_dropped(rows: TileRows, reads: HeldReads, came) -> None:
    rows.expect((7,))
    rows.clear()
    reads.answer("awaited")
    assert rows.get(7) is None and not came


def test_an_awaited_row_that_moved_while_it_was_read_is_read_again(rows: TileRows, reads: HeldReads, came) -> None:
    rows.expect((7,))
    rows.invalidate((7,))
    reads.answer("awaited")
    assert came == [[7]]
    rows.want(ids(7))
    reads.answer("tiles")
    assert reads.view.asked == [[7], [7]]
