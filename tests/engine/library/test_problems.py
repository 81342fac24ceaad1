"""Files that could not be used: counted, retried, forgotten."""

from __future__ import annotations

import os

import pytest

from engine.errors import UsageError
from engine.library import commands, problems, queries, sources
from engine.schemas.files import FoundFile
from tests.engine.library.small_library import SmallLibrary

A = FoundFile("/photos/a.jpg", "/photos", 10, 1)
B = FoundFile(os.fsdecode(b"/photos/\xff.jpg"), "/photos", 20, 2)


def test_another_try_of_a_file_is_the_same_problem(small: SmallLibrary) -> None:
    first = problems.record(small.conn, A, "EMPTY_FILE", "a.jpg is empty", "Copy it again.")
    other = problems.record(small.conn, B, "EMPTY_FILE", "empty", "")
    changed = FoundFile(A.path, "/", 11, 5)
    assert problems.record(small.conn, changed, "UNREADABLE_IMAGE", "a.jpg is damaged", "Save it anew.") == first != other
    newest, *rest = sorted(problems.listed(small.conn, 10), key=lambda p: p.id != first)
    assert (newest.path, newest.code, newest.message, newest.way_out, newest.n_tries) == (
        A.path,
        "UNREADABLE_IMAGE",
        "a.jpg is damaged",
        "Save it anew.",
        2,
    )
    assert newest.first_at <= newest.last_at
    assert [p.path for p in rest] == [B.path]
    assert problems.files_of(small.conn, [first]) == [changed]
    assert problems.files_of(small.conn, None) == [changed, B]
    assert problems.files_of(small.conn, [first, 999]) == [changed]


def test_the_newest_come_first(small: SmallLibrary) -> None:
    for i in range(5):
        problems.record(small.conn, FoundFile(f"/{i}.jpg", "/", 1, 1), "EMPTY_FILE", "empty", "")
        small.conn.execute("UPDATE problems SET last_at = ? WHERE path = ?", (f"2026-01-0{i + 1}", f"/{i}.jpg".encode()))
    assert [p.path for p in problems.listed(small.conn, 3)] == ["/4.jpg", "/3.jpg", "/2.jpg"]


def test_a_success_resolves_and_a_person_dismisses(small: SmallLibrary) -> None:
    first, second = (problems.record(small.conn, f, "EMPTY_FILE", "empty", "") for f in (A, B))
    small.add(A.path, "one", root="/photos")
    assert [p.id for p in problems.listed(small.conn, 10)] == [second]
    assert len(problems.taken_off(small.conn, [second, first])) == 1
    assert problems.listed(small.conn, 10) == []


def test_what_was_taken_off_comes_back_as_it_was(small: SmallLibrary) -> None:
    first, second = (problems.record(small.conn, f, "EMPTY_FILE", "empty", "Copy it.") for f in (A, B))
    listed = problems.listed(small.conn, 10)
    assert commands.dismiss(small.conn, [second, first], "ann").title == "take 2 files off the list"
    with pytest.raises(UsageError):
        commands.dismiss(small.conn, [first], "ann")
    commands.undo(small.conn)
    assert problems.listed(small.conn, 10) == listed and problems.files_of(small.conn, None) == [A, B]
    commands.redo(small.conn)
    assert problems.listed(small.conn, 10) == []
    # One is a problem again by itself, and the other's number was given away meanwhile; neither is overwritten.
    problems.record(small.conn, A, "UNREADABLE_IMAGE", "damaged", "")
    problems.record(small.conn, FoundFile("/c.jpg", "/", 1, 1), "EMPTY_FILE", "empty", "")
    commands.undo(small.conn)
    assert sorted((p.path, p.code) for p in problems.listed(small.conn, 10)) == sorted(
        [(A.path, "UNREADABLE_IMAGE"), (B.path, "EMPTY_FILE"), ("/c.jpg", "EMPTY_FILE")]
    )


def test_a_file_that_was_read_meanwhile_is_no_problem_again(small: SmallLibrary) -> None:
    commands.dismiss(small.conn, [problems.record(small.conn, A, "EMPTY_FILE", "empty", "")], "ann")
    small.add(A.path, "one", root="/photos")
    small.conn.execute("UPDATE files SET size_bytes = ?, mtime_ns = ?", (A.size_bytes, A.mtime_ns))
    commands.undo(small.conn)
    assert problems.listed(small.conn, 10) == []


def test_a_source_out_of_view_takes_its_problems_with_it(small: SmallLibrary) -> None:
    alone = FoundFile("/alone.jpg", "/alone.jpg", 1, 1)
    for found in (A, alone):
        problems.record(small.conn, found, "EMPTY_FILE", "empty", "")
    for root in ("/photos", ""):
        source = sources.add(small.conn, root)
        commands.remove_source(small.conn, source, "ann")
        assert len(problems.listed(small.conn, 10)) == len(problems.files_of(small.conn, None)) == 1
        assert queries.facets(small.conn, None).n_problems == 1
        commands.undo(small.conn)
        assert len(problems.listed(small.conn, 10)) == 2


def test_quarantine_is_for_this_very_file(small: SmallLibrary) -> None:
    problems.record(small.conn, A, "QUARANTINED", "deadly", "")
    problems.record(small.conn, B, "EMPTY_FILE", "empty", "")
    assert problems.quarantined(small.conn, A) and not problems.quarantined(small.conn, B)
    for changed in (FoundFile(A.path, A.root, 11, 1), FoundFile(A.path, A.root, 10, 2), FoundFile("/b.jpg", "/", 10, 1)):
        assert not problems.quarantined(small.conn, changed)
    problems.lift_quarantine(small.conn, [A.path, B.path])
    assert not problems.quarantined(small.conn, A)
    assert {p.path: p.code for p in problems.listed(small.conn, 10)} == {A.path: "UNREADABLE_IMAGE", B.path: "EMPTY_FILE"}
