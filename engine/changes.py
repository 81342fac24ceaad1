"""What people change: every step goes through the command log, so that it can be undone, also after a restart."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from engine.events import EventBus, LabelsChanged, LibraryChanged, ProblemsChanged
from engine.library import commands
from engine.library.database import Connection
from engine.schemas.duplicates import Resolution
from engine.schemas.library import Command

T = TypeVar("T")


class Changes:
    """The steps of the engine's facade, each durable when it returns. Any thread.

    Parameters
    ----------
    given_name
        The name to be written beside labels; empty for the system's user name.
    """

    def __init__(self, given_name: str, events: EventBus) -> None:
        self._given_name = given_name
        self.events = events
        self._model_id = 0  # whose predictions are accepted

    def _submit(self, work: Callable[[Connection], T], *, durable: bool = False) -> Future[T]:
        raise NotImplementedError

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

    def dismiss_problems(self, problem_ids: Sequence[int]) -> Command:
        """Take files off the list of problems."""
        command = self._submit(lambda conn: commands.dismiss(conn, problem_ids, self.user_name), durable=True).result()
        self.events.publish(ProblemsChanged())
        return command

    def part_duplicates(self, content_ids: Sequence[int], from_ids: Sequence[int] = ()) -> Command:
        """Say that contents are no duplicates of each other: they never share a group again.

        Parameters
        ----------
        from_ids
            With these, only pairs of one of `content_ids` and one of these are parted; what either set holds stays
            together.
        """
        return self._command(
            [*content_ids, *from_ids], lambda conn: commands.part(conn, content_ids, self.user_name, from_ids)
        )

    def resolve_duplicates(self, resolutions: Sequence[Resolution]) -> Command:
        """Keep one of each group, with the labels of the others, and take those out of view; no file changes."""
        touched = [i for resolution in resolutions for i in (resolution.keep, *resolution.hide)]
        command = self._command(touched, lambda conn: commands.resolve(conn, resolutions, self.user_name))
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
        if self._given_name:
            return self._given_name
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a user id without a name
            return "unknown"

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
        if command.kind in ("hide", "remove_source", "bring_back", "resolve", "part"):
            self.events.publish(LibraryChanged())
        if command.kind == "dismiss":
            self.events.publish(ProblemsChanged())
        return command
