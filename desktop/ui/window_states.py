"""The half of the window that shows how the engine is: its jobs, its model, its index, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from desktop.ui.window_actions import WindowActions
from desktop.ui.words_desk import WordsDesk
from engine.errors import ErrorCode, LightdeskError
from engine.schemas.device import ModelState
from engine.schemas.job import JobProgress, Preflight
from engine.schemas.similar import IndexState


class WindowStates(WindowActions):
    """GUI thread; all that is shown here was told by the engine."""

    words: WordsDesk
    _warned_of: str | None

    def show_job(self, progress: JobProgress) -> None:
        """A job of this process moved."""
        self.activity.show_job(progress)
        self.words.show_job(progress)

    def show_preflight(self, preflight: Preflight) -> None:
        """A drop was counted."""
        self.activity.show_preflight(preflight)
        self.drop_note.counted(preflight)

    def show_model(self, state: ModelState) -> None:
        """The model moved."""
        self.activity.show_model(state)
        self.banner.follow_model(state)
        reason = state.device.fallback_reason if state.device is not None else None
        if reason and reason != self._warned_of:
            self.banner.show_notice(reason, [(self.tr("Doctor…"), self.show_doctor)])
        self._warned_of = reason

    def show_index(self, state: IndexState) -> None:
        """The search index of a model moved."""
        if state.model_ref == self._model_ref:
            self.activity.show_index(state)

    def show_error(self, error: LightdeskError) -> None:
        """Something a person should know, in its place in the window."""
        ways: list[tuple[str, Callable[[], None]]] = []
        if error.code in (ErrorCode.MODEL_DAMAGED, ErrorCode.DEVICE_UNAVAILABLE, ErrorCode.INFERENCE_FAILED):
            ways.append((self.tr("Doctor…"), self.show_doctor))
        self.banner.show_error(error, ways)
