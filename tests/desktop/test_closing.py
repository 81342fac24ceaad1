"""The real window on the real engine, closed in the middle of an ingest."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from desktop.app import Program
from engine.schemas.settings import Settings
from engine.service import Engine
from engine.settings import load
from tests.faults.conftest import until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of

pytestmark = pytest.mark.qt
N = 600


def opened(qtbot, home: Path, *paths: Path) -> tuple[Program, list[Engine]]:
    engines: list[Engine] = []

    def make(settings: Settings) -> Engine:
        engines.append(Engine(settings))
        return engines[-1]

    state = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
    program = Program(load({"model": "fake"}), [str(path) for path in paths], make_engine=make, state=state)
    program.window.show()
    program.start()
    qtbot.waitUntil(lambda: bool(engines) and engines[0].model_state().phase == "ready", timeout=20_000)
    return program, engines


def closed(program: Program) -> float:
    """Close as a person does; returns the seconds it took."""
    began_s = time.monotonic()
    program.window.close()
    program.close()
    took_s = time.monotonic() - began_s
    program.window.deleteLater()
    return took_s


def test_closing_in_the_middle_of_an_ingest(qtbot, home: Path, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    folder = folder_of(tmp_path / "photos", N)
    program, (engine,) = opened(qtbot, home, folder)
    qtbot.waitUntil(lambda: engine.info().contents > 40 and program.window.grid.count() > 0, timeout=30_000)
    assert engine.wait(1, 0).state == "running"
    took_s = closed(program)
    # Two seconds, and some more where other programs want the machine as well.
    assert took_s < 3.0
    until(lambda: not [t for t in set(threading.enumerate()) - before if not isinstance(t, threading._DummyThread)], 5)
    n_before = len(whole_library(engine.library_path)["contents"])
    assert 40 < n_before < N

    program, (engine,) = opened(qtbot, home)
    qtbot.waitUntil(lambda: engine.wait(1, 0).state == "done", timeout=60_000)
    qtbot.waitUntil(lambda: program.window.grid.count() == N, timeout=20_000)
    assert closed(program) < 3.0
    assert whole_library(engine.library_path) == undisturbed([str(folder)], tmp_path / "other.sqlite")
