"""Any sequence of steps, undone, leaves the library as it was; redone, as it became."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode, LibraryError, UsageError
from engine.library import commands, database, ingest, migrations, models, queries, upkeep
from engine.library.records import NewContent, StoreItem
from engine.registry.catalogue import Registry
from engine.schemas.library import Query
from engine.schemas.prediction import Scores

N = 5
step = st.one_of(
    st.tuples(st.just("label"), st.lists(st.integers(1, N), min_size=1, unique=True), st.sampled_from(["cat", "Dog"])),
    st.tuples(st.just("accept"), st.lists(st.integers(1, N), min_size=1, unique=True), st.integers(1, 3)),
    st.tuples(st.sampled_from(["reject", "clear", "hide"]), st.lists(st.integers(1, N), min_size=1, unique=True)),
    st.tuples(st.just("note"), st.lists(st.integers(1, N), min_size=1, unique=True), st.just("look again")),
    st.tuples(st.just("remove_source")),
)


def filled(path: Path) -> tuple[database.Connection, int]:
    migrations.open_library(path, create=True)
    conn = database.connect(path)
    model_id = models.register(conn, Registry(path.parent).get("fake"))
    for i in range(N):
        scores = Scores(
            np.array([3, 1, 2], np.int32),
            np.array([0.7, 0.2, 0.1], np.float32),
            0.5,
            0.8,
            np.ones(32, np.float32),
        )
        content = NewContent(bytes([i] * 32), "image", "image/jpeg", 4, 3, 10, 5)
        ingest.store(conn, None, model_id, [StoreItem(None, "/d", f"/d/{i}.jpg", 10, i, content, scores)])
    return conn, model_id


def state(conn: database.Connection) -> tuple[object, ...]:
    labels = conn.execute("SELECT content_id, state, class_id, set_by, note FROM labels ORDER BY 1").fetchall()
    shown = conn.execute("SELECT id, hidden, visible FROM contents ORDER BY 1").fetchall()
    return labels, shown


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=8))
def test_undo_and_redo_are_exact(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        conn, model_id = filled(Path(folder, "a.lightdesk"))
        states = [state(conn)]
        for name, *arguments in steps:
            try:
                if name == "remove_source":
                    commands.remove_source(conn, 1, "me")
                elif name == "accept":
                    commands.accept(conn, arguments[0], model_id, arguments[1], "me")
                else:
                    getattr(commands, name)(conn, *arguments, "me")
            except UsageError:
                continue  # the source is already removed
            states.append(state(conn))
        for expected in reversed(states[:-1]):
            assert commands.undo(conn) is not None
            assert state(conn) == expected
        assert commands.undo(conn) is None
        for expected in states[1:]:
            assert commands.redo(conn) is not None
            assert state(conn) == expected
        assert commands.redo(conn) is None
        conn.close()


def test_storing_twice_changes_nothing(tmp_path: Path) -> None:
    conn, model_id = filled(tmp_path / "a.lightdesk")
    before = upkeep.info(conn, tmp_path / "a.lightdesk")
    content = NewContent(bytes([1] * 32), "image", "image/jpeg", 4, 3, 10, 5)
    ingest.store(conn, None, model_id, [StoreItem(None, "/d", "/d/1.jpg", 10, 1, content, None)])
    after = upkeep.info(conn, tmp_path / "a.lightdesk")
    assert (before.contents, before.files, before.predictions) == (after.contents, after.files, after.predictions)
    conn.close()
    assert upkeep.check(tmp_path / "a.lightdesk").ok


def test_every_order_and_filter(tmp_path: Path) -> None:
    conn, model_id = filled(tmp_path / "a.lightdesk")
    commands.label(conn, [2], "Cat", "me")
    commands.reject(conn, [3], "me")
    for sort in ("added", "name", "time", "confidence", "margin", "class"):
        for descending in (False, True):
            ids = queries.ids(conn, Query(sort=sort, descending=descending), model_id)
            assert sorted(ids.tolist()) == [1, 2, 3, 4, 5]
    for query, expected in (
        (Query(labelled="labelled"), [2]),
        (Query(labelled="rejected"), [3]),
        (Query(class_name="Cat"), [2]),
        (Query(text="CAT"), [2]),
        (Query(text="4.J"), [5]),
        (Query(text="%"), []),
        (Query(confidence_min=0.8), []),
        (Query(source_id=1), [1, 2, 3, 4, 5]),
    ):
        assert queries.ids(conn, query, model_id).tolist() == expected
    facets = queries.facets(conn, model_id)
    assert (facets.n_all, facets.n_labelled, facets.n_rejected, facets.n_unlabelled) == (5, 1, 1, 3)
    assert {c.class_name: c.n for c in facets.classes} == {"bright": 3, "Cat": 1}
    conn.close()


def test_foreign_newer_and_damaged_files(tmp_path: Path) -> None:
    text = tmp_path / "text.lightdesk"
    text.write_text("this is not a database, it only looks like a long enough file" * 100)
    with pytest.raises(LibraryError) as caught:
        migrations.open_library(text, create=False)
    assert caught.value.code is ErrorCode.LIBRARY_FOREIGN
    conn, _ = filled(tmp_path / "a.lightdesk")
    conn.execute("PRAGMA user_version = 99")
    conn.close()
    with pytest.raises(LibraryError) as caught:
        migrations.open_library(tmp_path / "a.lightdesk", create=False)
    assert caught.value.code is ErrorCode.LIBRARY_TOO_NEW
    with pytest.raises(LibraryError) as caught:
        migrations.open_library(tmp_path / "none.lightdesk", create=False)
    assert caught.value.code is ErrorCode.LIBRARY_NOT_FOUND


def test_backup_and_restore(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.lightdesk", tmp_path / "copy.lightdesk"
    conn, _ = filled(path)
    upkeep.backup(path, copy)
    conn.close()
    path.write_bytes(b"damaged" * 1000)
    assert not upkeep.check(path).ok
    aside = upkeep.restore(path, copy)
    assert aside is not None and upkeep.check(path).ok
