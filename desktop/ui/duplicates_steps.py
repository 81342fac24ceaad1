"""What a person does with groups of duplicates: each is a step of the log, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from desktop.ui.duplicates_finder import DuplicatesFinder
from desktop.ui.duplicates_list import DuplicatesList
from desktop.ui.duplicates_model import DuplicatesModel, Key, ListedGroup, Member
from desktop.ui.resolving import Plan, resolution
from engine.schemas.library import Command


class DuplicatesSteps(QObject):
    """Acts on the current group of a list. What is decided leaves the list at once. GUI thread.

    Parameters
    ----------
    ask_label
        Asks for the label of the kept one of a group whose labels are at odds; calls back with what is chosen.
    """

    said = Signal(str)

    def __init__(
        self,
        finder: DuplicatesFinder,
        model: DuplicatesModel,
        view: DuplicatesList,
        ask_label: Callable[[ListedGroup, Callable[[str], None]], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._finder, self._model, self._view, self._ask_label = finder, model, view, ask_label

    def keep(self) -> None:
        """Keep the current one, and hide the others of its group."""
        group, member = self._model.current, self._model.current_member
        if group is not None and member is not None:
            self._keep(group, member)

    def keep_proposed(self) -> None:
        """Keep the one that the rules propose, and hide the others of its group."""
        group = self._model.current
        if group is not None:
            self._keep(group, group.proposed)

    def hide(self) -> None:
        """Hide the current one; its label goes to the one that is proposed, or else to the next, if that has none."""
        group, member = self._model.current, self._model.current_member
        if group is None or member is None or not self._may(group):
            return
        others = [other for other in group.members if other is not member]
        keep = next((other for other in others if other.is_proposed), others[0])
        self._do("resolve_duplicates", [resolution(keep, [member], None)], gone=[group.key] if len(others) == 1 else [])

    def part_one(self) -> None:
        """The current one is no duplicate of the others."""
        group, member = self._model.current, self._model.current_member
        if group is None or member is None or not self._may(group):
            return
        others = [other.content_id for other in group.members if other is not member]
        gone = [group.key] if len(others) == 1 else []
        self._do("part_duplicates", [member.content_id], others, gone=gone)

    def part_all(self) -> None:
        """No two of the current group are duplicates of each other."""
        group = self._model.current
        if group is not None and self._may(group):
            self._do("part_duplicates", [member.content_id for member in group.members], gone=[group.key])

    def resolve(self, plans: Sequence[Plan]) -> None:
        """Do all of this, in one step."""
        if plans:
            gone = [plan.group.key for plan in plans]
            self._do("resolve_duplicates", [plan.resolution for plan in plans], gone=gone)

    def _keep(self, group: ListedGroup, keep: Member | None) -> None:
        if keep is None or not self._may(group):
            return
        if group.is_conflict and self._model.label_of(group) is None:
            # Never chosen by itself: a label must not get lost.
            self._ask_label(group, lambda label: self._resolve(group, keep, label))
        else:
            self._resolve(group, keep, self._model.label_of(group))

    def _resolve(self, group: ListedGroup, keep: Member, label: str | None) -> None:
        hide = [member for member in group.members if member is not keep]
        self._do("resolve_duplicates", [resolution(keep, hide, label)], gone=[group.key])

    def _may(self, group: ListedGroup) -> bool:
        if self._finder.read_only:
            self.said.emit(self.tr("This library can only be read."))
            return False
        if group.kind == "exact":
            self.said.emit(self.tr("These files are one picture to the library: there is nothing to choose."))
            return False
        return True

    def _do(self, name: str, *arguments: object, gone: list[Key]) -> None:
        if gone:
            self._view.take_off(gone)
            self._view.tell()
        self._finder.step(name, *arguments, done=self._done, failed=lambda: None)

    def _done(self, command: Command) -> None:
        self.said.emit(self.tr("Done: {0}. Ctrl+Z takes it back.").format(command.title))
