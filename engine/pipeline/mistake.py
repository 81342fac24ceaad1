"""What is said where Lightdesk itself has made a mistake: the details are in the log, and where that lies."""

from __future__ import annotations

from engine.errors import DeviceError, ErrorCode, LightdeskError
from engine.settings import log_file


def way_out() -> str:
    """Return what the person can do, in one sentence that names the log."""
    return f"That is a mistake in Lightdesk: please report it with the last lines of {log_file()}."


def error(message: str) -> LightdeskError:
    """Return the error of a mistake; its traceback has been logged."""
    return LightdeskError(ErrorCode.INTERNAL, message, way_out=way_out())


def device_error(message: str) -> DeviceError:
    """Return the error of a mistake where a lane's own kind is expected."""
    return DeviceError(ErrorCode.INTERNAL, message, way_out=way_out())
