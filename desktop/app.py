"""The composition root: settings, engine thread, readers, window."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop.engine_thread import EngineThread
from desktop.reading import LibraryReading
from desktop.thumbnails import Thumbnails
from desktop.trash import Trash
from desktop.ui import icons, theme, translation
from desktop.ui.library_menu import recent_libraries
from desktop.ui.main_window import MainWindow
from desktop.ui.preview_loader import to_image
from desktop.ui.settings_refused import SettingsRefused
from engine import settings as settings_room
from engine.errors import ErrorCode, FileError, LightdeskError
from engine.schemas.files import ImageLimits
from engine.schemas.settings import Settings

log = logging.getLogger(__name__)
# Worker threads hold the interpreter's lock for shorter turns than usual, so that painting comes in between.
SWITCH_INTERVAL_S = 0.001
_EXIT_USAGE = 2
TRACE_VARIABLE = "LIGHTDESK_STARTUP_TRACE"
MakeEngine = Callable[[Settings], Any]


def _make_engine(settings: Settings) -> Any:
    # Imported on the engine's thread: the window does not wait for it.
    from engine.service import Engine

    return Engine(settings)


class Program:
    """Everything of one running window; `desktop.ui.ports.Shell` to it. GUI thread.

    Parameters
    ----------
    settings
        In effect from the start.
    paths
        Dropped as soon as the library is open.
    state
        Where geometry and recent libraries are kept; a file beside the settings if None.
    """

    def __init__(
        self,
        settings: Settings,
        paths: Sequence[str],
        *,
        make_engine: MakeEngine = _make_engine,
        state: QSettings | None = None,
    ) -> None:
        self.settings = settings
        self._make_engine = make_engine
        self._model_ref = ""  # of the library that is open
        self._n_left = 0  # libraries that were open before
        self._waiting_paths = [os.path.abspath(path) for path in paths]
        self.engine = EngineThread()
        self.reading, self.thumbnails, self.trash = LibraryReading(), Thumbnails(), Trash(self._aside)
        if state is None:
            state = QSettings(str(settings_room.settings_file().with_name("window.ini")), QSettings.Format.IniFormat)
        if settings.library is None:
            # Go on where the person was; what is asked for in the settings or on the command line comes first.
            self.settings = dataclasses.replace(settings, library=_last_library(state))
        self.window = MainWindow(self, self.reading, self.thumbnails, self.engine, state)
        for signal, slot in (
            (self.engine.predictionsStored, self.window.predictions_stored),
            (self.engine.jobBegan, self.window.arrivals.began),
            (self.engine.awaitedStored, self.window.refresh_at_once),
            (self.engine.labelsChanged, self.window.labels_changed),
            (self.engine.libraryChanged, self.window.library_changed),
            (self.engine.problemsChanged, self.window.problems_changed),
            (self.engine.jobChanged, self.window.show_job),
            (self.engine.preflightCounted, self.window.show_preflight),
            (self.engine.modelStateChanged, self.window.show_model),
            (self.engine.indexChanged, self.window.show_index),
            (self.engine.mapChanged, self.window.map.page.follow),
            (self.engine.analysisChanged, self.window.show_analysis),
            (self.engine.duplicatesChanged, self.window.duplicates.page.show_state),
            (self.engine.failed, self.window.show_error),
        ):
            signal.connect(slot)

    def start(self) -> None:
        """Open the library behind the window that is already shown."""
        settings, make_engine = self.settings, self._make_engine
        self.engine.start(lambda: make_engine(settings), self._opened, self.window.library_failed)

    # What the window asks for (desktop.ui.ports.Shell)

    def open_library(self, path: Path | None) -> None:
        """Close the library and open another, or make it (None: the standard one)."""
        self._let_go()
        self.settings = dataclasses.replace(self.settings, library=path)
        self.start()

    def restore_library(self, backup: Path) -> None:
        """Put a backup in the place of the library that cannot be opened, and open it."""
        path = self.library_file()

        def restore() -> None:
            from engine.library import upkeep

            upkeep.restore(path, backup)

        self._let_go()
        self._aside(restore, lambda _none: self.start(), self.window.library_failed)

    def use_model(self, name: str) -> None:
        """Go on with another model: the library is opened again with it."""
        if name != self._model_ref and self.save_settings({"model": name}):
            self._let_go()
            self.start()

    def save_settings(self, values: Mapping[str, Any]) -> bool:
        """Write changed settings to the settings file; colours and the classes shown change at once.

        Returns
        -------
        bool
            False where they could not be written; the window says why.
        """
        try:
            settings_room.change(values)
        except LightdeskError as error:
            self.window.show_error(error)
            return False
        if "theme" in values:
            app = QApplication.instance()
            assert isinstance(app, QApplication)
            theme.apply(app, values["theme"])
        if "top_k" in values:
            self.window.inspector.set_top_k(values["top_k"])
        # The library stays the one that is open until the next start.
        self.settings = dataclasses.replace(self.settings, **{k: v for k, v in values.items() if k != "library"})
        return True

    def why_invalid(self, name: str, value: Any) -> str | None:
        """Say what is wrong with the value of a setting, or None."""
        try:
            settings_room.parse(name, value)
        except LightdeskError as error:
            reason = str(error.details.get("reason") or error.message)
            return f"{reason[:1].upper()}{reason[1:]}. {error.way_out}".strip()
        return None

    def settings_from_environment(self) -> frozenset[str]:
        """Name the settings that the environment decides."""
        infos = settings_room.describe()
        return frozenset(info.name for info in infos if os.environ.get(info.environment_variable))

    def library_file(self) -> Path:
        """Return the library that is open, or was to be."""
        return settings_room.library_path(self.settings)

    def sample_photos(self) -> list[str]:
        """Return the photos that ship with the program."""
        folder = resources.files("resources") / "samples"
        return sorted(str(entry) for entry in folder.iterdir() if entry.name.endswith(".jpg"))

    def save_pasted(self, image: QImage, done: Callable[[str], None]) -> None:
        """Keep a pasted image as a file in the library's folder `pasted`."""
        folder = self.library_file().parent / "pasted"
        path = folder / f"pasted-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}.png"

        def save() -> str:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                saved = image.save(str(path))
            except OSError:
                saved = False
            if not saved:
                path.unlink(missing_ok=True)
                raise FileError(
                    ErrorCode.PERMISSION_DENIED,
                    f"The pasted image could not be kept in {folder}.",
                    way_out="Check the free space and the permissions of the folder.",
                )
            return str(path)

        self._aside(save, done)

    def picture_of(self, path: str, side_px: int, done: Callable[[QImage], None]) -> None:
        """Decode a file that need not be in the library; no answer where it cannot be read."""
        limits = settings_room.image_limits(self.settings)
        # Who searches with it is told why it cannot be used.
        self._aside(lambda: _picture_of(path, side_px, limits), done, lambda error: log.info("No picture: %s", error))

    def pixels_of(self, image: QImage, side_px: int, done: Callable[[NDArray[np.uint8], QImage], None]) -> None:
        """Return a pasted image as pixels, and made small."""
        self._aside(lambda: _pixels_of(image, side_px), lambda made: done(*made))

    def doctor_text(self, done: Callable[[str], None], failed: Callable[[LightdeskError], None]) -> None:
        """Examine the machine off the GUI thread."""
        settings = self.settings

        def examine() -> str:
            from engine.doctor.examination import examine as look
            from engine.doctor.examination import render_text

            return render_text(look(settings))

        self.engine.run_aside(examine, done, failed)

    def check_library(self, done: Callable[[tuple[str, ...]], None]) -> None:
        """Look for damage; answers with what was found."""
        path = self.library_file()

        def check() -> tuple[str, ...]:
            from engine.library import upkeep

            report = upkeep.check(path)
            return () if report.ok else report.findings

        self._aside(check, done)

    def back_up_library(self, target: Path, done: Callable[[str], None]) -> None:
        """Copy the library while it is in use; answers with what is to be known of the copy, if anything is."""
        path = self.library_file()

        def copy() -> str:
            from engine.library import upkeep

            return upkeep.backup(path, target)

        self.engine.run_aside(copy, done)

    def version(self) -> str:
        """Return this program's version."""
        return metadata.version("lightdesk")

    def close(self) -> bool:
        """End all threads; unfinished jobs go on at the next start. False where one hangs and was left behind."""
        self.thumbnails.close()
        # Before the engine: the connection that writes must be the last one (see `Engine.close`).
        self.reading.close()
        return self.engine.close()

    def _let_go(self) -> None:
        self.window.library_leaving()
        self._n_left += 1
        self._model_ref = ""
        self.reading.open(None)
        self.thumbnails.open(None)

    def _aside(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Any = None) -> None:
        """Do something for the library that is open on a thread of its own; no answer once another is."""
        n_left = self._n_left

        def if_still_open(answer: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: answer(value) if n_left == self._n_left else None

        self.engine.run_aside(work, if_still_open(done), if_still_open(failed or self.window.show_error))

    def _opened(self, engine: Any) -> None:
        self._model_ref = engine.model_ref
        self.reading.open(engine.view)
        self.thumbnails.open(engine.thumbnail)
        self.window.library_opened(engine.library_path, engine.model_ref, read_only=engine.read_only)
        self.window.show_model(engine.model_state())
        path = engine.library_path
        self._aside(lambda: _why_unsafe(path), self._warn_of_place)
        if self._waiting_paths:
            self.window.submit(self._waiting_paths)
            self._waiting_paths = []

    def _warn_of_place(self, reason: str | None) -> None:
        if reason:
            self.window.warn_of_place(reason)


def _last_library(state: QSettings) -> Path | None:
    recent = recent_libraries(state)
    return Path(recent[0]) if recent and os.path.isfile(recent[0]) else None


def _picture_of(path: str, side_px: int, limits: ImageLimits) -> QImage:
    from engine.ingest.decode import preview
    from engine.ingest.reading import read_file

    return to_image(preview(read_file(path, limits).data, max_side=side_px, limits=limits, name=path))


def _pixels_of(image: QImage, side_px: int) -> tuple[NDArray[np.uint8], QImage]:
    whole = QImage(image.size(), QImage.Format.Format_RGB888)
    whole.fill(Qt.GlobalColor.white)
    painter = QPainter(whole)
    painter.drawImage(whole.rect(), image)
    painter.end()
    rows = np.frombuffer(whole.constBits(), np.uint8).reshape(whole.height(), whole.bytesPerLine())
    pixels = rows[:, : 3 * whole.width()].reshape(whole.height(), whole.width(), 3).copy()
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return pixels, whole.scaled(side_px, side_px, keep, smooth)


def _why_unsafe(path: Path) -> str | None:
    from engine.library import location

    return location.why_unsafe(path)


class _StartTrace(QObject):
    """Says when the window has been painted and waits for events, and when it has answered a click."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._waited_for = {
            QEvent.Type.Paint: "first click accepted",
            QEvent.Type.MouseButtonPress: "first click answered",
        }
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, QWidget) and (what := self._waited_for.pop(event.type(), None)) is not None:
            # After the widget has had it.
            QTimer.singleShot(0, lambda: _tell_start(what))
        return False


def _tell_start(what: str) -> None:
    print(f"lightdesk: {what}", file=sys.stderr, flush=True)


def _settings(app: QApplication, overrides: Mapping[str, Any]) -> Settings | None:
    """Read the settings; where some are wrong, ask whether to start without those. None: the person would not."""
    try:
        return settings_room.load(overrides)
    except LightdeskError as error:
        log.error("%s", error)
        theme.apply(app, Settings().theme)
        box = SettingsRefused(error)
        box.finished.connect(QCoreApplication.quit)
        box.show()
        # Not the box's own `exec`: a signal asks the application to quit, which only hears it in a loop of its own.
        QCoreApplication.exec()
        if box.result() != QDialog.DialogCode.Accepted:
            return None
    file, none = settings_room.settings_file(), Path(os.devnull)
    for readable, environment in ((file, {}), (none, os.environ)):
        try:
            return settings_room.load(overrides, file=readable, environ=environment)
        except LightdeskError as error:
            log.error("%s", error)
    return settings_room.load(overrides, file=none, environ={})


def run(paths: Sequence[str], library: str | None, *, exit_code: Callable[[], int | None] = lambda: None) -> int:
    """Open the window and run until it is closed; returns the exit code.

    Parameters
    ----------
    exit_code
        Asked at the end: what a signal wants it to be, or None.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    QCoreApplication.setApplicationName("Lightdesk")
    QGuiApplication.setDesktopFileName("lightdesk")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setWindowIcon(icons.program_icon())
    translation.install(app)
    settings = _settings(app, {"library": library} if library else {})
    if settings is None:
        return exit_code() or _EXIT_USAGE
    theme.apply(app, settings.theme)
    program = Program(settings, paths)
    if os.environ.get(TRACE_VARIABLE):
        _StartTrace(app)
    program.window.show()
    QTimer.singleShot(0, program.start)
    ended = True
    try:
        code = int(app.exec())
    finally:
        ended = program.close()
    code = exit_code() or code
    if not ended:
        # Something hangs in a drive that is gone; what had to be kept is kept.
        logging.shutdown()
        os._exit(code)
    return code
