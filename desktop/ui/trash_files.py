"""Files that may go to the system's trash, what has to stay for that, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the library last saw it."""

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class TrashFile:
    """A file that may go, and what has to stay for that.

    Attributes
    ----------
    sha256
        Of its bytes when it was looked at, in hexadecimal.
    kept, kept_sha256
        The files of the picture that is kept: one of them has to be there.
    """

    path: str
    sha256: str
    size_bytes: int
    mtime_ns: int
    kept: tuple[KnownFile, ...]
    kept_sha256: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file: moved, or why not.

    Attributes
    ----------
    reason
        Empty where it was moved, or may be.
    is_gone
        It is not there any more, moved by somebody else.
    """

    path: str
    reason: str = ""
    is_gone: bool = False
