"""What the neighbourhood of a picture says of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.schemas.similar import IndexPhase


@dataclass(frozen=True, slots=True)
class Insight:
    """Facts for a one-line reason.

    Attributes
    ----------
    nearest_id
        The content most like it, None where it has no neighbour.
    nearest_score, mean_score
        Cosine with that, and the mean with all its neighbours.
    outlier
        It lies farther from its neighbours than nearly all others do.
    n_neighbours, n_other
        Neighbours with a class, and how many of those have `other_class`.
    own_class
        The label it has, or None.
    other_class
        The commonest class of its neighbours, where that is another than its label; else None.
    mistake
        How much they are at odds with its label, 0 to 1; 0 without a label.
    """

    nearest_id: int | None
    nearest_score: float
    mean_score: float
    outlier: bool
    n_neighbours: int
    n_other: int
    own_class: str | None
    other_class: str | None
    mistake: float


@dataclass(frozen=True, slots=True)
class AnalysisState:
    """How far the neighbourhoods of a space are known.

    Attributes
    ----------
    phase
        "absent" before the first wish; "building" while some are being made; "ready".
    n, n_total
        Contents whose neighbours are known, and all that have a vector.
    """

    model_ref: str
    phase: IndexPhase
    n: int = 0
    n_total: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClassCoverage:
    """A class, how many have it by a label, and by label or prediction."""

    class_name: str
    n_labelled: int
    n: int


CLEAR_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pictures that lie together.

    Attributes
    ----------
    middle_id
        The one nearest to their middle.
    class_name, n_class
        The commonest among them by label or prediction, and how many have it; None and 0 where none has one.
    """

    middle_id: int
    n: int
    n_labelled: int
    class_name: str | None
    n_class: int

    @property
    def share(self) -> float:
        """The part of them that has the commonest class."""
        return self.n_class / self.n if self.n else 0.0

    @property
    def clear_class(self) -> str | None:
        """The class that at least `CLEAR_SHARE` of them have: of 45 the one that a single picture has is no name for them."""
        return self.class_name if self.share >= CLEAR_SHARE else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What labels cover: classes, the rarest first, and clusters, the largest without labels first."""

    classes: tuple[ClassCoverage, ...]
    clusters: tuple[Cluster, ...]
