"""A window over the fake engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from desktop.app import Program
from desktop.ui import theme
from engine.errors import LightdeskError
from engine.schemas.settings import Settings
from tests.desktop.fake_engine import FakeEngine


@dataclass
class Shown:
    """A program with its fake engine."""

    program: Program
    engine: FakeEngine

    @property
    def window(self):
        return self.program.window

    def calls(self, name: str) -> list[tuple]:
        """Arguments of the calls of that name."""
        return [call[1:] for call in self.engine.calls if call[0] == name]


@pytest.fixture
def show(qtbot, home: Path) -> Iterator[Callable[..., Shown]]:
    """Return a call that opens a window over a fake engine, with `n` pictures or an error at the start."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    opened: list[Shown] = []
    state = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)

    def open_(n: int = 0, error: LightdeskError | None = None, settings: Settings | None = None) -> Shown:
        engines: list[FakeEngine] = []

        def make(asked: Settings) -> FakeEngine:
            # An error belongs to the first library; the next one opens.
            engine = FakeEngine(asked, n=n, start_error=error if not engines else None)
            engines.append(engine)
            if opened:
                opened[-1].engine = engine
            return engine

        program = Program(settings or Settings(), [], make_engine=make, state=state)
        shown = Shown(program, None)  # type: ignore[arg-type]
        opened.append(shown)
        program.window.show()
        program.window.activateWindow()
        program.start()
        qtbot.waitUntil(lambda: bool(engines) and ("start",) in engines[0].calls, timeout=5000)
        if error is None:
            qtbot.waitUntil(lambda: "Fake" in program.window.activity.badge.text(), timeout=5000)
            qtbot.waitUntil(lambda: program.window.grid.count() == n, timeout=5000)
        return shown

    yield open_
    for shown in opened:
        started_s = time.monotonic()
        shown.window.close()
        shown.program.close()
        assert time.monotonic() - started_s < 2.0
        shown.window.deleteLater()
    app.processEvents()
