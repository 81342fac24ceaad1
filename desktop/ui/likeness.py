"""What pictures should be like and unlike: the examples of a search, and how narrow it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtGui import QImage

from engine.schemas.similar import Example, Ranking, Region

Side = Literal["plus", "minus"]
Level = Literal["near_identical", "same_thing", "same_kind", "everything"]
LEVELS: tuple[Level, ...] = ("near_identical", "same_thing", "same_kind", "everything")
MOST_EXAMPLES = 24  # of a side: more make the mean of everything


@dataclass(eq=False, slots=True)
class Sample:
    """One example, as it lies in a well. What the engine makes of it comes later, and to all who hold it.

    Attributes
    ----------
    content_id
        The picture of the library that it is, or is a part of.
    path
        The file that it was dropped as.
    image
        A small picture of it.
    pasted
        All of it, where it is in no file.
    example
        What is searched with; None until a model has looked at it.
    """

    name: str
    content_id: int | None = None
    region: Region | None = None
    path: str = ""
    pasted: QImage | None = None
    image: QImage | None = None
    example: Example | None = None

    def is_same(self, other: Sample) -> bool:
        """Tell whether both are the same picture, or the same part of it."""
        if self.content_id is not None or self.path:
            return (self.content_id, self.region, self.path) == (other.content_id, other.region, other.path)
        return self is other


@dataclass(frozen=True, slots=True)
class Likeness:
    """Examples on both sides."""

    plus: tuple[Sample, ...] = ()
    minus: tuple[Sample, ...] = ()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Those of both sides."""
        return self.plus + self.minus

    @property
    def is_ready(self) -> bool:
        """Whether the model has looked at all of them."""
        return bool(self.samples) and all(sample.example is not None for sample in self.samples)

    def added(self, side: Side, samples: tuple[Sample, ...]) -> Likeness:
        """Return it with more on one side; what was on the other goes over, what is there already is not there twice."""
        one, other = (self.plus, self.minus) if side == "plus" else (self.minus, self.plus)
        for sample in samples:
            other = tuple(had for had in other if not had.is_same(sample))
            if len(one) < MOST_EXAMPLES and not any(had.is_same(sample) for had in one):
                one = (*one, sample)
        return Likeness(one, other) if side == "plus" else Likeness(other, one)

    def without(self, sample: Sample) -> Likeness:
        """Return it with one less."""
        return replace(
            self,
            plus=tuple(had for had in self.plus if had is not sample),
            minus=tuple(had for had in self.minus if had is not sample),
        )


def n_at(level: Level, ranking: Ranking) -> int:
    """Return how many of a ranking, from its first, a level lets through."""
    if level == "everything":
        return len(ranking.content_ids)
    n: int = getattr(ranking.cuts, level)
    return min(n, len(ranking.content_ids))
