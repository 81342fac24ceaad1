"""One open, one identity; every trouble of the file system has its code."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from engine.errors import ErrorCode, FileError
from engine.ingest import reading
from engine.ingest.reading import file_error, printable, read_file, read_head, source_is_gone
from engine.schemas.files import ImageLimits
from tests.rights import out_of_reach

LIMITS = ImageLimits(max_file_bytes=1_000_000, max_pixels=1_000_000)
posix = pytest.mark.skipif(os.name == "nt", reason="no such files on Windows")


def refusal(path: object, limits: ImageLimits = LIMITS) -> FileError:
    with pytest.raises(FileError) as caught:
        read_file(str(path), limits)
    assert caught.value.message and caught.value.way_out
    return caught.value


def test_identity(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 5000)
    loaded = read_file(str(path), LIMITS)
    assert loaded.data == b"x" * 5000 and loaded.size_bytes == 5000
    assert loaded.sha256 == hashlib.sha256(b"x" * 5000).digest()
    assert loaded.mtime_ns == path.stat().st_mtime_ns
    assert read_head(str(path), 64) == b"x" * 64


def test_limit_names_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "big.jpg"
    path.write_bytes(bytes(2_500_000))
    error = refusal(path)
    assert error.code is ErrorCode.FILE_TOO_LARGE
    assert "big.jpg" in error.message and "2.5 MB" in error.message and "1 MB" in error.message
    assert "max_file_mb" in error.way_out


@pytest.mark.parametrize("change", ["grows", "shrinks", "touched"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 1000)
    real_read, sizes = os.read, []

    def read(fd: int, n: int) -> bytes:
        if not sizes:
            if change == "grows":
                with open(path, "ab") as file:
                    file.write(bytes(3_000_000))
            elif change == "shrinks":
                os.truncate(path, 10)
            else:
                os.utime(path, ns=(1, 1))
        data = real_read(fd, n)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(reading.os, "read", read)
    assert refusal(path).code is ErrorCode.FILE_CHANGED
    assert sum(sizes) <= 1001  # a growing file is not followed


def test_short_reads_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(bytes(range(256)) * 40)
    real_read = os.read
    monkeypatch.setattr(reading.os, "read", lambda fd, n: real_read(fd, min(n, 100)))
    assert read_file(str(path), LIMITS).data == bytes(range(256)) * 40


@posix
def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    listening = socket.socket(socket.AF_UNIX)
    # A socket's path may be short only; the test's folder is not.
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        listening.bind(f"/proc/self/fd/{here}/socket.jpg" if sys.platform == "linux" else "socket.jpg")
        done: list[str] = []

        def read() -> None:
            for name in ("pipe.jpg", "folder.jpg", "socket.jpg", "/dev/null", "/dev/zero"):
                done.append(refusal(tmp_path / name).code)
            assert read_head(str(tmp_path / "pipe.jpg"), 64) == b""

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        thread.join(5)
        assert done == [ErrorCode.NOT_A_FILE] * 5
    finally:
        os.close(here)
        listening.close()


@posix
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for name in ("folder", "empty", "pipe", "none"):
        refusal(tmp_path / name)
    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_names_no_file_can_have() -> None:
    for name in ("a\0b.jpg", "\ud800.jpg", ""):
        assert refusal(name).code is ErrorCode.FILE_NOT_FOUND
        printable(name).encode()


@posix
def test_strange_names_are_printable(tmp_path: Path) -> None:
    for raw, shown in ((b"caf\xe9.jpg", "caf\\xe9.jpg"), (b"a\nb.jpg", "a\nb.jpg"), ("🐈.jpg".encode(), "🐈.jpg")):
        path = os.fsdecode(os.path.join(os.fsencode(tmp_path), raw))
        Path(path).write_bytes(b"data")
        assert read_file(path, LIMITS).data == b"data"
        assert printable(path).endswith(shown)
        printable(path).encode("utf-8")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOENT, ErrorCode.FILE_NOT_FOUND),
        (errno.ENOTDIR, ErrorCode.FILE_NOT_FOUND),
        (errno.EACCES, ErrorCode.PERMISSION_DENIED),
        (errno.EPERM, ErrorCode.PERMISSION_DENIED),
        (errno.EISDIR, ErrorCode.NOT_A_FILE),
        (errno.ENXIO, ErrorCode.NOT_A_FILE),
        (errno.ESTALE, ErrorCode.SOURCE_OFFLINE),
        (errno.ENOTCONN, ErrorCode.SOURCE_OFFLINE),
        (errno.ENODEV, ErrorCode.SOURCE_OFFLINE),
        (errno.EIO, ErrorCode.FILE_UNREADABLE),
        (errno.ELOOP, ErrorCode.FILE_UNREADABLE),
        (errno.ENAMETOOLONG, ErrorCode.FILE_UNREADABLE),
        (errno.EMFILE, ErrorCode.FILE_UNREADABLE),
    ],
)
def test_every_error_of_the_system(
    tmp_path: Path, number: int, code: ErrorCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(reading.os, "open", fail)
    error = refusal(tmp_path / "a.jpg")
    assert error.code is code and "a.jpg" in error.message


def test_a_bad_sector_and_a_dead_drive_differ(tmp_path: Path) -> None:
    failure = OSError(errno.EIO, "Input/output error")
    assert file_error(str(tmp_path / "a.jpg"), failure).code is ErrorCode.FILE_UNREADABLE
    assert file_error(str(tmp_path / "gone" / "a.jpg"), failure).code is ErrorCode.SOURCE_OFFLINE


def test_no_memory_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")

    def fail(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(reading.os, "read", fail)
    assert refusal(tmp_path / "a.jpg").code is ErrorCode.FILE_TOO_LARGE


def test_source_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    assert source_is_gone(str(folder)) and source_is_gone("a\0b")
    folder.mkdir()
    assert not source_is_gone(str(folder))
    monkeypatch.setattr(reading, "_MOUNT_PLACES", (str(tmp_path) + "/",))
    assert source_is_gone(str(folder))  # what a pulled drive leaves: an empty place to mount at
    (folder / "a.jpg").touch()
    assert not source_is_gone(str(folder)) and not source_is_gone(str(folder / "a.jpg"))


@posix
def test_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    with out_of_reach(path):
        assert refusal(path).code is ErrorCode.PERMISSION_DENIED
    assert read_file(str(path), LIMITS).data == b"x"
