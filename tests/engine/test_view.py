"""A look at a library: what it answers while others write, and what it says when it cannot."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ErrorCode, JobError, LibraryError
from engine.library import commands, database, jobs, problems
from engine.schemas.files import FoundFile
from engine.schemas.library import Query
from engine.view import LibraryView
from tests.engine.library.small_library import SmallLibrary, new_content


@pytest.fixture
def view(small: SmallLibrary):
    view = LibraryView(small.path)
    yield view
    view.close()


def test_it_sees_what_others_commit(small: SmallLibrary, view: LibraryView) -> None:
    ref = "small@1"
    before = view.change_counter()
    assert view.ids(Query(model_ref=ref)).tolist() == []
    content_id = small.add("/photos/a.jpg", "one")
    assert view.change_counter() != before
    assert view.ids(Query(model_ref=ref)).tolist() == [content_id]
    (tile,) = view.tiles([content_id], ref)
    assert (tile.name, tile.top1, tile.sha256) == ("a.jpg", "cat", new_content("one").sha256.hex())
    detail = view.detail(content_id, ref)
    assert detail is not None and detail.predictions[0].model_ref == ref
    assert view.facets(ref).n_all == 1
    assert view.paths_of(new_content("one").sha256) == ["/photos/a.jpg"]
    assert view.paths_of(b"unknown") == []


def test_a_model_that_comes_later_is_found_then(small: SmallLibrary, view: LibraryView) -> None:
    content_id = small.add("/photos/a.jpg", "one")
    for _ in range(2):
        assert view.tiles([content_id], "later@1")[0].top1 is None
    small.conn.execute("INSERT INTO models VALUES(7, 'later@1', '', 0)")
    small.conn.execute("INSERT INTO predictions SELECT 7, content_id, 2, 0.5, 0.5, 0, top, 'cpu', 1, '' FROM predictions")
    assert view.tiles([content_id], "later@1")[0].top1 == "Bee"
    assert view.tiles([content_id], "small@1")[0].top1 == "cat"


def test_history_jobs_and_problems(small: SmallLibrary, view: LibraryView) -> None:
    content_id = small.add("/photos/a.jpg", "one")
    assert view.can_undo() is None and view.can_redo() is None and view.commands() == []
    commands.label(small.conn, [content_id], "my own", "me")
    undoable = view.can_undo()
    assert undoable is not None and undoable.title == "label 1 item as my own"
    commands.undo(small.conn)
    redoable = view.can_redo()
    assert redoable is not None and [c.undone for c in view.commands(10)] == [True]
    assert view.class_names("be", 10, "small@1") == ["Bee"] and view.class_names("be") == []
    found = FoundFile(os.fsdecode(b"/photos/\xe9.jpg"), "/photos", 0, 1)
    problems.record(small.conn, found, "EMPTY_FILE", "empty", "Copy it.")
    (problem,) = view.problems(10)
    assert (problem.path, problem.code) == (found.path, "EMPTY_FILE")
    job_id = small.job(["/photos/b.jpg"])
    assert [job.id for job in view.jobs()] == [job.id for job in view.jobs(active_only=True)] == [job_id]
    assert view.job(job_id).n_total == 1
    assert [item.path for item in view.job_results(job_id, -1, 10)] == ["/photos/b.jpg"]
    jobs.set_state(small.conn, job_id, "cancelled")
    assert view.jobs(active_only=True) == [] and len(view.jobs()) == 1
    with pytest.raises(JobError) as caught:
        view.job(99)
    assert caught.value.code is ErrorCode.JOB_NOT_FOUND


def test_it_never_writes(small: SmallLibrary, view: LibraryView) -> None:
    with pytest.raises(database.apsw.ReadOnlyError):
        view._conn.execute("DELETE FROM contents")


ASKED = {
    "ids": lambda view: view.ids(Query(model_ref="small@1", sort="name")),
    "tiles": lambda view: view.tiles([1], "small@1"),
    "detail": lambda view: view.detail(1, "small@1"),
    "facets": lambda view: view.facets("small@1"),
    "problems": lambda view: view.problems(),
    "jobs": lambda view: view.jobs(),
    "job": lambda view: view.job(1),
    "job_results": lambda view: view.job_results(1, -1, 10),
    "commands": lambda view: view.commands(),
    "can_undo": lambda view: view.can_undo(),
    "can_redo": lambda view: view.can_redo(),
    "paths_of": lambda view: view.paths_of(b""),
    "class_names": lambda view: view.class_names(),
    "allowed": lambda view: view.allowed(Query(class_name="cat", model_ref="small@1")),
    "allows_few": lambda view: view.allows_few(Query(class_name="cat", model_ref="small@1")),
    "passing": lambda view: view.passing(Query(class_name="cat", model_ref="small@1"), np.array([1])),
    "space": lambda view: view.space("small@1"),
    "chain_at": lambda view: view.chain_at(1, 1),
    "vector_rows": lambda view: view.vector_rows(1, 0, 5),
    "vectors": lambda view: view.vectors(1, np.array([1])),
    "nearest": lambda view: view.nearest(1, np.ones(4, np.float32), 1, None),
    "without_vector": lambda view: view.without_vector("small@1", 5),
    "without_neighbours": lambda view: view.without_neighbours(1, 0, 5),
    "neighbours": lambda view: view.neighbours(1, np.array([1])),
    "insight": lambda view: view.insight(1, "small@1"),
    "classes_of": lambda view: view.classes_of(np.array([1]), "small@1"),
    "fingerprints": lambda view: view.fingerprints(1),
    "duplicates_looked": lambda view: view.duplicates_looked(1),
    "duplicate_pairs": lambda view: view.duplicate_pairs(),
    "parted": lambda view: view.parted(),
    "hidden": lambda view: view.hidden(),
    "in_several_files": lambda view: view.in_several_files(),
    "candidates": lambda view: view.candidates([1]),
    "map_classes": lambda view: view.map_classes(np.array([1]), "small@1"),
    "map_confidences": lambda view: view.map_confidences(np.array([1]), "small@1"),
    "map_label_states": lambda view: view.map_label_states(np.array([1])),
    "map_sources": lambda view: view.map_sources(np.array([1])),
    "library_id": lambda view: view.library_id(),
    "files_of": lambda view: view.files_of([1]),
    "file_rows": lambda view: view.file_rows([1]),
    "content_with_vector": lambda view: view.content_with_vector(new_content("one").sha256, "small@1"),
}


def test_vectors_of_a_space(small: SmallLibrary, view: LibraryView) -> None:
    first, second = small.add("/photos/a.jpg", "one"), small.add("/photos/b.jpg", "two")
    model_id, dim, n = view.space("small@1")
    assert (dim, n) == (4, 2) and view.space("never@1") == (0, 0, 0)
    ids, chains = view.vector_rows(model_id, 0, 10)
    assert ids.tolist() == [first, second] and view.chain_at(model_id, 2) == chains[1]
    assert np.allclose(np.linalg.norm(view.vectors(model_id, ids), axis=1), 1)
    assert view.nearest(model_id, view.vectors(model_id, ids[:1])[0], 1, np.array([second]))[0].tolist() == [second]
    assert view.content_with_vector(new_content("two").sha256, "small@1") == second
    assert view.content_with_vector(new_content("two").sha256, "never@1") is None
    assert view.content_with_vector(b"unknown", "small@1") is None
    assert view.files_of([second, 99]) == {second: (new_content("two").sha256.hex(), ["/photos/b.jpg"])}
    assert view.files_of([]) == {}


def test_what_is_allowed_is_one_array_until_somebody_commits(small: SmallLibrary, view: LibraryView) -> None:
    first, second = small.add("/photos/a.jpg", "one"), small.add("/photos/b.jpg", "two")
    assert view.allowed(Query(model_ref="small@1")) is None
    named = Query(text="b.jpg", model_ref="small@1")
    mask = view.allowed(named)
    assert mask is not None and np.flatnonzero(mask).tolist() == [second]
    assert view.allowed(named) is mask and view.allowed(replace(named, sort="name", descending=True)) is mask
    commands.hide(small.conn, [first], "me")
    everything = view.allowed(Query(model_ref="small@1"))
    assert everything is not None and np.flatnonzero(everything[1:]).tolist() == [second - 1]
    assert view.allowed(named) is not mask


@pytest.mark.parametrize("name", ASKED)
def test_a_damaged_library_is_told_of_by_code(small: SmallLibrary, view: LibraryView, name: str) -> None:
    """A table that cannot be read, as far as SQLite is concerned."""
    small.add("/photos/a.jpg", "one")
    small.conn.execute("PRAGMA writable_schema = ON")
    small.conn.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE nonsense(' WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    small.conn.execute("PRAGMA schema_version = 77")  # so that others read it again
    with pytest.raises(LibraryError) as caught:
        ASKED[name](view)
    assert caught.value.code is ErrorCode.LIBRARY_DAMAGED and "lightdesk library check" in caught.value.way_out


def test_every_question_is_asked_above() -> None:
    asked = {name for name in vars(LibraryView) if not name.startswith("_")} - {"close", "change_counter"}
    assert asked == set(ASKED)


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(LibraryError) as caught:
        LibraryView(tmp_path / "missing.lightdesk")
    assert caught.value.code is ErrorCode.LIBRARY_NOT_FOUND
