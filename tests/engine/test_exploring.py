"""Searching by example through the facade, on the fake model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ErrorCode, FileError, UsageError
from engine.priority import RightOfWay
from engine.schemas.library import Query
from engine.schemas.similar import MAX_K, Example, Region, SimilarQuery
from engine.service import Engine
from tests.images import encoded, folder_of, picture


@pytest.fixture
def filled(engine: Engine, tmp_path: Path) -> Engine:
    engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 12))]), 30)
    return engine


def ask(engine: Engine, *plus: Example, **rest: object) -> list[int]:
    return engine.similar(SimilarQuery(plus, **rest)).content_ids.tolist()


def vectors(engine: Engine) -> np.ndarray:
    view = engine.view()
    model_id, _, _ = view.space(engine.model_ref)
    found = view.vectors(model_id, np.arange(1, 13))
    view.close()
    return found.astype(np.float64)


def ranked(scores: np.ndarray) -> list[int]:
    scores = np.round(scores, 9)
    return (np.lexsort((np.arange(12), -scores)) + 1).tolist()


def test_by_item_by_several_and_by_vector(filled: Engine) -> None:
    truth = vectors(filled)
    ranking = filled.similar(SimilarQuery((Example(3),)))
    assert ranking.content_ids.tolist() == ranked(truth @ truth[2]) and ranking.content_ids[0] == 3
    assert ranking.scores[0] == pytest.approx(1.0, abs=1e-6) and ranking.n_searched == 12
    both = truth[2] * 2 + truth[6]
    assert ask(filled, Example(3, weight=2), Example(7)) == ranked(truth @ both / np.linalg.norm(both))
    assert ask(filled, Example(vector=truth[4].astype(np.float32) * 5))[0] == 5
    assert ask(filled, Example(3), k=2) == ranked(truth @ truth[2])[:2]


def test_minus_pushes_away(filled: Engine) -> None:
    truth = vectors(filled)
    towards = truth[2] - 0.5 * truth[7]
    assert ask(filled, Example(3), minus=(Example(8),)) == ranked(truth @ towards / np.linalg.norm(towards))
    away = filled.similar(SimilarQuery((), (Example(8),))).content_ids.tolist()
    assert away == ranked(-(truth @ truth[7])) and away[-1] == 8


def test_filters_hold(filled: Engine) -> None:
    filled.label([2, 5, 9], "Cat")
    filled.hide([5])
    assert sorted(ask(filled, Example(1), where=Query(class_name="Cat"))) == [2, 9]
    assert sorted(ask(filled, Example(1), where=Query(labelled="unlabelled"))) == [1, 3, 4, 6, 7, 8, 10, 11, 12]
    assert ask(filled, Example(5), where=Query(text="0001"))  # a hidden one may be asked with, and is not found
    view = filled.view()
    times = sorted({file.mtime_ns for i in range(1, 13) for file in view.detail(i, filled.model_ref).files})
    view.close()
    assert len(ask(filled, Example(1), where=Query(mtime_max_ns=times[0] - 1))) == 0
    assert len(ask(filled, Example(1), where=Query(mtime_min_ns=times[0], mtime_max_ns=times[-1]))) == 11


def test_outside_pictures_and_regions(filled: Engine, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(encoded(picture(3), "PNG"))  # the picture of 0003.jpg, without the damage of JPEG
    example = filled.example(str(outside))
    assert example.content_id is None and filled.info().contents == 12
    inside = filled.example(str(tmp_path / "photos" / "0003.jpg"))
    assert inside.content_id is not None and ask(filled, example)[0] == inside.content_id
    whole = filled.example(str(outside), Region(0, 0, 1, 1))
    assert np.allclose(whole.vector, example.vector, atol=1e-6)
    part = filled.example_of_content(inside.content_id, Region(0.5, 0.5, 0.25, 0.25))
    assert not np.allclose(part.vector, example.vector, atol=1e-3) and len(ask(filled, part)) == 12
    pasted = filled.example_of_pixels(np.asarray(picture(3)))
    assert ask(filled, pasted)[0] == inside.content_id


@pytest.mark.parametrize(
    ("query", "word"),
    [
        (SimilarQuery(()), "no"),
        (SimilarQuery((Example(1),), k=0), "0 results"),
        (SimilarQuery((Example(1),), k=10_001), "10,001"),
        (SimilarQuery((Example(99),)), "Picture 99"),
        (SimilarQuery((Example(vector=np.ones(3, np.float32)),)), "finite numbers"),
        (SimilarQuery((Example(vector=np.full(16, np.nan, np.float32)),)), "finite numbers"),
        (SimilarQuery((Example(1, weight=0),)), "cannot count"),
    ],
)
def test_what_cannot_be_asked_is_said(filled: Engine, query: SimilarQuery, word: str) -> None:
    with pytest.raises(UsageError) as refused:
        filled.similar(query)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT and word in str(refused.value)


def test_the_same_picture_on_both_sides_leaves_half_of_it(filled: Engine) -> None:
    assert ask(filled, Example(2), minus=(Example(2),))[0] == 2  # minus counts half


def test_an_outside_file_that_is_none(filled: Engine, tmp_path: Path) -> None:
    with pytest.raises(FileError):
        filled.example(str(tmp_path / "never.jpg"))
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(FileError):
        filled.example(str(tmp_path / "text.jpg"))


def test_bulk_work_holds_still_for_the_first_screen_and_not_for_all_the_rest(
    filled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[float] = []
    monkeypatch.setattr(RightOfWay, "claim", lambda self, for_s: claims.append(for_s))
    ask(filled, Example(3), k=50)
    assert len(claims) == 1
    ask(filled, Example(3), k=MAX_K)
    assert len(claims) == 1
