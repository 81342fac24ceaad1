"""The real window on the real engine with the fake model: opened, filled and closed as a person does it."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from desktop.app import Program
from engine.schemas.settings import Settings
from engine.service import Engine
from engine.settings import load


def opened(qtbot, home: Path, *paths: Path, phase: str = "ready") -> tuple[Program, list[Engine]]:
    """Open the standard library of `home` and wait for the model to be in that phase; with the engines made meanwhile."""
    engines: list[Engine] = []

    def make(settings: Settings) -> Engine:
        engines.append(Engine(settings))
        return engines[-1]

    state = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
    program = Program(load({"model": "fake"}), [str(path) for path in paths], make_engine=make, state=state)
    program.window.show()
    program.start()
    qtbot.waitUntil(lambda: bool(engines) and engines[0].model_state().phase == phase, timeout=20_000)
    return program, engines


def closed(program: Program) -> float:
    """Close as a person does; returns the seconds it took."""
    began_s = time.monotonic()
    program.window.close()
    program.close()
    took_s = time.monotonic() - began_s
    program.window.deleteLater()
    return took_s


def drop(program: Program, *paths: Path) -> None:
    """Let files and folders fall on the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, left = QPointF(300, 300), Qt.MouseButton.LeftButton
    none, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    QApplication.sendEvent(program.window, QDragEnterEvent(where.toPoint(), copy, mime, left, none))
    QApplication.sendEvent(program.window, QDropEvent(where, copy, mime, left, none))
