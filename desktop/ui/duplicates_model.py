"""The groups of duplicates that are listed: what they hold, where the person is in them, and which labels were chosen."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from desktop.ui.plain_text import printable
from desktop.ui.ports import LibraryReader
from engine.schemas.duplicates import Candidate, Duplicates, GroupKind

Key = tuple[GroupKind, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Member:
    """One tile of a group: a content, or in a group of files with the same bytes one of the files.

    Attributes
    ----------
    path
        Its file, the first of several; empty where it has none.
    is_proposed
        The rules would keep it.
    """

    content_id: int
    sha256: str
    path: str
    n_files: int
    facts: Candidate | None
    label: str | None
    is_proposed: bool

    @property
    def name(self) -> str:
        """What it is called, to be shown."""
        return printable(os.path.basename(self.path)) or f"#{self.content_id}"

    @property
    def folder(self) -> str:
        """Where it lies, to be shown."""
        return printable(os.path.dirname(self.path))

    @property
    def size_bytes(self) -> int:
        """Bytes of one of its files."""
        return self.facts.size_bytes if self.facts is not None else 0


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group and its tiles, the proposed one first."""

    found: Duplicates
    members: tuple[Member, ...]
    is_conflict: bool  # the labels are at odds

    @property
    def key(self) -> Key:
        """What tells it from others, and finds it again."""
        return self.found.group.kind, self.found.group.members

    @property
    def kind(self) -> GroupKind:
        """How alike its members are."""
        return self.found.group.kind

    @property
    def labels(self) -> list[str]:
        """The different labels of its members, in the order of the tiles."""
        return list(dict.fromkeys(member.label for member in self.members if member.label is not None))

    @property
    def proposed(self) -> Member | None:
        """The one that the rules would keep."""
        return next((member for member in self.members if member.is_proposed), None)


def listed(found: Sequence[Duplicates], view: LibraryReader) -> list[ListedGroup]:
    """Return groups with what their tiles show, those in which nothing is to be chosen last. On a reader thread.

    Two reads for all of them: tens of thousands of members take less than a second.
    """
    ids = sorted({member for duplicates in found for member in duplicates.group.members})
    facts, files = view.candidates(ids), view.files_of(ids)
    groups = [_listed(duplicates, facts, files) for duplicates in found]
    return sorted(groups, key=lambda group: group.kind == "exact")  # stable


def _listed(
    duplicates: Duplicates, facts: dict[int, Candidate], files: dict[int, tuple[str, list[str]]]
) -> ListedGroup:
    keep = duplicates.proposal.content_id if duplicates.proposal is not None else None
    members: list[Member] = []
    for content_id, label in zip(duplicates.group.members, duplicates.labels, strict=True):
        sha256, paths = files.get(content_id, ("", []))
        known = facts.get(content_id)
        # Present files come first, and each has its folder among the facts.
        present = paths[: len(known.folders)] if known is not None else []
        shown = (present or [""]) if duplicates.group.kind == "exact" else (present or paths or [""])[:1]
        members += [Member(content_id, sha256, path, len(present), known, label, content_id == keep) for path in shown]
    members.sort(key=lambda member: not member.is_proposed)  # stable
    return ListedGroup(duplicates, tuple(members), duplicates.label_conflict)


class DuplicatesModel:
    """Groups, the current one and its current member. GUI thread.

    Attributes
    ----------
    group, member
        Places of the current ones; -1 and 0 while there are no groups.
    """

    def __init__(self) -> None:
        self.groups: list[ListedGroup] = []
        self.group, self.member = -1, 0
        self._place_of: dict[Key, int] | None = None  # made when it is asked for: a key per group takes its time
        self._labels: dict[Key, str] = {}
        self._resolved: set[Key] = set()  # by the person, since the library was opened

    def reset(self) -> None:
        """Forget everything: another library."""
        self.__init__()  # type: ignore[misc]

    def place_of(self, key: Key) -> int:
        """Return where a group stands, or -1."""
        if self._place_of is None:
            self._place_of = {group.key: place for place, group in enumerate(self.groups)}
        return self._place_of.get(key, -1)

    def replace(self, groups: list[ListedGroup]) -> bool:
        """List these. The person stays where they were, but goes to a group that came back by an undo: then True."""
        before, before_place = self.groups, self.group
        current, before_member = self.current_member, self.member
        self.groups = groups
        self._place_of = None
        self._labels = {key: label for key, label in self._labels.items() if self._still(key, label)}
        back = [place for key in self._resolved if (place := self.place_of(key)) >= 0]
        self._resolved -= {groups[place].key for place in back}
        if len(back) == 1:
            self.go(back[0], 0)
            return True
        place = self.place_after(before, before_place)
        self.go(place, 0)
        if current is not None and place >= 0:
            self.go(place, self._member_like(current, before_member))
        return False

    def place_after(self, before: Sequence[ListedGroup], place: int) -> int:
        """Return where the group of an older list is now, or the next of those that are still there; -1 for none."""
        if not self.groups or place < 0:
            return min(0, len(self.groups) - 1)
        holder: dict[tuple[GroupKind, int], int] = {}
        for group in before[place:]:
            if (now := self.place_of(group.key)) >= 0:
                return now
            if not holder:
                holder = {(g.kind, i): at for at, g in enumerate(self.groups) for i in g.found.group.members}
            # It has grown, or shrunk: two of it at least are still together.
            at = Counter(holder[group.kind, i] for i in group.found.group.members if (group.kind, i) in holder)
            if at and at.most_common(1)[0][1] > 1:
                return at.most_common(1)[0][0]
        return min(place, len(self.groups) - 1)

    def _still(self, key: Key, label: str) -> bool:
        place = self.place_of(key)
        return place >= 0 and label in self.groups[place].labels

    def _member_like(self, member: Member, before: int) -> int:
        group = self.current
        assert group is not None
        same = [
            place
            for place, other in enumerate(group.members)
            if other.content_id == member.content_id and other.path == member.path
        ]
        return same[0] if same else before

    # Where the person is

    @property
    def current(self) -> ListedGroup | None:
        """The current group."""
        return self.groups[self.group] if 0 <= self.group < len(self.groups) else None

    @property
    def current_member(self) -> Member | None:
        """The current member of the current group."""
        group = self.current
        return group.members[self.member] if group is not None and self.member < len(group.members) else None

    def go(self, group: int, member: int) -> None:
        """Make a tile the current one, or the nearest that there is."""
        if not self.groups:
            self.group, self.member = -1, 0
            return
        self.group = max(0, min(group, len(self.groups) - 1))
        self.member = max(0, min(member, len(self.groups[self.group].members) - 1))

    # What was decided

    def label_of(self, group: ListedGroup) -> str | None:
        """Return the label that was chosen for the kept one of a group whose labels are at odds."""
        return self._labels.get(group.key)

    def choose_label(self, group: ListedGroup, label: str | None) -> None:
        """Choose it, or (None) leave it open again."""
        if label is None:
            self._labels.pop(group.key, None)
        else:
            self._labels[group.key] = label

    def take_off(self, keys: Iterable[Key]) -> list[int]:
        """Groups were resolved or parted: they go at once, and the next one is the current one.

        Returns
        -------
        list[int]
            The places that they had, ascending.
        """
        few = set(keys)
        gone = sorted(place for key in few if (place := self.place_of(key)) >= 0)
        self._resolved |= few
        away = set(gone)
        self.groups = [group for place, group in enumerate(self.groups) if place not in away]
        self._place_of = None
        member = 0 if self.group in away else self.member
        self.go(self.group - bisect_left(gone, self.group), member)
        return gone
