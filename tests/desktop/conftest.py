"""A window over the fake engine, and one over the real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt, QThread
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from desktop.app import Program
from desktop.engine_thread import EngineThread
from desktop.ui import theme
from engine.errors import LightdeskError
from engine.schemas.settings import Settings
from tests.desktop.fake_engine import FakeEngine
from tests.desktop.real_program import closed, opened

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., "subprocess.Popen[str]"]
_THREADS_END_WITHIN_S = 5.0
_left_running: list[QThread] = []


@pytest.fixture(autouse=True)
def no_leaked_qthreads() -> Iterator[None]:
    """Fail where a QThread outlives its test: Python does not list them, and Qt aborts over one that is thrown away.

    They are held weakly, so that one which is thrown away while it runs still does so where it happens.
    """
    started: weakref.WeakSet[QThread] = weakref.WeakSet()
    start = QThread.start

    def noted(thread: QThread, *priority: QThread.Priority) -> None:
        started.add(thread)
        start(thread, *priority)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QThread, "start", noted)
        yield
    until_s = time.monotonic() + _THREADS_END_WITHIN_S
    while leaked := [thread for thread in started if isValid(thread) and thread.isRunning()]:
        if time.monotonic() > until_s:
            _left_running.extend(leaked)  # the next tests are still to be run
            for thread in leaked:
                thread.quit()
            names = sorted(thread.objectName() or type(thread).__name__ for thread in leaked)
            pytest.fail(f"QThreads outlived their test: {', '.join(names)}")
        time.sleep(0.01)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Return a call that starts Python in a process of its own, ended with the test; `deaf` to signals from a terminal."""
    started: list[subprocess.Popen[str]] = []

    def begin(
        *command: str, deaf: bool = False, stdin: int = subprocess.DEVNULL, **environment: str
    ) -> subprocess.Popen[str]:
        disposition = signal.SIG_IGN if deaf else signal.SIG_DFL
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: (signal.signal(signal.SIGINT, disposition), signal.signal(signal.SIGHUP, disposition)),
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


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


def on_first(qtbot, shown: Shown) -> None:
    """Go to the first picture by keyboard, and wait for what the inspector says of it."""
    shown.window.grid.setFocus()
    qtbot.keyClick(shown.window.grid, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: bool(shown.window.inspector.title.text()))
    assert shown.window.grid.current_id() is not None


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


@pytest.fixture
def program(qtbot, home: Path) -> Iterator[Program]:
    """The real window on the real engine with the fake model."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    program, _engines = opened(qtbot, home)
    qtbot.waitUntil(lambda: "fake" in program.window.activity.badge.text(), timeout=10_000)
    yield program
    closed(program)
    app.processEvents()


@pytest.fixture
def thread(qtbot) -> Iterator[EngineThread]:
    thread = EngineThread()
    yield thread
    thread.close()
