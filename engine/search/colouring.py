"""What the colours of a map stand for: groups of contents, counted for the legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.schemas.map import ColourKind, GroupRole, MapColours, MapGroup

_NAMED = 40  # groups with a line of their own
_RANGES = 5
_LABEL_ROLES: tuple[GroupRole, ...] = ("unlabelled", "accepted", "rejected")


def by_name(codes: NDArray[np.integer], names: Sequence[str], kind: ColourKind) -> MapColours:
    """Group by class or source: the most frequent by name, then the others together, then those that have none.

    Parameters
    ----------
    codes
        (n,), places in `names`; -1 for none.
    """
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    frequent = np.argsort(-counts, kind="stable")
    named = frequent[: min(_NAMED, int(np.count_nonzero(counts)))]
    # By code, the last for -1.
    group_of = np.full(len(names) + 1, len(named), np.int64)
    group_of[named] = np.arange(len(named))
    group_of[-1] = len(named) + 1
    groups = group_of[codes]
    legend = [MapGroup(names[code], int(counts[code])) for code in named.tolist()]
    n_other = int(np.count_nonzero(groups == len(named)))
    n_none = int(np.count_nonzero(groups == len(named) + 1))
    if not n_other:
        groups = np.minimum(groups, len(named))
    else:
        legend.append(MapGroup("", n_other, "other"))
    if n_none:
        legend.append(MapGroup("", n_none, "none"))
    return MapColours(kind, groups.astype(np.uint16), tuple(legend))


def by_confidence(confidences: NDArray[np.floating]) -> MapColours:
    """Group by the confidence of the best class, in fifths; NaN where there is no prediction."""
    known = np.isfinite(confidences)
    groups = np.full(len(confidences), _RANGES, np.uint16)
    groups[known] = np.clip(confidences[known] * _RANGES, 0, _RANGES - 1).astype(np.uint16)
    counts = np.bincount(groups, minlength=_RANGES + 1).tolist()
    step = 100 // _RANGES
    legend = [MapGroup(f"{i * step}\N{EN DASH}{(i + 1) * step}%", counts[i], "range") for i in range(_RANGES)]
    if counts[_RANGES]:
        legend.append(MapGroup("", counts[_RANGES], "none"))
    return MapColours("confidence", groups, tuple(legend))


def by_label(states: NDArray[np.integer]) -> MapColours:
    """Group by label state: 0 for no label yet, 1 for accepted, 2 for rejected."""
    counts = np.bincount(states, minlength=3)
    order = (1, 2, 0)
    group_of = np.argsort(order)
    legend = tuple(MapGroup("", int(counts[state]), _LABEL_ROLES[state]) for state in order)
    return MapColours("label", group_of[states].astype(np.uint16), legend)
