"""Tiles, details, counts and completion."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from engine.library import commands, queries, selection
from engine.schemas.library import FileRow, Query
from tests.engine.library.made_up import Made, class_ids, made_contents, removed_sources, write
from tests.engine.library.small_library import LABELS, SmallLibrary, new_content, scores

quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(contents=made_contents, removed=removed_sources)
def test_counts_as_worked_out_in_python(small: SmallLibrary, contents: list[Made], removed: set[int]) -> None:
    with small.tried():
        shown = [known for known in write(small, contents, removed) if known.visible]
        states = Counter(known.made.label[0] if known.made.label is not None else None for known in shown)
        facets = queries.facets(small.conn, small.model_id)
        assert facets.n_all == len(shown)
        assert (facets.n_labelled, facets.n_rejected) == (states["accepted"], states["rejected"])
        assert facets.n_unlabelled == states[None]
        assert facets.n_problems == 0
        by_class = Counter(known.class_name for known in shown if known.class_name is not None)
        assert {row.class_name: row.n for row in facets.classes} == by_class
        assert [row.n for row in facets.classes] == sorted(by_class.values(), reverse=True)
        by_source = {i: sum(i in known.made.sources for known in shown) for i in (1, 2, 3) if i not in removed}
        assert {source.id: source.n_contents for source in facets.sources} == by_source


@quick
@given(contents=made_contents, removed=removed_sources)
def test_a_count_is_what_its_filter_shows(small: SmallLibrary, contents: list[Made], removed: set[int]) -> None:
    with small.tried():
        write(small, contents, removed)
        facets = queries.facets(small.conn, small.model_id)

        def shown(**filters: object) -> int:
            return len(selection.ids(small.conn, Query(**filters), small.model_id))  # type: ignore[arg-type]

        assert facets.n_all == shown()
        for labelled in ("labelled", "unlabelled", "rejected"):
            assert getattr(facets, f"n_{labelled}") == shown(labelled=labelled)
        for row in facets.classes:
            assert row.n == shown(class_name=row.class_name)
        for source in facets.sources:
            assert source.n_contents == shown(source_id=source.id)


@quick
@given(contents=made_contents, removed=removed_sources)
def test_tiles_as_worked_out_in_python(small: SmallLibrary, contents: list[Made], removed: set[int]) -> None:
    with small.tried():
        known = {k.id: k for k in write(small, contents, removed)}
        asked = [*reversed(known), 10_000, *list(known)[:2]]
        tiles = queries.tiles(small.conn, asked, small.model_id)
        assert [tile.content_id for tile in tiles] == [i for i in asked if i in known]
        for tile in tiles:
            made = known[tile.content_id].made
            assert (tile.name, tile.n_files) == (made.name, sum(1 + source % 2 for source in made.sources))
            assert (tile.top1, tile.confidence) == (
                (LABELS[made.prediction[0]], made.prediction[1]) if made.prediction is not None else (None, None)
            )
            assert tile.label_state == (made.label[0] if made.label is not None else None)
            assert tile.label == (known[tile.content_id].class_name if tile.label_state == "accepted" else None)


def test_detail_shows_all_there_is(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one", mtime_ns=5, answer=scores((4, 2), (0.75, 0.125)), inference_ms=12.5)
    name = os.fsdecode(b"/copies/\xff.jpg")
    small.add(name, "one", mtime_ns=6)
    commands.label(small.conn, [content_id], "Dog", "ann")
    commands.note(small.conn, [content_id], "  a note ", "ann")
    detail = queries.detail(small.conn, content_id, small.model_id)
    assert detail is not None
    assert (detail.name, detail.kind, detail.content_type, detail.width, detail.height, detail.size_bytes) == (
        "a.jpg",
        "image",
        "image/jpeg",
        40,
        30,
        3,
    )
    assert [(f.path, f.mtime_ns, f.present, f.source_title) for f in detail.files] == [
        ("/photos/a.jpg", 5, True, "photos"),
        (name, 6, True, "copies"),
    ]
    assert detail.label is not None
    assert (detail.label.class_name, detail.label.state, detail.label.set_by, detail.label.set_by_person) == (
        "Dog",
        "accepted",
        "ann",
        True,
    )
    assert detail.label.note == "a note"
    (prediction,) = detail.predictions
    assert (prediction.model_ref, prediction.device, prediction.inference_ms) == ("small@1", "cpu", 12.5)
    assert [(s.class_id, s.class_name, s.confidence) for s in prediction.top] == [(4, "émeu", 0.75), (2, "cat", 0.125)]
    assert queries.detail(small.conn, 999, small.model_id) is None


def test_files_of_many_are_one_query(small: SmallLibrary) -> None:
    one, two = small.add("/photos/a.jpg", "one", mtime_ns=5), small.add("/photos/b.jpg", "two")
    small.add("/copies/a.jpg", "one", mtime_ns=6)
    small.conn.execute("UPDATE files SET present = 0 WHERE mtime_ns = 5")
    asked: list[str] = []
    small.conn.exec_trace = lambda _cursor, sql, _values: asked.append(sql) or True
    rows = queries.file_rows(small.conn, [two, one, 999])
    small.conn.exec_trace = None
    assert len(asked) == 1 and set(rows) == {one, two}
    sha256, files = rows[one]
    assert sha256 == new_content("one").sha256.hex()
    assert files == (FileRow("/copies/a.jpg", 3, 6, True, "copies"), FileRow("/photos/a.jpg", 3, 5, False, "photos"))
    assert queries.file_rows(small.conn, []) == {}


def test_the_active_model_s_answer_comes_first(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one")
    small.conn.execute("INSERT INTO models VALUES(77, 'newer@1', '', 0)")
    small.conn.execute("INSERT INTO model_classes(model_id, number, class_id) SELECT 77, number, class_id FROM model_classes")
    small.conn.execute(
        "INSERT INTO predictions SELECT 77, content_id, class_id, 1, 1, 0, top, 'cuda', 1, '9999' FROM predictions"
    )
    for first, second in (("small@1", "newer@1"), ("newer@1", "small@1")):
        model_id = small.model_id if first == "small@1" else 77
        detail = queries.detail(small.conn, content_id, model_id)
        assert detail is not None and [p.model_ref for p in detail.predictions] == [first, second]
    detail = queries.detail(small.conn, content_id, None)
    assert detail is not None and [p.model_ref for p in detail.predictions] == ["newer@1", "small@1"]


def test_names_of_a_prediction_are_one_query(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one", answer=scores((5, 4, 3, 2, 1, 0), (0.5, 0.2, 0.1, 0.05, 0.03, 0.01)))
    seen: list[str] = []
    small.conn.exec_trace = lambda _cursor, sql, _values: seen.append(sql) or True
    detail = queries.detail(small.conn, content_id, small.model_id)
    small.conn.exec_trace = None
    assert detail is not None and [s.class_name for s in detail.predictions[0].top] == list(reversed(LABELS))
    assert len(seen) == 5


@pytest.mark.parametrize(("cached", "inference_ms", "time_ms"), [(True, 0.0, 0), (True, 3.0, 0), (False, 3.0, 3), (False, 0.0, 1e-6)])
def test_an_answer_says_whether_it_was_computed(
    small: SmallLibrary, cached: bool, inference_ms: float, time_ms: float
) -> None:
    """A clock too coarse for a small model must not make its answers look like cached ones."""
    content_id = small.add("/photos/a.jpg", "one", cached=cached, inference_ms=inference_ms)
    detail = queries.detail(small.conn, content_id, small.model_id)
    assert detail is not None
    assert (detail.predictions[0].cached, detail.predictions[0].inference_ms) == (cached, time_ms)


def test_an_answer_stored_again_changes_nothing(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one", answer=scores((4, 2), (0.75, 0.125)))
    small.add("/photos/b.jpg", "one", answer=scores((1, 2), (0.9, 0.05)), cached=True)
    detail = queries.detail(small.conn, content_id, small.model_id)
    assert detail is not None and not detail.predictions[0].cached
    assert detail.predictions[0].top[0].class_name == "émeu"
    assert small.rows("SELECT count(*) FROM vectors_1_rowids") == [(1,)]


def test_a_note_without_a_label_is_not_shown_as_a_rejection(small: SmallLibrary) -> None:
    content_id = small.add("/photos/a.jpg", "one")
    commands.note(small.conn, [content_id], "odd", "ann")
    detail = queries.detail(small.conn, content_id, small.model_id)
    assert detail is not None and detail.label is None
    assert queries.facets(small.conn, small.model_id).n_unlabelled == 1


def test_sources_of_single_files_are_listed_when_they_show_something(small: SmallLibrary) -> None:
    small.add("/photos/a.jpg", "one", root="/photos/a.jpg")
    (source,) = queries.facets(small.conn, small.model_id).sources
    assert (source.path, source.title, source.n_contents) == ("", "Single files", 1)
    commands.hide(small.conn, [1], "me")
    assert queries.facets(small.conn, small.model_id).sources == ()


def test_completion(small: SmallLibrary) -> None:
    class_ids(small)
    content_id = small.add("/photos/a.jpg", "one")
    names = queries.class_names(small.conn, "", 50, small.model_id)
    assert names == ["ant", "Bee", "cat", "Dog", "fox", "émeu"], "what nobody has used and no model knows is not offered"
    commands.label(small.conn, [content_id], "my own", "me")
    assert queries.class_names(small.conn, "", 50, small.model_id)[0] == "my own"
    assert queries.class_names(small.conn, "", 2, small.model_id) == ["my own", "ant"]
    assert queries.class_names(small.conn, " DO", 50, small.model_id) == ["Dog"]
    assert queries.class_names(small.conn, "ÉM", 50, small.model_id) == ["émeu"]
    # What begins so before what only holds it; used ones before both.
    commands.label(small.conn, [content_id], "tomcat", "me")
    commands.label(small.conn, [content_id], "a c_t%", "me")
    assert queries.class_names(small.conn, "cat", 50, small.model_id) == ["cat"]
    commands.label(small.conn, [content_id], "tomcat", "me")
    assert queries.class_names(small.conn, "cat", 50, small.model_id) == ["tomcat", "cat"]
    for pattern in ("%", "_", "\\"):
        assert queries.class_names(small.conn, pattern, 50, small.model_id) == []
    assert queries.class_names(small.conn, "", 50, None) == ["tomcat"]
