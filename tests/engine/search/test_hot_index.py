"""The hot index against a plain comparison with every vector."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.search import hot_index
from engine.search.compact_index import CompactIndex
from engine.search.hot_index import DamagedRows, HotIndex, NotReady
from engine.search.vector_file import VectorFile
from tests.engine.search.clouds import clouds

DIM, N, GROUPS = 256, 20_000, 20


class Ready:
    """An index over clouds, contents numbered from 1000 in steps of 3, in no order."""

    def __init__(self, folder: Path, noise: float) -> None:
        everything = clouds(N + 40, DIM, GROUPS, noise, 11)
        self.vectors, self.queries = everything[:N], everything[N:]
        self.ids = np.random.default_rng(5).permutation(N) * 3 + 1000
        self.file = VectorFile(folder / "vectors", library_id="ef" * 16, model_id=4, dim=DIM)
        self.file.open()
        self.file.append(self.ids, self.ids, self.vectors)
        self.index = HotIndex(self.file)
        self.index.extend(self.ids)
        self.compact = CompactIndex(DIM, 64)
        self.compact.train([self.vectors[::4]], len(self.vectors[::4]))
        for at in range(0, N - 500, 4096):
            self.compact.add(self.vectors[at : min(at + 4096, N - 500)])
        self.index.use(self.compact)  # the last 500 are its tail

    def truth(self, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[int]:
        scores = np.round(self.vectors.astype(np.float64) @ query.astype(np.float64), 9)
        if allowed is not None:
            scores = np.where(allowed[self.ids], scores, -9)
        order = np.lexsort((self.ids, -scores))[:k]
        return self.ids[order[scores[order] > -9]].tolist()


@pytest.fixture(scope="module", params=[0.3, pytest.param(0.1, marks=pytest.mark.slow), pytest.param(0.6, marks=pytest.mark.slow)])
def ready(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    made = Ready(tmp_path_factory.mktemp("hot"), request.param)
    yield made
    made.file.close()


@pytest.mark.parametrize("k", [10, 50, 1500])
def test_recall(ready: Ready, k: int) -> None:
    recalls, read = [], []
    for query in ready.queries[: 40 if k < 1000 else 5]:
        found = ready.index.search(query, k)
        truth = ready.truth(query, k)
        recalls.append(len(set(found.content_ids.tolist()) & set(truth)) / k)
        read.append(found.n_read)
        assert (np.diff(found.scores) <= 0).all()
    assert np.mean(recalls) >= 0.99
    assert np.median(read) < N / 2, "a scan that reads everything is none"


@pytest.mark.parametrize("share", [0.5, 0.02, 0.0025])
def test_under_a_filter_it_finds_the_nearest_that_pass(ready: Ready, share: float) -> None:
    allowed = np.random.default_rng(8).random(int(ready.ids.max()) + 1) < share
    for query in ready.queries[:10]:
        truth = ready.truth(query, 50, allowed)
        found = ready.index.search(query, 50, allowed).content_ids
        assert allowed[found].all()
        assert len(set(found.tolist()) & set(truth)) >= 0.98 * len(truth)
        if share < 0.01:  # compared one by one
            assert found.tolist() == truth


def test_a_filter_that_ends_before_the_last_content_lets_nothing_else_through(ready: Ready) -> None:
    allowed = np.ones(int(np.median(ready.ids)), dtype=np.bool_)
    found = ready.index.search(ready.queries[0], 200, allowed).content_ids
    assert len(found) == 200 and (found < len(allowed)).all()
    assert not len(ready.index.search(ready.queries[0], 5, np.zeros(10, dtype=np.bool_)).content_ids)


def test_scores_are_exact_cosines_and_an_item_finds_itself(ready: Ready) -> None:
    for row in (0, 123, N - 1):  # the last is in the tail
        found = ready.index.search(ready.vectors[row], 5)
        assert found.content_ids[0] == ready.ids[row] and found.scores[0] == pytest.approx(1.0, abs=1e-7)
    found = ready.index.search(ready.queries[3], 20)
    rows = [int(np.flatnonzero(ready.ids == i)[0]) for i in found.content_ids]
    assert np.allclose(found.scores, ready.vectors[rows].astype(np.float64) @ ready.queries[3], atol=1e-9)


def test_damaged_rows_are_named_and_not_answered_with(ready: Ready) -> None:
    best = ready.index.search(ready.queries[1], 1).content_ids
    position = int(ready.index.positions_of(best)[0])
    ready.file.write(position, np.array([5]), np.array([5]), np.ones((1, DIM), np.float32))
    try:
        with pytest.raises(DamagedRows) as damage:
            ready.index.search(ready.queries[1], 1)
        assert damage.value.positions.tolist() == [position]
    finally:
        ready.file.write(position, best, best, ready.vectors[position : position + 1])
    assert ready.index.search(ready.queries[1], 1).content_ids.tolist() == best.tolist()


def test_ties_are_ordered_by_content(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", library_id="00" * 16, model_id=1, dim=DIM)
    file.open()
    same = np.repeat(clouds(2, DIM, 2, 0.1, 1), 300, axis=0)
    ids = np.random.default_rng(2).permutation(600)
    file.append(ids, ids, same)
    index = HotIndex(file)
    index.extend(ids)
    for k in (600, 170, 1):
        found = index.search(same[0], k).content_ids
        assert found[:300].tolist() == sorted(ids[:300].tolist())[:k]
    file.close()


def test_without_a_compact_stage_a_large_space_is_not_answered_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_index, "EXACT_ROWS", 50)
    monkeypatch.setattr(hot_index, "_TAIL_ROWS", 20)
    file = VectorFile(tmp_path / "vectors", library_id="00" * 16, model_id=1, dim=DIM)
    file.open()
    vectors = clouds(100, DIM, 5, 0.3, 1)
    file.append(np.arange(100), np.arange(100), vectors)
    index = HotIndex(file)
    index.extend(np.arange(40))
    assert index.search(vectors[0], 3).content_ids[0] == 0
    index.extend(np.arange(40, 100))
    assert not index.is_ready()
    with pytest.raises(NotReady):
        index.search(vectors[0], 3)
    few = np.zeros(100, dtype=np.bool_)
    few[[2, 90]] = True
    assert sorted(index.search(vectors[0], 3, few).content_ids.tolist()) == [2, 90]
    compact = CompactIndex(DIM, 8)
    compact.train([vectors], len(vectors))
    compact.add(vectors[:79])
    index.use(compact)
    with pytest.raises(NotReady):
        index.search(vectors[0], 3)
    compact.add(vectors[79:85])
    assert index.search(vectors[95], 3).content_ids[0] == 95
    file.close()


def test_places_of_contents(ready: Ready) -> None:
    asked = np.array([int(ready.ids[7]), 1, -4, 10**9, int(ready.ids[0])])
    assert ready.index.positions_of(asked).tolist() == [7, -1, -1, -1, 0]
    assert np.array_equal(ready.index.vectors_of(ready.ids[[9, 4]]), ready.vectors[[9, 4]])


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is mapped")
def test_reading_all_vectors_does_not_keep_the_file_in_memory(ready: Ready) -> None:
    for start in range(0, N, 1000):
        ids = ready.ids[start : start + 1000]
        np.testing.assert_array_equal(ready.index.vectors_of(ids), ready.vectors[start : start + 1000])
    mapped = Path("/proc/self/smaps").read_text("utf-8").split(str(ready.file.path))[1:]
    assert mapped
    kept_kb = sum(int(re.search(r"\nRss:\s+(\d+) kB", one).group(1)) for one in mapped)  # type: ignore[union-attr]
    assert kept_kb < 2000 < ready.vectors.nbytes / 1000
