"""A look at a library: what it answers while others write, and what it says when it cannot."""

from __future__ import annotations

import os
from pathlib import Path

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
}


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
