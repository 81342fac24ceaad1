"""The engine as its surfaces see it: submit, cancel, label, undo, models, close."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine import settings as settings_room
from engine.cache import ByteCache
from engine.changes import Changes
from engine.errors import ErrorCode, JobError, LibraryError, LightdeskError
from engine.events import EventBus, LibraryChanged
from engine.exploring import Exploring
from engine.insights import Insights
from engine.library import database, jobs, location, migrations, models, problems, upkeep
from engine.library.database import Connection
from engine.library.writer import Writer
from engine.mapping import Mapping
from engine.model_loading import ModelLoading
from engine.pictures import Pictures
from engine.pipeline.custody import URGENT_FILES, Custody
from engine.readers import LibraryReaders
from engine.registry.catalogue import Registry
from engine.schemas.device import ModelState
from engine.schemas.files import FoundFile
from engine.schemas.frame import Frame
from engine.schemas.job import Job, JobProgress
from engine.schemas.library import CheckReport, LibraryInfo
from engine.schemas.model import ModelManifest
from engine.schemas.settings import Settings
from engine.tidying import Tidying
from engine.view import LibraryView
from engine.words import Words

if TYPE_CHECKING:  # it brings the decoders and the runtime, which the loader's thread imports
    from engine.analysis import Analysis
    from engine.deduplication import Deduplication
    from engine.maps import SpaceMap
    from engine.pipeline.runner import Pipeline
    from engine.spaces import Space

T = TypeVar("T")
log = logging.getLogger(__name__)
_WATCH_S = 1.0
_SCANS_END_S = 0.5
_POLL_S = 0.05


class Engine(Changes, Exploring, Insights, Tidying, Mapping, ModelLoading):
    """Local inference over one library.

    Parameters
    ----------
    settings
        Everything adjustable; frozen.
    events
        Where what has happened is published, on the thread where it happened.
    adopt_jobs
        Go on with jobs that a process now dead left behind.

    Notes
    -----
    Calls may come from any thread; `start` and `close` once each.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        events: EventBus | None = None,
        registry: Registry | None = None,
        adopt_jobs: bool = True,
    ) -> None:
        self.library_path: Path = settings_room.library_path(settings)
        super().__init__(settings.user_name, events or EventBus())
        self.settings = settings
        self.read_only = False
        self._registry = registry or Registry(settings_room.models_dir(settings))
        self._adopt_jobs = adopt_jobs
        self._limits = settings_room.image_limits(settings)
        self._owner = jobs.new_owner()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._model_ref = ""
        self._model_state = ModelState("absent", settings.model)
        self._reading = LibraryReaders(self.library_path)
        self._spaces: dict[str, Space] = {}
        self._analyses: dict[str, Analysis] = {}
        self._deduplication: Deduplication | None = None
        self._maps: dict[str, SpaceMap] = {}
        self._cache = ByteCache(settings_room.cache_dir(settings) / "store", settings.cache_mb * 1_000_000)
        self._pictures = Pictures(self._reading, self._cache, self._limits)
        self._writer: Writer | None = None
        self._custody: Custody | None = None
        self._words: Words | None = None
        self._pipeline: Pipeline | None = None
        self._threads: list[threading.Thread] = []

    # Life

    def start(self) -> None:
        """Open the library, start the threads, load the model behind them.

        Raises
        ------
        LightdeskError
            When the library cannot be opened, or the model is unknown.
        """
        create = not self.library_path.exists()
        if create and (reason := location.why_unsafe(self.library_path)):
            raise LibraryError(
                ErrorCode.LIBRARY_LOCATION,
                f"A library cannot be made at {self.library_path}: {reason}, where SQLite files get damaged.",
                way_out=f"Make it in {settings_room.data_folder()} instead; the pictures themselves may stay where they are.",
                path=str(self.library_path),
            )
        manifest = self._registry.get(self.settings.model)
        self._model_ref = manifest.ref
        self.read_only = migrations.open_library(self.library_path, create=create)
        if self.read_only:
            self._set_model(ModelState("absent", manifest.ref, "The library can only be read."))
            self._start_thread(self._watch, "watch")
            return
        writer = self._writer = Writer(self.library_path)
        self._model_id = self._write(lambda conn: models.register(conn, manifest))
        self._custody = Custody(
            self.library_path,
            writer,
            self.events,
            owner=self._owner,
            model_ref=manifest.ref,
            model_id=self._model_id,
            include_hidden=self.settings.include_hidden,
            user_name=self.user_name,
            adopts=self._adopt_jobs,
        )
        self._words = Words(
            self._registry,
            self._custody.library,
            self.library_path,
            self.events,
            self._limits,
            self.settings,
            busy=lambda: self._pipeline is None or self._pipeline.is_busy(),
        )
        self._start_thread(self._load_model, "model-loader")
        if self._adopt_jobs and self._registry.pairs():
            self._start_thread(self._words.use_newest, "words")

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop within about `timeout_s`; unfinished jobs go on at the next start."""
        with self._lock:
            self._closing.set()
        if self._custody is not None:
            self._custody.stop()
        for thread in self._threads:
            thread.join(timeout_s)
        if self._words is not None:
            self._words.close(timeout_s)
        if self._pipeline is not None:
            self._pipeline.close(timeout_s)
        if self._custody is not None:
            self._custody.join(_SCANS_END_S)
            try:
                self._custody.release()
            except LightdeskError as error:
                log.warning("The jobs could not be let go: %s", error)
        self._close_maps(timeout_s)
        self._close_deduplication(timeout_s)
        self._close_analyses(timeout_s)
        self._close_spaces(timeout_s)
        # The writer last: SQLite copies the log into the library file when the last connection goes, if it can write.
        self._reading.close()
        if self._writer is not None:
            self._writer.close()
        if self._custody is not None:
            self._custody.join(timeout_s)
        self._cache.close()

    def view(self) -> LibraryView:
        """Return a read-only view with its own connection, for one thread; close it."""
        return LibraryView(self.library_path)

    # Jobs

    def submit(self, paths: Sequence[str], *, title: str | None = None, urgent: bool | None = None) -> int:
        """Take dropped paths in; returns the job's id at once, work goes on behind.

        Parameters
        ----------
        urgent
            Before everything else; by default where only a few single files were dropped.
        """
        # An empty path is no file: it must not become the current folder.
        full = [os.path.abspath(path) if path else "" for path in paths]
        if urgent is None:
            urgent = len(full) <= URGENT_FILES and all(os.path.isfile(path) for path in full)
        if urgent and self._pipeline is not None:
            self._pipeline.make_way()
        return self._jobs().create(title or _title(full), full, urgent=urgent)

    def pause(self, job_id: int) -> None:
        """Let a job rest until resumed. Raises JobError."""
        self._jobs().set_state(job_id, "paused")

    def resume(self, job_id: int) -> None:
        """Go on with a paused job. Raises JobError."""
        self._jobs().set_state(job_id, "running")

    def cancel(self, job_id: int) -> None:
        """End a job; what it has stored stays. Raises JobError."""
        self._jobs().set_state(job_id, "cancelled")

    def progress(self) -> list[JobProgress]:
        """Return the open jobs with rate and time left."""
        pipeline = self._pipeline
        with self._reading.borrow() as view:
            held = view.jobs(active_only=True)
        return [self._progress_of(job, pipeline) for job in held]

    def wait(self, job_id: int, timeout_s: float | None = None) -> Job:
        """Wait until a job has ended or rests; returns it as it is then."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._reading.borrow() as view:
                job = view.job(job_id)
            if job.state not in ("queued", "running") or (until_s is not None and time.monotonic() > until_s):
                return job
            if self._model_state.phase == "failed":
                raise JobError(ErrorCode.JOB_STATE, self._model_state.message, way_out="Run `lightdesk doctor`.")
            time.sleep(_POLL_S)

    def retry_problems(self, problem_ids: Sequence[int] | None) -> int:
        """Try files again that could not be used (all of them for None); returns the job's id."""
        found = self._write(lambda conn: problems.files_of(conn, problem_ids))
        self._write(lambda conn: problems.lift_quarantine(conn, [f.path for f in found]))
        title = f"Retry {len(found):,} file{'s' if len(found) != 1 else ''}"
        return self.submit([f.path for f in found], title=title, urgent=False)

    def prioritise(self, content_id: int) -> None:
        """Let the active model answer for a content before everything else, if it has not yet."""
        if self._pipeline is None:
            return
        with self._reading.borrow() as view:
            detail = view.detail(content_id, self._model_ref)
        if detail is None or any(p.model_ref == self._model_ref for p in detail.predictions):
            return
        for file in detail.files:
            if file.present and os.path.isfile(file.path):
                self._pipeline.express(FoundFile(file.path, file.path, file.size_bytes, file.mtime_ns), None, None)
                return

    # Models

    def models(self) -> list[ModelManifest]:
        """Return the models there are."""
        return self._registry.list()

    # Pictures

    def thumbnail(self, sha256: str) -> bytes | None:
        """Return a JPEG of at most 256 pixels, from the cache or made again from a file; None without one."""
        return self._pictures.thumbnail(sha256)

    def preview(self, content_id: int, max_side: int) -> Frame:
        """Decode a content for looking at. Raises FileError when none of its files can be read."""
        return self._pictures.preview(content_id, max_side)

    def exif(self, content_id: int) -> dict[str, str]:
        """Return the EXIF fields worth showing. Raises FileError as `preview` does."""
        return self._pictures.exif(content_id)

    def record(self, content_id: int, top_k: int, path: str | None = None, *, since: str = "") -> dict[str, Any]:
        """Return the result record of a content. Raises JobError while it has no prediction.

        Parameters
        ----------
        since
            A time (ISO 8601, UTC): the record says ``cached`` where the answer is older, or came from the cache.
        """
        from engine.postprocess import success_record

        with self._reading.borrow() as view:
            detail = view.detail(content_id, self._model_ref)
        if detail is None or not detail.predictions or detail.predictions[0].model_ref != self._model_ref:
            raise JobError(
                ErrorCode.JOB_STATE, "This picture has no prediction by the active model yet.", way_out="Wait for it."
            )
        newest = detail.predictions[0]
        # In the library it may be new, and yet come from the cache, which another library has filled.
        cached = newest.cached or not since or newest.predicted_at < since
        prediction = dataclasses.replace(newest, cached=cached)
        return success_record(detail, prediction, top_k=top_k, path=path)

    # Upkeep

    def info(self) -> LibraryInfo:
        """Return the library's counts."""
        conn = database.connect(self.library_path, read_only=True)
        try:
            return upkeep.info(conn, self.library_path)
        finally:
            conn.close()

    def check(self) -> CheckReport:
        """Look for damage. Reads the whole file: not on a thread that someone waits for."""
        return upkeep.check(self.library_path)

    def backup(self, target: Path) -> str:
        """Copy the library, also while it is in use. Returns what is to be said of the copy, empty where it is whole."""
        return upkeep.backup(self.library_path, target)

    # Inside

    def _submit(self, work: Callable[[Connection], T], *, durable: bool = False) -> Future[T]:
        if self._writer is None:
            raise self._only_readable()
        return self._writer.submit(work, urgent=True, durable=durable)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._submit(work).result()

    def _progress_of(self, job: Job, pipeline: Pipeline | None) -> JobProgress:
        if job.kind == "embed" and self._words is not None:
            return self._words.progress(job)
        return pipeline.progress(job) if pipeline is not None else JobProgress(job)

    def _jobs(self) -> Custody:
        if self._custody is None:
            raise self._only_readable()
        return self._custody

    def _only_readable(self) -> LibraryError:
        return LibraryError(
            ErrorCode.LIBRARY_READ_ONLY,
            f"The library {self.library_path} can only be read.",
            way_out="Give yourself the right to write it, or open another library.",
        )

    def _watch(self) -> None:
        """Notice what others write into a library that can only be read here."""
        view = self.view()
        try:
            seen = view.change_counter()
            while not self._closing.wait(_WATCH_S):
                before, seen = seen, view.change_counter()
                if seen != before:
                    self.events.publish(LibraryChanged())
        except LightdeskError as error:
            log.warning("The library is no longer watched: %s", error)
        finally:
            view.close()

    def _start_thread(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name)
        self._threads.append(thread)
        thread.start()


def _title(paths: Sequence[str]) -> str:
    first = (
        os.fsencode(os.path.basename(paths[0].rstrip("/\\")) or paths[0]).decode("utf-8", "backslashreplace")
        if paths
        else ""
    )
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
