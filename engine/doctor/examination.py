"""The examination: one line for each thing, with its state and, where it does not work, the way out."""

from __future__ import annotations

import ctypes
import dataclasses
import io
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from engine.schemas.settings import Settings

State = Literal["ok", "note", "fail"]
_SPEED_TIMEOUT_S = 120
# In the order in which they load each other, so that the first one missing is the cause.
_CUDA_LIBRARIES = (
    "libcudart.so.13",
    "libnvrtc.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcurand.so.10",
    "libcufft.so.12",
    "libcudnn.so.9",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One examined thing. ``fail`` only where something that should work does not."""

    section: str
    name: str
    state: State
    text: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything examined."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where nothing that should work fails."""
        return all(finding.state != "fail" for finding in self.findings)


def examine(settings: Settings) -> Report:
    """Examine the machine; takes some seconds, since the model is really run. Not for the GUI thread."""
    findings: list[Finding] = []
    for section, check in _CHECKS:
        try:
            findings += check(settings)
        except Exception as error:  # a doctor that faints helps nobody: the failure is its finding
            findings.append(
                Finding(section, section, "fail", f"The check itself failed: {type(error).__name__}: {error}")
            )
    return Report(tuple(findings))


def render_text(report: Report) -> str:
    """Return the report as aligned text."""
    words = {"ok": "ok  ", "note": "note", "fail": "FAIL"}
    lines: list[str] = []
    section = ""
    for finding in report.findings:
        if finding.section != section:
            section = finding.section
            lines += ["", section]
        lines.append(f"  {words[finding.state]}  {finding.name:<22} {finding.text}")
        if finding.way_out:
            lines.append(f"        {'':<22} -> {finding.way_out}")
    lines += [
        "",
        "Everything that should work does." if report.ok else "Something that should work does not: see FAIL above.",
    ]
    return "\n".join(lines).lstrip("\n")


def render_json(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps({"ok": report.ok, "findings": [dataclasses.asdict(f) for f in report.findings]}, indent=2)


def _machine(_settings: Settings) -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    yield Finding("Machine", "system", "ok", f"{platform.platform()}, Python {platform.python_version()}")
    yield Finding("Machine", "processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}")
    yield Finding("Machine", "memory", "ok", f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free")


def _gpu(_settings: Settings) -> Iterator[Finding]:
    from engine.backends import ort

    yield Finding("GPU", "compiled providers", "ok", ", ".join(ort.compiled_providers()))
    if not ort.has_nvidia_driver():
        yield Finding("GPU", "NVIDIA driver", "note", "none found: the CPU is used")
        return
    name = _nvidia_smi()
    yield Finding("GPU", "NVIDIA driver", "ok", name or "found; nvidia-smi did not answer")
    missing = next((library for library in _CUDA_LIBRARIES if not _loads(library)), None)
    if missing is None:
        yield Finding("GPU", "CUDA libraries", "ok", "all found")
    else:
        way_out = 'Install them with: pip install "lightdesk[cuda]"'
        yield Finding("GPU", "CUDA libraries", "fail", f"the first one missing is {missing}", way_out)


def _nvidia_smi() -> str:
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().replace("\n", "; ")


def _loads(library: str) -> bool:
    import importlib.util

    candidates = [library]
    spec = importlib.util.find_spec("nvidia")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        candidates += [str(path) for path in Path(folder).glob(f"*/lib/{library}")]
    for candidate in candidates:
        try:
            ctypes.CDLL(candidate)
        except OSError:
            continue
        return True
    return False


def _inference(settings: Settings) -> Iterator[Finding]:
    """Run the model in a child process: a driver that crashes takes only the child down."""
    done = subprocess.run(
        [sys.executable, "-m", "engine.doctor.trial", settings.model, settings.device],
        capture_output=True,
        text=True,
        timeout=_SPEED_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        yield Finding(
            "Inference", "model", "fail", f"{settings.model}: {last}", "Delete the models folder; it is built again."
        )
        return
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    yield Finding("Inference", "runs on", "ok", f"{facts['title']} ({facts['runtime']})")
    if facts["fallback_reason"]:
        asked = settings.device == "cuda"
        yield Finding("Inference", "asked for", "fail" if asked else "note", facts["fallback_reason"])
    agree = facts["max_difference"] < 1e-3
    text = f"greatest difference from the CPU's answer {facts['max_difference']:.1e}"
    yield Finding("Inference", "numeric self-test", "ok" if agree else "fail", text)
    speeds = ", ".join(f"{speed:.0f} at batch {batch}" for batch, speed in facts["images_per_s"].items())
    yield Finding("Inference", "images a second", "ok", speeds)
    yield Finding("Inference", "CUDA", "note", "has not yet been tested on a real GPU by the developers")


def _storage(settings: Settings) -> Iterator[Finding]:
    import apsw

    from engine import settings as room
    from engine.library import database, location, upkeep

    yield Finding("Storage", "SQLite", "ok", apsw.sqlite_lib_version())
    yield Finding("Storage", "sqlite-vec", "ok", metadata.version("sqlite-vec"))
    path = room.library_path(settings)
    unsafe = location.why_unsafe(path)
    if unsafe:
        yield Finding("Storage", "library's place", "fail", f"{path}: {unsafe}", f"Move it to {room.data_folder()}.")
    if path.exists():
        conn = database.connect(path, read_only=True)
        try:
            facts = upkeep.info(conn, path)
        finally:
            conn.close()
        yield Finding("Storage", "library", "ok", f"{path}: {facts.contents:,} pictures, {facts.labels:,} labels")
    else:
        yield Finding("Storage", "library", "note", f"{path}: not made yet")
    for name, folder in (
        ("library", path.parent),
        ("cache", room.cache_dir(settings)),
        ("models", room.models_dir(settings)),
    ):
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        state: State = "ok" if free > 500_000_000 else "fail"
        yield Finding("Storage", f"space for {name}", state, f"{free / 1e9:.1f} GB free at {folder}")


def _codecs(_settings: Settings) -> Iterator[Finding]:
    from PIL import Image

    from engine.errors import LightdeskError
    from engine.ingest.decode import decode
    from engine.schemas.files import ImageLimits

    for name in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"):
        buffer = io.BytesIO()
        try:
            Image.new("RGB", (64, 48), (200, 100, 50)).save(buffer, name)
            frame = decode(buffer.getvalue(), short_side=32, limits=ImageLimits(10**6, 10**6), name=name)
            good = (frame.width, frame.height) == (64, 48)
            yield Finding("Formats", name, "ok" if good else "fail", "reads" if good else "reads wrongly")
        except (LightdeskError, OSError, KeyError) as error:
            yield Finding("Formats", name, "fail", str(error))
    try:
        yield Finding("Formats", "HEIC", "ok", f"reads (pillow-heif {metadata.version('pillow-heif')})")
    except metadata.PackageNotFoundError:
        yield Finding("Formats", "HEIC", "note", "not installed", 'Install it with: pip install "lightdesk[heif]"')


def _window(_settings: Settings) -> Iterator[Finding]:
    yield Finding("Window", "Qt", "ok", metadata.version("pyside6-essentials"))
    if sys.platform.startswith("linux"):
        display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
        yield Finding("Window", "display", "ok" if display else "note", display or "none: the command line works")
        fonts = [
            p for p in ("/usr/share/fonts", "/usr/local/share/fonts", str(Path.home() / ".fonts")) if os.path.isdir(p)
        ]
        way_out = "" if fonts else "sudo apt-get install fonts-dejavu-core"
        yield Finding("Window", "fonts", "ok" if fonts else "note", ", ".join(fonts) or "no font folder found", way_out)


_CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("Machine", _machine),
    ("GPU", _gpu),
    ("Inference", _inference),
    ("Storage", _storage),
    ("Formats", _codecs),
    ("Window", _window),
)
