"""The benchmark of the map, small: every figure of the table is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import exploring_words, similar_words, table
from benchmarks import map as map_benchmark
from benchmarks.waiting import wait

PHOTOS = Path(__file__).resolve().parents[2] / "resources" / "samples"
N = 1200
pytestmark = pytest.mark.qt


def test_all_gestures_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp) -> None:
    for name, value in {"_FRAMES": 6, "_HOVERS": 3, "_LASSO": N // 8, "_ASKED": 50, "_CROPS": 4}.items():
        monkeypatch.setattr(map_benchmark, name, value)
    monkeypatch.setattr(map_benchmark, "wait", lambda ms: wait(min(ms, 60)))
    found = map_benchmark.measure(PHOTOS, tmp_path, tmp_path / "models", n_points=N, n_many=2 * N)
    assert found["widget"]["lasso"]["n_selected"] >= N // 8
    assert found["widget_of_many"]["n_points"] == 2 * N
    for widget in (found["widget"], found["widget_of_many"]):
        assert all(widget[name]["frames"] > 0 for name in ("pan_all", "pan_near", "pan_pictures", "pan_with_selection", "zoom"))
        assert not exploring_words.lasso_holds(widget), "far fewer than are asked for"
    projection = found["projection"]
    assert projection["neighbours"]["kept_of_10"] > projection["pca"]["kept_of_10"]
    assert table.rendered({"map": found}).count(f"{N:,}: ") == 3
    assert f"Map of {2 * N:,}: hover" in similar_words.of_steps({"map": found})


def test_what_is_kept_of_the_nearest_is_told_apart() -> None:
    vectors = np.random.default_rng(3).standard_normal((300, 2)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    same, none = map_benchmark.quality(vectors, vectors, vectors[::-1].copy())
    assert same["kept_of_10"] > 0.99 and same["trustworthiness"] > 0.999
    assert none["kept_of_10"] < 0.2 and none["trustworthiness"] < 0.7


@pytest.mark.parametrize(
    ("change", "holds"),
    [({}, True), ({"n_selected": 49_999}, False), ({"to_painted_ms": 200.1}, False)],
)
def test_a_lasso_is_of_so_many_in_so_long(change: dict[str, float], holds: bool) -> None:
    lasso = {"to_painted_ms": 200, "n_selected": 50_000}
    assert exploring_words.lasso_holds({"lasso": lasso | change}) is holds
