"""The closed tree of errors.

::

    LightdeskError            has a code from ErrorCode, a message that names the thing, and a way out
    |-- FileError             one file could not be used; the run goes on
    |-- LibraryError          the library file cannot be opened, read or written
    |-- ModelError            a model is missing, damaged or unusable
    |-- DeviceError           a device could not run the model
    |-- JobError              a job cannot do what was asked
    `-- UsageError            the request itself is wrong

Anything that is not a LightdeskError is a bug of ours: it reaches the log with its traceback and the
user as INTERNAL.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """Every code that a person or a program can meet. Documented in docs/errors.md."""

    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    NOT_A_FILE = "NOT_A_FILE"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    EMPTY_FILE = "EMPTY_FILE"
    FILE_CHANGED = "FILE_CHANGED"
    FILE_UNREADABLE = "FILE_UNREADABLE"
    SOURCE_OFFLINE = "SOURCE_OFFLINE"
    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    CODEC_MISSING = "CODEC_MISSING"
    UNREADABLE_IMAGE = "UNREADABLE_IMAGE"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    QUARANTINED = "QUARANTINED"
    DISK_FULL = "DISK_FULL"
    LIBRARY_NOT_FOUND = "LIBRARY_NOT_FOUND"
    LIBRARY_BUSY = "LIBRARY_BUSY"
    LIBRARY_DAMAGED = "LIBRARY_DAMAGED"
    LIBRARY_FOREIGN = "LIBRARY_FOREIGN"
    LIBRARY_TOO_NEW = "LIBRARY_TOO_NEW"
    LIBRARY_READ_ONLY = "LIBRARY_READ_ONLY"
    LIBRARY_LOCATION = "LIBRARY_LOCATION"
    INDEX_DAMAGED = "INDEX_DAMAGED"
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
    MODEL_DAMAGED = "MODEL_DAMAGED"
    MODEL_INVALID = "MODEL_INVALID"
    DEVICE_UNAVAILABLE = "DEVICE_UNAVAILABLE"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    INFERENCE_FAILED = "INFERENCE_FAILED"
    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    JOB_STATE = "JOB_STATE"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    SETTINGS_INVALID = "SETTINGS_INVALID"
    INTERNAL = "INTERNAL"


class LightdeskError(Exception):
    """Base of all expected errors.

    Parameters
    ----------
    code
        One of the closed list.
    message
        One sentence that names the thing and the reason.
    way_out
        What the person can do about it; empty only where nothing can be done.
    details
        JSON-serialisable facts (path, limit, found ...), for records and reports.
    """

    def __init__(self, code: ErrorCode, message: str, *, way_out: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.way_out = way_out
        self.details: dict[str, Any] = details

    def __str__(self) -> str:
        return f"{self.message} {self.way_out}".strip()


class FileError(LightdeskError):
    """One file could not be used; the run goes on."""


class LibraryError(LightdeskError):
    """The library cannot be opened, read or written."""


class ModelError(LightdeskError):
    """A model is missing, damaged or unusable."""


class DeviceError(LightdeskError):
    """A device could not run the model."""


class JobError(LightdeskError):
    """A job cannot do what was asked."""


class UsageError(LightdeskError):
    """The request itself is wrong (an argument, a setting)."""
