"""Loads NVIDIA's driver and libraries one by one, in a child process, and prints what came of it as JSON."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

# In the order in which they need each other, so that the first one missing is the cause.
_LINUX = (
    "libcudart.so.13",
    "libnvrtc.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcurand.so.10",
    "libcufft.so.12",
    "libcudnn.so.9",
    "libcudnn_graph.so.9",
    "libcudnn_ops.so.9",
    "libcudnn_heuristic.so.9",
    "libcudnn_engines_precompiled.so.9",
    "libcudnn_engines_runtime_compiled.so.9",
)
_WINDOWS = (
    "cudart64_13.dll",
    "cublasLt64_13.dll",
    "cublas64_13.dll",
    "cufft64_12.dll",
    "cudnn64_9.dll",
    "cudnn_graph64_9.dll",
    "cudnn_ops64_9.dll",
    "cudnn_heuristic64_9.dll",
    "cudnn_engines_precompiled64_9.dll",
    "cudnn_engines_runtime_compiled64_9.dll",
)
# What not every release has, or pictures do not need: worth knowing when something else goes wrong.
_LINUX_MORE = ("libcudnn_cnn.so.9", "libcudnn_adv.so.9", "libcudnn_engines_tensor_ir.so.9")
_WINDOWS_MORE = (
    "nvrtc64_130_0.dll",
    "curand64_10.dll",
    "cudnn_cnn64_9.dll",
    "cudnn_adv64_9.dll",
    "cudnn_engines_tensor_ir64_9.dll",
)
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76  # CUdevice_attribute


def library_names() -> tuple[str, ...]:
    """Return what ONNX Runtime's CUDA needs on this system, causes before effects."""
    return _WINDOWS if sys.platform == "win32" else _LINUX


def more_names() -> tuple[str, ...]:
    """Return libraries that are worth knowing of, and may be missing."""
    return _WINDOWS_MORE if sys.platform == "win32" else _LINUX_MORE


def driver_name() -> str:
    """Return the file name of the driver's library."""
    return "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def load_libraries() -> list[dict[str, Any]]:
    """Load each library.

    Returns
    -------
    list of dict
        ``name``, ``needed``, ``where`` it was found (None: nowhere) and the loader's ``reason``.
    """
    found = []
    for names, needed in ((library_names(), True), (more_names(), False)):
        for name in names:
            where, reason = _load(name)
            found.append({"name": name, "needed": needed, "where": where, "reason": reason})
    return found


def _load(name: str) -> tuple[str | None, str]:
    reason = ""
    for candidate in (*_packaged(name), name):
        try:
            # Global: the next library finds this one by its name, wherever it lies.
            ctypes.CDLL(candidate, mode=getattr(ctypes, "RTLD_GLOBAL", 0))
        except OSError as error:
            reason = reason or str(error)
            continue
        return ("the system" if candidate == name else candidate), ""
    return None, reason


def _packaged(name: str) -> list[str]:
    """Return where packages named nvidia-... put it; newer ones have one folder for all (cu13)."""
    spec = importlib.util.find_spec("nvidia")
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    patterns = (f"*/lib/{name}", f"*/bin/{name}", f"*/bin/*/{name}")
    return [str(path) for folder in folders for pattern in patterns for path in sorted(Path(folder).glob(pattern))]


def driver_facts() -> dict[str, Any]:
    """Ask the driver itself what there is.

    Returns
    -------
    dict
        ``found``; then ``cuda`` (12040 means 12.4), ``error`` of starting it, and ``gpus`` with name,
        memory in bytes and compute capability.
    """
    try:
        driver = ctypes.CDLL(driver_name())
    except OSError:
        return {"found": False, "cuda": 0, "error": "", "gpus": []}
    version = ctypes.c_int(0)
    driver.cuDriverGetVersion(ctypes.byref(version))
    code = driver.cuInit(0)
    facts: dict[str, Any] = {"found": True, "cuda": version.value, "error": "", "code": code, "gpus": []}
    if code != 0:
        words = ctypes.c_char_p()
        driver.cuGetErrorString(code, ctypes.byref(words))
        facts["error"] = words.value.decode("ascii", "replace") if words.value else f"error {code}"
        return facts
    count = ctypes.c_int(0)
    driver.cuDeviceGetCount(ctypes.byref(count))
    facts["gpus"] = [_gpu_facts(driver, i) for i in range(count.value)]
    return facts


def _gpu_facts(driver: ctypes.CDLL, number: int) -> dict[str, Any]:
    device, total = ctypes.c_int(0), ctypes.c_size_t(0)
    major, minor = ctypes.c_int(0), ctypes.c_int(0)
    name = ctypes.create_string_buffer(256)
    driver.cuDeviceGet(ctypes.byref(device), number)
    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(total), device)
    driver.cuDeviceGetAttribute(ctypes.byref(major), _CAPABILITY_MAJOR, device)
    driver.cuDeviceGetAttribute(ctypes.byref(minor), _CAPABILITY_MINOR, device)
    return {
        "name": name.value.decode("utf-8", "replace"),
        "memory_bytes": total.value,
        "compute_capability": f"{major.value}.{minor.value}",
    }


if __name__ == "__main__":
    answer = {"driver": driver_facts(), "libraries": load_libraries()}
    print(json.dumps(answer), flush=True)
    # Not the interpreter's own end: drivers have crashed while they were unloaded.
    os._exit(0)
