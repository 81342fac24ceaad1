"""Duplicates through the facade: found, kept up, parted, resolved in one step that can be undone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from engine import deduplication
from engine.errors import UsageError
from engine.library import database, duplicates
from engine.schemas.duplicates import KeepRules, Pairs, Resolution
from engine.schemas.library import Query
from engine.service import Engine
from engine.settings import load


def found(engine: Engine) -> list[tuple[int, ...]]:
    engine.find_duplicates()
    until_s = time.monotonic() + 60
    n = engine.info().embeddings
    while engine.duplicates_state().phase != "ready" or looked(engine) < n:
        assert time.monotonic() < until_s, engine.duplicates_state()
        time.sleep(0.01)
    return [found.group.members for found in engine.duplicates(kinds=("near",))]


def looked(engine: Engine) -> int:
    view = engine.view()
    try:
        return view.duplicates_looked(view.space(engine.model_ref)[0])
    finally:
        view.close()


def taken_in(engine: Engine, path: Path) -> int:
    engine.wait(engine.submit([str(path)]), 30)
    return engine.info().contents


@pytest.fixture
def photos(engine: Engine, tmp_path: Path) -> Path:
    """Contents 1: astronaut, 2: smaller, 3: cropped, 4: coffee, 5: smaller."""
    folder = tmp_path / "photos"
    folder.mkdir()
    one, two = Image.fromarray(data.astronaut()), Image.fromarray(data.coffee())
    for number, image in enumerate(
        (one, one.resize((300, 300)), one.crop((15, 10, 500, 490)), two, two.resize((400, 266))), 1
    ):
        image.save(folder / f"{number}.png")
        assert taken_in(engine, folder / f"{number}.png") == number
    return folder


def labels(engine: Engine, *ids: int) -> list[str | None]:
    view = engine.view()
    details = [view.detail(i, engine.model_ref) for i in ids]
    view.close()
    return [None if d is None or d.label is None else d.label.class_name for d in details]


def visible(engine: Engine) -> list[int]:
    view = engine.view()
    try:
        return view.ids(Query()).tolist()
    finally:
        view.close()


def test_found_kept_and_kept_up(engine: Engine, photos: Path) -> None:
    assert engine.duplicates_state().phase == "absent" and engine.duplicates() == []
    assert found(engine) == [(1, 2, 3), (4, 5)]
    proposals = [d.proposal.content_id for d in engine.duplicates() if d.proposal is not None]
    assert proposals == [1, 4]
    smallest = engine.duplicates(rules=KeepRules(order=("oldest",)))
    assert smallest[1].proposal is not None and smallest[1].proposal.rule == "oldest"
    Image.fromarray(data.coffee()).save(photos / "6.jpg", quality=60)
    assert taken_in(engine, photos / "6.jpg") == 6
    assert found(engine) == [(1, 2, 3), (4, 5, 6)]
    engine.close()
    again = Engine(load({"model": "fake"}))
    again.start()
    assert [d.group.members for d in again.duplicates()] == [(1, 2, 3), (4, 5, 6)]
    assert found(again) == [(1, 2, 3), (4, 5, 6)]
    again.close()


def pairs_of(engine: Engine) -> Pairs:
    view = engine.view()
    try:
        return view.duplicate_pairs()
    finally:
        view.close()


def lose_thumbnails(engine: Engine) -> None:
    with engine._cache._used() as store:
        store.clear()


def test_a_thumbnail_that_is_lost_is_made_again_from_a_file(engine: Engine, photos: Path) -> None:
    lose_thumbnails(engine)
    assert found(engine) == [(1, 2, 3), (4, 5)] and pairs_of(engine).checked.all()


def test_where_no_file_can_be_read_either_only_what_is_nearly_equal_is_a_copy(engine: Engine, photos: Path) -> None:
    lose_thumbnails(engine)
    for file in photos.iterdir():
        file.unlink()
    groups, pairs = found(engine), pairs_of(engine)
    assert (4, 5) in groups, "two thirds of the size: nearly the same fingerprint"
    assert (1, 2, 3) not in groups, "a crop is not told from another shot without a look"
    assert not pairs.checked.any() and not pairs.apart.any()


def test_one_without_a_thumbnail_takes_none_from_the_others(engine: Engine, photos: Path) -> None:
    lose_thumbnails(engine)
    (photos / "5.png").unlink()
    assert (1, 2, 3) in found(engine)
    pairs = pairs_of(engine)
    with_lost = (pairs.first == 5) | (pairs.second == 5)
    assert with_lost.any() and not pairs.checked[with_lost].any() and pairs.checked[~with_lost].all()


def test_a_filter_and_hidden_ones(engine: Engine, photos: Path) -> None:
    found(engine)
    assert [d.group.members for d in engine.duplicates(Query(text="4.png"))] == [(4, 5)]
    engine.hide([3])
    assert found(engine) == [(1, 2), (4, 5)]
    engine.hide([5])
    assert found(engine) == [(1, 2)]
    engine.undo()
    assert found(engine) == [(1, 2), (4, 5)]


def test_parted_by_a_person_they_stay_apart(engine: Engine, photos: Path) -> None:
    found(engine)
    command = engine.part_duplicates([4, 5])
    assert command.kind == "part" and found(engine) == [(1, 2, 3)]
    engine.part_duplicates([1, 2])
    assert all({1, 2} - set(members) for members in found(engine))
    engine.undo()
    engine.undo()
    assert found(engine) == [(1, 2, 3), (4, 5)]
    engine.redo()
    assert found(engine) == [(1, 2, 3)]


def test_one_is_parted_from_its_group_in_one_step_and_the_others_stay_together(engine: Engine, photos: Path) -> None:
    found(engine)
    command = engine.part_duplicates([2], [1, 3])
    assert command.n_items == 3 and command.title == "part 1 item from 2 others"
    assert found(engine) == [(1, 3), (4, 5)]
    engine.undo()
    assert found(engine) == [(1, 2, 3), (4, 5)]
    engine.redo()
    assert found(engine) == [(1, 3), (4, 5)]
    engine.part_duplicates([1, 2], [2, 3])
    engine.undo()
    assert found(engine) == [(1, 3), (4, 5)], "what was parted before stays so"


def test_resolved_in_one_step_with_the_labels_of_the_others(engine: Engine, photos: Path) -> None:
    found(engine)
    engine.label([2], "Woman")
    engine.label([3], "Woman")
    engine.label([5], "Cup")
    engine.note([4], "look")
    command = engine.resolve_duplicates([Resolution(1, (2, 3)), Resolution(4, (5,))])
    assert command.n_items == 3 and visible(engine) == [1, 4] and found(engine) == []
    assert labels(engine, 1, 4) == ["Woman", "Cup"]
    view = engine.view()
    detail = view.detail(4, engine.model_ref)
    view.close()
    assert detail is not None and detail.label is not None and detail.label.note == "look"
    undone = engine.undo()
    assert undone is not None and undone.id == command.id
    assert visible(engine) == [1, 2, 3, 4, 5] and labels(engine, 1, 2, 3, 4, 5) == [None, "Woman", "Woman", None, "Cup"]
    engine.redo()
    assert visible(engine) == [1, 4] and labels(engine, 1, 4) == ["Woman", "Cup"]
    assert engine.check().ok and all((photos / f"{n}.png").exists() for n in range(1, 6)), "no file changes"


def test_labels_at_odds_are_shown_and_never_chosen_by_themselves(engine: Engine, photos: Path) -> None:
    found(engine)
    engine.label([2], "Woman")
    engine.label([3], "Person")
    (conflict, plain) = engine.duplicates()
    assert conflict.label_conflict and conflict.labels == (None, "Woman", "Person") and not plain.label_conflict
    engine.resolve_duplicates([Resolution(1, (2, 3))])
    assert labels(engine, 1) == [None]
    engine.undo()
    engine.resolve_duplicates([Resolution(1, (2, 3), "Person")])
    assert labels(engine, 1) == ["Person"]
    engine.undo()
    engine.label([1], "Mine")
    engine.resolve_duplicates([Resolution(1, (2, 3))])
    assert labels(engine, 1) == ["Mine"], "its own label is sacred"


@pytest.mark.parametrize(
    "wrong", [[], [Resolution(1, ())], [Resolution(1, (1,))], [Resolution(1, (2,)), Resolution(2, (3,))],
              [Resolution(1, (3,)), Resolution(2, (3,))]]
)  # fmt: skip
def test_what_makes_no_sense_is_refused(engine: Engine, photos: Path, wrong: list[Resolution]) -> None:
    with pytest.raises(UsageError):
        engine.resolve_duplicates(wrong)
    assert visible(engine) == [1, 2, 3, 4, 5]


def test_a_bug_is_said_and_does_not_end_the_thread(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deduplication, "_RETRY_S", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(deduplication.duplicates, "found", lambda *_args, **_rest: 1 / 0)
        engine.find_duplicates()
        until_s = time.monotonic() + 30
        while "bug of ours" not in engine.duplicates_state().note:
            assert time.monotonic() < until_s
            time.sleep(0.01)
    assert found(engine) == [(1, 2, 3), (4, 5)]
    conn = database.connect(engine.library_path, read_only=True)
    assert duplicates.looked(conn, 1) == 5 and len(duplicates.pairs(conn)) >= 4
    conn.close()


def test_it_can_be_stopped_and_goes_on(engine: Engine, photos: Path) -> None:
    engine.find_duplicates()
    engine.stop_finding_duplicates()
    assert found(engine) == [(1, 2, 3), (4, 5)]
