"""Faults for real: small disks that fill, drives that go, folders that may not be written."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.backends.fake import FakeSession
from engine.events import Event
from engine.pipeline import custody, patience
from engine.service import Engine
from engine.settings import load

_INSIDE = "LIGHTDESK_TESTS_MAY_MOUNT"
_LIMIT_S = 40.0


def until(condition: Callable[[], Any], limit_s: float = _LIMIT_S) -> None:
    """Wait for a condition."""
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come to pass"
        time.sleep(0.02)


# Mounting


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _may_mount(folder: Path) -> bool:
    if not _runs("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)):
        return False
    return _runs("umount", "-l", str(folder))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that mounts in a namespace of its own where this process may not mount but may have one."""
    mounts: Mounts | None = pyfuncitem.funcargs.get("mounts")
    if mounts is None or mounts.possible:
        return None
    if os.environ.get(_INSIDE) or not _runs("unshare", "-rm", "true"):
        pytest.skip("nothing may be mounted here, neither as root nor by unshare -rm")
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", pyfuncitem.nodeid],
        env={**os.environ, _INSIDE: "1"},
        cwd=pyfuncitem.config.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "skipped" not in done.stdout, done.stdout + done.stderr
    return True


@dataclass
class Mounts:
    """Mounts that go when the test ends."""

    possible: bool
    _mounted: list[Path] = field(default_factory=list)

    def small_disk(self, folder: Path, size_kib: int) -> Path:
        """Mount a disk of that size."""
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder)], check=True)
        self._mounted.append(folder)
        return folder

    def show_at(self, folder: Path, to: Path) -> None:
        """Mount what is mounted in a folder at another place, with all that is on it at once."""
        subprocess.run(["mount", "--bind", str(folder), str(to)], check=True)
        self._mounted.append(to)

    def grow(self, folder: Path, size_kib: int) -> None:
        """Give a small disk more space."""
        subprocess.run(["mount", "-o", f"remount,size={size_kib}k", str(folder)], check=True)

    def write_protect(self, folder: Path) -> None:
        """Forbid writing to a folder, also to root."""
        subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
        self._mounted.append(folder)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)

    def pull(self, folder: Path) -> None:
        """Take a mount away, whoever is using it."""
        subprocess.run(["umount", "-l", str(folder)], check=True)
        self._mounted.remove(folder)

    def end(self) -> None:
        for folder in reversed(self._mounted):
            subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Mounts]:
    """What may be mounted here; a test that asks for it is run where it may, or skipped with the reason."""
    trial = tmp_path / "trial-mount"
    trial.mkdir()
    mounts = Mounts(_may_mount(trial))
    yield mounts
    mounts.end()


# The engine


class Gate:
    """Holds the fake model: it answers only as many pictures as were let through. The express lane passes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._free: float = float("inf")
        self.n_answered = 0

    def let(self, n: int) -> None:
        """From now on, answer about n more (the last batch may be larger)."""
        with self._changed:
            self._free = n
            self._changed.notify_all()

    def open(self) -> None:
        """Answer everything."""
        self.let(sys.maxsize)

    def pass_(self, n: int) -> None:
        with self._changed:
            if threading.current_thread().name == "express":
                return
            self._changed.wait_for(lambda: self._free > 0)
            self._free -= n
            self.n_answered += n


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The fake model behind a gate, at first open."""
    gate = Gate()
    gate.open()
    run = FakeSession.run

    def held_run(self: FakeSession, batch: Any) -> list[Any]:
        gate.pass_(len(batch))
        return run(self, batch)

    monkeypatch.setattr(FakeSession, "run", held_run)
    yield gate
    gate.open()


@dataclass
class Watched:
    """A running engine, and what it has told."""

    engine: Engine
    told: list[Event] = field(default_factory=list)
    closed: bool = False

    def close(self) -> float:
        """Close the engine; returns the seconds it took."""
        self.closed = True
        began_s = time.monotonic()
        self.engine.close()
        return time.monotonic() - began_s

    def shown(self, job_id: int) -> tuple[str, str | None]:
        """State and reason of a job, as the window and the command line show it."""
        for progress in self.engine.progress():
            if progress.job.id == job_id:
                return progress.job.state, progress.job.pause_code
        return self.engine.wait(job_id, 0).state, None

    def failures(self) -> list[str]:
        """Codes of the failures that were told, in order."""
        return [event.code for event in self.told if type(event).__name__ == "EngineFailed"]

    def until_done(self, job_id: int) -> None:
        until(lambda: self.engine.wait(job_id, 0).state == "done")


@pytest.fixture
def start(home: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watched]]:
    """Start an engine on the fake model, that looks around often; closed at the end."""
    monkeypatch.setattr(custody, "_BEAT_S", 0.1)
    monkeypatch.setattr(patience, "_RETRY_S", 0.2)
    monkeypatch.setattr(patience, "BUSY_AFTER_S", 0.5)
    running: list[Watched] = []

    def start_(**settings: Any) -> Watched:
        engine = Engine(load({"model": "fake", "decode_threads": 2, **settings}))
        watched = Watched(engine)
        engine.events.subscribe(watched.told.append)
        running.append(watched)
        engine.start()
        until(lambda: engine.model_state().phase == "ready")
        gate.n_answered = 0  # what warmed it up is not counted
        return watched

    yield start_
    gate.open()
    for watched in running:
        if not watched.closed:
            watched.close()
