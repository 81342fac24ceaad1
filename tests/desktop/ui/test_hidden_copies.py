"""Which files may be offered to the trash: those of hidden pictures of which a copy is in view, and of none else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from desktop.ui.hidden_copies import HiddenFile, hidden_copies, kept_of
from engine.schemas.duplicates import Pairs
from engine.schemas.library import Detail, Facets, FileRow, Source
from tests.desktop.ui.records import AT, detail


def pairs(*rows: tuple[int, int, bool], apart: tuple[tuple[int, int], ...] = ()) -> Pairs:
    """Pairs, near or only similar; some are apart."""
    rows = tuple(sorted(rows))
    first, second, near = np.array(rows, np.int64).reshape(-1, 3).T
    ones = np.ones(len(rows), np.float32)
    parted = np.array([(a, b) in apart for a, b, _ in rows], np.bool_)
    return Pairs(first, second, near.astype(np.bool_), ones, ones, parted, ones.astype(np.bool_))


def test_a_hidden_one_has_its_copy_in_view() -> None:
    assert kept_of(pairs((1, 2, True), (3, 4, True)), {2}) == {2: (1, True)}


def test_by_another_hidden_one_that_is_like_both() -> None:
    assert kept_of(pairs((1, 2, True), (2, 3, True)), {2, 3}) == {2: (1, True), 3: (1, True)}


def test_not_over_one_in_view_and_not_over_two_hidden_ones() -> None:
    assert kept_of(pairs((1, 2, True), (2, 3, True)), {3}) == {3: (2, True)}
    assert kept_of(pairs((1, 2, True), (2, 3, True), (3, 4, True)), {2, 3, 4}) == {2: (1, True), 3: (1, True)}


def test_where_all_are_hidden_nothing_may_go() -> None:
    assert kept_of(pairs((1, 2, True)), {1, 2}) == {}


def test_a_copy_is_told_from_another_shot() -> None:
    assert kept_of(pairs((1, 2, True), (2, 3, False), (4, 5, False)), {2, 5}) == {2: (1, True), 5: (4, False)}


def test_what_was_parted_or_seen_to_be_apart_is_no_copy() -> None:
    some = pairs((1, 2, True), (3, 4, True), apart=((3, 4),))
    assert kept_of(some, {2, 4}, parted=[(2, 1)]) == {}


@dataclass
class View:
    """A library of a few contents."""

    gone: set[int]
    pairs_: Pairs
    details: dict[int, Detail]
    sources: tuple[Source, ...] = field(default_factory=tuple)
    n_asked: int = 0

    def hidden(self) -> np.ndarray[Any, Any]:
        return np.array(sorted(self.gone), np.int64)

    def duplicate_pairs(self) -> Pairs:
        return self.pairs_

    def parted(self) -> list[tuple[int, int]]:
        return []

    def file_rows(self, content_ids: Sequence[int]) -> dict[int, tuple[str, tuple[FileRow, ...]]]:
        self.n_asked += 1
        return {i: (one.sha256, one.files) for i in content_ids if (one := self.details.get(i)) is not None}

    def facets(self, _ref: str) -> Facets:
        return Facets(5, 0, 5, 0, 0, sources=self.sources)


def row(path: str, *, present: bool = True, source: str = "photos") -> FileRow:
    return FileRow(path, 100, 7, present, source)


PHOTOS = Source(1, "/photos", "photos", 3, AT)


def found(kept: tuple[FileRow, ...], hidden: tuple[FileRow, ...], *sources: Source) -> list[HiddenFile]:
    view = View(
        {2}, pairs((1, 2, True)), {1: detail(1, files=kept), 2: detail(2, files=hidden)}, sources or (PHOTOS,)
    )
    return hidden_copies(view, "fake@1")  # type: ignore[arg-type]


def test_each_file_of_a_hidden_copy_is_offered_with_what_stays() -> None:
    one, other = found((row("/photos/1.jpg"),), (row("/photos/2.jpg"), row("/photos/sub/2.jpg")))
    assert [one.file.path, other.file.path] == ["/photos/2.jpg", "/photos/sub/2.jpg"]
    assert one.kept_id == 1 and one.is_copy
    assert [kept.path for kept in one.file.kept] == ["/photos/1.jpg"]
    assert (one.file.sha256, one.file.size_bytes, one.file.mtime_ns) == (f"{2:064x}", 100, 7)
    assert one.file.kept_sha256 == f"{1:064x}"


def test_a_file_of_the_kept_one_never_is() -> None:
    shared = row("/photos/both.jpg")
    assert [f.file.path for f in found((row("/photos/1.jpg"), shared), (shared, row("/photos/2.jpg")))] == ["/photos/2.jpg"]


def test_a_file_that_the_library_knows_to_be_gone_is_not_offered() -> None:
    assert found((row("/photos/1.jpg"),), (row("/photos/2.jpg", present=False),)) == []


def test_a_kept_one_whose_files_are_gone_keeps_nothing() -> None:
    (file,) = found((row("/photos/1.jpg", present=False),), (row("/photos/2.jpg"),))
    assert file.file.kept == (), "so that it is refused, with the reason"


@pytest.mark.parametrize(
    ("path", "source", "offered"),
    [
        ("/photos/2.jpg", "photos", True),
        ("/photosets/2.jpg", "photos", False),  # of another folder whose name begins alike
        ("/old/2.jpg", "old", False),  # its source was removed from the library
        ("/photos/2.jpg", "old", False),
        ("/single/2.jpg", "Single files", True),
    ],
)
def test_files_of_a_removed_source_are_nobody_s_to_move(path: str, source: str, offered: bool) -> None:
    files = found((row("/photos/1.jpg"),), (row(path, source=source),), PHOTOS, Source(2, "", "Single files", 1, AT))
    assert bool(files) == offered


def test_all_files_are_asked_for_at_once_and_a_picture_that_is_no_more_is_left_out() -> None:
    details = {i: detail(i, files=(row(f"/photos/{i}.jpg"),)) for i in (1, 2, 3)}
    view = View({2, 3, 4}, pairs((1, 2, True), (1, 3, True), (1, 4, True)), details, (PHOTOS,))
    files = hidden_copies(view, "fake@1")  # type: ignore[arg-type]
    assert [hidden.file.path for hidden in files] == ["/photos/2.jpg", "/photos/3.jpg"] and view.n_asked == 1


def test_of_a_library_with_nothing_hidden_nothing_is_read() -> None:
    view = View(set(), None, {})  # type: ignore[arg-type]
    assert hidden_copies(view, "fake@1") == []  # type: ignore[arg-type]
