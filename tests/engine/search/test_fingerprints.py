"""Pairs of fingerprints that differ in few bits: all of them, and no more work than there is in a crowd."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.search import fingerprints
from engine.search.fingerprints import RADIUS_MAX, close_pairs


def by_hand(words: NDArray[np.int64], radius: int) -> set[tuple[int, int]]:
    bits = np.bitwise_count(words.view(np.uint64)[:, None] ^ words.view(np.uint64)[None])
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(bits <= radius), strict=True) if a < b}


def pairs(words: NDArray[np.int64], radius: int, **kwargs: NDArray[np.bool_]) -> set[tuple[int, int]]:
    a, b = close_pairs(words, radius, **kwargs)
    found = list(zip(a.tolist(), b.tolist(), strict=True))
    assert len({*found}) == len(found) and found == sorted(found)
    return {*found}


def planted(rng: np.random.Generator, n: int, n_planted: int) -> NDArray[np.int64]:
    words = rng.integers(-(2**63), 2**63, n, dtype=np.int64)
    for place in range(n - n_planted, n):
        word = int(words[rng.integers(0, n - n_planted)]) & (2**64 - 1)
        for bit in rng.choice(64, rng.integers(1, 12), replace=False):
            word ^= 1 << int(bit)
        words[place] = np.array([word], np.uint64).view(np.int64)[0]
    return words


@pytest.mark.parametrize("radius", [0, 1, 8, RADIUS_MAX])
def test_all_are_found_and_no_others(radius: int, monkeypatch: pytest.MonkeyPatch) -> None:
    words = planted(np.random.default_rng(radius), 3000, 800)
    assert pairs(words, radius) == by_hand(words, radius)
    monkeypatch.setattr(fingerprints, "_BLOCK", 512)  # so that not all are compared with all, and lists come in parts
    assert pairs(words, radius) == by_hand(words, radius)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 255), max_size=14), st.integers(0, RADIUS_MAX), st.integers(0, 2**14 - 1))
def test_new_ones_are_compared_with_all(values: list[int], radius: int, new_bits: int) -> None:
    words = np.array(values, np.int64)
    is_new = np.array([bool(new_bits >> i & 1) for i in range(len(values))], dtype=bool)
    expected = {(a, b) for a, b in by_hand(words, radius) if is_new[a] or is_new[b]}
    found = pairs(words, radius, is_new=is_new)
    assert found <= expected
    # Of equal ones, one stands for all: whoever is reached, each new one is, if it has anybody.
    assert {place for pair in found for place in pair if is_new[place]} >= {
        place for pair in expected for place in pair if is_new[place] and not _has_twin(words, place)
    }
    if len(set(values)) == len(values):
        assert found == expected


def _has_twin(words: NDArray[np.int64], place: int) -> bool:
    return int((words == words[place]).sum()) > 1


@pytest.mark.parametrize("new_from", [0, 15_000])
def test_a_crowd_of_equal_ones_is_linear_and_reaches_everybody(new_from: int) -> None:
    n = 20_000
    a, b = close_pairs(np.zeros(n, np.int64), 8, is_new=np.arange(n) >= new_from)
    assert len(a) <= 16 * n
    assert {*range(new_from, n)} <= {*a.tolist(), *b.tolist()}
    assert set(b[a == 0].tolist()) >= {*range(max(1, new_from), n)}  # the first one is everybody's partner


def test_a_crowd_that_is_nearly_equal_is_bounded() -> None:
    words = np.random.default_rng(0).integers(0, 2**13, 30_000, dtype=np.int64)
    a, _ = close_pairs(words, 8)
    assert len(a) < 300 * len(words)


@pytest.mark.parametrize("radius", [-1, RADIUS_MAX + 1])
def test_other_radii_are_refused(radius: int) -> None:
    with pytest.raises(ValueError, match="radius"):
        close_pairs(np.zeros(2, np.int64), radius)


@pytest.mark.parametrize("n", [0, 1])
def test_few(n: int) -> None:
    assert pairs(np.zeros(n, np.int64), 8) == set()
