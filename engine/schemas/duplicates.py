"""Pictures that are the same, or nearly: pairs, groups, and which one of a group to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

GroupKind = Literal["exact", "near", "similar"]
KeepRule = Literal["labelled", "folder", "resolution", "sharpness", "size", "oldest"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of contents that were compared and are alike, as columns of one length.

    Sorted by `first`, then `second`; ``first < second``; no pair is there twice.

    Attributes
    ----------
    first, second
        int64, content ids.
    near
        bool: one is an edited copy of the other, or both are of a third. The others are similar.
    score
        float32: how sure that is, in natural units of log odds; positive for near pairs.
    cosine
        float32: cosine of the embeddings; NaN where one has none.
    apart
        bool: seen to be two pictures (another shot, another thing in it): they never share a group of near ones.
    checked
        bool: their thumbnails were compared. Where they could not be, fingerprint and embedding had to do.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    near: NDArray[np.bool_]
    score: NDArray[np.float32]
    cosine: NDArray[np.float32]
    apart: NDArray[np.bool_]
    checked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Group:
    """Contents that belong together.

    Attributes
    ----------
    kind
        ``exact``: files with the same bytes; ``near``: edited copies; ``similar``: other shots of a scene.
    members
        Content ids, ascending.
    centre
        The member that all others were found alike to.
    scores
        For each member how alike it is to the centre: log odds in near groups, cosine in similar ones; infinity for
        the centre itself.
    """

    kind: GroupKind
    members: tuple[int, ...]
    centre: int
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the rules know of a member of a group.

    Attributes
    ----------
    width, height
        Of the whole picture, pixels.
    sharpness
        From the decode, see `engine.ingest.derive.sharpness`; None where it was never measured.
    folders
        Paths of the folders that hold a file of it, as a person reads them.
    added_at
        ISO 8601 time, or any text that sorts by time.
    """

    content_id: int
    width: int
    height: int
    size_bytes: int
    sharpness: float | None = None
    labelled: bool = False
    folders: tuple[str, ...] = ()
    added_at: str = ""


@dataclass(frozen=True, slots=True)
class KeepRules:
    """How the one to keep is chosen.

    Attributes
    ----------
    order
        The rules, the most important first; one that is left out does not count.
    folders
        Folders by priority, the most wanted first; what lies in none of them comes last.
    """

    order: tuple[KeepRule, ...] = ("labelled", "folder", "resolution", "sharpness", "size", "oldest")
    folders: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Proposal:
    """The member to keep, which rule decided, and why in one line."""

    content_id: int
    rule: KeepRule | None
    reason: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """A group as people see it.

    Attributes
    ----------
    proposal
        Which one to keep, and why; None for a group of files with the same bytes, where there is nothing to choose.
    labels
        For each member the class of its label, None without one.
    """

    group: Group
    proposal: Proposal | None
    labels: tuple[str | None, ...]

    @property
    def label_conflict(self) -> bool:
        """Members have different labels: who keeps one of them should know."""
        return len({label for label in self.labels if label is not None}) > 1


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is to be done with a group: one is kept, others go out of view.

    Attributes
    ----------
    label
        The class that the kept one is to have; None: its own, or else that on which the labels of the others agree.
    """

    keep: int
    hide: tuple[int, ...]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class DuplicatesState:
    """How far the search for duplicates is.

    Attributes
    ----------
    phase
        "absent" before the first wish; "building" while it looks; "ready".
    """

    phase: Literal["absent", "building", "ready"]
    fraction: float = 0.0
    note: str = ""
