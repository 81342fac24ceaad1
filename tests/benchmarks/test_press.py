"""The press of F, measured small: in a real window, over an index that the program built, and beside an ingest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import exploring_words, press, similar_full, similar_words, table
from benchmarks.engines import built_model
from benchmarks.similar_data import Cloud
from benchmarks.similar_library import Ground

PHOTOS = Path(__file__).resolve().parents[2] / "resources" / "samples"
N = 300
pytestmark = pytest.mark.qt


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp) -> Iterator[Ground]:
    interval_s = sys.getswitchinterval()
    for name, value in {"_WARM": 0, "_PAUSE_MS": 50, "_BEGUN_MS": 200, "_ALONE_MS": 300, "_PHOTOS_BEFORE": 0}.items():
        monkeypatch.setattr(press, name, value)
    dim = built_model(tmp_path / "models").manifest.output.embedding_dim
    real = np.random.default_rng(1).random((10, dim), np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    made = Ground(tmp_path, tmp_path / "models", Cloud(real, N, 0.3))
    made.make()
    yield made
    sys.setswitchinterval(interval_s)


def test_it_is_pressed_at_rest_and_while_photos_come(ground: Ground, tmp_path: Path) -> None:
    built = press.index(ground.home, ground.models)
    assert built["n"] == N
    found = {"n_rows": N, **press.press(ground.home, ground.models, PHOTOS, tmp_path / "coming", 1)}
    assert found["tiles_on_the_screen"] > 0
    for when in ("at_rest", "with_ingest"):
        times = [found[when][f"{name}_ms"]["p95"] for name in ("listed", "painted", "with_pictures", "whole")]
        assert times == sorted(times) and times[0] >= found[when]["in_the_engine_ms"]["p95"] > 0
    assert found["with_ingest"]["images_per_s_alone"] > 0 and found["with_ingest"]["images_per_s_meanwhile"] > 0
    assert found["with_ingest"]["ingest_ran_to_the_end_of_it"]
    assert "images/s meanwhile" in table.rendered({"press": found})


@pytest.mark.slow
def test_a_full_run_makes_the_library_and_presses_in_processes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_full, "N_PRESSES", 1)
    steps = similar_full.Steps(PHOTOS, tmp_path / "results", tmp_path / "scratch", (N,), 1.0)
    for folder in ("results", "scratch"):
        (tmp_path / folder).mkdir()
    steps.run("press-")
    found = steps.documents[f"press-{N}"]
    assert found["n_rows"] == found["index"]["n"] == N and found["at_rest"]["n_presses"] == 1
    assert found["with_ingest"]["ingest_ran_to_the_end_of_it"]
    assert not (tmp_path / "scratch" / f"press-{N}").exists()
    assert f"press-{N}: while photos are taken in" in similar_words.of_steps(steps.documents)
    monkeypatch.setattr(press, "measure", lambda *_arguments, **_rest: pytest.fail("once more"))
    steps.run("press-")


def test_beside_an_ingest_that_has_ended_nothing_was_shown() -> None:
    ms = {"p50": 1.0, "p95": 120.0, "max": 200.0}
    found = {"n_presses": 3} | {f"{name}_ms": ms for name in ("listed", "painted", "with_pictures", "whole")}
    busy = found | {"ingest_ran_to_the_end_of_it": True}
    assert exploring_words.presses_hold(found) and exploring_words.presses_hold(busy)
    assert not exploring_words.presses_hold(busy | {"ingest_ran_to_the_end_of_it": False})
    assert not exploring_words.presses_hold(found | {"with_pictures_ms": ms | {"p95": 120.1}})
