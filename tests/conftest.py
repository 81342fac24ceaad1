"""Every test has a home of its own, leaves no thread behind, and shows Qt nothing but an offscreen screen."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest

from engine.service import Engine
from engine.settings import load


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data, cache and settings in a folder of the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIGHTDESK_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail where a thread outlives its test."""
    before = set(threading.enumerate())
    yield
    until_s = time.monotonic() + 3
    while leaked := [t for t in threading.enumerate() if t not in before and not t.name.startswith("Dummy")]:
        assert time.monotonic() < until_s, f"leaked threads: {leaked}"
        time.sleep(0.01)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """A started engine on the fake model."""
    engine = Engine(load({"model": "fake"}))
    engine.start()
    yield engine
    engine.close()
