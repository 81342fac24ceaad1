"""The hot index measured small: what the benchmark says is what the program does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import similar_index, similar_words, table
from benchmarks.similar_data import Cloud


def test_build_and_ask_agree_and_leave_the_numbers_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_index, "N_QUERIES", 20)
    monkeypatch.setattr(similar_index, "N_LATER", 500)
    real = np.random.default_rng(1).random((10, 96), np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    cloud = Cloud(real, 6000, 0.3)
    built = similar_index.build(tmp_path / "index", cloud)
    assert built["cloud"]["n"] == 6000 and built["snapshot_mb"] > 0
    for _ in range(2):  # what is added by one measurement does not show in the next
        found = similar_index.ask(tmp_path / "index", cloud)
        assert found["query"]["recall_50"] >= 0.98 and found["adding"]["found_again"] == 1
        assert [d["n_allowed"] for d in found["filtered"].values()] == [3000, 60, 1]
        assert all(d["recall_50"] >= 0.98 for d in found["filtered"].values())
        assert found["filtered"]["few"]["compared_exactly"] == 1
    assert "recall" in similar_words.of_query(found)
    text = table.rendered({"similar": {"failed": "no room"}})
    assert text.count("not measured: no room") == 9


def test_words_say_no_where_something_falls_short() -> None:
    def document(p95: float, at_10: float, at_50: float) -> dict[str, object]:
        return {"query": {"ms": {"p50": 1, "p95": p95}, "recall_10": at_10, "recall_50": at_50}}

    assert similar_words.query_holds(document(8, 0.99, 0.98), 100_000)
    assert not similar_words.query_holds(document(8.1, 0.99, 0.98), 100_000)
    assert similar_words.query_holds(document(8.1, 0.99, 0.98), 1_000_000)
    assert not similar_words.query_holds(document(8, 0.989, 1), 100_000)
    assert not similar_words.query_holds(document(8, 1, 0.979), 100_000)
    memory = {"memory_mb": {"index": 200, "at_most_during_queries": 401}}
    assert not similar_words.memory_holds(memory)
