"""The bytes of a file with their identity, and the one door for errors of the file system."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import ErrorCode, FileError
from engine.schemas.encoding import encodable
from engine.schemas.files import ImageLimits, LoadedFile

# Missing on Windows (O_NONBLOCK, O_CLOEXEC) or elsewhere (O_BINARY). Without O_NONBLOCK a pipe would block the open.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_MOUNT_PLACES = ("/media/", "/mnt/", "/run/media/", "/Volumes/")
_GONE = frozenset((errno.ESTALE, errno.ENODEV, errno.EHOSTDOWN, errno.ENOTCONN, errno.ETIMEDOUT))
printable = encodable  # what the rooms above know it by


def read_file(path: str, limits: ImageLimits) -> LoadedFile:
    """Read a file once, with the size and time it had while being read.

    Raises
    ------
    FileError
        FILE_NOT_FOUND, PERMISSION_DENIED, NOT_A_FILE, EMPTY_FILE, FILE_TOO_LARGE, FILE_CHANGED (it was
        written to meanwhile: worth another try), SOURCE_OFFLINE or FILE_UNREADABLE.
    """
    try:
        with _opened(path) as fd:
            before = os.fstat(fd)
            _check(path, before, limits)
            data = _read_up_to(fd, before.st_size)
            after = os.fstat(fd)
    except (OSError, ValueError) as error:
        raise file_error(path, error) from error
    except MemoryError as error:
        raise _too_large_for_memory(path, before.st_size) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise FileError(
            ErrorCode.FILE_CHANGED,
            f"{printable(path)} was changed while it was being read.",
            way_out="Retry when the program that writes it has finished.",
            path=printable(path),
        )
    return LoadedFile(path, data, hashlib.sha256(data).digest(), after.st_size, after.st_mtime_ns)


@contextmanager
def _opened(path: str) -> Iterator[int]:
    fd = os.open(path, _OPEN_FLAGS)
    try:
        yield fd
    finally:
        os.close(fd)


def _read_up_to(fd: int, size_bytes: int) -> bytes:
    """Read what there should be and one byte more, which shows a file that grows without following it for ever."""
    data = os.read(fd, size_bytes + 1)
    if len(data) >= size_bytes:
        return data  # the usual case: no second copy
    parts = [data]
    left = size_bytes + 1 - len(data)
    while left and (part := os.read(fd, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def read_head(path: str, n_bytes: int) -> bytes:
    """Return the first bytes of a regular file, to tell what it is; none of anything else. Raises FileError."""
    try:
        with _opened(path) as fd:
            return os.read(fd, n_bytes) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    except (OSError, ValueError) as error:
        raise file_error(path, error) from error


def source_is_gone(root: str) -> bool:
    """Tell whether the dropped folder itself cannot be reached (unmounted, pulled, deleted).

    An empty folder counts as gone when it is a place to mount at (``/media``, ``/mnt``, ``/Volumes``): that is
    what remains of a drive that was pulled.
    """
    try:
        if not stat.S_ISDIR(os.stat(root).st_mode):
            return False
        with os.scandir(root) as entries:
            empty = next(entries, None) is None
    except (OSError, ValueError):
        return True
    return empty and root.startswith(_MOUNT_PLACES)


def file_error(path: str, error: OSError | ValueError) -> FileError:
    """Translate an error of the system into one that names the file, the reason and the way out."""
    name = printable(path)
    # ValueError: a null character, or text no file name can hold.
    if not isinstance(error, OSError) or isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileError(
            ErrorCode.FILE_NOT_FOUND,
            f"{name} is not there any more.",
            way_out="Put it back or remove it from the library.",
            path=name,
        )
    if isinstance(error, IsADirectoryError) or (isinstance(error, PermissionError) and os.path.isdir(path)):
        return FileError(ErrorCode.NOT_A_FILE, f"{name} is a folder.", way_out="Drop the folder itself.", path=name)
    if error.errno == errno.ENXIO:  # what opening a socket says
        return _not_a_file(path)
    if isinstance(error, PermissionError):
        return FileError(
            ErrorCode.PERMISSION_DENIED,
            f"{name} cannot be read: permission denied.",
            way_out="Give yourself the right to read it, then retry.",
            path=name,
        )
    # A bad sector (EIO) is one file's trouble, unless the folder around it fails as well.
    if error.errno in _GONE or (error.errno == errno.EIO and source_is_gone(os.path.dirname(path))):
        return FileError(
            ErrorCode.SOURCE_OFFLINE,
            f"{name} cannot be reached: {error.strerror}.",
            way_out="Connect the drive or network folder again; the job then goes on.",
            path=name,
        )
    return FileError(
        ErrorCode.FILE_UNREADABLE,
        f"{name} cannot be read: {error.strerror or type(error).__name__}.",
        way_out="Check the disk, then retry.",
        path=name,
    )


def _not_a_file(path: str) -> FileError:
    name = printable(path)
    return FileError(
        ErrorCode.NOT_A_FILE,
        f"{name} is a device, pipe, socket or folder, not a file.",
        way_out="Drop a file.",
        path=name,
    )


def _too_large_for_memory(path: str, size_bytes: int) -> FileError:
    name = printable(path)
    return FileError(
        ErrorCode.FILE_TOO_LARGE,
        f"{name} has {size_bytes / 1e6:.1f} MB, more than there is memory for.",
        way_out="Close other programs, or make the picture smaller, then retry.",
        path=name,
        size_bytes=size_bytes,
    )


def _check(path: str, info: os.stat_result, limits: ImageLimits) -> None:
    name = printable(path)
    if not stat.S_ISREG(info.st_mode):
        raise _not_a_file(path)
    if info.st_size == 0:
        raise FileError(
            ErrorCode.EMPTY_FILE,
            f"{name} is empty (0 bytes).",
            way_out="Copy it again from where it came from.",
            path=name,
        )
    if info.st_size > limits.max_file_bytes:
        raise FileError(
            ErrorCode.FILE_TOO_LARGE,
            f"{name} has {info.st_size / 1e6:.1f} MB; the limit is {limits.max_file_bytes / 1e6:.0f} MB.",
            way_out="Raise the limit max_file_mb in the settings, or make the picture smaller.",
            path=name,
            size_bytes=info.st_size,
            max_file_bytes=limits.max_file_bytes,
        )
