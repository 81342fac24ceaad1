"""Duplicates of the fake engine: the groups that a test names, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from engine.events import DuplicatesChanged, EventBus, LibraryChanged
from engine.schemas.duplicates import (
    Duplicates,
    DuplicatesState,
    Group,
    GroupKind,
    KeepRules,
    Proposal,
    Resolution,
)
from engine.schemas.library import Command
from tests.desktop.fake_view import Content


class FakeDuplicates:
    """That part of the engine's facade.

    Attributes
    ----------
    near
        Groups of copies that are found when they are looked for; of hidden ones no group is made.
    looked
        They were looked for, in this library.
    """

    events: EventBus
    contents: dict[int, Content]
    near: tuple[tuple[int, ...], ...] = ()
    looked = False
    duplicates_phase = DuplicatesState("absent")

    def _called(self, name: str, *arguments: Any) -> None:
        raise NotImplementedError

    def _step(
        self, name: str, content_ids: Sequence[int], change: Callable[[Content], Content], suffix: str = "", detail: Any = None
    ) -> Command:
        raise NotImplementedError

    def set_duplicates(self, state: DuplicatesState) -> None:
        """Let the search move and tell of it."""
        self.duplicates_phase = state
        self.looked = self.looked or state.phase == "ready"
        self.events.publish(DuplicatesChanged(state))

    def find_duplicates(self) -> DuplicatesState:
        self._called("find_duplicates")
        self.set_duplicates(DuplicatesState("ready", 1.0))
        return self.duplicates_phase

    def stop_finding_duplicates(self) -> None:
        self._called("stop_finding_duplicates")
        self.set_duplicates(DuplicatesState("absent"))

    def duplicates(
        self, where: None = None, *, kinds: Sequence[GroupKind] = ("exact", "near"), rules: KeepRules | None = None
    ) -> list[Duplicates]:
        self._called("duplicates", tuple(kinds), rules)
        found = []
        for ids in self.near if self.looked and "near" in kinds else ():
            there = tuple(i for i in ids if i in self.contents and not self.contents[i].hidden)
            if len(there) > 1:
                labels = [self.contents[i].label for i in there]
                names = tuple(label.class_name if label is not None else None for label in labels)
                proposal = Proposal(there[0], "resolution", "It has the most pixels.")
                found.append(Duplicates(Group("near", there, there[0]), proposal, names))
        return found

    def part_duplicates(self, content_ids: Sequence[int], from_ids: Sequence[int] = ()) -> Command:
        named = [*content_ids, *from_ids]
        self.near = tuple(ids for ids in self.near if len(set(ids) & set(named)) < 2)
        return self._step("part", named, lambda c: c)

    def resolve_duplicates(self, resolutions: Sequence[Resolution]) -> Command:
        gone = [i for resolution in resolutions for i in resolution.hide]
        command = self._step("resolve", gone, lambda c: replace(c, hidden=True), detail=tuple(resolutions))
        self.events.publish(LibraryChanged())
        return command
