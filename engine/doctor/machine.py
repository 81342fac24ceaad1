"""The machine and the program on it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.backends.ort import available_cores
from engine.doctor.report import Finding
from engine.schemas.settings import Settings
from engine.settings import max_pixels, memory_bytes

_SECTION = "Machine"
_LITTLE_MEMORY_BYTES = 2_000_000_000


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at system, processor and memory."""
    import psutil

    yield Finding(_SECTION, "system", "ok", f"{platform.platform()}")
    yield Finding(_SECTION, "Python", "ok", f"{platform.python_version()} at {sys.executable}")
    logical, physical = os.cpu_count() or 1, psutil.cpu_count(logical=False)
    usable = available_cores()
    text = f"{_processor_name()}, {logical} cores" + (f" ({physical} physical)" if physical else "")
    if usable < logical:
        text += f", {usable} of them for this program"
    facts = {"logical": logical, "physical": physical, "usable": usable}
    yield Finding(_SECTION, "processor", "ok", text, facts=facts)
    allowed, free = memory_bytes(), int(psutil.virtual_memory().available)
    text = (
        f"{allowed / 1e9:.1f} GB, {free / 1e9:.1f} GB free; pictures up to {max_pixels(settings) / 1e6:.0f} megapixels"
    )
    facts = {"memory_bytes": allowed, "free_bytes": free, "max_pixels": max_pixels(settings)}
    if free < _LITTLE_MEMORY_BYTES:
        yield Finding(_SECTION, "memory", "warn", text, "Close other programs.", facts)
    else:
        yield Finding(_SECTION, "memory", "ok", text, facts=facts)


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
