"""What NVIDIA's driver itself says, asked through its C library: no CUDA needed, milliseconds."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

_SUCCESS = 0
_NO_DEVICE = 100


@dataclass(frozen=True, slots=True)
class Driver:
    """The driver's answers.

    Attributes
    ----------
    cuda_version
        The newest CUDA it can run, as 1000 * major + 10 * minor; 0 when it did not say.
    gpu_names
        The GPUs it offers to this process.
    error
        Code with which it failed to start, or 0.
    """

    cuda_version: int
    gpu_names: tuple[str, ...]
    error: int = 0


def load_driver_library() -> ctypes.CDLL | None:
    """Return the driver's library, or None where there is no driver."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None


def ask_driver() -> Driver | None:
    """Start the driver's library and ask it; None where there is no driver. Any thread."""
    library = load_driver_library()
    if library is None:
        return None
    version = ctypes.c_int(0)
    library.cuDriverGetVersion(ctypes.byref(version))
    error = int(library.cuInit(0))
    if error == _NO_DEVICE:
        return Driver(version.value, ())
    if error != _SUCCESS:
        return Driver(version.value, (), error)
    count = ctypes.c_int(0)
    library.cuDeviceGetCount(ctypes.byref(count))
    return Driver(version.value, tuple(_gpu_name(library, i) for i in range(count.value)))


def _gpu_name(library: ctypes.CDLL, ordinal: int) -> str:
    device = ctypes.c_int(0)
    name = ctypes.create_string_buffer(256)
    if library.cuDeviceGet(ctypes.byref(device), ordinal) != _SUCCESS:
        return "NVIDIA GPU"
    if library.cuDeviceGetName(name, len(name), device) != _SUCCESS:
        return "NVIDIA GPU"
    return name.value.decode("utf-8", "replace")
