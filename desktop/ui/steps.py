"""What a person does to pictures: each is a step of the log, and can be undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop.ui.ports import EnginePort
from engine.schemas.library import Command


class Steps(QObject):
    """Sends steps to the engine and says what came of them. GUI thread.

    Parameters
    ----------
    selected
        The contents that a step goes to.

    Attributes
    ----------
    read_only
        The library can only be read: steps say so and do nothing.
    """

    said = Signal(str)

    def __init__(self, engine: EnginePort, selected: Callable[[], list[int]], parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._selected = engine, selected
        self.read_only = False

    def accept(self, k: int) -> None:
        """Take the k-th prediction as the label."""
        self._go("accept", k)

    def label(self, class_name: str) -> None:
        """Give a label."""
        self._go("label", class_name)

    def label_these(self, content_ids: list[int], class_name: str) -> None:
        """Give a label to pictures that need not be the chosen ones any more."""
        if content_ids:
            self._call("label", content_ids, class_name, done=self._done)

    def reject(self) -> None:
        """Say that the prediction is wrong."""
        self._go("reject")

    def clear(self) -> None:
        """Take the label away."""
        self._go("clear_label")

    def note(self, content_id: int, text: str) -> None:
        """Write a note beside the label of one picture."""
        self._call("note", [content_id], text, done=self._done)

    def hide(self) -> None:
        """Take the selection out of the library's view."""
        self._go("hide")

    def remove_source(self, source_id: int) -> None:
        """Take a source out of the library's view."""
        self._call("remove_source", source_id, done=self._done)

    def dismiss(self, problem_ids: list[int]) -> None:
        """Take files off the list of problems."""
        self._call("dismiss_problems", problem_ids, done=self._done)

    def take_in(self, paths: list[str], done: Callable[[int], None]) -> None:
        """Take files and folders into the library; `done` is told the number of the job."""
        self._call("submit", paths, done=done)

    def retry(self, problem_ids: list[int] | None) -> None:
        """Try files again that could not be used (all for None)."""
        self._call("retry_problems", problem_ids, done=lambda _job_id: None)

    def undo(self) -> None:
        """Take the last step back."""
        self._call("undo", done=lambda c: self._turned(c, self.tr("Undone: {0}."), self.tr("Nothing to undo.")))

    def redo(self) -> None:
        """Do it again."""
        self._call("redo", done=lambda c: self._turned(c, self.tr("Done again: {0}."), self.tr("Nothing to do again.")))

    def copy_record(self, content_id: int | None, top_k: int) -> None:
        """Copy the result record of a picture."""
        if content_id is not None:
            self._engine.call("record", content_id, top_k, done=self._copied)

    def _go(self, name: str, *arguments: Any) -> None:
        ids = self._selected()
        if ids:
            self._call(name, ids, *arguments, done=self._done)

    def _call(self, name: str, *arguments: Any, done: Callable[[Any], None]) -> None:
        if self.read_only:
            self.said.emit(self.tr("This library can only be read."))
        else:
            self._engine.call(name, *arguments, done=done)

    def _done(self, command: Command | None) -> None:
        if command is not None:
            self.said.emit(self.tr("Done: {0}.").format(command.title))

    def _turned(self, command: Command | None, text: str, nothing: str) -> None:
        self.said.emit(text.format(command.title) if command is not None else nothing)

    def _copied(self, record: dict[str, Any]) -> None:
        QGuiApplication.clipboard().setText(json.dumps(record, indent=2, ensure_ascii=False))
        self.said.emit(self.tr("The result was copied as JSON."))
