"""One way to search in its turn: tuned, measured, given up with the reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import similar_turn
from benchmarks.similar_competitor import Competitor, FloatRows, GivenUp, K, Signs
from benchmarks.similar_data import Cloud, Truth

ROOT = Path(__file__).resolve().parents[2]
N = 3000


class Halved(Competitor):
    """Exact over the first rows; the knob says how many."""

    title = "the first rows only"
    knobs = (0.1, 0.5, 1.0, 2.0)
    needs = 0
    was_closed = False

    def needs_bytes(self, n: int, dim: int) -> int:
        return self.needs

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        self._rows, self._n = rows, rows.n
        progress(rows.n)

    def search(self, query: np.ndarray, knob: Any) -> np.ndarray:
        return self._rows.rescored(query, np.arange(int(min(1.0, knob) * self._n)))

    def add(self, vectors: np.ndarray) -> None:
        self._rows.append(vectors)
        self._n += len(vectors)

    def close(self) -> None:
        self.was_closed = True


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cloud, Path, Path, np.ndarray]:
    folder = tmp_path_factory.mktemp("similar")
    real = np.random.default_rng(1).random((10, 64), np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    np.save(folder / "real.npy", real)
    cloud = Cloud(real, N, 0.3)
    cloud.write(folder / "rows.f32")
    truth = Truth(cloud.queries(similar_turn.N_TUNING + similar_turn.N_MEASURED), K)
    for first, block in cloud.blocks():
        truth.take(first, block)
    np.save(folder / "truth.npy", truth.of())
    return cloud, folder / "rows.f32", folder, truth.of()


def measured(way: Competitor, ground: tuple[Cloud, Path, Path, np.ndarray], limit_s: float = 60.0) -> dict[str, Any]:
    cloud, file, folder, truth = ground
    return similar_turn.measure(way, FloatRows(file, cloud.dim), truth, cloud, folder, limit_s)


def test_the_knob_is_turned_until_the_recall_is_reached_and_no_further(
    ground: tuple[Cloud, Path, Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_turn, "N_LATER", 1000)
    way = Halved()
    document = measured(way, ground)
    assert document["knob"] == 1.0 and [seen["knob"] for seen in document["tuning"]] == [0.1, 0.5, 1.0]
    assert document["recall_10"] == document["recall_50"] == 1 and document["reaches_the_recall"]
    assert document["n_queries"] == similar_turn.N_MEASURED
    assert document["adding"]["found_again"] == 1 and document["adding"]["n"] == 1000
    assert way.was_closed


def test_a_way_that_never_reaches_it_says_so(
    ground: tuple[Cloud, Path, Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_turn, "N_LATER", 1000)
    monkeypatch.setattr(Halved, "knobs", (0.1, 0.5))
    document = measured(Halved(), ground)
    assert document["knob"] == 0.5 and not document["reaches_the_recall"]
    assert 0.3 < document["recall_50"] < 0.7


def test_a_knob_that_was_enough_for_the_first_queries_only_is_turned_further(
    ground: tuple[Cloud, Path, Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, *_ = ground
    tuning = {query.tobytes() for query in cloud.queries(similar_turn.N_TUNING)}

    def search(self: Halved, query: np.ndarray, knob: Any) -> np.ndarray:
        share = 1.0 if query.tobytes() in tuning else min(1.0, knob)
        return self._rows.rescored(query, np.arange(int(share * self._n)))

    monkeypatch.setattr(Halved, "search", search)
    monkeypatch.setattr(similar_turn, "N_LATER", 1000)
    document = measured(Halved(), ground)
    assert [seen["knob"] for seen in document["tuning"]] == [0.1]
    assert document["knob"] == 1.0 and document["reaches_the_recall"] and document["recall_50"] == 1


def test_too_little_memory_and_too_little_time_are_given_up_with_the_reason(
    ground: tuple[Cloud, Path, Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Halved()
    monkeypatch.setattr(Halved, "needs", 10**15)
    assert "needs about 1000000.0 GB of memory" in measured(way, ground)["given_up"]
    assert way.was_closed
    monkeypatch.setattr(Halved, "needs", 0)
    given_up = measured(Halved(), ground, limit_s=0.0)["given_up"]
    assert given_up.startswith("GivenUp: 3,000 of 3,000 took")


def test_it_is_foretold_by_the_rate_and_not_by_the_training(
    ground: tuple[Cloud, Path, Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(similar_turn.time, "perf_counter", lambda: now[0])

    def build(self: Halved, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        self._rows, self._n = rows, rows.n
        now[0] += 50.0  # training
        for n in range(300, N + 1, 300):
            now[0] += each_s
            progress(n)

    monkeypatch.setattr(Halved, "build", build)
    monkeypatch.setattr(similar_turn, "N_LATER", 1000)
    each_s = 4.0
    assert "given_up" not in measured(Halved(), ground, limit_s=100.0)
    each_s = 6.0
    given_up = measured(Halved(), ground, limit_s=100.0)["given_up"]
    assert given_up.startswith("GivenUp: 600 of 3,000 took 62 s: all would take 110 s")


def test_a_bug_is_no_reason_to_give_up(
    ground: tuple[Cloud, Path, Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(Halved, "build", broken)
    with pytest.raises(ValueError, match="a bug"):
        measured(Halved(), ground)


def test_rows_are_rescored_with_those_that_came_later(ground: tuple[Cloud, Path, Path, np.ndarray]) -> None:
    cloud, file, _folder, truth = ground
    rows = FloatRows(file, cloud.dim)
    later = cloud.later(5)
    rows.append(later)
    query = cloud.queries(1)[0]
    assert rows.rescored(query, np.arange(N)).tolist() == truth[0].tolist()
    assert rows.rescored(later[3], np.arange(N + 5))[0] == N + 3


def test_signs_tell_apart_what_has_no_negative_numbers() -> None:
    vectors = np.random.default_rng(2).random((500, 128), np.float32)
    bits = np.unpackbits(Signs(vectors)(vectors), axis=1)
    assert bits.shape == (500, 128)
    assert 0.4 < bits.mean() < 0.6 and (bits.std(axis=0) > 0.3).all()


@pytest.mark.parametrize("name", ("lightdesk", "numpy-flat", "sqlite-vec-bit", "faiss-binary"))
def test_ways_that_need_nothing_installed_find_what_is_near(
    ground: tuple[Cloud, Path, Path, np.ndarray], name: str, tmp_path: Path
) -> None:
    cloud, file, _folder, truth = ground
    way = similar_turn.made(name)
    rows = FloatRows(file, cloud.dim)
    try:
        way.build(rows, tmp_path, lambda _n: None)
        assert np.isin(way.search(cloud.queries(1)[0], way.knobs[-1]), truth[0]).mean() >= 0.98
        later = cloud.later(20)
        way.add(later)
        assert all(way.search(later[i], way.knobs[-1])[0] == N + i for i in range(20))
    finally:
        way.close()


def test_every_way_has_a_name_that_leads_somewhere() -> None:
    for name in similar_turn.WAYS:
        module, _, kind = similar_turn.WAYS[name].partition(":")
        text = (ROOT / "benchmarks" / f"{module}.py").read_text("utf-8")
        assert f"class {kind}(" in text, name
    assert set(similar_turn.WAYS) > similar_turn.GRAPHS


def test_a_way_whose_package_is_missing_is_given_up(ground: tuple[Cloud, Path, Path, np.ndarray], tmp_path: Path) -> None:
    _cloud, file, folder, _truth = ground
    # A process in which it cannot be found, whatever this environment has.
    code = "import sys; sys.modules['usearch'] = None; from benchmarks import similar_turn; similar_turn.main()"
    ran = subprocess.run(
        [
            sys.executable, "-c", code, "usearch-i8", "--real", str(folder / "real.npy"), "--n", str(N), "--noise", "0.3",
            "--vectors", str(file), "--truth", str(folder / "truth.npy"), "--folder", str(tmp_path),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "not installed" in json.loads(ran.stdout)["given_up"]


def test_giving_up_is_an_error_of_its_own() -> None:
    assert issubclass(GivenUp, Exception) and not issubclass(GivenUp, ValueError)
