"""Outliers, likely mistakes, coverage: through the facade, on the fake model."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from engine import analysis
from engine.errors import UsageError
from engine.library import neighbourhoods
from engine.schemas.library import Query
from engine.search import insight
from engine.service import Engine
from engine.settings import load
from tests.images import encoded, folder_of, picture


def analysed(engine: Engine, n: int) -> None:
    engine.analyse()
    until_s = time.monotonic() + 30
    while (state := engine.analysis_state()).phase != "ready" or state.n < n:
        assert time.monotonic() < until_s, state
        time.sleep(0.01)


def truth(engine: Engine, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest others of contents 1 to n by plain comparison."""
    view = engine.view()
    model_id, _, _ = view.space(engine.model_ref)
    vectors = view.vectors(model_id, np.arange(1, n + 1)).astype(np.float64)
    view.close()
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -9)
    order = np.argsort(-cosines, axis=1)[:, : insight.K]
    return order + 1, np.take_along_axis(cosines, order, axis=1)


def check(engine: Engine, n: int) -> None:
    ids, cosines = truth(engine, n)
    view = engine.view()
    model_id, _, _ = view.space(engine.model_ref)
    known = view.neighbours(model_id, np.arange(1, n + 1))
    view.close()
    assert len(known) == n
    for content_id, row in known.items():
        near, cos = neighbourhoods.unpacked(row)
        assert np.allclose(cos, cosines[content_id - 1][: len(cos)], atol=1e-5) and len(cos) == min(insight.K, n - 1)
        assert set(near.tolist()) <= set(range(1, n + 1)) - {content_id}
    assert ids.shape[1]


def test_neighbours_are_found_kept_and_kept_up(engine: Engine, tmp_path: Path) -> None:
    assert engine.analysis_state().phase == "absent"
    engine.wait(engine.submit([str(folder_of(tmp_path / "a", 30))]), 30)
    analysed(engine, 30)
    check(engine, 30)
    engine.wait(engine.submit([str(folder_of(tmp_path / "b", 15, seed=500))]), 30)
    analysed(engine, 45)
    check(engine, 45)
    engine.close()
    again = Engine(load({"model": "fake"}))
    again.start()
    analysed(again, 45)
    check(again, 45)
    again.close()


def test_the_one_that_is_unlike_all_others_comes_first(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(20):
        image = picture(1).copy()
        image.putpixel((0, 0), (number, 0, 0))
        (folder / f"{number:02}.png").write_bytes(encoded(image, "PNG"))
    engine.wait(engine.submit([str(folder)]), 30)
    (tmp_path / "odd.png").write_bytes(encoded(picture(77), "PNG"))
    engine.wait(engine.submit([str(tmp_path / "odd.png")]), 30)
    analysed(engine, 21)
    view = engine.view()
    first = view.ids(Query(sort="outlier", descending=True, model_ref=engine.model_ref))[0]
    outliers = view.ids(Query(only="outliers", model_ref=engine.model_ref))
    said = view.insight(int(first), engine.model_ref)
    view.close()
    assert first == 21 and outliers.tolist() == [21] and said is not None and said.outlier


def test_coverage_and_what_differs_most(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 24)
    engine.wait(engine.submit([str(folder)]), 30)
    where = Query(model_ref=engine.model_ref)
    engine.label([1, 2, 3], "Cat")
    coverage = engine.coverage(where)
    cat = next(row for row in coverage.classes if row.class_name == "Cat")
    assert (cat.n_labelled, cat.n) == (3, 3) and sum(row.n for row in coverage.classes) == 24
    assert [row.n_labelled for row in coverage.classes] == sorted(row.n_labelled for row in coverage.classes)
    assert sum(cluster.n for cluster in coverage.clusters) == 24
    assert sum(cluster.n_labelled for cluster in coverage.clusters) == 3
    # All lie in one group: what 3 of 24 have is no name for it, what 20 have is.
    assert [(cluster.n, cluster.clear_class) for cluster in coverage.clusters] == [(24, None)]
    engine.label(list(range(1, 21)), "Cat")
    (group,) = engine.coverage(where).clusters
    assert (group.clear_class, group.n_class, group.share) == ("Cat", 20, 20 / 24)
    engine.undo()
    picked = engine.most_different(where, 5)
    assert len(set(picked.content_ids.tolist()) - {1, 2, 3}) == 5 and (np.diff(picked.scores) <= 1e-6).all()
    assert len(engine.most_different(Query(class_name="Cat", model_ref=engine.model_ref), 5).content_ids) == 0
    with pytest.raises(UsageError):
        engine.most_different(where, 0)


def test_of_crowded_neighbourhoods_the_nearest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insight, "K", 2)
    full = neighbourhoods.packed(np.array([7, 8]), np.array([0.9, 0.5], np.float32))
    short = neighbourhoods.packed(np.array([7]), np.array([0.9], np.float32))
    near = np.array([[1, 2, 3], [1, 2, -1]])
    cosines = np.array([[0.6, 0.4, 0.8], [0.7, 0.95, -1.0]], np.float32)
    changed = analysis._entered(np.array([20, 21]), near, cosines, {1: full, 2: short})
    assert {other: ids.tolist() for other, (ids, _) in changed.items()} == {1: [7, 21], 2: [21, 7]}
    assert analysis._entered(np.array([7]), near[:1], cosines[:1], {1: full}) == {}, "it is there already"


def test_an_empty_library_is_covered_by_nothing(engine: Engine) -> None:
    where = Query(model_ref=engine.model_ref)
    assert engine.coverage(where).classes == () and not len(engine.most_different(where, 3).content_ids)


def test_a_copy_is_the_nearest_of_its_original(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 12)
    shutil.copy(folder / "0003.jpg", folder / "copy.jpg")
    engine.wait(engine.submit([str(folder)]), 30)
    analysed(engine, 12)  # the copy is the same content
    check(engine, 12)
