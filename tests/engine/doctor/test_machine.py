"""The machine itself."""

from __future__ import annotations

import pytest

from engine.doctor import machine
from engine.schemas.settings import Settings


def test_little_memory_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=10**9))
    found = {f.name: f for f in machine.examine(Settings())}
    assert found["memory"].state == "warn" and "1.0 GB free" in found["memory"].text
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=10**10))
    assert {f.name: f.state for f in machine.examine(Settings())}["memory"] == "ok"
