"""What pictures should be like and unlike: the examples of a search, and how narrow it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtGui import QImage

from desktop.ui.word_query import WordQuery
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
    text
        Words, where it is no picture.
    example
        What is searched with; None until a model has looked at it.
    in_words
        What is searched with where there are words too, for what is in no library: their space is another one.
    """

    name: str
    content_id: int | None = None
    region: Region | None = None
    path: str = ""
    pasted: QImage | None = None
    image: QImage | None = None
    text: str = ""
    example: Example | None = None
    in_words: Example | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether each model has to look at it by itself: it is no whole picture of the library."""
        return not self.text and (self.content_id is None or self.region is not None)

    def example_for(self, *, words: bool) -> Example | None:
        """Return what is searched with, in the space of words or in the model's own."""
        return self.in_words if words and self.is_elsewhere else self.example

    def is_same(self, other: Sample) -> bool:
        """Tell whether both are the same picture, the same part of it, or the same words."""
        if self.text or other.text:
            return self.text == other.text
        if self.content_id is not None or self.path:
            return (self.content_id, self.region, self.path) == (other.content_id, other.region, other.path)
        return self is other


@dataclass(frozen=True, slots=True)
class Likeness:
    """Examples on both sides.

    Attributes
    ----------
    most
        No more than so many are wanted; 0 for as many as there are.
    n_apart
        Above 0 and without examples: so many without a label are wanted that differ most.
    """

    plus: tuple[Sample, ...] = ()
    minus: tuple[Sample, ...] = ()
    most: int = 0
    n_apart: int = 0

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Those of both sides."""
        return self.plus + self.minus

    @property
    def is_ready(self) -> bool:
        """Whether the model has looked at all of them."""
        if not self.samples:
            return self.n_apart > 0
        return all(sample.example_for(words=self.has_words) is not None for sample in self.samples)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.samples and not self.n_apart

    @property
    def has_words(self) -> bool:
        """Whether it is looked for with words, in their space."""
        return any(sample.text for sample in self.samples)

    @property
    def words(self) -> WordQuery:
        """The words among the examples."""
        plus, minus = (tuple(s.text for s in side if s.text) for side in (self.plus, self.minus))
        return WordQuery(plus, minus)

    def pictures(self, side: Side) -> tuple[Sample, ...]:
        """The examples of a side that are no words."""
        return tuple(sample for sample in (self.plus if side == "plus" else self.minus) if not sample.text)

    def examples(self, side: Side) -> tuple[Example, ...]:
        """Return what is searched with of a side."""
        found = (s.example_for(words=self.has_words) for s in (self.plus if side == "plus" else self.minus))
        return tuple(example for example in found if example is not None)

    def with_words(self, words: WordQuery) -> Likeness:
        """Return it with these words in the place of those it has; the pictures stay."""
        plus, minus = (
            tuple(Sample(text, text=text, example=Example(text=text)) for text in side)
            for side in (words.plus, words.minus)
        )
        return Likeness(
            (*plus, *self.pictures("plus"))[:MOST_EXAMPLES], (*minus, *self.pictures("minus"))[:MOST_EXAMPLES]
        )

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
