"""Loops, overlaps, strange names, and what cannot be read."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import ErrorCode
from engine.ingest import scan
from engine.ingest.scan import walk
from engine.schemas.files import FoundFile, SkippedFile

posix = pytest.mark.skipif(os.name == "nt", reason="no such files on Windows")


def entries(*paths: object, include_hidden: bool = False) -> list[FoundFile | SkippedFile]:
    return list(walk([str(p) for p in paths], include_hidden=include_hidden))


def names(*paths: object, include_hidden: bool = False) -> list[str]:
    return [
        os.path.basename(e.path) for e in entries(*paths, include_hidden=include_hidden) if isinstance(e, FoundFile)
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b/2.jpg", "b/1.jpg", "a/c/3.jpg", "z.jpg", ".secret/4.jpg", "a/.hidden.jpg"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "tree"


def test_overlapping_paths_give_each_file_once(tree: Path) -> None:
    everything = ["z.jpg", "3.jpg", "1.jpg", "2.jpg"]
    assert names(tree) == everything
    assert names(tree, tree) == everything
    assert names(tree, tree / "b", tree / "a" / "c" / "3.jpg", f"{tree}/b/../z.jpg") == everything
    assert sorted(names(tree / "b", tree / "z.jpg", tree / "z.jpg", tree)) == sorted(everything)


def test_a_hidden_file_named_by_itself_is_taken(tree: Path) -> None:
    assert names(tree, tree / "a" / ".hidden.jpg")[-1] == ".hidden.jpg"
    assert names(tree / ".secret") == ["4.jpg"]
    assert sorted(names(tree, include_hidden=True)) == [".hidden.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "z.jpg"]


def test_roots_and_stats(tree: Path) -> None:
    found = [e for e in entries(tree / "b", tree / "z.jpg") if isinstance(e, FoundFile)]
    assert {e.root for e in found} == {str(tree / "b"), str(tree / "z.jpg")}
    assert all(e.size_bytes == 1 and e.mtime_ns == os.stat(e.path).st_mtime_ns for e in found)


def test_lazy(tree: Path) -> None:
    lazy = walk([str(tree), "/no/such/place"], include_hidden=False)
    assert isinstance(lazy, Iterator) and isinstance(next(lazy), FoundFile)


@posix
def test_links(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "a" / "up").symlink_to("..")
    (tree / "self").symlink_to("self")
    (tree / "broken.jpg").symlink_to("nowhere")
    (tree / "again").symlink_to("b")
    (tree / "link.jpg").symlink_to("z.jpg")
    found = entries(tree)
    assert [os.path.basename(e.path) for e in found if isinstance(e, FoundFile)] == [
        "link.jpg",
        "z.jpg",
        "3.jpg",
        "1.jpg",
        "2.jpg",
    ]
    skipped = {os.path.basename(e.path): e for e in found if isinstance(e, SkippedFile)}
    assert skipped["self"].code is ErrorCode.FILE_UNREADABLE and "itself" in skipped["self"].message
    assert skipped["broken.jpg"].code is ErrorCode.FILE_NOT_FOUND
    assert len(skipped) == 2


@posix
def test_what_is_no_file_is_never_opened(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tree / "pipe.jpg")
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")
        skipped = [e for e in entries(tree, "/dev/null") if isinstance(e, SkippedFile)]
    assert {os.path.basename(e.path) for e in skipped} == {"pipe.jpg", "socket.jpg", "null"}
    assert all(e.code is ErrorCode.NOT_A_FILE for e in skipped)
    assert [e.path for e in skipped if e.asked_for] == ["/dev/null"]


@posix
def test_names_in_any_encoding(tmp_path: Path) -> None:
    raws = [
        b"caf\xe9.jpg",
        b"two\nlines.jpg",
        "🐈‍⬛.jpg".encode(),
        b"\xff\xfe\x80.png",
        b" .jpg",
        b"-rf.jpg",
        b"a\\b.jpg",
        b"x" * 255,
    ]
    for raw in raws:
        with open(os.path.join(os.fsencode(tmp_path), raw), "wb") as file:
            file.write(b"x")
    found = [e for e in entries(tmp_path) if isinstance(e, FoundFile)]
    assert sorted(os.path.basename(os.fsencode(e.path)) for e in found) == sorted(raws)


def test_names_no_file_can_have() -> None:
    for name in ("", "a\0b", "\ud800"):
        (entry,) = entries(name)
        assert isinstance(entry, SkippedFile) and entry.code is ErrorCode.FILE_NOT_FOUND and entry.asked_for


@posix
def test_a_folder_deeper_than_the_recursion_limit(tmp_path: Path) -> None:
    n_deep = 1200

    def step(here: int, name: str) -> int:
        there = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        return there

    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(n_deep):  # relative to a descriptor, or the path would be too long
            os.mkdir("d", dir_fd=here)
            here = step(here, "d")
        assert len(entries(tmp_path)) <= 1
    finally:
        for _ in range(n_deep):  # pytest's own removal would meet the recursion limit
            here = step(here, "..")
            os.rmdir("d", dir_fd=here)
        os.close(here)


def test_an_unreadable_folder_is_told_and_passed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str):
        if os.path.basename(path) == "a":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(scan.os, "scandir", scandir)
    found = entries(tree, tree / "a" / "c" / "3.jpg", tree / "a" / ".hidden.jpg")
    assert [os.path.basename(e.path) for e in found if isinstance(e, FoundFile)] == [
        "z.jpg",
        "1.jpg",
        "2.jpg",
        "3.jpg",
        ".hidden.jpg",
    ]
    (skipped,) = (e for e in found if isinstance(e, SkippedFile))
    assert skipped.code is ErrorCode.PERMISSION_DENIED and not skipped.asked_for
    (asked,) = (e for e in entries(tree / "a") if isinstance(e, SkippedFile))
    assert asked.asked_for
