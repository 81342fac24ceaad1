"""Pairs that are worth a look: near by fingerprint, or by embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.search.fingerprints import close_pairs
from engine.search.neighbourhood import Cells

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]

RADIUS = 8
COSINE_MIN = 0.55
NEIGHBOURS = 32
_FEW_QUERIES = 4096  # so many are compared with all
_DIMENSIONS = 64
_SAMPLE = 8192
_BLOCK = 4096
_SEED = 4


class Neighbours(Protocol):
    """What answers with the nearest vectors: the hot index of a space."""

    def __call__(self, ids: Ids, k: int) -> tuple[Ids, Floats]:
        """Return ids and cosines of the `k` nearest of each, (n, k); -1 where there are no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The contents of a library, as columns.

    Attributes
    ----------
    ids
        int64, (n,), ascending.
    fingerprints
        int64, (n,): perceptual hashes.
    has_fingerprint
        bool, (n,).
    vectors
        float32, (n, d), of length 1; rows of zeros where there is none. May lie in a mapped file. None where `neighbours`
        answer instead.
    """

    ids: Ids
    fingerprints: Ids
    has_fingerprint: NDArray[np.bool_]
    vectors: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        if len(self.fingerprints) != n or len(self.has_fingerprint) != n:
            raise ValueError("the columns differ in length")
        if self.vectors is not None and len(self.vectors) != n:
            raise ValueError("there are not as many vectors as ids")
        if n > 1 and not bool((np.diff(self.ids) > 0).all()):
            raise ValueError("the ids do not ascend")


@dataclass(frozen=True, slots=True, eq=False)
class Likely:
    """Places of pairs in `Items`, what their fingerprints and embeddings say, the most promising first.

    Attributes
    ----------
    first, second
        int64, places, ``first < second``.
    bits
        uint8: by how many bits the fingerprints differ; 64 where one has none.
    cosine
        float32; NaN where unknown.
    """

    first: Ids
    second: Ids
    bits: NDArray[np.uint8]
    cosine: Floats

    def __len__(self) -> int:
        return len(self.first)

    @property
    def promise(self) -> Floats:
        """From 0 to 1: what a look at the pair promises."""
        by_bits = 1 - self.bits.astype(np.float32) / 32
        return np.asarray(np.fmax(np.nan_to_num(self.cosine, nan=0.0), by_bits), dtype=np.float32)


def likely_pairs(
    items: Items, *, is_new: NDArray[np.bool_] | None = None, neighbours: Neighbours | None = None
) -> Likely:
    """Find pairs of one another's 32 nearest with a cosine of at least 0.55, or up to 8 of 64 bits apart.

    Parameters
    ----------
    is_new
        bool, (n,): only pairs with at least one of these.
    neighbours
        Asked instead of comparing the vectors here.
    """
    n = len(items.ids)
    wanted = np.ones(n, bool) if is_new is None else is_new
    with_hash = np.nonzero(items.has_fingerprint)[0]
    low, high = close_pairs(items.fingerprints[with_hash], RADIUS, is_new=wanted[with_hash])
    codes = [with_hash[low] * n + with_hash[high]]
    cosines = [np.full(len(low), np.nan, np.float32)]
    asked = np.nonzero(wanted)[0]
    if neighbours is not None and len(asked):
        ids, near = neighbours(items.ids[asked], NEIGHBOURS + 1)
        places = np.searchsorted(items.ids, ids)
        places[places == n] = 0
        codes_of, near_of = _coded(asked, np.where(items.ids[places] == ids, places, -1), near, n)
        codes.append(codes_of)
        cosines.append(near_of)
    elif items.vectors is not None and len(asked):
        codes_of, near_of = _nearest(items.vectors, asked)
        codes.append(codes_of)
        cosines.append(near_of)
    code, at = np.unique(np.concatenate(codes), return_index=True)
    cosine = np.concatenate(cosines)
    # Of a pair that both ways have found, the embedding's answer is kept.
    known = np.unique(np.concatenate(codes[1:]), return_index=True) if len(codes) > 1 else None
    cosine_of = cosine[at]
    if known is not None and len(known[0]):
        where = np.searchsorted(known[0], code)
        where[where == len(known[0])] = 0
        cosine_of = np.where(known[0][where] == code, cosine[len(low) :][known[1]][where], cosine_of)
    first, second = code // n if n else code, code % n if n else code
    if items.vectors is not None:
        unknown = np.nonzero(np.isnan(cosine_of))[0]
        cosine_of[unknown] = cosines_of(items.vectors, first[unknown], second[unknown])
    bits = np.bitwise_count(items.fingerprints[first].view(np.uint64) ^ items.fingerprints[second].view(np.uint64))
    bits = np.where(items.has_fingerprint[first] & items.has_fingerprint[second], bits, 64).astype(np.uint8)
    likely = Likely(first, second, bits, cosine_of.astype(np.float32))
    order = np.lexsort((second, first, -likely.promise))
    return Likely(first[order], second[order], bits[order], likely.cosine[order])


def _coded(asked: NDArray[np.intp], places: Ids, cosines: Floats, n: int) -> tuple[Ids, Floats]:
    own = np.repeat(asked, places.shape[1])
    other, cosine = places.ravel(), cosines.ravel().astype(np.float32)
    keep = (other >= 0) & (other != own) & (cosine >= COSINE_MIN)
    own, other, cosine = own[keep], other[keep], cosine[keep]
    code, at = np.unique(np.minimum(own, other).astype(np.int64) * n + np.maximum(own, other), return_index=True)
    return code, cosine[at]


def _nearest(vectors: Floats, asked: NDArray[np.intp]) -> tuple[Ids, Floats]:
    n = len(vectors)
    k = min(NEIGHBOURS + 1, n)
    found_codes, found_cosines = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    if len(asked) <= _FEW_QUERIES and len(asked) * n <= 1 << 30:
        rows = max(1, (1 << 26) // n)
        for start in range(0, len(asked), rows):
            block = asked[start : start + rows]
            cosines = np.asarray(vectors[block] @ vectors.T, dtype=np.float32)
            near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
            code, cosine = _coded(block, near, np.take_along_axis(cosines, near, axis=1), n)
            found_codes.append(code)
            found_cosines.append(cosine)
    else:
        # Near by all dimensions is near by the few that vary most; the cosines are exact again.
        points = _projected(vectors)
        cells = Cells.of(points, _SEED)
        for start in range(0, len(asked), 16 * _BLOCK):
            block = asked[start : start + 16 * _BLOCK]
            near_places = cells.nearest(points[block], k)
            assert near_places is not None
            own = np.repeat(block, k)
            other = near_places.ravel()
            far = np.square(points[own] - points[other]).sum(axis=1)
            maybe = (own != other) & (far <= 2 - 2 * COSINE_MIN)  # a projection brings nothing farther apart
            code = np.unique(np.minimum(own, other)[maybe].astype(np.int64) * n + np.maximum(own, other)[maybe])
            cosine = cosines_of(vectors, code // n, code % n)
            keep = cosine >= COSINE_MIN
            found_codes.append(code[keep])
            found_cosines.append(cosine[keep])
    code, at = np.unique(np.concatenate(found_codes), return_index=True)
    return code, np.concatenate(found_cosines)[at]


def _projected(vectors: Floats) -> Floats:
    """Return the vectors in the 64 directions in which a sample of them varies most."""
    n = len(vectors)
    sample = np.asarray(vectors[np.sort(np.random.default_rng(_SEED).choice(n, min(n, _SAMPLE), replace=False))])
    centre = sample.mean(axis=0)
    spread = sample - centre
    _, directions = np.linalg.eigh(spread.T @ spread)
    axes = np.asarray(directions[:, -min(_DIMENSIONS, directions.shape[1]) :], dtype=np.float32)
    points = np.empty((n, axes.shape[1]), np.float32)
    for start in range(0, n, _BLOCK):
        points[start : start + _BLOCK] = (vectors[start : start + _BLOCK] - centre) @ axes
    return points


def cosines_of(vectors: Floats, first: Ids, second: Ids) -> Floats:
    """Return the cosine of each pair of places; NaN where one has no vector."""
    cosines = np.empty(len(first), np.float32)
    for start in range(0, len(first), _BLOCK):
        a, b = vectors[first[start : start + _BLOCK]], vectors[second[start : start + _BLOCK]]
        cosines[start : start + _BLOCK] = np.einsum("ij,ij->i", a, b)
        none = ~(a.any(axis=1) & b.any(axis=1))
        cosines[start : start + _BLOCK][none] = np.nan
    return cosines
