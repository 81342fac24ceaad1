"""From groups and the proposals of the rules to what is to be done: which one stays, which go, and with which label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from desktop.ui.duplicates_model import ListedGroup, Member
from engine.schemas.duplicates import Resolution

LeftOut = Literal["", "labels", "overlap"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules would do with one group.

    Attributes
    ----------
    label
        The label chosen for the kept one where the labels are at odds; None for none.
    left_out
        Why nothing would be done: labels at odds with none chosen, or pictures that are in another group as well.
    """

    group: ListedGroup
    keep: Member
    hide: tuple[Member, ...]
    label: str | None
    left_out: LeftOut

    @property
    def resolution(self) -> Resolution:
        """What the engine is to do."""
        return resolution(self.keep, self.hide, self.label)

    @property
    def hidden_bytes(self) -> int:
        """Bytes of the files that go out of view."""
        return sum(member.size_bytes * max(1, member.n_files) for member in self.hide)


def resolution(keep: Member, hide: Iterable[Member], label: str | None) -> Resolution:
    """Return what the engine is to do. A label that the kept one has already stays theirs who has given it."""
    gone = tuple(dict.fromkeys(member.content_id for member in hide))
    return Resolution(keep.content_id, gone, None if label == keep.label else label)


def plans(groups: Sequence[ListedGroup], label_of: Callable[[ListedGroup], str | None]) -> list[Plan]:
    """Return what the rules would do, labels at odds first; groups with nothing to choose are not among them.

    A picture that is kept or goes in one group takes part in no other: copies come before shots of a scene.
    """
    taken: set[int] = set()
    made: list[Plan] = []
    for group in sorted(groups, key=lambda group: group.kind != "near"):  # stable
        keep = group.proposed
        hide = tuple(member for member in group.members if member is not keep)
        if keep is None or not hide:
            continue
        label = label_of(group)
        ids = {member.content_id for member in group.members}
        left_out: LeftOut = ""
        if group.is_conflict and label is None:
            left_out = "labels"
        elif not taken.isdisjoint(ids):
            left_out = "overlap"
        if left_out != "overlap":
            taken |= ids
        made.append(Plan(group, keep, hide, label, left_out))
    return sorted(made, key=lambda plan: not plan.group.is_conflict)


def done_by(made: Iterable[Plan]) -> list[Plan]:
    """Return the plans by which something is done."""
    return [plan for plan in made if not plan.left_out]
