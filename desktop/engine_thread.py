"""The QThread that owns the engine: calls in, answers and events out as signals.

The engine has threads of its own for work; this one only dispatches. Events come 30 times a second at
most, predictions merged, the last state of each job. The answer to a person's own call brings the events
before it along at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from engine.errors import ErrorCode, LightdeskError
from engine.events import (
    EngineFailed,
    Event,
    JobChanged,
    LabelsChanged,
    LibraryChanged,
    ModelStateChanged,
    PredictionsStored,
    PreflightCounted,
    ProblemsChanged,
)

log = logging.getLogger(__name__)
_COALESCE_MS = 33
_CLOSE_ASIDE_S = 0.5
MakeEngine = Callable[[], Any]


class _Host(QObject):
    """Lives on the engine's thread."""

    answered = Signal(object, object, object)  # callback, value, error

    def __init__(self) -> None:
        super().__init__()
        self.engine: Any = None

    @Slot(object, object, object)
    def run(self, work: Callable[[Any], Any], done: object, failed: object) -> None:
        try:
            value = work(self.engine)
        except LightdeskError as error:
            self.answered.emit(failed, None, error)
        except Exception as error:
            log.exception("A call on the engine failed on a bug")
            self.answered.emit(failed, None, internal(error))
        else:
            self.answered.emit(done, value, None)


class EngineThread(QObject):
    """Owns the engine. Lives on the GUI thread; all its signals come there."""

    predictionsStored = Signal(object)  # tuple of content ids
    awaitedStored = Signal()  # after predictionsStored, where a person waits for some of these
    jobChanged = Signal(object)  # JobProgress
    preflightCounted = Signal(object)  # Preflight
    problemsChanged = Signal()
    labelsChanged = Signal(object)  # tuple of content ids
    libraryChanged = Signal()
    modelStateChanged = Signal(object)  # ModelState
    failed = Signal(object)  # LightdeskError
    _requested = Signal(object, object, object)
    _arrived = Signal()  # the first event after a pause; no timer runs while nothing happens
    _awaited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._thread = QThread()
        self._thread.setObjectName("engine")
        self._host = _Host()
        self._host.moveToThread(self._thread)
        self._requested.connect(self._host.run)
        self._host.answered.connect(self._deliver)
        self._thread.start()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="compute")
        self._asides: list[threading.Thread] = []
        self._closed = False
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_COALESCE_MS)
        self._timer.timeout.connect(self._flush)
        self._arrived.connect(self._soon)
        self._awaited.connect(self._flush, Qt.ConnectionType.QueuedConnection)

    def start(
        self, make_engine: MakeEngine, done: Callable[[Any], None], failed: Callable[[LightdeskError], None]
    ) -> None:
        """Make an engine and start it on its thread, closing the one before."""
        host = self._host

        def work(old: Any) -> Any:
            if old is not None:
                old.close()
                host.engine = None
            engine = make_engine()
            engine.events.subscribe(self._collect)
            try:
                engine.start()
            except BaseException:
                engine.close()
                raise
            host.engine = engine
            return engine

        self._requested.emit(work, done, failed)

    def call(self, name: str, *arguments: Any, done: Any = None, failed: Any = None) -> None:
        """See `desktop.ui.ports.EnginePort.call`."""
        self._requested.emit(lambda engine: _invoke(engine, name, arguments), done, failed)

    def run(self, work: Callable[[Any], Any], done: Any) -> None:
        """Run `work` with the engine on its thread."""
        self._requested.emit(work, done, None)

    def compute(self, name: str, *arguments: Any, done: Any, failed: Any = None) -> None:
        """See `desktop.ui.ports.EnginePort.compute`."""
        if self._closed:
            return  # a timer of the window that was already on its way
        self._pool.submit(self._answer, lambda: _invoke(self._host.engine, name, arguments), done, failed)

    def run_aside(self, work: Callable[[], Any], done: Any, failed: Any = None) -> None:
        """Run `work` on a thread of its own, for what takes seconds (examining, checking, copying).

        A thread rather than the pool: closing must not wait for it longer than a moment.
        """
        if self._closed:
            return
        self._asides = [thread for thread in self._asides if thread.is_alive()]
        thread = threading.Thread(target=self._answer, args=(work, done, failed), name="aside", daemon=True)
        self._asides.append(thread)
        thread.start()

    def close(self) -> None:
        """Close the engine and end the threads. GUI thread, once; nothing is delivered any more."""
        self._closed = True
        self._timer.stop()
        self._host.answered.disconnect(self._deliver)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._requested.emit(lambda engine: engine.close() if engine is not None else None, None, None)
        self._thread.quit()
        self._thread.wait()
        self._pool.shutdown(wait=True)
        until_s = time.monotonic() + _CLOSE_ASIDE_S
        for thread in self._asides:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _answer(self, work: Callable[[], Any], done: Any, failed: Any) -> None:
        """Run on any thread; the answer goes to the GUI thread."""
        try:
            value = work()
        except LightdeskError as error:
            self._host.answered.emit(failed, None, error)
        except Exception as error:
            log.exception("A computation failed on a bug")
            self._host.answered.emit(failed, None, internal(error))
        else:
            self._host.answered.emit(done, value, None)

    def _collect(self, event: Event) -> None:
        with self._lock:
            first = not self._events
            self._events.append(event)
        if isinstance(event, PredictionsStored) and event.awaited:
            self._awaited.emit()
        elif first:
            self._arrived.emit()

    @Slot()
    def _soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _flush(self) -> None:
        with self._lock:
            events, self._events = self._events, []
        if not events:
            return
        stored: list[int] = []
        labelled: list[int] = []
        jobs: dict[int, JobChanged] = {}
        preflights: dict[int, PreflightCounted] = {}
        problems = library = awaited = False
        for event in events:
            if isinstance(event, PredictionsStored):
                stored += event.content_ids
                awaited = awaited or event.awaited
            elif isinstance(event, JobChanged):
                jobs[event.progress.job.id] = event
            elif isinstance(event, PreflightCounted):
                preflights[event.preflight.job_id] = event
            elif isinstance(event, LabelsChanged):
                labelled += event.content_ids
            elif isinstance(event, ModelStateChanged):
                self.modelStateChanged.emit(event.state)
            elif isinstance(event, EngineFailed):
                self.failed.emit(_as_error(event))
            problems = problems or isinstance(event, ProblemsChanged)
            library = library or isinstance(event, LibraryChanged)
        for counted in preflights.values():
            self.preflightCounted.emit(counted.preflight)
        for changed in jobs.values():
            self.jobChanged.emit(changed.progress)
        if stored:
            self.predictionsStored.emit(tuple(stored))
        if awaited:
            self.awaitedStored.emit()
        if labelled:
            self.labelsChanged.emit(tuple(labelled))
        if problems:
            self.problemsChanged.emit()
        if library:
            self.libraryChanged.emit()

    @Slot(object, object, object)
    def _deliver(self, callback: Any, value: Any, error: Any) -> None:
        self._flush()
        if error is not None:
            (callback or self.failed.emit)(error)
        elif callback is not None:
            callback(value)


def internal(error: Exception) -> LightdeskError:
    """Return what the window shows of a bug; the log has the traceback."""
    return LightdeskError(ErrorCode.INTERNAL, f"Internal error: {type(error).__name__}. The log has the details.")


def _as_error(event: EngineFailed) -> LightdeskError:
    try:
        code = ErrorCode(event.code)
    except ValueError:
        code = ErrorCode.INTERNAL
    return LightdeskError(code, event.message)


def _invoke(engine: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    if engine is None:
        raise LightdeskError(
            ErrorCode.LIBRARY_NOT_FOUND, "No library is open.", way_out="Open one from the Library menu."
        )
    return getattr(engine, name)(*arguments)
