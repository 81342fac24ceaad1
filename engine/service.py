"""The engine as its surfaces see it: submit, cancel, label, undo, models, close."""

from __future__ import annotations

import getpass
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from engine import settings as settings_room
from engine.cache import ByteCache, thumbnail_key
from engine.errors import ErrorCode, FileError, JobError, LibraryError, LightdeskError
from engine.events import (
    EngineFailed,
    EventBus,
    JobChanged,
    LabelsChanged,
    LibraryChanged,
    ModelStateChanged,
    ProblemsChanged,
)
from engine.library import commands, database, jobs, location, migrations, models, problems, upkeep
from engine.library.database import Connection
from engine.library.writer import Writer
from engine.readers import LibraryReaders
from engine.registry.catalogue import Registry
from engine.schemas.device import DeviceReport, ModelState
from engine.schemas.files import FoundFile
from engine.schemas.frame import Frame
from engine.schemas.job import Job, JobProgress, JobState
from engine.schemas.library import CheckReport, Command, LibraryInfo
from engine.schemas.model import ModelManifest
from engine.schemas.settings import Settings
from engine.view import LibraryView

T = TypeVar("T")
log = logging.getLogger(__name__)
_LEASE_S = 15.0
_BEAT_S = 1.0
_URGENT_FILES = 8
_POLL_S = 0.05


class Engine:
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
        self.settings = settings
        self.events = events or EventBus()
        self.library_path: Path = settings_room.library_path(settings)
        self.read_only = False
        self._registry = registry or Registry(settings_room.models_dir(settings))
        self._adopt_jobs = adopt_jobs
        self._limits = settings_room.image_limits(settings)
        self._owner = jobs.new_owner()
        self._closing = threading.Event()
        self._scans: list[threading.Thread] = []
        self._model_ref = ""
        self._model_state = ModelState("absent", settings.model)
        self._model_ready = threading.Event()
        self._pipeline: Any = None
        self._writer: Writer | None = None
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
        self._reading = LibraryReaders(self.library_path)
        self._cache = ByteCache(settings_room.cache_dir(self.settings) / "store", self.settings.cache_mb * 1_000_000)
        if self.read_only:
            self._set_model(ModelState("absent", manifest.ref, "The library can only be read."))
            return
        self._writer = Writer(self.library_path)
        self._model_id = self._write(lambda conn: models.register(conn, manifest))
        self._start_thread(self._load_model, "model-loader")
        self._start_thread(self._beat, "heartbeat")

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop within about `timeout_s`; unfinished jobs go on at the next start."""
        self._closing.set()
        for thread in (*self._scans, *self._threads):
            thread.join(timeout_s)
        if self._pipeline is not None:
            self._pipeline.close(timeout_s)
        if self._writer is not None:
            try:
                self._write(lambda conn: jobs.release(conn, self._owner))
            except LightdeskError as error:
                log.warning("The jobs could not be let go: %s", error)
            self._writer.close()
        if hasattr(self, "_reading"):
            self._reading.close()
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
        full = [os.path.abspath(path) for path in paths]
        if urgent is None:
            urgent = len(full) <= _URGENT_FILES and all(os.path.isfile(path) for path in full)
        if urgent and self._pipeline is not None:
            self._pipeline.make_way()
        name = title or _title(full)
        job_id = self._write(
            lambda conn: jobs.create(
                conn,
                "ingest",
                name,
                self._model_ref,
                {"paths": [os.fsencode(p).hex() for p in full]},
                self._owner,
                _LEASE_S,
            )
        )
        self._scan(job_id, full, urgent=urgent)
        return job_id

    def pause(self, job_id: int) -> None:
        """Let a job rest until resumed. Raises JobError."""
        self._set_job_state(job_id, "paused")

    def resume(self, job_id: int) -> None:
        """Go on with a paused job. Raises JobError."""
        self._set_job_state(job_id, "running")

    def cancel(self, job_id: int) -> None:
        """End a job; what it has stored stays. Raises JobError."""
        self._set_job_state(job_id, "cancelled")

    def progress(self) -> list[JobProgress]:
        """Return the open jobs with rate and time left."""
        with self._reading.borrow() as view:
            held = view.jobs(active_only=True)
        return [self._pipeline.progress(job) if self._pipeline is not None else JobProgress(job) for job in held]

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
        return self.submit([f.path for f in found], title=f"Retry {len(found)} files", urgent=False)

    def dismiss_problems(self, problem_ids: Sequence[int]) -> None:
        """Take problems off the list."""
        self._write(lambda conn: problems.dismiss(conn, problem_ids))
        self.events.publish(ProblemsChanged())

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

    # What people change, through the command log

    def label(self, content_ids: Sequence[int], class_name: str) -> Command:
        """Label contents; a new class is made."""
        return self._command(content_ids, lambda conn: commands.label(conn, content_ids, class_name, self.user_name))

    def accept(self, content_ids: Sequence[int], k: int = 1) -> Command:
        """Take each content's k-th prediction (from 1) as its label."""
        return self._command(
            content_ids, lambda conn: commands.accept(conn, content_ids, self._model_id, k, self.user_name)
        )

    def reject(self, content_ids: Sequence[int]) -> Command:
        """Say that the prediction is wrong."""
        return self._command(content_ids, lambda conn: commands.reject(conn, content_ids, self.user_name))

    def clear_label(self, content_ids: Sequence[int]) -> Command:
        """Take labels away."""
        return self._command(content_ids, lambda conn: commands.clear(conn, content_ids, self.user_name))

    def note(self, content_ids: Sequence[int], text: str) -> Command:
        """Write a note."""
        return self._command(content_ids, lambda conn: commands.note(conn, content_ids, text, self.user_name))

    def hide(self, content_ids: Sequence[int]) -> Command:
        """Remove contents from the library's view; no file changes."""
        command = self._command(content_ids, lambda conn: commands.hide(conn, content_ids, self.user_name))
        self.events.publish(LibraryChanged())
        return command

    def remove_source(self, source_id: int) -> Command:
        """Remove a source from the library's view; no file changes."""
        command = self._command((), lambda conn: commands.remove_source(conn, source_id, self.user_name))
        self.events.publish(LibraryChanged())
        return command

    def undo(self) -> Command | None:
        """Take the newest standing command back."""
        return self._turn(commands.undo)

    def redo(self) -> Command | None:
        """Do the last undone command again."""
        return self._turn(commands.redo)

    @property
    def user_name(self) -> str:
        """The name written beside labels."""
        if self.settings.user_name:
            return self.settings.user_name
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a user id without a name
            return "unknown"

    # Models

    def models(self) -> list[ModelManifest]:
        """Return the models there are."""
        return self._registry.list()

    @property
    def model_ref(self) -> str:
        """The active model, as ``name@version``."""
        return self._model_ref

    def model_state(self) -> ModelState:
        """Return how far the active model is."""
        return self._model_state

    def device_report(self) -> DeviceReport | None:
        """Return what the model really runs on, once it does."""
        return self._model_state.device

    # Pictures

    def thumbnail(self, sha256: str) -> bytes | None:
        """Return a JPEG of at most 256 pixels, from the cache or made again from a file; None without one."""
        key = thumbnail_key(sha256)
        data = self._cache.get(key)
        if data is not None:
            return data
        from engine.ingest.decode import decode
        from engine.ingest.derive import small, thumbnail

        for path in self._paths(bytes.fromhex(sha256)):
            try:
                loaded = self._load(path, sha256)
                frame = decode(loaded, short_side=256, limits=self._limits, name=path)
            except FileError:
                continue
            data = thumbnail(small(frame))
            self._cache.set(key, data)
            return data
        return None

    def preview(self, content_id: int, max_side: int) -> Frame:
        """Decode a content for looking at. Raises FileError when none of its files can be read."""
        from engine.ingest.derive import preview

        path, data = self._first_readable(content_id)
        return preview(data, max_side=max_side, limits=self._limits, name=path)

    def exif(self, content_id: int) -> dict[str, str]:
        """Return the EXIF fields worth showing."""
        from engine.ingest.derive import read_exif

        return read_exif(self._first_readable(content_id)[1])

    def record(self, content_id: int, top_k: int, path: str | None = None, *, since: str = "") -> dict[str, Any]:
        """Return the result record of a content. Raises JobError while it has no prediction.

        Parameters
        ----------
        since
            A time (ISO 8601, UTC): the record says ``cached`` where the answer is older.
        """
        import dataclasses

        from engine.postprocess import success_record

        with self._reading.borrow() as view:
            detail = view.detail(content_id, self._model_ref)
        if detail is None or not detail.predictions or detail.predictions[0].model_ref != self._model_ref:
            raise JobError(
                ErrorCode.JOB_STATE, "This picture has no prediction by the active model yet.", way_out="Wait for it."
            )
        newest = detail.predictions[0]
        prediction = dataclasses.replace(newest, cached=not since or newest.predicted_at < since)
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

    def backup(self, target: Path) -> None:
        """Copy the library, also while it is in use."""
        upkeep.backup(self.library_path, target)

    # Inside

    def _submit(self, work: Callable[[Connection], T], *, durable: bool = False) -> Future[T]:
        if self._writer is None:
            raise LibraryError(
                ErrorCode.LIBRARY_READ_ONLY,
                f"The library {self.library_path} can only be read.",
                way_out="Give yourself the right to write it, or open another library.",
            )
        return self._writer.submit(work, urgent=True, durable=durable)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._submit(work).result()

    def _command(self, content_ids: Sequence[int], work: Callable[[Connection], Command]) -> Command:
        command = self._submit(work, durable=True).result()
        self.events.publish(LabelsChanged(tuple(int(i) for i in content_ids)))
        return command

    def _turn(self, work: Callable[[Connection], tuple[Command, list[int]] | None]) -> Command | None:
        answer = self._submit(work, durable=True).result()
        if answer is None:
            return None
        command, touched = answer
        self.events.publish(LabelsChanged(tuple(touched)))
        if command.kind in ("hide", "remove_source"):
            self.events.publish(LibraryChanged())
        return command

    def _set_job_state(self, job_id: int, state: JobState) -> None:
        def change(conn: Connection) -> Job:
            jobs.set_state(conn, job_id, state)
            return jobs.get(conn, job_id, self._owner)

        job = self._write(change)
        if self._pipeline is not None:
            if state == "running" and job.held_here:
                self._pipeline.add_job(job)
            self._pipeline.refresh(job)
        else:
            self.events.publish(JobChanged(JobProgress(job)))

    def _scan(self, job_id: int, paths: Sequence[str], *, urgent: bool = False) -> None:
        from engine.pipeline.scanning import Scan

        def run() -> None:
            # Reading waits for the pipeline only: known files need no model.
            reader = database.connect(self.library_path, read_only=True)
            try:
                scan = Scan(
                    job_id,
                    paths,
                    model_id=self._model_id,
                    include_hidden=self.settings.include_hidden,
                    reader=reader,
                    writer=self._writer_or_fail(),
                    events=self.events,
                    stopped=self._closing.is_set,
                    on_items=lambda: self._announce(job_id, urgent=urgent),
                    urgent=urgent,
                )
                scan.run()
            except LightdeskError as error:
                if not self._closing.is_set():
                    self.events.publish(EngineFailed(str(error.code), str(error)))
            except Exception:
                log.exception("Scanning failed on a bug")
                self.events.publish(EngineFailed(str(ErrorCode.INTERNAL), "Scanning the folder failed; see the log."))
            finally:
                reader.close()

        self._scans = [thread for thread in self._scans if thread.is_alive()]
        thread = threading.Thread(target=run, name=f"scan-{job_id}")
        self._scans.append(thread)
        thread.start()

    def _announce(self, job_id: int, *, urgent: bool) -> None:
        """Tell the pipeline and everybody of a job's new items."""
        if urgent and self._pipeline is not None:
            for item in self._write(lambda conn: jobs.claim(conn, job_id, _URGENT_FILES)):
                found = FoundFile(item.path, item.root, item.size_bytes, item.mtime_ns)
                self._pipeline.express(found, job_id, item.seq)
        with self._reading.borrow() as view:
            job = view.job(job_id)
        if self._pipeline is not None and job.state == "running":
            self._pipeline.add_job(job)
        self.events.publish(JobChanged(JobProgress(job)))

    def _writer_or_fail(self) -> Writer:
        assert self._writer is not None
        return self._writer

    def _load_model(self) -> None:
        """Make the model ready, then let the jobs run."""
        try:
            self._make_ready()
        except LightdeskError as error:
            self._set_model(ModelState("failed", self._model_ref, str(error)))
            self.events.publish(EngineFailed(str(error.code), str(error)))
        except Exception:
            log.exception("Loading the model failed on a bug")
            self._set_model(ModelState("failed", self._model_ref, "The model could not be loaded; see the log."))

    def _make_ready(self) -> None:
        from engine.backends.opening import open_session, warm
        from engine.batching import ladder_up_to
        from engine.pipeline.lane import Lane
        from engine.pipeline.preparing import Preparer
        from engine.pipeline.runner import Pipeline
        from engine.preprocess import Preprocessor

        ref = self._model_ref
        self._set_model(ModelState("loading", ref))
        model = self._registry.ensure(
            ref, lambda message, fraction: self._set_model(ModelState("building", ref, message, fraction))
        )
        session = open_session(model, device=self.settings.device, cpu_threads=self.settings.cpu_threads)
        preprocessor = Preprocessor(model.manifest.input)
        self._set_model(ModelState("warming", ref))
        ladder = ladder_up_to(self.settings.max_batch or session.best_batch)
        warm(session, preprocessor.item_shape, preprocessor.dtype, ladder)
        if self._closing.is_set():
            session.close()
            return

        def make_preparer(lane: Lane) -> Preparer:
            reader = database.connect(self.library_path, read_only=True)
            return Preparer(reader, self._cache, lane.model.manifest, lane.model_id, lane.preprocessor, self._limits)

        pipeline = Pipeline(
            self._writer_or_fail(),
            self._cache,
            self.events,
            owner=self._owner,
            limits=self._limits,
            n_decoders=self.settings.decode_threads or (os.cpu_count() or 1),
            make_preparer=make_preparer,
        )
        lane = Lane(
            model,
            self._model_id,
            session,
            preprocessor,
            max_batch=self.settings.max_batch,
            max_delay_ms=self.settings.max_delay_ms,
            way=pipeline.way,
            on_answers=pipeline.on_answers,
            on_failure=pipeline.on_failure,
        )
        pipeline.use(lane)
        self._pipeline = pipeline
        self._set_model(ModelState("ready", ref, device=session.report))
        self._model_ready.set()
        with self._reading.borrow() as view:
            waiting = [job.id for job in view.jobs(active_only=True)]
        for job_id in waiting:
            self._hold(job_id)
        if self._adopt_jobs:
            self._adopt()

    def _hold(self, job_id: int) -> None:
        """Hand a job to the pipeline if this process holds its lease."""
        job = self._write(lambda conn: jobs.get(conn, job_id, self._owner))
        if job.held_here and job.state == "running":
            self._pipeline.add_job(job)

    def _adopt(self) -> None:
        for job_id in self._write(lambda conn: jobs.take_over(conn, self._owner, _LEASE_S)):
            self._go_on(job_id)

    def _go_on(self, job_id: int) -> None:
        """Go on with a job taken over from a dead process."""
        job = self._write(lambda conn: jobs.get(conn, job_id, self._owner))
        asked = self._write(lambda conn: jobs.options(conn, job_id))
        if job.scanning:
            self._scan(job_id, [os.fsdecode(bytes.fromhex(p)) for p in asked["paths"]])
        elif job.state == "running":
            self._write(lambda conn: jobs.finish_if_through(conn, job_id))
            self._hold(job_id)
        self.events.publish(JobChanged(JobProgress(job)))

    def _beat(self) -> None:
        """Prolong leases, notice other processes, go on with jobs whose folder is back."""
        from engine.ingest.reading import source_is_gone

        last_seen: int | None = None
        beats = 0
        watch = self.view()
        try:
            while not self._closing.wait(_BEAT_S):
                beats += 1
                try:
                    self._write(lambda conn: jobs.heartbeat(conn, self._owner, _LEASE_S))
                    if self._pipeline is not None:
                        self._follow_others()
                        self._pipeline.resume_reachable(source_is_gone)
                        if self._adopt_jobs and beats % 5 == 0:
                            self._adopt()
                    seen = watch.change_counter()
                except LightdeskError as error:
                    log.warning("Heartbeat: %s", error)
                    continue
                if last_seen is not None and seen != last_seen:
                    self.events.publish(LibraryChanged())
                last_seen = seen
        finally:
            watch.close()

    def _follow_others(self) -> None:
        """Take over what another process has paused, resumed or cancelled."""
        seen = self._pipeline.states()
        for job in self._write(lambda conn: [jobs.get(conn, job_id, self._owner) for job_id in seen]):
            if job.state != seen[job.id]:
                self._pipeline.refresh(job)

    def _set_model(self, state: ModelState) -> None:
        self._model_state = state
        self.events.publish(ModelStateChanged(state))

    def _start_thread(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name)
        self._threads.append(thread)
        thread.start()

    def _paths(self, sha256: bytes) -> list[str]:
        with self._reading.borrow() as view:
            return view.paths_of(sha256)

    def _first_readable(self, content_id: int) -> tuple[str, bytes]:
        with self._reading.borrow() as view:
            detail = view.detail(content_id, self._model_ref)
        error: FileError | None = None
        for file in detail.files if detail is not None else ():
            try:
                return file.path, self._load(file.path, detail.sha256 if detail is not None else "")
            except FileError as failed:
                error = failed
        raise error or FileError(
            ErrorCode.FILE_NOT_FOUND, "No file has this content any more.", way_out="Drop it again."
        )

    def _load(self, path: str, sha256: str) -> bytes:
        from engine.ingest.reading import printable, read_file

        loaded = read_file(path, self._limits)
        if loaded.sha256.hex() != sha256:
            raise FileError(
                ErrorCode.FILE_CHANGED,
                f"{printable(path)} has other contents than when it was added.",
                way_out="Drop it again to add it as it is now.",
            )
        return loaded.data


def _title(paths: Sequence[str]) -> str:
    first = (
        os.fsencode(os.path.basename(paths[0].rstrip("/\\")) or paths[0]).decode("utf-8", "backslashreplace")
        if paths
        else ""
    )
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
