"""What was measured on: processor, system, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = ("onnxruntime-gpu", "onnxruntime", "numpy", "pillow", "opencv-python-headless", "simplejpeg", "apsw",
             "sqlite-vec", "diskcache", "pyside6-essentials")  # fmt: skip


def describe() -> dict[str, Any]:
    """Return the machine and the versions of what takes part."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": _system(),
        "python": platform.python_version(),
        "commit": _commit(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name)) is not None},
    }


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_per_core() -> float:
    """Return how busy the machine is with other things: above about 0.1 before a run, its numbers say little."""
    return round(psutil.getloadavg()[0] / cores(), 2)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux: what the system says is all there is
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()


def _commit() -> str:
    """Return the commit that was measured; a star for changes since."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("*" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
