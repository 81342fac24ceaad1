"""Moving files to the system's trash: only what is still exactly what was looked at, and of which a copy stays.

Nothing is ever deleted here: where the system has no trash for a file, the file stays, with the reason.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QFile

from desktop.ui.ports import Failed
from desktop.ui.trash_files import Outcome, TrashFile

_BLOCK_BYTES = 1 << 20
Move = Callable[[str], str]


class Trash:
    """Implements `desktop.ui.ports.TrashPort`.

    Parameters
    ----------
    aside
        Runs something on a thread of its own, and calls back with the answer or the error on the GUI thread.
    """

    def __init__(self, aside: Callable[[Callable[[], Any], Callable[[Any], None], Any], None]) -> None:
        self._aside = aside

    def look(self, files: Sequence[TrashFile], done: Callable[[list[Outcome]], None], failed: Failed) -> None:
        """See `desktop.ui.ports.TrashPort.look`."""
        self._aside(lambda: look(files), done, failed)

    def move(self, files: Sequence[TrashFile], done: Callable[[list[Outcome]], None], failed: Failed) -> None:
        """See `desktop.ui.ports.TrashPort.move`."""
        self._aside(lambda: move(files), done, failed)


def look(files: Sequence[TrashFile]) -> list[Outcome]:
    """Tell which files may go, as far as can be told without reading them. Any thread but the GUI's."""
    return [_examined(file, read=False) for file in files]


def move(files: Sequence[TrashFile], to_trash: Move | None = None) -> list[Outcome]:
    """Move files to the trash, each after its bytes were compared with what the library knows. Any thread but the GUI's.

    Parameters
    ----------
    to_trash
        Moves one file; returns why it could not, or nothing. The system's trash if None.
    """
    to_trash = to_trash or system_trash
    outcomes = []
    for file in files:
        outcome = _examined(file, read=True)
        if not outcome.reason:
            outcome = Outcome(file.path, to_trash(file.path))
        outcomes.append(outcome)
    return outcomes


def system_trash(path: str) -> str:
    """Move one file to the trash of the system; returns why it could not, or nothing."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        # Qt would look for another name.
        return "Its name is no text, and cannot be handed to the system's trash."
    file = QFile(path)
    if file.moveToTrash():
        return ""
    said = file.errorString()
    return f"The system's trash did not take it: {said}." if said else "The system's trash did not take it."


def _examined(file: TrashFile, *, read: bool) -> Outcome:
    try:
        found = os.lstat(file.path)
        if not stat.S_ISREG(found.st_mode):
            return Outcome(file.path, "It is not an ordinary file (a link, perhaps).")
        if (found.st_size, found.st_mtime_ns) != (file.size_bytes, file.mtime_ns):
            return Outcome(file.path, "It has changed since it was looked at.")
        if not _is_kept(file, found, read=read):
            return Outcome(file.path, "No file of the picture that is kept is there now, so this may be the last copy.")
        if read and _sha256(file.path) != file.sha256:
            return Outcome(
                file.path, "It has changed since it was looked at: other bytes under the same size and time."
            )
    except FileNotFoundError:
        return Outcome(file.path, "It is not there any more.", is_gone=True)
    except OSError as error:
        return Outcome(file.path, f"It cannot be read: {error.strerror or error}.")
    return Outcome(file.path)


def _is_kept(file: TrashFile, found: os.stat_result, *, read: bool) -> bool:
    """Tell whether a file of the kept picture is there, and is not this very file under another name."""
    for kept in file.kept:
        try:
            there = os.stat(kept.path)
        except OSError:
            continue
        if (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino) or not stat.S_ISREG(there.st_mode):
            continue
        if (there.st_size, there.st_mtime_ns) == (kept.size_bytes, kept.mtime_ns):
            return True
        # Copied back by a program that gave it another time, perhaps.
        if there.st_size == kept.size_bytes and (not read or _has(kept.path, file.kept_sha256)):
            return True
    return False


def _has(path: str, sha256: str) -> bool:
    try:
        return _sha256(path) == sha256
    except OSError:
        return False


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
