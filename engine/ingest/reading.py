"""The bytes of a file with their identity, and the one door for errors of the file system."""

from __future__ import annotations

import errno
import hashlib
import os
import stat

from engine.errors import ErrorCode, FileError
from engine.schemas.files import ImageLimits, LoadedFile

# Missing on Windows (O_NONBLOCK, O_CLOEXEC) or elsewhere (O_BINARY). Without O_NONBLOCK a pipe would block the open.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_GONE = frozenset((errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EHOSTDOWN, errno.ENOTCONN, errno.EIO))


def printable(path: str) -> str:
    """Return the path as text that can be printed and stored: undecodable bytes become ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def read_file(path: str, limits: ImageLimits) -> LoadedFile:
    """Read a file once, with the size and time it had while being read.

    Raises
    ------
    FileError
        FILE_NOT_FOUND, PERMISSION_DENIED, NOT_A_FILE, EMPTY_FILE, FILE_TOO_LARGE, FILE_CHANGED (it was
        written to meanwhile: worth another try), SOURCE_OFFLINE or FILE_UNREADABLE.
    """
    try:
        with open(os.open(path, _OPEN_FLAGS), "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            _check(path, before, limits)
            data = bytearray()
            # One byte more than expected shows a file that grows, without following it for ever.
            while len(data) <= before.st_size and (chunk := file.read(before.st_size + 1 - len(data))):
                data += chunk
            after = os.fstat(file.fileno())
    except OSError as error:
        raise file_error(path, error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise FileError(
            ErrorCode.FILE_CHANGED,
            f"{printable(path)} was changed while it was being read.",
            way_out="Retry when the program that writes it has finished.",
            path=printable(path),
        )
    content = bytes(data)
    return LoadedFile(path, content, hashlib.sha256(content).digest(), after.st_size, after.st_mtime_ns)


def read_head(path: str, n_bytes: int) -> bytes:
    """Return the first bytes of a file, to tell what it is. Raises FileError."""
    try:
        with open(os.open(path, _OPEN_FLAGS), "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return b""
            return file.read(n_bytes)
    except OSError as error:
        raise file_error(path, error) from error


def source_is_gone(root: str) -> bool:
    """Tell whether the dropped folder itself cannot be reached (unmounted, pulled, deleted)."""
    try:
        os.stat(root)
    except OSError:
        return True
    return False


def file_error(path: str, error: OSError) -> FileError:
    """Translate an error of the system into one that names the file, the reason and the way out."""
    name = printable(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileError(
            ErrorCode.FILE_NOT_FOUND,
            f"{name} is not there any more.",
            way_out="Put it back or remove it from the library.",
            path=name,
        )
    if isinstance(error, PermissionError):
        return FileError(
            ErrorCode.PERMISSION_DENIED,
            f"{name} cannot be read: permission denied.",
            way_out="Give yourself the right to read it, then retry.",
            path=name,
        )
    if isinstance(error, IsADirectoryError):
        return FileError(ErrorCode.NOT_A_FILE, f"{name} is a folder.", way_out="Drop the folder itself.", path=name)
    if error.errno in _GONE:
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


def _check(path: str, info: os.stat_result, limits: ImageLimits) -> None:
    name = printable(path)
    if not stat.S_ISREG(info.st_mode):
        raise FileError(ErrorCode.NOT_A_FILE, f"{name} is not a regular file.", way_out="Drop a file.", path=name)
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
