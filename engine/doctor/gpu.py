"""NVIDIA's driver, the GPU, and the CUDA libraries by name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.doctor.child import ask
from engine.doctor.loading import driver_name
from engine.doctor.report import Finding, State
from engine.schemas.settings import Settings

_SECTION = "GPU"
_TIMEOUT_S = 60.0
_CUDA_NEEDED = 13000
_CAPABILITY_NEEDED = 7.5  # CUDA 13 dropped what is older than Turing
_NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE
_INSTALL = 'pip install "lightdesk[cuda]"'
_DRIVER = "Install NVIDIA's driver 580 or newer."
_UNTESTED = Finding(
    _SECTION,
    "CUDA support",
    "note",
    "has not yet been tested on a real GPU by the developers; the self-test below tells what works here",
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at driver, GPU and libraries. Without a GPU nothing here fails."""
    answer = ask("engine.doctor.loading", {}, timeout_s=_TIMEOUT_S)
    if answer.facts is None:
        yield Finding(_SECTION, "NVIDIA driver", "fail", f"Looking for it failed: {answer.failure}.", _DRIVER)
        return
    yield from judged(answer.facts, settings, has_card=_has_nvidia_card())


def judged(facts: dict[str, Any], settings: Settings, *, has_card: bool) -> Iterator[Finding]:
    """Turn what the child found into findings.

    Parameters
    ----------
    facts
        ``driver`` and ``libraries`` as `engine.doctor.loading` prints them.
    has_card
        Whether the system lists an NVIDIA card, with or without a driver.
    """
    driver, libraries = facts["driver"], facts["libraries"]
    usable = bool(driver["gpus"])
    yield from _driver(driver, settings, has_card=has_card)
    for gpu in driver["gpus"]:
        yield _gpu(gpu)
    if usable:
        yield from _libraries(libraries, wanted=settings.device != "cpu")
    else:
        needed = [library for library in libraries if library["needed"]]
        missing = [library["name"] for library in needed if library["where"] is None]
        text = f"{len(needed) - len(missing)} of {len(needed)} are there"
        text += f", the first one missing is {missing[0]}" if missing else ""
        yield Finding(
            _SECTION, "CUDA libraries", "note", f"{text}; only needed with a GPU", facts={"libraries": libraries}
        )
    yield _UNTESTED


def _driver(driver: dict[str, Any], settings: Settings, *, has_card: bool) -> Iterator[Finding]:
    asked = settings.device == "cuda"
    if not driver["found"]:
        if has_card:
            text = f"there is an NVIDIA card, but {driver_name()} cannot be loaded: the CPU is used"
            yield Finding(_SECTION, "NVIDIA driver", "fail" if asked else "warn", text, _DRIVER)
        elif asked:
            text = f"{driver_name()} cannot be loaded, though the setting device is cuda: the CPU is used"
            yield Finding(_SECTION, "NVIDIA driver", "fail", text, f"{_DRIVER} Without a GPU, set device to auto.")
        else:
            yield Finding(_SECTION, "NVIDIA driver", "note", "none, and no NVIDIA card: the CPU is used")
        return
    version = f"CUDA {driver['cuda'] // 1000}.{driver['cuda'] % 1000 // 10}"
    if driver["error"]:
        none = driver["code"] == _NO_DEVICE and not has_card and not asked
        text = f"it is there ({version}) but does not start: {driver['error']}; the CPU is used"
        yield Finding(_SECTION, "NVIDIA driver", "note" if none else "fail", text, "" if none else _DRIVER)
    elif driver["cuda"] < _CUDA_NEEDED:
        state: State = "note" if settings.device == "cpu" else "fail"
        text = f"it knows {version} only; CUDA 13 is needed"
        yield Finding(_SECTION, "NVIDIA driver", state, text, _DRIVER, {"cuda": driver["cuda"]})
    else:
        release = _driver_release()
        text = f"{release + ', ' if release else ''}{version}"
        yield Finding(_SECTION, "NVIDIA driver", "ok", text, facts={"cuda": driver["cuda"], "release": release})


def _gpu(gpu: dict[str, Any]) -> Finding:
    text = f"{gpu['name']}, {gpu['memory_bytes'] / 1e9:.1f} GB, compute capability {gpu['compute_capability']}"
    if float(gpu["compute_capability"]) < _CAPABILITY_NEEDED:
        return Finding(_SECTION, "GPU", "warn", f"{text}: too old for CUDA 13", "Set device to cpu.", gpu)
    return Finding(_SECTION, "GPU", "ok", text, facts=gpu)


def _libraries(libraries: list[dict[str, Any]], *, wanted: bool) -> Iterator[Finding]:
    first = True
    for library in libraries:
        if library["where"] is not None:
            yield Finding(_SECTION, library["name"], "ok", f"from {library['where']}", facts=library)
            continue
        if not library["needed"]:
            yield Finding(_SECTION, library["name"], "note", "missing; not every installation needs it", facts=library)
        elif first:
            text = f"missing, the first one: {library['reason'] or 'it is nowhere'}"
            state: State = "fail" if wanted else "note"
            yield Finding(_SECTION, library["name"], state, text, f"Install them all with: {_INSTALL}", library)
            first = False
        else:
            yield Finding(_SECTION, library["name"], "note", "missing too", facts=library)


def _driver_release() -> str:
    """Return the driver's own number (580.95.05), which NVIDIA's pages go by."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=15,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout.strip().splitlines() or [""])[0]


def _has_nvidia_card() -> bool:
    """Ask Linux's list of devices; elsewhere the driver alone tells."""
    for device in Path("/sys/bus/pci/devices").glob("*"):
        try:
            is_nvidia = (device / "vendor").read_text("ascii").strip() == "0x10de"
            if is_nvidia and (device / "class").read_text("ascii").startswith("0x03"):
                return True
        except OSError:
            continue
    return False
