"""Searching by example: what is asked, and the ranking that answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.schemas.frame import Frame
from engine.schemas.library import Query

MAX_K = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What is to be alike, or unlike: a content of the library, words, or a vector of the space.

    Attributes
    ----------
    vector
        float32 (dim,), L2 norm 1; used where there is neither `content_id` nor `text`.
    text
        Words; they need a space that has a text tower.
    weight
        Above 0; how much it counts beside the others of its side.
    """

    content_id: int | None = None
    vector: NDArray[np.float32] | None = None
    weight: float = 1.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of an upright picture, in parts of its width and height, each from 0 to 1."""

    left: float
    top: float
    width: float
    height: float

    def of(self, frame: Frame) -> Frame:
        """Return that part of a frame, at least one pixel."""
        height, width = frame.pixels.shape[:2]
        left, top = (min(max(0, int(at * size)), size - 1) for at, size in ((self.left, width), (self.top, height)))
        right = min(width, max(left + 1, round((self.left + self.width) * width)))
        bottom = min(height, max(top + 1, round((self.top + self.height) * height)))
        part = np.ascontiguousarray(frame.pixels[top:bottom, left:right])
        return Frame(part, right - left, bottom - top, frame.content_type)


@dataclass(frozen=True, slots=True, eq=False)
class SimilarQuery:
    """Examples, and the filter under which what is like them is looked for.

    Attributes
    ----------
    where
        Its filter fields and `model_ref`, which names the space; its order does not count.
    k
        How many at most, up to `MAX_K`.
    """

    plus: tuple[Example, ...]
    minus: tuple[Example, ...] = ()
    where: Query = field(default_factory=Query)
    k: int = 200


@dataclass(frozen=True, slots=True)
class Cuts:
    """How many of a ranking, from the first, are ..., by the gaps in its scores; each holds the ones before."""

    near_identical: int
    same_thing: int
    same_kind: int


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Contents by likeness.

    Attributes
    ----------
    content_ids
        int64 (n,), best first; equal scores by id.
    scores
        float64 (n,), cosines with what was asked, -1 to 1.
    n_searched
        Vectors of the space, before the filter.
    cuts
        Where it falls into parts.
    note
        What the person should know about this answer; empty where there is nothing.
    took_ms
        In the engine.
    """

    content_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    n_searched: int
    cuts: Cuts
    note: str = ""
    took_ms: float = 0.0


IndexPhase = Literal["absent", "building", "ready"]


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far the hot index of a space is.

    Attributes
    ----------
    fraction
        Of the work at hand, 0 to 1.
    note
        Why it is absent, or what happened to it.
    """

    model_ref: str
    phase: IndexPhase
    n: int = 0
    fraction: float = 0.0
    note: str = ""
