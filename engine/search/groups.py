"""Groups of pictures that belong together, without chains.

A group has a centre to which the others were found alike, so A like B and B like C does not bring A and C together unless
one picture is like all of them (stars, not single links). Pairs are taken in the order of their scores, ties by id: a pair
joins what it joins only where a centre remains, and no more speaks against it than for it: of two pictures that were seen to
be apart, one stays out, unless it is alike to twice as many of the others. So a copy goes to the shot that it was made from,
and not to the next one of the burst, and the result does not depend on the order of arrival.

Where all stars stand, what was left out comes in: a picture that is not alike to the centre itself, or was never compared
with it, but to three members at least and most of all of them. And what is a copy of its group by one lucky pair goes out: of
all the pairs that were looked at, between a picture and the others of its group, the mean has to speak for it. A photo in
which one thing has changed is now and then taken for a copy of one of ten copies, seldom of most.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from engine.schemas.duplicates import Group, GroupKind, Pairs

_LOYALTY = 1.0  # by so much less a picture may be alike to those that it goes over to
_MOST = 0.6  # of all members of a group
_MOST_LEAST = 3
# Chosen on photos that `benchmarks.duplicates` does not measure: see `engine.search.copies`.
_MEAN_LEAST = 1.0
_SCORE_MOST = 6.0  # one pair counts for no more


class _Star:
    """Members, and those of them that are alike to all others (but for who came when all stars stood)."""

    __slots__ = ("centres", "has_grown", "members")

    def __init__(self, a: int, b: int) -> None:
        self.members = {a, b}
        self.centres = {a, b}
        self.has_grown = False


def near_groups(pairs: Pairs, split: Iterable[tuple[int, int]] = ()) -> list[Group]:
    """Return the groups of edited copies.

    Parameters
    ----------
    split
        Pairs of which a person has said that they are no duplicates; they never share a group.

    Returns
    -------
    list[Group]
        By their smallest member.
    """
    parted = {(min(pair), max(pair)) for pair in split}
    links = [
        (float(score), int(a), int(b))
        for a, b, score in zip(pairs.first[pairs.near], pairs.second[pairs.near], pairs.score[pairs.near], strict=True)
    ]
    forbidden = zip(pairs.first[pairs.apart].tolist(), pairs.second[pairs.apart].tolist(), strict=True)
    return _stars("near", links, set(forbidden), parted, _seen(pairs))


def _seen(pairs: Pairs) -> dict[int, dict[int, float]]:
    """Return what looks at pairs said, near ones and others."""
    looked = pairs.checked
    seen: dict[int, dict[int, float]] = {}
    scores = np.clip(pairs.score[looked], -_SCORE_MOST, _SCORE_MOST).tolist()
    for a, b, score in zip(pairs.first[looked].tolist(), pairs.second[looked].tolist(), scores, strict=True):
        seen.setdefault(a, {})[b] = score
        seen.setdefault(b, {})[a] = score
    return seen


def similar_groups(pairs: Pairs, split: Iterable[tuple[int, int]] = ()) -> list[Group]:
    """Return the groups of other shots of one scene, their copies among them.

    A group that has no other members than a group of near ones is left out.
    """
    parted = {(min(pair), max(pair)) for pair in split}
    known = ~np.isnan(pairs.cosine)
    links = [
        # A copy is closer than any other shot.
        (1.0 + float(cosine) if near else float(cosine), int(a), int(b))
        for a, b, near, cosine in zip(
            pairs.first[known], pairs.second[known], pairs.near[known], pairs.cosine[known], strict=True
        )
    ]
    near = {group.members for group in near_groups(pairs, parted)}
    groups = _stars("similar", links, set(), parted)
    return [group for group in groups if group.members not in near]


def _both_ways(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    others: dict[int, set[int]] = {}
    for a, b in pairs:
        others.setdefault(a, set()).add(b)
        others.setdefault(b, set()).add(a)
    return others


class _Ties:
    """Who is alike to whom, who was seen to be apart, and whom a person has parted."""

    def __init__(
        self, links: list[tuple[float, int, int]], apart: set[tuple[int, int]], parted: set[tuple[int, int]]
    ) -> None:
        self.alike = _both_ways((a, b) for _, a, b in links)
        self._apart = _both_ways(apart)
        self._parted = _both_ways(parted)

    def may_join(self, ones: set[int], others: set[int]) -> bool:
        """Whether two sets of pictures may be one group."""
        if any(not self._parted.get(one, set()).isdisjoint(others) for one in ones):
            return False
        n_against = sum(len(self._apart.get(one, set()) & others) for one in ones)
        return n_against == 0 or 2 * n_against <= sum(len(self.alike[one] & others) for one in ones)


def _stars(
    kind: GroupKind,
    links: list[tuple[float, int, int]],
    apart: set[tuple[int, int]],
    parted: set[tuple[int, int]],
    seen: dict[int, dict[int, float]] | None = None,
) -> list[Group]:
    links = [link for link in links if (link[1], link[2]) not in parted]
    score_of = {(a, b): score for score, a, b in links}
    ties = _Ties(links, apart, parted)
    alike = ties.alike
    star_of: dict[int, _Star] = {}
    for _, a, b in sorted(links, key=lambda link: (-link[0], link[1], link[2])):
        star_a, star_b = star_of.get(a), star_of.get(b)
        if star_a is None and star_b is None:
            star_of[a] = star_of[b] = _Star(a, b)
        elif star_a is None or star_b is None:
            single, star = (a, star_b) if star_a is None else (b, star_a)
            assert star is not None
            if not ties.may_join({single}, star.members):
                continue
            centres = star.centres & alike[single]
            if len(alike[single]) >= len(star.members) and star.members <= alike[single]:
                centres = centres | {single}
            if centres:
                star.members.add(single)
                star.centres = centres
                star_of[single] = star
        elif star_a is not star_b:
            _merge(star_a, star_b, ties, star_of)
    stars = list({id(star): star for star in star_of.values()}.values())
    for single in sorted(alike.keys() - star_of.keys()):
        star = _Star(single, single)
        stars.append(star)
        star_of[single] = star
    _gather(stars, star_of, ties, score_of)
    if seen is not None:
        for star in stars:
            _sift(star, ties, seen)
    groups = [_group(kind, star, ties, score_of) for star in stars if len(star.members) > 1]
    return sorted(groups, key=lambda group: group.members)


def _sift(star: _Star, ties: _Ties, seen: dict[int, dict[int, float]]) -> None:
    """Let those go, the worst first, of whom looks at pairs with the others say on the whole that they are no copies."""
    said = {
        member: {other: score for other, score in seen.get(member, {}).items() if other in star.members}
        for member in star.members
    }
    # What was never looked at is judged elsewhere: see `engine.search.duplicates`.
    means = {member: math.fsum(scores.values()) / len(scores) for member, scores in said.items() if scores}
    while means:
        worst = min(means, key=lambda member: (means[member], -member))
        if means.pop(worst) >= _MEAN_LEAST:
            return
        star.members.discard(worst)
        star.centres = star.centres - {worst}
        for other in said[worst]:
            scores = said[other]
            del scores[worst]
            if scores:
                means[other] = math.fsum(scores.values()) / len(scores)
            elif ties.alike[other].isdisjoint(star.members):
                means[other] = -math.inf  # it came by the one that has gone
            else:
                del means[other]
    if not star.centres and star.members:
        star.centres = {max(star.members, key=lambda member: (len(ties.alike[member] & star.members), -member))}


def _group(kind: GroupKind, star: _Star, ties: _Ties, score_of: dict[tuple[int, int], float]) -> Group:
    members = tuple(sorted(star.members))
    scores = {
        c: {other: score_of[min(c, other), max(c, other)] for other in ties.alike[c] & star.members} for c in members
    }
    centre = max(star.centres, key=lambda c: (math.fsum(scores[c].values()), -c))
    return Group(
        kind,
        members,
        centre,
        tuple(
            math.inf
            if member == centre
            else scores[centre].get(member, max(scores[member].values(), default=-math.inf))
            for member in members
        ),
    )


def _merge(one: _Star, other: _Star, ties: _Ties, star_of: dict[int, _Star]) -> None:
    """Make two stars one, where a centre of either is alike to all."""
    small, large = sorted((one, other), key=lambda star: len(star.members))
    centres = {c for c in large.centres if small.members <= ties.alike[c]} | {
        c for c in small.centres if large.members <= ties.alike[c]
    }
    if not centres or not ties.may_join(small.members, large.members):
        return
    large.members |= small.members
    large.centres = centres
    for member in small.members:
        star_of[member] = large


def _gather(stars: list[_Star], star_of: dict[int, _Star], ties: _Ties, score_of: dict[tuple[int, int], float]) -> None:
    """Let members of small stars go over to larger ones, where the centre or most of the members are alike to them.

    Two copies that are alike most of all find each other first, and may only then turn out to have one original.
    """
    for star in sorted(stars, key=lambda star: (len(star.members), min(star.members))):
        # Whoever came may count on those who were there.
        for member in sorted(star.members) if not star.has_grown else ():
            friends: dict[int, list[int]] = {}
            for other in sorted(ties.alike[member]):
                friends.setdefault(id(star_of[other]), []).append(other)
            at_home = friends.pop(id(star), [])
            held = max((score_of[min(member, c), max(member, c)] for c in at_home), default=-math.inf)
            offers = []
            for others in friends.values():
                larger = star_of[others[0]]
                wanted = [other for other in others if other in larger.centres]
                if not wanted and len(others) >= max(_MOST_LEAST, _MOST * len(larger.members)):
                    wanted = others
                if not wanted or len(larger.members) <= len(star.members):
                    continue
                score = max(score_of[min(member, c), max(member, c)] for c in wanted)
                if score >= held - _LOYALTY and ties.may_join({member}, larger.members):
                    offers.append((score, -min(larger.members), larger, wanted is others))
            if not offers:
                continue
            rest = star.members - {member}
            centres = {c for c in rest if rest - {c} <= ties.alike[c]}
            if rest and not centres:  # it is what holds them together: nobody goes
                continue
            star.members, star.centres = rest, centres
            _, _, larger, by_most = max(offers, key=lambda offer: offer[:2])
            larger.members.add(member)
            larger.has_grown = True
            if not by_most:
                larger.centres &= ties.alike[member]
            star_of[member] = larger
