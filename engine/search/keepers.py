"""Which of a group to keep: named rules, in the order that a person chooses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import PurePath

from engine.schemas.duplicates import Candidate, KeepRule, KeepRules, Proposal

_SHARPER = 1.1  # by less than a tenth, sharpness is noise


def proposed(members: Sequence[Candidate], rules: KeepRules) -> Proposal:
    """Return the member to keep, and why.

    Each rule leaves the best by its own measure; the first that leaves one decides. What no rule tells apart is decided by
    the smaller id, so that the answer never changes by itself.

    Raises
    ------
    ValueError
        For no members.
    """
    if not members:
        raise ValueError("a group has members")
    left = sorted(members, key=lambda member: member.content_id)
    if len(left) == 1:
        return Proposal(left[0].content_id, None, "It is the only one.")
    for rule in rules.order:
        best, reason = _RULES[rule](left, rules)
        if len(best) == 1:
            return Proposal(best[0].content_id, rule, reason)
        left = best
    return Proposal(left[0].content_id, None, "The rules tell no difference; it was the first in the library.")


def _most(
    members: list[Candidate], measure: Callable[[Candidate], float], margin: float = 1.0
) -> tuple[list[Candidate], float, float]:
    """Return those with the most, within a factor, the most, and the most of the others."""
    values = [measure(member) for member in members]
    most = max(values)
    best = [member for member, value in zip(members, values, strict=True) if value * margin >= most]
    others = [value for value in values if value * margin < most]
    return best, most, max(others, default=most)


def _labelled(members: list[Candidate], _rules: KeepRules) -> tuple[list[Candidate], str]:
    best, _, _ = _most(members, lambda member: float(member.labelled))
    return best, "It is the only one with a label."


def _rank_of(folder: str, rules: KeepRules) -> int:
    path = PurePath(folder)
    return next(
        (place for place, wanted in enumerate(rules.folders) if path.is_relative_to(PurePath(wanted))),
        len(rules.folders),
    )


def _folder(members: list[Candidate], rules: KeepRules) -> tuple[list[Candidate], str]:
    if not rules.folders:
        return members, ""
    ranks = [
        min((_rank_of(folder, rules) for folder in member.folders), default=len(rules.folders)) for member in members
    ]
    first = min(ranks)
    best = [member for member, rank in zip(members, ranks, strict=True) if rank == first]
    if first == len(rules.folders):
        return best, ""
    return best, f"It lies in {rules.folders[first]}, the folder with the highest priority here."


def _resolution(members: list[Candidate], _rules: KeepRules) -> tuple[list[Candidate], str]:
    best, _, runner_up = _most(members, lambda member: float(member.width * member.height))
    one = best[0]
    return best, (
        f"It has the most pixels: {one.width} × {one.height} ({_megapixels(one.width * one.height)} megapixels; "
        f"the next has {_megapixels(runner_up)})."
    )


def _megapixels(n: float) -> str:
    """Return millions with one decimal, or two figures below one: small pictures differ too."""
    millions = n / 1e6
    decimals = 1 if millions >= 0.995 else 1 - math.floor(math.log10(max(millions, 1e-6)))
    return f"{millions:.{decimals}f}"


def _sharpness(members: list[Candidate], _rules: KeepRules) -> tuple[list[Candidate], str]:
    if any(member.sharpness is None for member in members):
        return members, ""  # one that was not measured is not blurred
    best, most, runner_up = _most(members, lambda member: member.sharpness or 0.0, _SHARPER)
    return best, f"It is the sharpest: {most:.0f} against {runner_up:.0f} of the next."


def _size(members: list[Candidate], _rules: KeepRules) -> tuple[list[Candidate], str]:
    best, most, runner_up = _most(members, lambda member: float(member.size_bytes))
    one, next_one = f"{most / 1e3:,.0f} kB", f"{runner_up / 1e3:,.0f} kB"
    if one == next_one:  # rounded they are alike, and no reason
        one, next_one = f"{most:,.0f} bytes", f"{runner_up:,.0f} bytes"
    return best, f"Its file is the largest: {one} against {next_one} of the next."


def _oldest(members: list[Candidate], _rules: KeepRules) -> tuple[list[Candidate], str]:
    dated = [member for member in members if member.added_at]
    if len(dated) < len(members):
        return members, ""
    first = min(member.added_at for member in dated)
    return [member for member in dated if member.added_at == first], "It was the first in the library."


_RULES: dict[KeepRule, Callable[[list[Candidate], KeepRules], tuple[list[Candidate], str]]] = {
    "labelled": _labelled,
    "folder": _folder,
    "resolution": _resolution,
    "sharpness": _sharpness,
    "size": _size,
    "oldest": _oldest,
}
