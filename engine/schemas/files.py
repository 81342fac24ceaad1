"""Files on the user's disk, as found and as read."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file met by a scan; nothing has been read yet.

    Attributes
    ----------
    path
        Absolute path; undecodable bytes are kept as surrogates (`os.fsdecode`).
    root
        The dropped folder it was found under, or its own path when dropped alone.
    """

    path: str
    root: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """Something a scan passed over, with the reason.

    Attributes
    ----------
    way_out
        What the person can do about it.
    asked_for
        True when the person named this very path, so that it must be answered for.
    """

    path: str
    root: str
    code: ErrorCode
    message: str
    way_out: str
    asked_for: bool = False


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The bytes of a file, with the identity they had when read (one open, one fstat)."""

    path: str
    data: bytes
    sha256: bytes
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is refused before decoding."""

    max_file_bytes: int
    max_pixels: int
