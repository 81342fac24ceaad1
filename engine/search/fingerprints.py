"""Pairs of 64-bit fingerprints that differ in few bits, among any number.

Equal fingerprints are put together first. The rest is found by the pigeonhole principle (Norouzi, Punjani and Fleet, "Fast
exact search in Hamming space with multi-index hashing", 2014): of five parts of two fingerprints that differ in at
most nine bits, one differs in at most one. Pictures without content have fingerprints by the thousand that are alike, so a
crowd is not compared each with each: its members are compared with those that come next in order, and of very many partners
a fingerprint keeps the closest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.intp]
Words = NDArray[np.uint64]

RADIUS_MAX = 9
_PARTS_BITS = (13, 13, 13, 13, 12)
_CROWD = 200  # of one part of a fingerprint, beyond what chance brings together
_REACH = 8  # in a crowd, and among equal ones
_PARTNERS = 64  # of one fingerprint in one list
_BLOCK = 1 << 22


def close_pairs(
    fingerprints: NDArray[np.int64], radius: int, *, is_new: NDArray[np.bool_] | None = None
) -> tuple[Ids, Ids]:
    """Return the places of pairs that differ in at most `radius` bits.

    Exact, but for crowds, so that the work does not grow with their square. Among equal ones each has up to 16 partners
    (the eight before it and the first eight), so that all are reached; of hundreds that are nearly equal, some dozens.

    Parameters
    ----------
    fingerprints
        int64, (n,).
    radius
        0 to 9.
    is_new
        bool, (n,): only pairs with at least one of these.

    Returns
    -------
    intp, (m,) twice, ascending, the first place below the second.

    Raises
    ------
    ValueError
        For another radius.
    """
    if not 0 <= radius <= RADIUS_MAX:
        raise ValueError(f"radius is {radius}, from 0 to {RADIUS_MAX} are possible")
    words = fingerprints.astype(np.int64, copy=False).view(np.uint64)
    distinct, inverse = np.unique(words, return_inverse=True)
    wanted = np.ones(len(words), bool) if is_new is None else is_new
    codes = [_equal(inverse, wanted, len(words))]
    if radius and len(distinct) > 1:
        # One of each kind stands for the others; that of a new one where there is one.
        order = np.lexsort((np.arange(len(words)), ~wanted, inverse))
        stands = order[np.searchsorted(inverse[order], np.arange(len(distinct)))]
        low, high = _distinct_pairs(distinct, radius, wanted[stands])
        codes.append(_codes(stands[low], stands[high], len(words)))
    code = np.unique(np.concatenate(codes))
    return (code // len(words)).astype(np.intp), (code % len(words)).astype(np.intp)


def _codes(a: Ids, b: Ids, n: int) -> NDArray[np.int64]:
    return np.minimum(a, b).astype(np.int64) * n + np.maximum(a, b)


def _equal(inverse: Ids, wanted: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
    """Pairs within the groups of equal ones."""
    order = np.argsort(inverse, kind="stable")
    sizes = np.bincount(inverse)
    begins = np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = np.arange(n)
    codes = []
    for step in range(1, _REACH + 1):
        for other in (at - step, begins + step - 1):  # the ones before it, and the first ones
            ok = (other >= begins) & (other < at)
            a, b = order[at[ok]], order[other[ok]]
            any_new = wanted[a] | wanted[b]
            codes.append(_codes(a[any_new], b[any_new], n))
    return np.unique(np.concatenate(codes)) if codes else np.zeros(0, np.int64)


def _distinct_pairs(words: Words, radius: int, wanted: NDArray[np.bool_]) -> tuple[Ids, Ids]:
    n_wanted = int(wanted.sum())
    if n_wanted * len(words) <= 8 * _BLOCK:
        return _by_looking_at_all(words, radius, wanted)
    found = []
    shift = 0
    for bits in _PARTS_BITS:
        keys = ((words >> np.uint64(shift)) & np.uint64((1 << bits) - 1)).astype(np.int64)
        shift += bits
        order = np.argsort(keys, kind="stable")
        begins = np.searchsorted(keys[order], np.arange((1 << bits) + 1))
        sizes = np.diff(begins)
        crowd = sizes > _CROWD + 8 * len(words) // len(sizes)
        found += [_along(words, order[begins[key] : begins[key + 1]], radius) for key in np.nonzero(crowd)[0]]
        for flip in (0, *(1 << bit for bit in range(bits))):
            here = np.nonzero(~crowd[keys] & ~crowd[keys ^ flip] & ((keys & flip) == 0))[0]
            found += _in_lists(words, here, keys[here] ^ flip, order, begins, radius, ordered=flip == 0)
    low, high = (np.concatenate(side) if found else np.zeros(0, np.intp) for side in zip(*found, strict=True))
    any_new = wanted[low] | wanted[high]
    return low[any_new], high[any_new]


def _by_looking_at_all(words: Words, radius: int, wanted: NDArray[np.bool_]) -> tuple[Ids, Ids]:
    asked = np.nonzero(wanted)[0]
    lows, highs = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    rows = max(1, _BLOCK // len(words))
    for start in range(0, len(asked), rows):
        block = asked[start : start + rows]
        bits = np.bitwise_count(words[block][:, None] ^ words[None])
        bits[np.arange(len(block)), block] = 255  # itself
        a, b = np.nonzero(bits <= radius)
        kept = _closest(a, bits[a, b])
        a, b = block[a[kept]], b[kept]
        lows.append(np.minimum(a, b))
        highs.append(np.maximum(a, b))
    return np.concatenate(lows), np.concatenate(highs)


def _closest(owner: Ids, bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which of each owner's partners are among its 64 closest. `owner` ascends."""
    begins = np.searchsorted(owner, owner)
    ranks = np.arange(len(owner)) - begins
    if not len(owner) or int(ranks.max()) < _PARTNERS:
        return np.ones(len(owner), bool)
    order = np.lexsort((bits, owner))
    kept = np.empty(len(owner), bool)
    kept[order] = ranks < _PARTNERS  # the owners stand where they stood
    return kept


def _along(words: Words, members: Ids, radius: int) -> tuple[Ids, Ids]:
    """Pairs of a crowd, each with those next to it in the order of all bits."""
    order = members[np.argsort(words[members], kind="stable")]
    lows, highs = [], []
    for step in range(1, 2 * _REACH + 1):
        a, b = order[:-step], order[step:]
        near = np.bitwise_count(words[a] ^ words[b]) <= radius
        lows.append(np.minimum(a, b)[near])
        highs.append(np.maximum(a, b)[near])
    return np.concatenate(lows), np.concatenate(highs)


def _in_lists(
    words: Words, here: Ids, keys: NDArray[np.int64], order: Ids, begins: Ids, radius: int, *, ordered: bool
) -> list[tuple[Ids, Ids]]:
    """Compare each of `here` with all that have the key given for it."""
    lengths = begins[keys + 1] - begins[keys]
    ends = np.cumsum(lengths)
    found = []
    start = 0
    while start < len(here):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        count = lengths[start:stop]
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        a = np.repeat(here[start:stop], count)
        b = order[np.repeat(begins[keys[start:stop]], count) + within]
        bits = np.bitwise_count(words[a] ^ words[b])
        near = bits <= radius
        if ordered:  # each pair comes twice from one list
            near &= a < b
        a, b = a[near], b[near]
        kept = _closest(a, bits[near])
        a, b = a[kept], b[kept]
        found.append((np.minimum(a, b), np.maximum(a, b)))
        start = stop
    return found
