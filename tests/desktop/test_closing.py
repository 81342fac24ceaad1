"""The real window on the real engine, closed in the middle of an ingest."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.backends.fake import FakeSession
from tests.desktop.real_program import closed, opened
from tests.faults.conftest import until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of

pytestmark = pytest.mark.qt
N = 600
_WITHIN_S = 2.0


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of 100 pictures a second: there is a middle to close in."""
    run = FakeSession.run

    def slow(session: FakeSession, batch: Any) -> list[Any]:
        time.sleep(0.02 * len(batch))
        return run(session, batch)

    monkeypatch.setattr(FakeSession, "run", slow)


def test_closing_in_the_middle_of_an_ingest(
    qtbot, home: Path, tmp_path: Path, unhurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    folder = folder_of(tmp_path / "photos", N)
    program, (engine,) = opened(qtbot, home, folder)
    try:
        qtbot.waitUntil(lambda: engine.info().contents > 40 and program.window.grid.count() > 0, timeout=30_000)
        state = engine.wait(1, 0).state
    finally:
        took_s = closed(program)
    assert state == "running"
    assert took_s < _WITHIN_S
    until(lambda: not [t for t in set(threading.enumerate()) - before if not isinstance(t, threading._DummyThread)], 5)
    n_before = len(whole_library(engine.library_path)["contents"])
    assert 40 < n_before < N

    monkeypatch.undo()
    monkeypatch.setenv("LIGHTDESK_HOME", str(home))
    program, (engine,) = opened(qtbot, home)
    try:
        qtbot.waitUntil(lambda: engine.wait(1, 0).state == "done", timeout=60_000)
        qtbot.waitUntil(lambda: program.window.grid.count() == N, timeout=20_000)
    finally:
        took_s = closed(program)
    assert took_s < _WITHIN_S
    assert whole_library(engine.library_path) == undisturbed([str(folder)], tmp_path / "other.sqlite")
