"""The model gets to work behind everything else, and says how far it is."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine import model_loading
from engine.events import ModelStateChanged
from engine.model_loading import ModelLoading
from engine.service import Engine
from engine.settings import load


def states(engine: Engine) -> list[str]:
    said: list[str] = []
    engine.events.subscribe(lambda e: said.append(e.state.phase) if isinstance(e, ModelStateChanged) else None)
    return said


def test_it_says_each_step_and_is_ready_at_last(home: Path) -> None:
    engine = Engine(load({"model": "fake"}))
    said = states(engine)
    assert engine.model_state().phase == "absent"
    engine.start()
    until_s = time.monotonic() + 30
    while engine.model_state().phase != "ready":
        assert time.monotonic() < until_s
        time.sleep(0.01)
    assert said[-1] == "ready" and "warming" in said and engine.model_ref == "fake@1"
    assert engine.model_state().device is not None
    engine.close()


def test_one_that_comes_too_late_is_let_go(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window was closed while it was loading."""
    closing = threading.Event()
    opened = []

    def late(make_ready: object, **_: object) -> None:
        closing.wait(20)
        make_ready(True)
        opened.append(engine._pipeline)

    monkeypatch.setattr(model_loading, "until_ready", late)
    engine = Engine(load({"model": "fake"}))
    engine.start()
    engine._closing.set()
    closing.set()
    engine.close()
    assert opened == [None] and isinstance(engine, ModelLoading)
