"""The composition root: settings, engine thread, readers, window."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QSettings, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from desktop.engine_thread import EngineThread
from desktop.reading import LibraryReading
from desktop.thumbnails import Thumbnails
from desktop.ui import theme
from desktop.ui.main_window import MainWindow
from engine import settings as settings_room
from engine.errors import LightdeskError
from engine.schemas.settings import Settings

log = logging.getLogger(__name__)


class Program:
    """Everything of one running window. GUI thread.

    Parameters
    ----------
    settings
        In effect from the start.
    paths
        Dropped as soon as the library is open.
    """

    def __init__(self, settings: Settings, paths: Sequence[str]) -> None:
        self.settings = settings
        self._waiting_paths = [os.path.abspath(path) for path in paths]
        self.engine = EngineThread()
        self.reading = LibraryReading()
        self.thumbnails = Thumbnails()
        state_file = settings_room.settings_file().with_name("window.ini")
        state = QSettings(str(state_file), QSettings.Format.IniFormat)
        self.window = MainWindow(self, self.reading, self.thumbnails, self.engine, state)
        for signal, slot in (
            (self.engine.predictionsStored, self.window.predictions_stored),
            (self.engine.labelsChanged, self.window.labels_changed),
            (self.engine.libraryChanged, self.window.library_changed),
            (self.engine.problemsChanged, self.window.problems_changed),
            (self.engine.jobChanged, self.window.show_job),
            (self.engine.preflightCounted, self.window.show_preflight),
            (self.engine.modelStateChanged, self.window.show_model),
            (self.engine.failed, self.window.show_error),
        ):
            signal.connect(slot)

    def start(self) -> None:
        """Open the library behind the window that is already shown."""
        settings = self.settings

        def make() -> Any:
            # Imported on the engine's thread: the window does not wait for it.
            from engine.service import Engine

            return Engine(settings)

        self.engine.start(make, self._opened, self._not_opened)

    def open_library(self, path: Path) -> None:
        """Close the library and open another."""
        self.reading.open(None)
        self.thumbnails.open(None)
        self.settings = dataclasses.replace(self.settings, library=path)
        self.start()

    def save_settings(self, values: dict[str, Any]) -> None:
        """Write changed settings to the settings file."""
        try:
            settings_room.change(values)
        except LightdeskError as error:
            self.window.show_error(error)
            return
        if "theme" in values:
            app = QApplication.instance()
            assert isinstance(app, QApplication)
            theme.apply(app, values["theme"])
        self.settings = dataclasses.replace(self.settings, **{k: v for k, v in values.items() if k != "library"})

    def sample_folder(self) -> str:
        """Return the folder of sample photos."""
        return str(resources.files("resources") / "samples")

    def save_pasted(self, image: QImage, done: Callable[[str], None]) -> None:
        """Keep a pasted image as a file beside the library, then hand its path on."""
        folder = settings_room.library_path(self.settings).parent / "pasted"
        path = folder / f"pasted-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}.png"

        def save(_engine: Any) -> str:
            folder.mkdir(parents=True, exist_ok=True)
            image.save(str(path))
            return str(path)

        self.engine.run(save, done)

    def doctor_text(self, done: Callable[[str], None]) -> None:
        """Examine the machine off the GUI thread."""
        settings = self.settings

        def examine() -> str:
            from engine.doctor.examination import examine as look
            from engine.doctor.examination import render_text

            return render_text(look(settings))

        self.engine.run_aside(examine, done)

    def close(self) -> None:
        """End all threads; unfinished jobs go on at the next start."""
        self.thumbnails.close()
        self.engine.close()
        self.reading.close()

    def _opened(self, engine: Any) -> None:
        self.reading.open(engine.view)
        self.thumbnails.open(engine.thumbnail)
        self.window.library_opened(engine.library_path, engine.model_ref, read_only=engine.read_only)
        self.window.show_model(engine.model_state())
        if self._waiting_paths:
            self.window.submit(self._waiting_paths)
            self._waiting_paths = []

    def _not_opened(self, error: LightdeskError) -> None:
        self.window.show_error(error)


def run(paths: Sequence[str], library: str | None) -> int:
    """Open the window and run until it is closed; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Worker threads hold the interpreter's lock for shorter turns, so that painting comes in between.
    sys.setswitchinterval(0.001)
    try:
        settings = settings_room.load({"library": library} if library else {})
    except LightdeskError as error:
        print(f"lightdesk: {error}", file=sys.stderr)
        return 2
    QCoreApplication.setApplicationName("Lightdesk")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme.apply(app, settings.theme)
    program = Program(settings, paths)
    program.window.show()
    QTimer.singleShot(0, program.start)
    try:
        return int(app.exec())
    finally:
        program.close()
