"""The map of a library: where each content lies, and what its colour says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MapMethod = Literal["pca", "neighbours"]
ColourKind = Literal["class", "confidence", "label", "source"]
# `named` and `range` bring their name; the others are words that the window knows.
GroupRole = Literal["named", "range", "other", "none", "accepted", "rejected", "unlabelled"]
# `few`: too few vectors for a map; `cancelled` and `failed`: there is no map, or PCA's only.
MapPhase = Literal["absent", "few", "making", "ready", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, eq=False)
class MapPoints:
    """Contents with their places on the plane. Other units or turns of the plane are another layout.

    Attributes
    ----------
    content_ids
        int64, (n,), in the order of the filter.
    places
        float32, (n, 2), finite.
    layout
        Names the projection: while it stays the same, a window keeps its view.
    """

    content_ids: NDArray[np.int64]
    places: NDArray[np.float32]
    layout: str = ""


@dataclass(frozen=True, slots=True)
class MapGroup:
    """One line of the legend."""

    name: str
    n: int
    role: GroupRole = "named"


@dataclass(frozen=True, slots=True, eq=False)
class MapColours:
    """What the colours of points stand for.

    Attributes
    ----------
    groups
        uint16, (n,), for each point of a `MapPoints` its group.
    legend
        The groups, in the order in which they are to be listed.
    """

    kind: ColourKind
    groups: NDArray[np.uint16]
    legend: tuple[MapGroup, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ColouredMap:
    """What a filter lets through, as points with their colours.

    Attributes
    ----------
    n_asked
        How many the filter lets through; those that have no place yet are not among the points.
    """

    points: MapPoints
    colours: MapColours
    n_asked: int


@dataclass(frozen=True, slots=True)
class MapState:
    """How far the map of a space is.

    Attributes
    ----------
    layout
        Names the layout that can be shown, also while another is being made; empty where there is none.
    n
        Contents that have a place in it.
    fraction
        Of the making, 0 to 1.
    is_outgrown
        There are so many more contents now than when it was laid out that it is worth making anew.
    code, note
        Why there is none, or what happened to it; empty where there is nothing to say.
    """

    model_ref: str
    phase: MapPhase
    layout: str = ""
    n: int = 0
    fraction: float = 0.0
    is_outgrown: bool = False
    code: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A fitted projection: what places contents on a map that is there already.

    Attributes
    ----------
    mean
        float32, (d,).
    axes
        float32, (d, c): the main axes of the vectors, c about 50.
    landmarks
        float16, (m, c): points that were laid out, along the axes. Empty for ``pca``.
    landmark_places
        float32, (m, 2), where they lie.
    """

    method: MapMethod
    seed: int
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    landmarks: NDArray[np.float16]
    landmark_places: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedMap:
    """What projecting answers.

    Attributes
    ----------
    places
        float32, (n, 2), in the order in which the vectors were read.
    """

    places: NDArray[np.float32]
    projection: Projection
