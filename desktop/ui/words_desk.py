"""Search with words, as the window keeps it: which model, how far the library is prepared, one being added."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.ui.ports import EnginePort
from engine.errors import LightdeskError
from engine.schemas.job import Job, JobProgress
from engine.schemas.words import WordsState

KIND = "embed"
_REST_MS = 1500  # counting takes a while in a large library


@dataclass(frozen=True, slots=True)
class Adding:
    """A model on its way in.

    Attributes
    ----------
    fraction
        0 to 1; None where that is not known.
    stopping
        A person has thought better of it, and it is not over yet.
    """

    message: str = ""
    fraction: float | None = None
    stopping: bool = False


class WordsDesk(QObject):
    """GUI thread; adding goes on while nobody looks.

    Attributes
    ----------
    state
        Empty until it has been read.
    job
        The one that prepares the library, while it is open.
    adding
        None while none is being added.
    error
        Why the last step failed, until the next.
    """

    changed = Signal()
    said = Signal(str)
    prepared = Signal()  # more pictures can be found with words
    _progressed = Signal(int, str, object)  # from the thread that adds

    def __init__(self, engine: EnginePort, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._epoch = 0
        self._n_adding = 0
        self._stop = threading.Event()
        self.state = WordsState()
        self.job: Job | None = None
        self.adding: Adding | None = None
        self.error: LightdeskError | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._rested)
        self._again = False
        self._progressed.connect(self._show_progress)

    @property
    def has_model(self) -> bool:
        """Whether there is a model that reads words."""
        return bool(self.state.ref)

    def open(self) -> None:
        """Another library."""
        self.forget()
        self._read()

    def forget(self) -> None:
        """The library is about to be closed; what is being added to it is not."""
        self._epoch += 1
        self._stop.set()
        self._rest.stop()
        self._again = False
        self.state, self.job, self.adding, self.error = WordsState(), None, None, None
        self.changed.emit()

    def refresh(self) -> None:
        """Read again how far it is: soon, where that was read just now."""
        if self._rest.isActive():
            self._again = True
        else:
            self._read()

    def _rested(self) -> None:
        if self._again:
            self._read()

    def _read(self, done: Callable[[], None] = lambda: None) -> None:
        self._again = False
        self._rest.start()
        epoch = self._epoch

        def came(state: WordsState) -> None:
            if epoch == self._epoch:
                before, self.state = self.state, state
                self.changed.emit()
                if state.n_prepared != before.n_prepared and before.ref == state.ref:
                    self.prepared.emit()

        def failed(error: LightdeskError) -> None:
            if epoch == self._epoch:
                self._fail(error)

        self._engine.compute("words_state", done=came, failed=failed)

    # Adding

    def add(self, folder: Path) -> None:
        """Take the model in a folder in; one at a time."""
        if self.adding is not None:
            return
        self._n_adding += 1
        number, epoch, stop = self._n_adding, self._epoch, threading.Event()
        self._stop, self.error, self.adding = stop, None, Adding(self.tr("Looking at the folder…"))
        self.changed.emit()

        def progress(message: str, fraction: float | None) -> None:
            self._progressed.emit(number, message, fraction)

        def done(state: WordsState | None) -> None:
            if epoch != self._epoch:
                return
            self.adding = None
            if state is not None:
                self.state = state
                self.said.emit(self.tr("{0} is there: the library is being prepared for it.").format(state.title))
            self.changed.emit()

        def failed(error: LightdeskError) -> None:
            if epoch == self._epoch:
                self.adding = None
                self._fail(error)

        self._engine.compute("add_words", folder, progress, stop.is_set, done=done, failed=failed)

    def stop_adding(self) -> None:
        """Leave it."""
        if self.adding is not None:
            self._stop.set()
            self.adding = Adding(self.tr("Stopping…"), self.adding.fraction, stopping=True)
            self.changed.emit()

    def _show_progress(self, number: int, message: str, fraction: float | None) -> None:
        if number == self._n_adding and self.adding is not None and not self.adding.stopping:
            self.adding = Adding(message, fraction)
            self.changed.emit()

    # Preparing

    def prepare(self) -> None:
        """Begin with what is missing, also where that was given up before."""
        self.error = None
        self._engine.call("prepare_words", done=lambda _ref: self.refresh(), failed=self._fail)

    def pause(self) -> None:
        """Let the job rest."""
        self._call("pause")

    def resume(self) -> None:
        """Go on with it."""
        self._call("resume")

    def _call(self, name: str) -> None:
        if self.job is not None:
            self._engine.call(name, self.job.id, failed=self._fail)

    def show_job(self, progress: JobProgress) -> None:
        """A job moved."""
        job = progress.job
        if job.kind != KIND:
            return
        self.job = None if job.has_ended else job
        self.changed.emit()
        self.refresh()

    def show_open(self, jobs: list[Job]) -> None:
        """Some jobs are open in the library, of this process or of another."""
        found = next((job for job in jobs if job.kind == KIND), None)
        if found != self.job:
            self.job = found
            self.changed.emit()

    def _fail(self, error: LightdeskError) -> None:
        self.error = error
        self.changed.emit()
