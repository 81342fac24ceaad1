"""A map that grows: what was there stays where it was, and who looks sees whole maps only."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.schemas.map import ProjectedMap
from engine.search.growing_map import GrowingMap
from engine.search.projection import projected
from tests.engine.search.clouds import clouds

DIM = 24
VECTORS = clouds(400, DIM, 8, 0.3, 5)


def made(n: int) -> ProjectedMap:
    result = projected(lambda start, stop: VECTORS[start:stop], n)
    assert result is not None
    return result


@pytest.fixture(scope="module")
def whole() -> ProjectedMap:
    return made(120)


def test_points_come_in_the_order_asked_and_without_those_that_have_no_place(whole: ProjectedMap) -> None:
    ids = np.arange(120) * 2 + 7
    growing = GrowingMap.of(whole, ids, 5)
    points = growing.points(np.array([9, 8, 245, 7, -3, 0, 10**12, 247]), "a")
    assert points.content_ids.tolist() == [9, 245, 7] and points.layout == "a"
    np.testing.assert_array_equal(points.places, whole.places[[1, 119, 0]])
    assert len(growing.points(np.empty(0, np.int64), "").content_ids) == 0


def test_what_is_added_moves_nothing_and_lies_among_its_like(whole: ProjectedMap) -> None:
    growing = GrowingMap.of(whole, np.arange(1, 121), 5)
    growing.add(np.array([900, 300]), VECTORS[[3, 4]], 77)
    points = growing.points(np.array([300, 4, 900]), "")
    np.testing.assert_array_equal(points.places[1], whole.places[3])
    np.testing.assert_allclose(points.places[[2, 0]], whole.places[[3, 4]], atol=1e-3)
    assert (growing.n, growing.chain, growing.mark.n_laid, growing.mark.laid_chain) == (122, 77, 120, 5)


def test_the_layout_is_named_after_what_was_laid_out(whole: ProjectedMap) -> None:
    growing = GrowingMap.of(whole, np.arange(1, 121), 5)
    before = growing.layout
    growing.add(np.array([200]), VECTORS[:1], 6)
    assert growing.layout == before == GrowingMap(growing.kept()).layout
    others = (GrowingMap.of(whole, np.arange(1, 121), 9), GrowingMap.of(made(119), np.arange(1, 120), 5))
    assert len({before, *(other.layout for other in others)}) == 3


def test_what_is_kept_goes_on_as_the_map_itself_would(whole: ProjectedMap) -> None:
    first = GrowingMap.of(whole, np.arange(1, 121), 5)
    first.add(np.arange(121, 131), VECTORS[120:130], 6)
    again = GrowingMap(first.kept())
    for growing in (first, again):
        growing.add(np.arange(131, 141), VECTORS[130:140], 7)
    ids = np.arange(1, 141)
    np.testing.assert_array_equal(first.points(ids, "").places, again.points(ids, "").places)


@settings(max_examples=60, deadline=None)
@given(lots=st.lists(st.lists(st.integers(0, 999), max_size=9, unique=True), max_size=8))
def test_each_content_has_its_own_place_however_they_come(lots: list[list[int]]) -> None:
    growing = GrowingMap.of(_PCA, np.arange(1000, 1020), 1)
    known = {1000 + row: _PCA.places[row] for row in range(20)}
    for lot in lots:
        new = [content_id for content_id in lot if content_id not in known]
        growing.add(np.array(new, np.int64), VECTORS[[i % 400 for i in new]], 2)
        known |= {i: (VECTORS[i % 400] - _PCA.projection.mean) @ _PCA.projection.axes[:, :2] for i in new}
    assert growing.n == len(known)
    points = growing.points(np.array(sorted(known)), "")
    np.testing.assert_allclose(points.places, [known[i] for i in sorted(known)], atol=2e-3)


_PCA = made(20)


def test_who_looks_while_it_grows_sees_no_place_that_is_not_written_yet() -> None:
    growing = GrowingMap.of(_PCA, np.arange(20), 1)
    wrong: list[float] = []
    ends = threading.Event()

    def look() -> None:
        while not ends.is_set():
            points = growing.points(np.arange(6000), "")
            if not np.isfinite(points.places).all() or np.abs(points.places).max() > 2:
                wrong.append(float(np.abs(points.places).max()))

    thread = threading.Thread(target=look)
    thread.start()
    for start in range(20, 6000, 20):
        growing.add(np.arange(start, start + 20), VECTORS[:20], start)
    ends.set()
    thread.join()
    assert not wrong and len(growing.points(np.arange(6000), "").content_ids) == 6000
