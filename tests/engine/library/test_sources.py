"""Dropped folders, and what their removal hides."""

from __future__ import annotations

import os

import pytest

from engine.library import sources
from tests.engine.library.small_library import SmallLibrary


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/home/me/photos", "photos"),
        ("/home/me/photos/", "photos"),
        ("C:\\Users\\me\\Fotos", "Fotos"),
        ("/", "Single files"),
        ("", "Single files"),
        (os.fsdecode(b"/d/caf\xe9"), "caf\\xe9"),
    ],
)
def test_titles(small: SmallLibrary, path: str, title: str) -> None:
    source_id = sources.add(small.conn, path)
    ((stored, got),) = small.rows("SELECT path, title FROM sources WHERE id = ?", source_id)
    assert os.fsdecode(stored) == path  # type: ignore[arg-type]
    if path != "/" and "\\xe9" not in title:
        assert got == title
    assert sources.add(small.conn, path) == source_id


def test_which_source_a_file_belongs_to() -> None:
    assert sources.source_path("/photos", "/photos/a.jpg") == "/photos"
    assert sources.source_path("/photos/a.jpg", "/photos/a.jpg") == ""


def test_what_only_a_removed_source_shows_is_hidden(small: SmallLibrary) -> None:
    only, both = small.add("/a/1.jpg", "only"), small.add("/a/2.jpg", "both")
    small.add("/b/2.jpg", "both")
    a = sources.add(small.conn, "/a")
    assert sources.contents_of(small.conn, a) == [only, both]
    sources.set_removed(small.conn, a, removed=True)
    assert small.shown() == {only: ("1.jpg", False), both: ("2.jpg", True)}
    assert sources.is_removed(small.conn, a)
    assert sources.add(small.conn, "/a") == a and sources.is_removed(small.conn, a), "only a new drop brings it back"
    assert sources.removed_among(small.conn, ["/b", "/a", "/never dropped"]) == [a]
    sources.set_removed(small.conn, a, removed=False)
    assert small.shown() == {only: ("1.jpg", True), both: ("2.jpg", True)}
    assert sources.removed_among(small.conn, ["/b", "/a", "/never dropped"]) == []


def test_what_a_person_hid_stays_hidden_when_its_source_comes_back(small: SmallLibrary) -> None:
    content_id = small.add("/a/1.jpg", "one")
    small.conn.execute("UPDATE contents SET hidden = 1")
    sources.refresh_visible(small.conn, [content_id])
    sources.set_removed(small.conn, 1, removed=True)
    sources.set_removed(small.conn, 1, removed=False)
    assert small.shown() == {content_id: ("1.jpg", False)}
