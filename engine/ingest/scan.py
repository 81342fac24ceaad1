"""Drops and folders to files: names and stats only, nothing is opened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator

from engine.errors import ErrorCode
from engine.schemas.files import FoundFile, SkippedFile

_ALWAYS_IGNORED = frozenset(("Thumbs.db", "desktop.ini", ".DS_Store", "@eaDir", "__MACOSX"))


def walk(paths: Iterable[str], *, include_hidden: bool) -> Iterator[FoundFile | SkippedFile]:
    """Yield every regular file under `paths`, depth first, sorted by name within a folder.

    Parameters
    ----------
    paths
        Files and folders as dropped; relative ones count from the current folder.
    include_hidden
        Also take names that begin with a dot (never the ``._*`` companions of macOS).

    Notes
    -----
    Symbolic links are followed; a folder is entered once (by device and inode), so loops end, and
    a file reachable by several of the given paths is given once.
    """
    seen_dirs: set[tuple[int, int]] = set()
    # Only files named by themselves are remembered: a folder is entered once, so its files come once,
    # and a million names need not be kept.
    seen_files: set[str] = set()
    for given in paths:
        try:
            if not given:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            path = os.path.abspath(given)
            info = os.stat(path)
        except (OSError, ValueError) as error:  # ValueError: a null character, or text no file name can hold
            yield _unusable(given, given, error, asked_for=True)
            continue
        if stat.S_ISDIR(info.st_mode):
            for entry in _walk_folder(path, path, info, seen_dirs, include_hidden):
                if entry.path not in seen_files:
                    yield entry
        elif path not in seen_files and not _met(path, seen_dirs, include_hidden):
            seen_files.add(path)
            yield _regular(path, path, info, asked_for=True)


def _met(path: str, seen_dirs: set[tuple[int, int]], include_hidden: bool) -> bool:
    """Tell whether the folder of a file has been walked, and the file been given with it."""
    if not seen_dirs or _ignored(os.path.basename(path), include_hidden):
        return False
    try:
        info = os.stat(os.path.dirname(path))
    except OSError:
        return False
    return bool(info.st_ino) and (info.st_dev, info.st_ino) in seen_dirs


def _walk_folder(
    folder: str, root: str, info: os.stat_result, seen: set[tuple[int, int]], include_hidden: bool
) -> Iterator[FoundFile | SkippedFile]:
    # An explicit stack: a tree a thousand folders deep must not meet the recursion limit.
    stack: list[tuple[str, os.stat_result]] = [(folder, info)]
    while stack:
        here, here_info = stack.pop()
        identity = (here_info.st_dev, here_info.st_ino)
        # Windows may report inode 0; then only the path can tell folders apart.
        if here_info.st_ino:
            if identity in seen:
                continue
            seen.add(identity)
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda e: e.name)
        except OSError as error:
            seen.discard(identity)  # nothing in it was given: a file of it named by itself still counts
            yield _unusable(here, root, error, asked_for=here == root)
            continue
        subfolders: list[tuple[str, os.stat_result]] = []
        for entry in entries:
            if _ignored(entry.name, include_hidden):
                continue
            try:
                entry_info = entry.stat()
                if stat.S_ISDIR(entry_info.st_mode) and not entry_info.st_ino:
                    entry_info = os.stat(entry.path)  # Windows: a listing has no inodes
            except OSError as error:
                yield _unusable(entry.path, root, error, asked_for=False)
                continue
            if stat.S_ISDIR(entry_info.st_mode):
                subfolders.append((entry.path, entry_info))
            else:
                yield _regular(entry.path, root, entry_info, asked_for=False)
        stack.extend(reversed(subfolders))


def _ignored(name: str, include_hidden: bool) -> bool:
    if name in _ALWAYS_IGNORED or name.startswith("._"):
        return True
    return name.startswith(".") and not include_hidden


def _regular(path: str, root: str, info: os.stat_result, *, asked_for: bool) -> FoundFile | SkippedFile:
    if stat.S_ISREG(info.st_mode):
        return FoundFile(path, root, info.st_size, info.st_mtime_ns)
    reason = "It is a device, pipe or socket, not a file."
    return SkippedFile(path, root, ErrorCode.NOT_A_FILE, reason, "Drop a file or folder instead.", asked_for)


def _unusable(path: str, root: str, error: OSError | ValueError, *, asked_for: bool) -> SkippedFile:
    return SkippedFile(path, root, *_told(path, error), asked_for)


def _told(path: str, error: OSError | ValueError) -> tuple[ErrorCode, str, str]:
    """Return code, reason and way out of what the system says of a path."""
    if not isinstance(error, OSError):
        return ErrorCode.FILE_NOT_FOUND, "No file can have such a name.", "Check how the path is written."
    if isinstance(error, PermissionError):
        return (
            ErrorCode.PERMISSION_DENIED,
            "You have no permission to read it.",
            "Give yourself the right to read it, then retry.",
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        if os.path.islink(path):
            return (
                ErrorCode.FILE_NOT_FOUND,
                "It is a link to something that is not there.",
                "Put back what it leads to, or delete the link.",
            )
        return (
            ErrorCode.FILE_NOT_FOUND,
            "There is no such file or folder.",
            "Check how the path is written, or put the file back, then retry.",
        )
    if error.errno == errno.ELOOP:
        return (
            ErrorCode.FILE_UNREADABLE,
            "It is a link that leads to itself.",
            "Delete the link, or let it lead to a file.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return (
            ErrorCode.FILE_UNREADABLE,
            "The path is longer than the system can take.",
            "Give the file or the folders around it shorter names, or move them further up.",
        )
    return (
        ErrorCode.FILE_UNREADABLE,
        f"The system says: {error.strerror or type(error).__name__}.",
        "Check the disk and its connection, then retry.",
    )
