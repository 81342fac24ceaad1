"""Why the CPU is used although a GPU was hoped for: one sentence that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.backends.nvidia import Driver
from engine.schemas.device import DeviceChoice

_INSTALL = 'install the CUDA libraries with: pip install "lightdesk[cuda]"'
_LIBRARY = r"([\w.+-]+\.(?:so(?:\.\d+)*|dll))"
# What preloading says first, then what the dynamic loaders of Linux and Windows say.
_MISSING = (
    re.compile(rf"Failed to load (?:\S*[/\\])?{_LIBRARY}:"),
    re.compile(rf"{_LIBRARY}: cannot open shared object file"),
    re.compile(rf'which depends on "{_LIBRARY}" which is missing'),
    re.compile(rf"{_LIBRARY}[\"']? (?:is missing|was not found|not found)"),
)
_KNOWN = (
    (
        re.compile(r"driver version is insufficient|CUDA failure 35\b|PTX was compiled with an unsupported"),
        "the NVIDIA driver is too old for it, so the CPU is used; update the driver",
    ),
    (
        re.compile(r"out of memory|Failed to allocate|ALLOC_FAILED|CUDA failure 2\b"),
        "the GPU has too little free memory, so the CPU is used; close other programs that use the GPU and start again",
    ),
    (
        re.compile(r"no kernel image|CUDA failure 209\b|ARCH_MISMATCH|unsupported GPU architecture"),
        "this GPU is too old for it, so the CPU is used; a GPU of the Turing generation (2018) or newer is needed",
    ),
    (
        re.compile(r"CUDNN_STATUS_\w+|cudnn"),
        f"cuDNN does not work with it, so the CPU is used; {_INSTALL}",
    ),
)


def before_trying(
    driver: Driver | None, *, asked: DeviceChoice, compiled: bool, cuda_major: int
) -> tuple[bool, str | None]:
    """Decide whether CUDA is worth a try, from what is known in milliseconds.

    Parameters
    ----------
    driver
        What the driver said, or None where there is none.
    compiled
        Whether the runtime has a CUDA provider at all.
    cuda_major
        The CUDA that the runtime was built for.

    Returns
    -------
    try_it, reason
        The reason is None where nobody asked for CUDA and there is no GPU to miss.
    """
    if driver is None or (not driver.gpu_names and not driver.error):
        if asked != "cuda":
            return False, None
        if driver is None:
            return False, "No NVIDIA driver was found, so the CPU is used; install the driver to use a GPU."
        return False, "The NVIDIA driver finds no GPU, so the CPU is used; check that it is plugged in and enabled."
    if driver.error:
        return False, (
            f"The NVIDIA driver does not start (error {driver.error}), so the CPU is used; "
            "restart the computer, then install the driver again."
        )
    if not compiled:
        return False, (
            f"{driver.gpu_names[0]} is there, but this ONNX Runtime was built without CUDA, so the CPU is used; "
            "install onnxruntime-gpu in place of onnxruntime."
        )
    if 0 < driver.cuda_version < 1000 * cuda_major:
        has = f"{driver.cuda_version // 1000}.{driver.cuda_version % 1000 // 10}"
        return False, (
            f"The NVIDIA driver is too old (it runs CUDA {has}, needed is {cuda_major}), so the CPU is used; "
            "update the driver."
        )
    return True, None


def after_trying(said: Sequence[str]) -> str:
    """Return the sentence for a try that failed, from what the runtime printed meanwhile."""
    text = "\n".join(said)
    for pattern in _MISSING:
        if missing := pattern.search(text):
            return f"CUDA could not start because {missing[1]} is missing, so the CPU is used; {_INSTALL}"
    for pattern, sentence in _KNOWN:
        if pattern.search(text):
            return f"CUDA could not start: {sentence}."
    return "CUDA could not start, so the CPU is used; `lightdesk doctor` says what is missing."
