"""The engine's facade in memory: everything the window calls, at once, with nothing on the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import simplejpeg

from engine.errors import ErrorCode, JobError, LightdeskError
from engine.events import (
    EventBus,
    JobChanged,
    LabelsChanged,
    LibraryChanged,
    ModelStateChanged,
    PredictionsStored,
    PreflightCounted,
    ProblemsChanged,
)
from engine.schemas.device import DeviceReport, ModelState
from engine.schemas.frame import Frame
from engine.schemas.job import Job, JobProgress, Preflight
from engine.schemas.library import (
    Command,
    Label,
    Problem,
)
from engine.schemas.prediction import ClassScore
from engine.schemas.settings import Settings
from engine.schemas.similar import Cuts, Example, IndexState, Ranking, Region, SimilarQuery
from tests.desktop.fake_duplicates import FakeDuplicates
from tests.desktop.fake_insights import FakeInsights
from tests.desktop.fake_map import FakeMap
from tests.desktop.fake_view import AT, CLASSES, MODEL_REF, Content, FakeView

__all__ = ["AT", "CLASSES", "MODEL_REF", "REPORT", "Content", "FakeEngine", "FakeView"]

REPORT = DeviceReport("fake", "Fake device", "auto", "made up")


class FakeEngine(FakeMap, FakeInsights, FakeDuplicates):
    """Enough of `engine.service.Engine` for the whole window.

    Attributes
    ----------
    calls
        Names and arguments of what the window called, in order.
    start_error
        Raised by `start`.
    before
        Called with the name before each call; may wait or raise.
    """

    def __init__(self, settings: Settings, *, n: int = 0, start_error: LightdeskError | None = None) -> None:
        self.settings = settings
        self.events = EventBus()
        self.library_path = settings.library or Path("/fake/library.lightdesk")
        self.read_only = False
        self.model_ref = MODEL_REF
        self.start_error = start_error
        self.before: Callable[[str], None] = lambda _name: None
        self.calls: list[tuple[Any, ...]] = []
        self.closed = False
        self.contents: dict[int, Content] = {}
        self.problem_rows: list[Problem] = []
        self.job_rows: dict[int, Job] = {}
        self.n_views = 0
        self.ranking_note = ""
        self._done: list[tuple[Command, dict[int, Content]]] = []
        self._undone: list[tuple[Command, dict[int, Content]]] = []
        self._lock = threading.RLock()
        self._state = ModelState("loading", MODEL_REF)
        self.add(n)

    # For tests

    def add(self, n: int, folder: str = "/photos") -> tuple[int, ...]:
        """Put pictures in, as another process would: without an event."""
        with self._lock:
            first = len(self.contents) + 1
            for i in range(first, first + n):
                top = tuple(
                    ClassScore(k, CLASSES[(i + k) % len(CLASSES)], round(c, 4))
                    for k, c in enumerate((0.5 + (i * 37 % 50) / 100, 0.2, 0.1, 0.05, 0.01))
                )
                self.contents[i] = Content(i, f"IMG_{i:05d}.jpg", f"{folder}/IMG_{i:05d}.jpg", top)
            return tuple(range(first, first + n))

    def add_problem(self, path: str, code: ErrorCode = ErrorCode.UNREADABLE_IMAGE, message: str = "") -> None:
        """Put a problem in and tell of it."""
        message = message or f"{path} cannot be read: its JPEG header is damaged."
        way_out = "Open it in an image viewer to see whether it is whole; copy it again or save it anew."
        self.problem_rows.append(Problem(len(self.problem_rows) + 1, path, code, message, way_out, 1, AT, AT))
        self.events.publish(ProblemsChanged())

    def set_job(self, job: Job, rate_per_s: float | None = None, eta_s: float | None = None) -> None:
        """Let a job move and tell of it."""
        self.job_rows[job.id] = job
        self.events.publish(JobChanged(JobProgress(job, rate_per_s, eta_s)))

    def set_model(self, state: ModelState) -> None:
        """Let the model move and tell of it."""
        self._state = state
        self.events.publish(ModelStateChanged(state))

    # The facade

    def start(self) -> None:
        self._called("start")
        if self.start_error is not None:
            raise self.start_error
        self.set_model(ModelState("ready", MODEL_REF, device=REPORT))

    def close(self, timeout_s: float = 2.0) -> None:
        self._called("close")
        self.closed = True

    def view(self) -> FakeView:
        return FakeView(self)

    def submit(self, paths: Sequence[str], *, title: str | None = None, urgent: bool | None = None) -> int:
        self._called("submit", tuple(paths))
        job_id = len(self.job_rows) + 1
        new = self.add(len(paths), "/dropped")
        job = Job(job_id, "ingest", "done", title or "drop", MODEL_REF, False, len(new), len(new), 0, 0, AT)
        self.events.publish(PreflightCounted(Preflight(job_id, len(new), 0, 0, 0, finished=True)))
        self.events.publish(PredictionsStored(job_id, new))
        self.set_job(job)
        return job_id

    def pause(self, job_id: int) -> None:
        self._move_job("pause", job_id, "paused")

    def resume(self, job_id: int) -> None:
        self._move_job("resume", job_id, "running")

    def cancel(self, job_id: int) -> None:
        self._move_job("cancel", job_id, "cancelled")

    def prioritise(self, content_id: int) -> None:
        self._called("prioritise", content_id)

    def retry_problems(self, problem_ids: Sequence[int] | None) -> int:
        self._called("retry_problems", problem_ids)
        self.problem_rows = [replace(p, n_tries=p.n_tries + 1) for p in self.problem_rows]
        self.events.publish(ProblemsChanged())
        return 0

    def dismiss_problems(self, problem_ids: Sequence[int]) -> Command:
        self.problem_rows = [p for p in self.problem_rows if p.id not in problem_ids]
        self.events.publish(ProblemsChanged())
        return self._step("dismiss_problems", (), lambda c: c, f": {len(problem_ids)}")

    def label(self, content_ids: Sequence[int], class_name: str) -> Command:
        label = Label(class_name, "accepted", "ann", True, AT)
        return self._step("label", content_ids, lambda c: replace(c, label=label), f" as {class_name}")

    def accept(self, content_ids: Sequence[int], k: int = 1) -> Command:
        return self._step(
            "accept",
            content_ids,
            lambda c: replace(c, label=Label(c.top[k - 1].class_name, "accepted", "ann", True, AT)),
            detail=k,
        )

    def reject(self, content_ids: Sequence[int]) -> Command:
        label = Label(None, "rejected", "ann", True, AT)
        return self._step("reject", content_ids, lambda c: replace(c, label=label))

    def clear_label(self, content_ids: Sequence[int]) -> Command:
        return self._step("clear_label", content_ids, lambda c: replace(c, label=None))

    def note(self, content_ids: Sequence[int], text: str) -> Command:
        return self._step("note", content_ids, lambda c: c)

    def hide(self, content_ids: Sequence[int]) -> Command:
        command = self._step("hide", content_ids, lambda c: replace(c, hidden=True))
        self.events.publish(LibraryChanged())
        return command

    def remove_source(self, source_id: int) -> Command:
        command = self._step("remove_source", [c.id for c in self.visible()], lambda c: replace(c, hidden=True))
        self.events.publish(LibraryChanged())
        return command

    def undo(self) -> Command | None:
        return self._turn("undo", self._done, self._undone)

    def redo(self) -> Command | None:
        return self._turn("redo", self._undone, self._done)

    def models(self) -> list[Any]:
        return [
            SimpleNamespace(name="fake", title="Fake", ref=MODEL_REF),
            SimpleNamespace(name="b", title="B", ref="b@2"),
        ]

    def model_state(self) -> ModelState:
        return self._state

    def device_report(self) -> DeviceReport | None:
        return self._state.device

    def thumbnail(self, sha256: str) -> bytes | None:
        shade = np.full((96, 128, 3), [int(sha256[i : i + 2], 16) for i in (0, 2, 4)], np.uint8)
        return bytes(simplejpeg.encode_jpeg(shade))

    def preview(self, content_id: int, max_side: int) -> Frame:
        shade = [int(self.contents[content_id].sha256[i : i + 2], 16) for i in (0, 2, 4)]
        return Frame(np.full((300, 400, 3), shade, np.uint8), 400, 300, "image/jpeg")

    def similar(self, query: SimilarQuery) -> Ranking:
        """Contents are alike by how near their numbers are."""
        self._called("similar", query)
        view = self.view()
        ids = view.ids(query.where)
        view.close()
        n = max(1, len(self.contents))

        def likeness(example: Example) -> np.ndarray[Any, Any]:
            # Words are most like the picture of the number in them.
            said = int("".join(filter(str.isdigit, example.text)) or 1)
            vector = said if example.text else 0.0 if example.vector is None else float(example.vector[0])
            number = example.content_id if example.content_id is not None else vector
            return 1 - np.abs(ids - number) / n

        sides = [np.mean([likeness(e) for e in side], axis=0) if side else 0 for side in (query.plus, query.minus)]
        scores = np.asarray(sides[0] - np.multiply(sides[1], 0.5), np.float64)
        order = np.lexsort((ids, -scores))[: query.k]
        cuts = Cuts(min(1, len(order)), min(4, len(order)), min(9, len(order)))
        return Ranking(ids[order], scores[order], n, cuts, self.ranking_note, 12.3)

    def index_state(self, model_ref: str) -> IndexState:
        self._called("index_state", model_ref)
        return IndexState(model_ref, "ready")

    def example(self, path: str, region: Region | None = None, model_ref: str = "") -> Example:
        """A file that is in the library is known; any other is most like number 3."""
        self._called("example", path)
        known = [c.id for c in self.contents.values() if c.path == path]
        return Example(known[0]) if known else Example(vector=np.array([3, 0], np.float32))

    def example_of_content(self, content_id: int, region: Region, model_ref: str = "") -> Example:
        self._called("example_of_content", content_id, region)
        return Example(vector=np.array([content_id, 0], np.float32))

    def example_of_pixels(self, pixels: np.ndarray[Any, Any], model_ref: str = "") -> Example:
        self._called("example_of_pixels", pixels)
        return Example(vector=np.array([5, 0], np.float32))

    def exif(self, content_id: int) -> dict[str, str]:
        return {"Camera": "None"}

    def record(self, content_id: int, top_k: int, path: str | None = None) -> dict[str, Any]:
        self._called("record", content_id, top_k)
        return {"success": True, "data": {"prediction": {"class_name": self.contents[content_id].top[0].class_name}}}

    # Inside

    def visible(self) -> list[Content]:
        with self._lock:
            return [c for c in self.contents.values() if not c.hidden]

    def _called(self, name: str, *arguments: Any) -> None:
        self.before(name)
        self.calls.append((name, *arguments))

    def _step(
        self,
        name: str,
        content_ids: Sequence[int],
        change: Callable[[Content], Content],
        suffix: str = "",
        detail: Any = None,
    ) -> Command:
        self._called(name, tuple(content_ids), *([detail] if detail is not None else []))
        with self._lock:
            before = {i: self.contents[i] for i in content_ids}
            self.contents |= {i: change(c) for i, c in before.items()}
            n = len(before)
            title = f"{name} {n} {'item' if n == 1 else 'items'}{suffix}"
            command = Command(len(self._done) + 1, name, title, "ann", AT, n, False)
            self._done.append((command, before))
            self._undone.clear()
        self.events.publish(LabelsChanged(tuple(int(i) for i in content_ids)))
        return command

    def _turn(self, name: str, source: list[Any], target: list[Any]) -> Command | None:
        self._called(name)
        with self._lock:
            if not source:
                return None
            command, states = source.pop()
            target.append((command, {i: self.contents[i] for i in states}))
            self.contents |= states
        self.events.publish(LabelsChanged(tuple(states)))
        if command.kind in ("hide", "remove_source", "resolve", "part"):
            self.events.publish(LibraryChanged())
        return command

    def _move_job(self, name: str, job_id: int, state: Any) -> None:
        self._called(name, job_id)
        if job_id not in self.job_rows:
            raise JobError(ErrorCode.JOB_NOT_FOUND, f"There is no job {job_id}.")
        self.set_job(replace(self.job_rows[job_id], state=state))
