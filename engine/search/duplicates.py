"""Near-duplicates of a library: found, kept up to date, and told from other shots of the same scene.

Three steps. Likely pairs come from fingerprints that differ in at most 8 of 64 bits and from the 32 nearest embeddings
(`likely_pairs`). The most promising are looked at: their thumbnails are laid over each other and what is left is weighed
(`alignment`, `evidence`, `copies`). Groups are made from the pairs that are kept (`groups`), in well under a second, so only
pairs are stored.

What has no thumbnail, nor a file to make one from, is judged by fingerprint and embedding, strictly: at most 4 bits and a
cosine of 0.965, which finds what was only saved again or made smaller. Such pairs say that they were not checked, hold nothing
against anybody, and stay until one of the two comes anew.

Nobody is compared with all of a crowd: a picture that is in a group already is compared with the centres of other groups, in
three rounds. A round begins with the most promising pairs and ends where looks find hardly any copies, fewer than 2 in 2,048,
once fingerprints and embeddings promise little; what is passed over is about one copy in a thousand pairs, or fewer.

On two cores, 100,000 items with 5,000 copies among them: 25 s for fingerprints, embeddings and groups, and the looks beside
that (`benchmarks.planted_copies`). A look takes half a millisecond where the pictures differ and about 10 where they are alike,
most of it under the interpreter's lock, and making a thumbnail ready half of one; a search has at most 60,000 looks, or one
for every two items.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from engine.schemas.duplicates import Pairs
from engine.search.copies import NEAR, Look, Verdict, compared
from engine.search.groups import near_groups
from engine.search.likely_pairs import Items, Likely, Neighbours, likely_pairs

__all__ = ["Items", "Neighbours", "Thumbnails", "Verdicts", "found", "joined", "without"]

Ids = NDArray[np.int64]
# Of a content id: uint8 (height, width, 3), RGB, at most 256 pixels; None where there is none.
Thumbnails = Callable[[int], NDArray[np.uint8] | None]
Chunk = list[tuple[int, int]]
Verdicts = list[Verdict | None]
# How chunks of work are run: `map`, or that of a pool of threads.
RunAll = Callable[[Callable[[Chunk], Verdicts], Iterable[Chunk]], Iterable[Verdicts]]
Step = Callable[[float], bool]

SIMILAR_COSINE = 0.86
_SCENE_COSINE = 0.6
_CHUNK = 64
_LOOKS_KEPT = 512  # of about 80 kB
_PARTNERS = (5, 4, 4)  # that each picture is compared with, by round
_LOOKS_LEAST = 60_000
# A round ends after so many looks of which fewer were at copies than this, once the promise is no more than this.
_BLOCK, _WORTHWHILE, _PROMISING = 2048, 2, 0.8
_UNSEEN_BITS, _UNSEEN_COSINE = 4, 0.965


def found(
    items: Items,
    thumbnails: Thumbnails | None,
    *,
    known: Pairs | None = None,
    is_new: NDArray[np.bool_] | None = None,
    neighbours: Neighbours | None = None,
    run_all: RunAll = map,
    step: Step = lambda _fraction: True,
) -> Pairs | None:
    """Find the pairs of a library that are near or similar.

    Parameters
    ----------
    items
        All contents, the new ones among them.
    thumbnails
        Called from wherever `run_all` runs its work.
    known, is_new
        The pairs kept so far, and which items (bool, (n,)) they do not know yet: only pairs with one of those are looked
        for, and the result holds the known ones too.
    step
        Called with the fraction that is done; False ends it.

    Returns
    -------
    Pairs, or None where `step` said so.
    """
    if not step(0.0):
        return None
    likely = likely_pairs(items, is_new=is_new, neighbours=neighbours)
    if not step(0.3):
        return None
    n = len(items.ids)
    verdicts: dict[int, Verdict] = {}
    unseen: set[int] = set()
    budget = max(_LOOKS_LEAST, n // 2) if thumbnails is not None else 0
    codes = likely.first * n + likely.second
    for turn, partners in enumerate(_PARTNERS):
        groups = _groups(items, likely, codes, verdicts, known) if turn else None
        chosen, promise = _chosen(len(items.ids), likely, {*verdicts, *unseen}, partners, groups)
        chosen = chosen[:budget]
        if not len(chosen) or thumbnails is None:
            break
        for start in range(0, len(chosen), _BLOCK):
            block = chosen[start : start + _BLOCK]
            pairs = [(int(items.ids[code // n]), int(items.ids[code % n])) for code in block]
            # Pairs of one picture beside each other, so that it is made ready once.
            order = sorted(range(len(pairs)), key=pairs.__getitem__)
            chunks = [[pairs[i] for i in order[at : at + _CHUNK]] for at in range(0, len(order), _CHUNK)]
            seen = n_near = 0
            for answers in run_all(lambda chunk: _looked(chunk, thumbnails), chunks):
                for verdict in answers:
                    code = int(block[order[seen]])
                    seen += 1
                    if verdict is None:
                        unseen.add(code)
                    else:
                        verdicts[code] = verdict
                        n_near += verdict.near
                if not step(0.3 + 0.7 * (turn + (start + seen) / len(chosen)) / len(_PARTNERS)):
                    return None
            budget -= len(block)
            if len(block) == _BLOCK and n_near < _WORTHWHILE and promise[start + _BLOCK - 1] < _PROMISING:
                break
    fresh = _kept(items, likely, codes, verdicts, None if thumbnails is None else unseen)
    step(1.0)
    return fresh if known is None else joined(known, fresh)


def _looked(chunk: Chunk, thumbnails: Thumbnails) -> Verdicts:
    looks: OrderedDict[int, Look | None] = OrderedDict()

    def look(content_id: int) -> Look | None:
        if content_id in looks:
            looks.move_to_end(content_id)
            return looks[content_id]
        pixels = thumbnails(content_id)
        made = None if pixels is None else Look(pixels)
        looks[content_id] = made
        if len(looks) > _LOOKS_KEPT:
            looks.popitem(last=False)
        return made

    verdicts: Verdicts = []
    for first, second in chunk:
        one, other = look(first), look(second)
        verdicts.append(None if one is None or other is None else compared(one, other))
    return verdicts


def _groups(
    items: Items, likely: Likely, codes: Ids, verdicts: dict[int, Verdict], known: Pairs | None
) -> tuple[Ids, Ids]:
    """Return for each place the first place of its group and the centre of that; its own where it is in none."""
    pairs = _as_pairs(items, codes, likely, verdicts)
    group_of, centre_of = np.arange(len(items.ids)), np.arange(len(items.ids))
    for group in near_groups(pairs if known is None else joined(known, pairs)):
        members = np.searchsorted(items.ids, np.array(group.members))
        group_of[members] = members[0]
        centre_of[members] = np.searchsorted(items.ids, group.centre)
    return group_of, centre_of


def _chosen(
    n: int, likely: Likely, done: set[int], partners: int, groups: tuple[Ids, Ids] | None
) -> tuple[Ids, NDArray[np.float32]]:
    """Return the codes of the pairs to look at next, the most promising first, so many for each picture, and the promises."""
    a, b, promise = likely.first, likely.second, likely.promise
    if groups is not None:
        # What is in one group needs no look; others are compared with the centre of each other's group.
        group_of, centre_of = groups
        apart = group_of[a] != group_of[b]
        a, b, promise = a[apart], b[apart], np.repeat(promise[apart], 3)
        centre_a, centre_b = centre_of[a], centre_of[b]
        # Side by side, so that the order by promise is kept.
        a, b = np.stack([centre_a, a, centre_a], 1).ravel(), np.stack([centre_b, centre_b, b], 1).ravel()
    pairs = np.minimum(a, b) * n + np.maximum(a, b)
    _, at = np.unique(pairs, return_index=True)
    at = np.sort(at)
    at = at[~np.isin(pairs[at], np.fromiter(done, np.int64, len(done)))]
    pairs, promise = pairs[at], promise[at]
    # Each pair counts for both of its pictures, and is taken where either still has room.
    ends = np.concatenate([pairs // n, pairs % n])
    rank = np.concatenate([np.arange(len(pairs))] * 2)
    order = np.lexsort((rank, ends))
    begins = np.searchsorted(ends[order], ends[order])
    within = np.empty(len(ends), np.int64)
    within[order] = np.arange(len(ends)) - begins
    room = np.minimum(within[: len(pairs)], within[len(pairs) :]) < partners
    return np.asarray(pairs[room], dtype=np.int64), promise[room]


def _as_pairs(items: Items, codes: Ids, likely: Likely, verdicts: dict[int, Verdict]) -> Pairs:
    n = len(items.ids)
    # Verdicts on centres may be of pairs that no list of neighbours holds.
    code = np.fromiter(verdicts, np.int64, len(verdicts))
    order = np.argsort(code)
    code = code[order]
    answers = list(verdicts.values())
    sorted_codes = np.sort(codes)
    by_code = np.argsort(codes, kind="stable")
    where = np.searchsorted(sorted_codes, code)
    where[where == len(codes)] = 0
    cosine = np.full(len(code), np.nan, np.float32)
    if len(codes):
        listed = sorted_codes[where] == code
        cosine[listed] = likely.cosine[by_code[where[listed]]]
    return Pairs(
        items.ids[code // n] if n else code,
        items.ids[code % n] if n else code,
        np.array([answers[i].near for i in order], dtype=bool),
        np.array([answers[i].score for i in order], dtype=np.float32),
        cosine,
        np.array([answers[i].apart for i in order], dtype=bool),
        np.ones(len(code), bool),
    )


def _kept(items: Items, likely: Likely, codes: Ids, verdicts: dict[int, Verdict], unseen: set[int] | None) -> Pairs:
    """Return what is near or similar, of what was looked at and of what was not (`unseen`; None for all)."""
    looked = _as_pairs(items, codes, likely, verdicts)
    scenes = np.array([verdicts[code].same_scene for code in sorted(verdicts)], dtype=bool)
    cosine = np.nan_to_num(looked.cosine, nan=0.0)
    alike = looked.near | (cosine >= SIMILAR_COSINE) | (scenes & (cosine >= _SCENE_COSINE))
    looked = _rows(looked, alike)
    done = np.fromiter(verdicts, np.int64, len(verdicts))
    rest = ~np.isin(codes, done)
    cosine, bits = likely.cosine[rest], likely.bits[rest]
    near = (bits <= _UNSEEN_BITS) & (cosine >= _UNSEEN_COSINE)
    if unseen is not None:
        # In a burst both agree as well as in a copy: not where there were thumbnails to see it by.
        near &= np.isin(codes[rest], np.fromiter(unseen, np.int64, len(unseen)))
    keep = near | (cosine >= SIMILAR_COSINE)
    score = np.where(near, NEAR + (np.nan_to_num(cosine) - _UNSEEN_COSINE), -NEAR).astype(np.float32)
    unlooked = Pairs(
        items.ids[likely.first[rest]][keep],
        items.ids[likely.second[rest]][keep],
        near[keep],
        score[keep],
        cosine[keep],
        np.zeros(int(keep.sum()), bool),
        np.zeros(int(keep.sum()), bool),
    )
    return joined(unlooked, looked)


def joined(old: Pairs, new: Pairs) -> Pairs:
    """Return the pairs of both; of a pair in both, what is in `new`."""
    first, second = np.concatenate([new.first, old.first]), np.concatenate([new.second, old.second])
    both = Pairs(
        first,
        second,
        np.concatenate([new.near, old.near]),
        np.concatenate([new.score, old.score]),
        np.concatenate([new.cosine, old.cosine]),
        np.concatenate([new.apart, old.apart]),
        np.concatenate([new.checked, old.checked]),
    )
    order = np.lexsort((np.arange(len(first)), second, first))
    ends = np.stack([first[order], second[order]])
    fresh = np.ones(len(order), bool)
    fresh[1:] = (ends[:, 1:] != ends[:, :-1]).any(axis=0)
    return _rows(both, order[fresh])


def without(pairs: Pairs, ids: Ids) -> Pairs:
    """Return the pairs that hold none of these contents."""
    return _rows(pairs, ~(np.isin(pairs.first, ids) | np.isin(pairs.second, ids)))


def _rows(pairs: Pairs, which: NDArray[np.bool_] | NDArray[np.intp]) -> Pairs:
    return Pairs(
        pairs.first[which],
        pairs.second[which],
        pairs.near[which],
        pairs.score[which],
        pairs.cosine[which],
        pairs.apart[which],
        pairs.checked[which],
    )
