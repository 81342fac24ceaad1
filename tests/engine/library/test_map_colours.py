"""What colours a map, against the same worked out in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.library import database, map_colours
from tests.engine.library.made_up import Known, Made, made_contents, removed_sources, write
from tests.engine.library.small_library import SmallLibrary, scores


def first_source(known: Known, removed: set[int]) -> str | None:
    there = sorted(set(known.made.sources) - removed)
    return f"source {there[0]}" if there else None


def named(answer: tuple[np.ndarray, list[str]]) -> list[str | None]:
    codes, names = answer
    return [names[code] if code >= 0 else None for code in codes.tolist()]


@pytest.mark.parametrize("few", [0.0, 1 / 8, 100.0], ids=["always all", "as it comes", "always one by one"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=made_contents, removed=removed_sources, random=st.randoms(use_true_random=False), knows=st.booleans())
def test_as_worked_out_in_python(
    small: SmallLibrary, few: float, contents: list[Made], removed: set[int], random: object, knows: bool
) -> None:
    kept, map_colours._FEW = map_colours._FEW, few
    try:
        with small.tried():
            known = write(small, contents, removed)
            asked = [k for k in known if random.random() < 0.7]  # type: ignore[attr-defined]
            random.shuffle(asked)  # type: ignore[attr-defined]
            ids = np.array([k.id for k in asked], np.int64)
            model_id = small.model_id if knows else None
            predicted = [k.made.prediction if knows else None for k in asked]
            classes = [
                k.class_name if k.has_label or p is not None else None for k, p in zip(asked, predicted, strict=True)
            ]
            assert named(map_colours.classes(small.conn, ids, model_id)) == classes
            found = map_colours.confidences(small.conn, ids, model_id)
            assert [None if math.isnan(c) else c for c in found] == [None if p is None else p[1] for p in predicted]
            states = [0 if not k.has_label else 1 if k.made.label[0] == "accepted" else 2 for k in asked]  # type: ignore[index]
            assert map_colours.label_states(small.conn, ids).tolist() == states
            sources = map_colours.sources(small.conn, ids)
            assert named(sources) == [first_source(k, removed) for k in asked]
    finally:
        map_colours._FEW = kept


def test_files_dropped_alone_have_no_source(small: SmallLibrary) -> None:
    alone = small.add("/photos/a.jpg", "one", root="/photos/a.jpg")
    inside = small.add("/photos/b.jpg", "two")
    both = small.add("/photos/c.jpg", "three", root="/photos/c.jpg")
    small.add("/photos/d.jpg", "three")
    ids = np.array([alone, inside, both], np.int64)
    assert named(map_colours.sources(small.conn, ids)) == [None, "photos", "photos"]


def test_one_content_and_none(small: SmallLibrary) -> None:
    only = small.add("/photos/a.jpg", "one", answer=scores((3, 0), (0.5, 0.25)))
    ids, none = np.array([only], np.int64), np.empty(0, np.int64)
    for few in (0.0, 100.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(map_colours, "_FEW", few)
            assert named(map_colours.classes(small.conn, ids, small.model_id)) == ["Dog"]
            assert map_colours.confidences(small.conn, ids, small.model_id).tolist() == [0.5]
            assert named(map_colours.classes(small.conn, none, small.model_id)) == []
            assert map_colours.confidences(small.conn, none, small.model_id).tolist() == []
            assert map_colours.label_states(small.conn, none).tolist() == []
            assert named(map_colours.sources(small.conn, none)) == []


def test_all_walks_see_one_state(small: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit between two walks must not give a content the class of another."""
    two = [small.add(f"/photos/b{k}.jpg", f"one {k}", answer=scores((k, 0), (0.5, 0.25))) for k in (3, 2)]
    reader = database.connect(small.path, read_only=True)
    real, late = map_colours._column, list[int]()

    def column(*arguments: object) -> object:
        if not late:
            late.append(small.add("/photos/a.jpg", "two", answer=scores((0, 3), (0.5, 0.25))))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(map_colours, "_column", column)
    monkeypatch.setattr(map_colours, "_FEW", 0.0)
    assert named(map_colours.classes(reader, np.array(two, np.int64), small.model_id)) == ["Dog", "cat"]
    assert late
    reader.close()
