"""Pairs worth a look: by fingerprint, by embedding, for new ones, and by what others answer."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.search import likely_pairs as module
from engine.search.likely_pairs import Items, Likely, likely_pairs


def library(n: int = 400, n_dimensions: int = 96, seed: int = 1) -> Items:
    """Return made-up items whose last fifth are alike to earlier ones."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 1, (n, n_dimensions)).astype(np.float32)
    hashes = rng.integers(-(2**63), 2**63, n, dtype=np.int64)
    n_alike = n // 5
    vectors[-n_alike:] = vectors[:n_alike] + rng.normal(0, 0.4, (n_alike, n_dimensions)).astype(np.float32)
    hashes[-n_alike // 2 :] = hashes[n_alike - n_alike // 2 : n_alike] ^ 5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Items(np.arange(n) * 3 + 7, hashes, np.ones(n, dtype=bool), vectors)


def by_hand(items: Items) -> dict[tuple[int, int], tuple[int, float]]:
    assert items.vectors is not None
    cosines = items.vectors @ items.vectors.T
    words = items.fingerprints.view(np.uint64)
    bits = np.bitwise_count(words[:, None] ^ words[None])
    return {
        (a, b): (int(bits[a, b]), float(cosines[a, b]))
        for b in range(len(words))
        for a in range(b)
        if cosines[a, b] >= module.COSINE_MIN or bits[a, b] <= module.RADIUS
    }


def as_dict(likely: Likely) -> dict[tuple[int, int], tuple[int, float]]:
    rows = zip(likely.first, likely.second, likely.bits, likely.cosine, strict=True)
    found = {(int(a), int(b)): (int(bits), float(cosine)) for a, b, bits, cosine in rows}
    assert len(found) == len(likely) and all(a < b for a, b in found)
    return found


@pytest.mark.parametrize("few", [module._FEW_QUERIES, 1], ids=["all with all", "in cells"])
def test_what_is_alike_is_found_the_most_promising_first(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEW_QUERIES", few)
    items = library()
    likely = likely_pairs(items)
    expected, found = by_hand(items), as_dict(likely)
    assert found.keys() == expected.keys()
    for pair, (bits, cosine) in expected.items():
        assert found[pair][0] == bits and found[pair][1] == pytest.approx(cosine, abs=1e-4)
    assert (np.diff(likely.promise) <= 0).all() and len(likely) >= 80


def test_new_ones_only() -> None:
    items = library()
    is_new = np.zeros(400, dtype=bool)
    is_new[[5, 390, 399]] = True
    expected = {pair for pair in by_hand(items) if is_new[list(pair)].any()}
    assert as_dict(likely_pairs(items, is_new=is_new)).keys() == expected
    assert expected


def test_the_index_is_asked_instead_of_the_vectors() -> None:
    items = library()
    vectors = items.vectors
    assert vectors is not None
    asked: list[int] = []

    def neighbours(ids: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        asked.extend(ids.tolist())
        cosines = vectors[np.searchsorted(items.ids, ids)] @ vectors.T
        near = np.argsort(-cosines, axis=1)[:, : k - 2]
        return (
            np.pad(items.ids[near], ((0, 0), (0, 2)), constant_values=-1),
            np.pad(np.take_along_axis(cosines, near, axis=1), ((0, 0), (0, 2))),
        )

    without_vectors = Items(items.ids, items.fingerprints, items.has_fingerprint)
    found = as_dict(likely_pairs(without_vectors, neighbours=neighbours))
    assert found.keys() == by_hand(items).keys() and asked == items.ids.tolist()


def test_items_without_fingerprint_or_vector() -> None:
    items = library()
    vectors = items.vectors
    assert vectors is not None
    vectors = vectors.copy()
    vectors[399] = 0
    has = np.ones(400, dtype=bool)
    has[398] = False
    found = as_dict(likely_pairs(Items(items.ids, items.fingerprints, has, vectors)))
    assert found[78, 398][0] == 64 and found[78, 398][1] > 0.8  # by its embedding
    assert found[79, 399][0] == 2 and np.isnan(found[79, 399][1])  # by its fingerprint
    nothing = Items(items.ids, items.fingerprints, np.zeros(400, dtype=bool))
    assert len(likely_pairs(nothing)) == 0


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_items(n: int) -> None:
    rows = np.eye(2, 8, dtype=np.float32)[:n]
    items = Items(np.arange(n), np.zeros(n, np.int64), np.ones(n, dtype=bool), rows)
    assert len(likely_pairs(items)) == (1 if n == 2 else 0)


def test_columns_that_do_not_fit_are_refused() -> None:
    ids, hashes, has = np.arange(3), np.zeros(3, np.int64), np.ones(3, dtype=bool)
    with pytest.raises(ValueError, match="length"):
        Items(ids, hashes[:2], has)
    with pytest.raises(ValueError, match="vectors"):
        Items(ids, hashes, has, np.zeros((2, 4), np.float32))
    with pytest.raises(ValueError, match="ascend"):
        Items(ids[::-1], hashes, has)
