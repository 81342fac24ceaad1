"""What a drop holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import ErrorCode, FileError
from engine.ingest.reading import printable, read_file
from engine.ingest.scan import walk
from engine.schemas.files import FoundFile, ImageLimits, SkippedFile

LIMITS = ImageLimits(1000, 1000)


def found(*paths: Path, include_hidden: bool = False) -> list[str]:
    entries = walk([str(p) for p in paths], include_hidden=include_hidden)
    return [os.path.basename(e.path) for e in entries if isinstance(e, FoundFile)]


def test_order_hidden_and_companions(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", ".hidden.jpg", "._a.jpg", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "x.jpg" / "inner.png").write_bytes(b"x")
    assert found(tmp_path) == ["a.jpg", "b.jpg", "inner.png"]
    assert ".hidden.jpg" in found(tmp_path, include_hidden=True)
    assert found(tmp_path, tmp_path / "a.jpg") == ["a.jpg", "b.jpg", "inner.png"]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_loops_pipes_and_strange_names(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe\n.jpg")
    Path(strange).write_bytes(b"x")
    entries = list(walk([str(tmp_path)], include_hidden=False))
    assert [e.path for e in entries if isinstance(e, FoundFile)] == [strange]
    assert [e.code for e in entries if isinstance(e, SkippedFile)] == [ErrorCode.NOT_A_FILE]
    assert "\\xff" in printable(strange)
    with pytest.raises(FileError) as caught:
        read_file(str(tmp_path / "pipe.jpg"), LIMITS)
    assert caught.value.code is ErrorCode.NOT_A_FILE


def test_reading_refuses(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "large.jpg").write_bytes(bytes(1001))
    for name, code in (
        ("empty.jpg", ErrorCode.EMPTY_FILE),
        ("large.jpg", ErrorCode.FILE_TOO_LARGE),
        ("none.jpg", ErrorCode.FILE_NOT_FOUND),
    ):
        with pytest.raises(FileError) as caught:
            read_file(str(tmp_path / name), LIMITS)
        assert caught.value.code is code
        assert name in caught.value.message


def test_missing_path_is_answered_for() -> None:
    (entry,) = walk(["/no/such/place"], include_hidden=False)
    assert isinstance(entry, SkippedFile) and entry.asked_for and entry.code is ErrorCode.FILE_NOT_FOUND
