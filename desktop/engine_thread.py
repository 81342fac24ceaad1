"""The QThread that owns the engine: calls in, answers and events out as signals.

The engine has threads of its own for work; this one only dispatches. Events come 30 times a second at
most, predictions merged, the last state of each job. The answer to a person's own call brings the events
before it along at once.

Contents of another library have the same numbers. So a call goes to the library that the window showed
when it was made, or to none, and an answer that comes after the window has gone over to another is dropped.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from engine.errors import ErrorCode, LibraryError, LightdeskError
from engine.events import (
    AnalysisChanged,
    DuplicatesChanged,
    EngineFailed,
    Event,
    IndexChanged,
    JobChanged,
    LabelsChanged,
    LibraryChanged,
    MapChanged,
    ModelStateChanged,
    PredictionsStored,
    PreflightCounted,
    ProblemsChanged,
)
from engine.settings import log_file

log = logging.getLogger(__name__)
_COALESCE_MS = 33
_COMPUTING = 4  # threads for what the inspector and the large preview ask for, and a search that waits for none of it
# With what the other threads of the window may take, two seconds at most.
_CLOSE_S = 1.3
_CLOSE_ASIDE_S = 0.5
MakeEngine = Callable[[], Any]


class _EngineLoop(QThread):
    """Does what it is told, in turn, until told to end."""

    # A QThread must not be destroyed while it runs. One that hangs in a drive which has gone is kept here until the
    # process ends, which it must not hold up (see `EngineThread.close`).
    _hanging: ClassVar[list[_EngineLoop]] = []

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("engine")
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.start()

    def put(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def end(self, timeout_s: float) -> bool:
        """Let it go when it has done what was put before; False where it had to be left behind."""
        self._work.put(None)
        ended = self.wait(max(1, round(timeout_s * 1000)))
        if not ended:
            self._hanging.append(self)
        return ended

    def run(self) -> None:
        threading.current_thread().name = "engine"
        while (work := self._work.get()) is not None:
            work()


class _Crew:
    """Threads that do what they are told in turn.

    They are daemons, unlike those of a ThreadPoolExecutor: one that hangs must not keep the program from ending,
    and what it was at is safe to leave at any moment.
    """

    def __init__(self, name: str, n_threads: int) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.threads = [threading.Thread(target=self._run, name=f"{name}-{i}", daemon=True) for i in range(n_threads)]
        for thread in self.threads:
            thread.start()

    def put(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def cancel(self) -> None:
        """Take back what has not begun."""
        try:
            while True:
                self._work.get_nowait()
        except queue.Empty:
            pass

    def end(self) -> None:
        """Let the threads go when they have done what was put before."""
        for _ in self.threads:
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


class EngineThread(QObject):
    """Owns the engine. Lives on the GUI thread; all its signals come there."""

    predictionsStored = Signal(object)  # tuple of content ids
    awaitedStored = Signal(object)  # after predictionsStored: those of them that a person waits for
    jobBegan = Signal(int, int)  # after predictionsStored: a job, and its first picture since the library was opened
    jobChanged = Signal(object)  # JobProgress
    preflightCounted = Signal(object)  # Preflight
    problemsChanged = Signal()
    labelsChanged = Signal(object)  # tuple of content ids
    libraryChanged = Signal()
    modelStateChanged = Signal(object)  # ModelState
    indexChanged = Signal(object)  # IndexState
    mapChanged = Signal(object)  # MapState
    duplicatesChanged = Signal(object)  # DuplicatesState
    analysisChanged = Signal(object)  # AnalysisState
    failed = Signal(object)  # LightdeskError
    _answered = Signal(object, object, object)  # callback, value, error
    _arrived = Signal()  # the first event after a pause; no timer runs while nothing happens
    _awaited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._calls, self._computing = _EngineLoop(), _Crew("compute", _COMPUTING)
        self._asides: list[threading.Thread] = []
        self._closed = False
        # On the engine's thread: the engine, and the call that stops its events.
        self._engine: Any = None
        self._unsubscribe: Callable[[], None] = lambda: None
        # On the GUI thread: openings asked for, the library shown, and how many have been shown.
        self._n_starts = 0
        self._shown: Path | None = None
        self._n_shown = 0
        self._begun: set[int] = set()  # jobs of which something has been stored
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._timer = QTimer(self, singleShot=True, interval=_COALESCE_MS)
        self._timer.timeout.connect(self._flush)
        self._answered.connect(self._deliver)
        self._arrived.connect(self._soon)
        self._awaited.connect(self._flush, Qt.ConnectionType.QueuedConnection)

    def start(
        self, make_engine: MakeEngine, done: Callable[[Any], None], failed: Callable[[LightdeskError], None]
    ) -> None:
        """Make an engine and start it on its thread, closing the one before; of several starts the last counts."""
        self._n_starts += 1
        number = self._n_starts

        def work() -> Any:
            self._let_go()
            if number != self._n_starts:
                return None
            engine = make_engine()
            unsubscribe = engine.events.subscribe(self._collect)
            try:
                engine.start()
            except BaseException:
                unsubscribe()
                _close(engine)
                raise
            self._engine, self._unsubscribe = engine, unsubscribe
            return engine

        def opened(engine: Any) -> None:
            if number == self._n_starts:
                self._show(engine.library_path)
                done(engine)

        def not_opened(error: LightdeskError) -> None:
            if number == self._n_starts:
                self._show(None)
                failed(error)

        self._put(self._calls, work, opened, not_opened)

    def call(self, name: str, *arguments: Any, done: Any = None, failed: Any = None) -> None:
        """See `desktop.ui.ports.EnginePort.call`."""
        # An error of a step that a person took is shown, whatever is in the window by then.
        done, failed = self._while_shown(done), self._while_shown(failed, otherwise=self.failed.emit)
        self._put(self._calls, self._invocation(name, arguments, {}), done, failed)

    def compute(self, name: str, *arguments: Any, done: Any, failed: Any = None, **keywords: Any) -> None:
        """See `desktop.ui.ports.EnginePort.compute`."""
        done, failed = self._while_shown(done), self._while_shown(failed)
        self._put(self._computing, self._invocation(name, arguments, keywords), done, failed)

    def run_aside(self, work: Callable[[], Any], done: Any, failed: Any = None) -> None:
        """Run `work` on a thread of its own, for what takes seconds (examining, checking, copying)."""
        if self._closed:
            return
        self._asides = [thread for thread in self._asides if thread.is_alive()]
        thread = threading.Thread(target=self._answer, args=(work, done, failed), name="aside", daemon=True)
        self._asides.append(thread)
        thread.start()

    def close(self) -> bool:
        """Close the engine and end the threads. GUI thread; nothing comes any more.

        Returns
        -------
        bool
            False where a thread hangs and was left behind: the process should then end without waiting for it
            (`os._exit`), since Qt would abort over it.
        """
        if self._closed:
            return True
        self._closed = True
        until_s = time.monotonic() + _CLOSE_S
        self._timer.stop()
        self._computing.cancel()
        # After the calls that are waiting: a label typed just before closing is kept.
        self._calls.put(self._let_go)
        self._computing.end()
        ended = self._calls.end(until_s - time.monotonic())
        for thread in self._computing.threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        until_s = min(until_s, time.monotonic() + _CLOSE_ASIDE_S)
        for thread in self._asides:
            thread.join(max(0.0, until_s - time.monotonic()))
        busy = [thread.name for thread in (*self._computing.threads, *self._asides) if thread.is_alive()]
        busy += [] if ended else ["engine"]
        if busy:
            log.warning("Still busy at the end, and left behind: %s", ", ".join(busy))
        return ended

    def _put(self, crew: _Crew | _EngineLoop, work: Callable[[], Any], done: Any, failed: Any) -> None:
        if not self._closed:  # else a timer of the window that was already on its way
            crew.put(lambda: self._answer(work, done, failed))

    def _answer(self, work: Callable[[], Any], done: Any, failed: Any) -> None:
        """Run on any thread; the answer goes to the GUI thread."""
        try:
            value = work()
        except LightdeskError as error:
            self._answered.emit(failed, None, error)
        except Exception as error:
            log.exception("A call on the engine failed on a bug")
            self._answered.emit(failed, None, internal(error))
        else:
            self._answered.emit(done, value, None)

    def _let_go(self) -> None:
        """Close the engine, on its thread."""
        engine, self._engine = self._engine, None
        if engine is not None:
            _close(engine)
            self._unsubscribe()

    # Which library a call means

    def _show(self, library: Path | None) -> None:
        if library != self._shown:
            self._n_shown += 1
            self._begun.clear()
        self._shown = library

    def _invocation(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Callable[[], Any]:
        meant = self._shown

        def invoke() -> Any:
            engine = self._engine
            if engine is None:
                raise LibraryError(
                    ErrorCode.LIBRARY_NOT_FOUND, "No library is open.", way_out="Open one from the Library menu."
                )
            # Before the first library is shown, what is dropped waits for it.
            if meant is not None and engine.library_path != meant:
                raise LibraryError(
                    ErrorCode.LIBRARY_NOT_FOUND,
                    "This was not done: its library was closed meanwhile.",
                    way_out="Open that library again and repeat it.",
                )
            return getattr(engine, name)(*arguments, **keywords)

        return invoke

    def _while_shown(self, callback: Any, otherwise: Any = None) -> Any:
        """Return `callback`, or what is called instead once another library is shown."""
        if callback is None or self._shown is None:
            return callback  # asked before the first library was there: it is meant for that one
        shown = self._n_shown

        def deliver(value: Any) -> None:
            if shown == self._n_shown:
                callback(value)
            elif otherwise is not None:
                otherwise(value)

        return deliver

    # Events

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
        if not self._closed and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _flush(self) -> None:
        with self._lock:
            events, self._events = self._events, []
        if self._closed:
            return
        stored, labelled, awaited = list[int](), list[int](), list[int]()
        jobs, preflights, firsts = dict[int, JobChanged](), dict[int, PreflightCounted](), dict[int, int]()
        states: dict[tuple[type, str], IndexChanged | MapChanged | AnalysisChanged | DuplicatesChanged] = {}
        for event in events:
            if isinstance(event, PredictionsStored):
                stored += event.content_ids
                awaited += event.content_ids if event.awaited else ()
                if event.job_id not in self._begun and event.content_ids:
                    self._begun.add(event.job_id)
                    firsts[event.job_id] = event.content_ids[0]
            elif isinstance(event, JobChanged):
                jobs[event.progress.job.id] = event
            elif isinstance(event, PreflightCounted):
                preflights[event.preflight.job_id] = event
            elif isinstance(event, LabelsChanged):
                labelled += event.content_ids
            elif isinstance(event, ModelStateChanged):
                self.modelStateChanged.emit(event.state)
            elif isinstance(event, IndexChanged | MapChanged | AnalysisChanged | DuplicatesChanged):
                states[type(event), getattr(event.state, "model_ref", "")] = event
            elif isinstance(event, EngineFailed):
                self.failed.emit(_as_error(event))
        for counted in preflights.values():
            self.preflightCounted.emit(counted.preflight)
        for changed in jobs.values():
            self.jobChanged.emit(changed.progress)
        for ids, told in ((stored, self.predictionsStored), (awaited, self.awaitedStored)):
            if ids:
                told.emit(tuple(ids))
        for job_id, content_id in firsts.items():
            self.jobBegan.emit(job_id, content_id)
        if labelled:
            self.labelsChanged.emit(tuple(labelled))
        of_state = {IndexChanged: self.indexChanged, MapChanged: self.mapChanged, AnalysisChanged: self.analysisChanged}
        for moved in states.values():
            of_state.get(type(moved), self.duplicatesChanged).emit(moved.state)
        for kind, signal in ((ProblemsChanged, self.problemsChanged), (LibraryChanged, self.libraryChanged)):
            if any(isinstance(event, kind) for event in events):
                signal.emit()

    @Slot(object, object, object)
    def _deliver(self, callback: Any, value: Any, error: Any) -> None:
        if self._closed:
            return  # disconnecting does not call back what is on its way
        self._flush()
        if error is not None:
            (callback or self.failed.emit)(error)
        elif callback is not None:
            callback(value)


def internal(error: Exception) -> LightdeskError:
    """Return what the window shows of a bug; the log has the traceback."""
    return LightdeskError(
        ErrorCode.INTERNAL,
        f"Internal error: {type(error).__name__}.",
        way_out=f"That is a mistake in Lightdesk: please report it with the last lines of {log_file()}.",
    )


def _as_error(event: EngineFailed) -> LightdeskError:
    try:
        code = ErrorCode(event.code)
    except ValueError:
        code = ErrorCode.INTERNAL
    return LightdeskError(code, event.message)


def _close(engine: Any) -> None:
    """Close an engine; one that cannot close well must not keep the next from opening."""
    try:
        engine.close()
    except Exception:
        log.exception("The engine could not be closed well")
