"""A whole search over real pictures: copies together, other shots beside them, and kept up to date."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from engine.schemas.duplicates import Pairs
from engine.search import duplicates
from engine.search.duplicates import Items, found, joined, without
from engine.search.groups import near_groups, similar_groups
from tests.engine.search import shots

_EDITS = ("quality 40", "half the size", "cropped", "text")


@cache
def pictures() -> tuple[tuple[str, shots.Pixels], ...]:
    """Return two photos, four copies of each, and two other shots; in no order."""
    made: list[tuple[str, shots.Pixels]] = []
    for name in ("astronaut", "coffee"):
        made.append((name, shots.photo(name)))
        made += [(name, copy) for edit, copy in shots.copies(name).items() if edit in _EDITS]
        made.append((f"{name}, later", shots.moved(shots.photo(name), 0.8, 0.01)))
        made.append((f"{name}, later", shots.saved(shots.moved(shots.photo(name), 0.8, 0.01), quality=60)))
    order = np.random.default_rng(3).permutation(len(made))
    return tuple(made[i] for i in order)


@cache
def thumbnails() -> dict[int, shots.Pixels]:
    return {100 + 2 * i: shots.seen(pixels) for i, (_, pixels) in enumerate(pictures())}


@cache
def items() -> Items:
    """Return the items; their embeddings are small pictures, which is near enough to what a network would say."""
    vectors = np.stack([shots.resized_to(pixels, 12) for _, pixels in pictures()])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = np.array([shots.fingerprint(pixels) for _, pixels in pictures()], np.int64)
    return Items(np.array([*thumbnails()]), hashes, np.ones(len(hashes), dtype=bool), vectors)


@cache
def everything() -> Pairs:
    pairs = found(items(), thumbnails().get)
    assert pairs is not None
    return pairs


def names_of(members: tuple[int, ...]) -> set[str]:
    return {pictures()[(member - 100) // 2][0] for member in members}


def test_copies_come_together_and_other_shots_do_not() -> None:
    groups = near_groups(everything())
    assert sorted(len(group.members) for group in groups) == [2, 2, 5, 5]
    assert all(len(names_of(group.members)) == 1 for group in groups)
    for group in similar_groups(everything()):
        assert len({name.partition(",")[0] for name in names_of(group.members)}) == 1
    pairs = everything()
    assert (pairs.first < pairs.second).all() and pairs.near.any() and not (pairs.near & pairs.apart).any()


def test_the_order_of_the_ids_does_not_matter() -> None:
    n = len(items().ids)
    back = np.arange(n)[::-1]
    vectors = items().vectors
    assert vectors is not None
    turned = Items(items().ids, items().fingerprints[back], items().has_fingerprint, vectors[back])
    ids = {int(a): int(b) for a, b in zip(items().ids, items().ids[back], strict=True)}
    pairs = found(turned, lambda content_id: thumbnails()[ids[content_id]])
    assert pairs is not None
    groups = {tuple(sorted(ids[m] for m in group.members)) for group in near_groups(pairs)}
    assert groups == {group.members for group in near_groups(everything())}


def test_items_that_arrive_later_join_the_groups() -> None:
    n = len(items().ids)
    vectors = items().vectors
    assert vectors is not None
    part = Items(
        items().ids[: n - 3], items().fingerprints[: n - 3], items().has_fingerprint[: n - 3], vectors[: n - 3]
    )
    known = found(part, thumbnails().get)
    assert known is not None
    is_new = np.arange(n) >= n - 3
    looked_at: set[int] = set()

    def seen(content_id: int) -> shots.Pixels:
        looked_at.add(content_id)
        return thumbnails()[content_id]

    pairs = found(items(), seen, known=known, is_new=is_new)
    assert pairs is not None
    assert [g.members for g in near_groups(pairs)] == [g.members for g in near_groups(everything())]
    fresh = np.isin(pairs.first, items().ids[is_new]) | np.isin(pairs.second, items().ids[is_new])
    assert int((~fresh).sum()) >= len(known) and looked_at >= {*items().ids[is_new].tolist()}
    gone = without(pairs, items().ids[is_new])
    assert [g.members for g in near_groups(gone)] == [g.members for g in near_groups(known)]


def test_threads_give_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_CHUNK", 7)
    with ThreadPoolExecutor(3) as pool:
        pairs = found(items(), thumbnails().get, run_all=pool.map)
    assert pairs is not None
    for name in Pairs.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(pairs, name), getattr(everything(), name))


def test_without_thumbnails_only_what_is_nearly_equal_is_near_and_says_so() -> None:
    missing = {int(i) for i in items().ids[::2]}
    some = found(items(), lambda content_id: None if content_id in missing else thumbnails()[content_id])
    none = found(items(), None)
    for pairs in (some, none):
        assert pairs is not None
        blind = pairs.near & ~pairs.checked
        assert blind.any() and (pairs.cosine[blind] > 0.96).all()
        codes = {int(i): int(code) for i, code in zip(items().ids, items().fingerprints, strict=True)}
        for first, second in zip(pairs.first[blind], pairs.second[blind], strict=True):
            assert ((codes[int(first)] ^ codes[int(second)]) & (2**64 - 1)).bit_count() <= 4
    assert some is not None and none is not None
    assert not none.checked.any()
    lost = np.isin(some.first, [*missing]) | np.isin(some.second, [*missing])
    assert not some.checked[lost].any() and not (some.near & ~some.checked & ~lost).any()


def test_it_can_be_stopped_at_any_step() -> None:
    fractions: list[float] = []
    assert found(items(), thumbnails().get, step=lambda f: fractions.append(f) is None)
    assert fractions == sorted(fractions) and fractions[-1] == 1.0

    def stopping_at(limit: float) -> Callable[[float], bool]:
        return lambda fraction: fraction < limit

    for limit in (0.0, 0.3, 0.4):
        assert found(items(), thumbnails().get, step=stopping_at(limit)) is None


def test_a_crowd_of_equal_pictures_is_one_group_for_few_looks() -> None:
    n = 120
    black = np.zeros((144, 256, 3), np.uint8)
    same = Items(np.arange(n), np.zeros(n, np.int64), np.ones(n, dtype=bool))
    n_looks = 0

    def seen(_content_id: int) -> shots.Pixels:
        nonlocal n_looks
        n_looks += 1
        return black

    pairs = found(same, seen)
    assert pairs is not None
    (group,) = near_groups(pairs)
    assert group.members == tuple(range(n)) and len(pairs) < 20 * n and n_looks < 20 * n


def test_a_round_ends_where_looks_find_nothing_more_but_not_while_much_is_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    vectors = np.abs(rng.standard_normal((60, 64))).astype(np.float32)  # of one kind: cosines of about 0.64
    vectors[1] = vectors[0] * (1 + 0.1 * rng.standard_normal(64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    noise = rng.integers(0, 255, (60, 48, 64, 3), np.uint8)
    noise[1] = noise[0]
    some = Items(np.arange(60), rng.integers(-(2**63), 2**63, 60), np.ones(60, dtype=bool), vectors)
    looked: list[tuple[int, int]] = []
    chunks = duplicates._looked

    def counting(chunk: list[tuple[int, int]], thumbnails: duplicates.Thumbnails) -> duplicates.Verdicts:
        looked.extend(chunk)
        return chunks(chunk, thumbnails)

    def n_looks(promising: float) -> int:
        looked.clear()
        monkeypatch.setattr(duplicates, "_PROMISING", promising)
        pairs = found(some, lambda content_id: noise[content_id])
        assert pairs is not None and [group.members for group in near_groups(pairs)] == [(0, 1)]
        return len(looked)

    monkeypatch.setattr(duplicates, "_looked", counting)
    monkeypatch.setattr(duplicates, "_BLOCK", 10)
    monkeypatch.setattr(duplicates, "_WORTHWHILE", 1)
    assert n_looks(0.8) == 40, "two blocks of the first round, as one of the first is a copy, then one of each"
    assert n_looks(0.3) > 150


def test_an_empty_library() -> None:
    empty = Items(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, dtype=bool), np.zeros((0, 4), np.float32))
    pairs = found(empty, thumbnails().get)
    assert pairs is not None and len(pairs) == 0 and near_groups(pairs) == []


def test_joined_takes_the_newer_of_two() -> None:
    old = everything()
    changed = Pairs(
        old.first[:3], old.second[:3], ~old.near[:3], old.score[:3], old.cosine[:3], old.apart[:3], old.checked[:3]
    )
    both = joined(old, changed)
    assert len(both) == len(old)
    np.testing.assert_array_equal(both.near[:3], ~old.near[:3])
    np.testing.assert_array_equal(both.near[3:], old.near[3:])
    assert len(joined(without(old, old.first), old)) == len(old)
