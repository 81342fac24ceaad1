"""The map of a made-up library: what it keeps of neighbourhoods, and what stays the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.search import projection
from engine.search.neighbourhood import Cells
from engine.search.projection import Placing, from_bytes, placed, projected, to_bytes


def vectors(n: int, *, d: int = 64, n_kinds: int = 20, seed: int = 0) -> np.ndarray:
    """Kinds of pictures, each of which varies in a few ways."""
    random = np.random.default_rng(seed)
    kinds = random.standard_normal((n_kinds, d))
    ways = random.standard_normal((n_kinds, 4, d)) * 0.4
    kind = np.arange(n) % n_kinds
    found = kinds[kind] + np.einsum("nw,nwd->nd", random.standard_normal((n, 4)), ways[kind])
    found += 0.05 * random.standard_normal((n, d))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def reader(of: np.ndarray) -> Callable[[int, int], np.ndarray]:
    return lambda start, stop: of[start:stop]


def near(points: np.ndarray, k: int = 10) -> np.ndarray:
    apart = np.square(points).sum(axis=1)[None] - 2 * points @ points.T
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1)[:, :k]


def kept(of: np.ndarray, places: np.ndarray) -> float:
    """Share of the ten nearest that are still among the ten nearest."""
    return float(np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(near(of), near(places), strict=True)]))


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, projection.ProjectedMap]:
    of = vectors(800)
    result = projected(reader(of), len(of), seed=4)
    assert result is not None
    return of, result


def test_neighbours_stay_far_better_than_by_pca(made: tuple[np.ndarray, projection.ProjectedMap]) -> None:
    of, result = made
    flat = projected(reader(of), len(of), method="pca")
    assert flat is not None and result.places.shape == flat.places.shape == (800, 2)
    by_pca, by_neighbours = kept(of, flat.places), kept(of, result.places)
    assert by_neighbours > 0.4 and by_neighbours > 2 * by_pca


def test_pca_is_the_two_main_axes() -> None:
    of = vectors(300)
    flat = projected(reader(of), len(of), method="pca")
    assert flat is not None
    centred = of - of.mean(axis=0)
    _u, sizes, rows = np.linalg.svd(centred, full_matrices=False)
    for i in range(2):
        true = centred @ rows[i]
        assert abs(np.corrcoef(true, flat.places[:, i])[0, 1]) > 0.9999
        assert np.linalg.norm(flat.places[:, i]) == pytest.approx(sizes[i], rel=1e-2)


def test_axes_point_where_their_largest_part_is_positive() -> None:
    made = projected(reader(vectors(300)), 300, method="pca")
    assert made is not None
    axes = made.projection.axes
    assert axes.shape == (64, 50) and (axes[np.abs(axes).argmax(axis=0), np.arange(50)] > 0).all()


def test_nothing_is_its_own_neighbour_not_even_behind_others_that_are_the_same() -> None:
    points = np.repeat(vectors(20, d=8), 30, axis=0)
    near_by = projection._others(Cells.of(points, 0), 5, lambda _fraction: True)
    assert near_by.shape == (600, 5) and not (near_by == np.arange(600)[:, None]).any()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 29, 30, 45])
@pytest.mark.parametrize("method", ["pca", "neighbours"])
def test_small_libraries_have_a_map(n: int, method: projection.MapMethod) -> None:
    of = vectors(n)
    result = projected(reader(of), n, method=method)
    assert result is not None and result.places.shape == (n, 2) and result.places.dtype == np.float32
    assert np.isfinite(result.places).all()
    if n > 1:
        assert len(np.unique(result.places, axis=0)) == n


def test_the_same_picture_many_times_is_no_trouble() -> None:
    of = np.repeat(vectors(30), 20, axis=0)
    result = projected(reader(of), len(of))
    assert result is not None and np.isfinite(result.places).all()


def test_a_seed_makes_the_same_map_bit_for_bit_and_another_seed_another(
    made: tuple[np.ndarray, projection.ProjectedMap],
) -> None:
    of, result = made
    again, other = projected(reader(of), len(of), seed=4), projected(reader(of), len(of), seed=5)
    assert again is not None and other is not None
    assert again.places.tobytes() == result.places.tobytes()
    assert to_bytes(again.projection) == to_bytes(result.projection)
    assert other.places.tobytes() != result.places.tobytes()


def test_vectors_are_read_in_blocks_and_never_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "_BLOCK", 100)
    monkeypatch.setattr(projection, "_FITTED_ON", 256)
    of, asked = vectors(1000), list[tuple[int, int]]()

    def read(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return of[start:stop]

    assert projected(read, 1000, method="pca") is not None
    assert max(stop - start for start, stop in asked) <= 100
    assert asked[-10:] == [(i, i + 100) for i in range(0, 1000, 100)]
    fitted = asked[:-10]
    assert len(fitted) == 4 and fitted[0][0] == 0 and fitted[-1][1] == 1000


def test_progress_goes_up_to_one_and_the_draft_comes_before_the_end() -> None:
    of, told, drafts = vectors(400), list[float](), list[tuple[int, projection.ProjectedMap]]()
    result = projected(reader(of), 400, progress=told.append, draft=lambda early: drafts.append((len(told), early)))
    assert result is not None
    assert told == sorted(told) and told[-1] == pytest.approx(1.0) and len(told) > 50
    ((when, draft),) = drafts
    assert when < len(told) / 4
    by_pca = projected(reader(of), 400, method="pca")
    assert by_pca is not None
    np.testing.assert_array_equal(draft.places, by_pca.places)
    assert draft.projection.method == "pca"
    np.testing.assert_array_equal(placed(draft.projection, of[:20]), placed(by_pca.projection, of[:20]))


@pytest.mark.parametrize("after", [0, 1, 3, 60, 300])
def test_it_can_be_cancelled_at_any_step(after: int) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    of = vectors(400)
    assert projected(reader(of), 400, cancelled=cancelled) is None
    assert asked == after + 1


@pytest.mark.parametrize("method", ["pca", "neighbours"])
def test_new_contents_are_placed_among_their_like(method: projection.MapMethod) -> None:
    everything = vectors(700)
    old, new = everything[:600], everything[600:]
    result = projected(reader(old), len(old), method=method)
    assert result is not None
    before = result.places.copy()
    places = placed(result.projection, new)
    np.testing.assert_array_equal(result.places, before)
    assert places.shape == (100, 2) and places.dtype == np.float32
    if method == "pca":
        both = projected(reader(old), len(old), method=method)
        assert both is not None
        np.testing.assert_array_equal(placed(result.projection, old), both.places)
        return
    kind, closest = np.arange(600) % 20, np.square(places[:, None] - result.places[None]).sum(axis=2).argmin(axis=1)
    assert (kind[closest] == np.arange(600, 700) % 20).mean() > 0.97


def test_a_vector_that_is_on_the_map_is_placed_where_it_lies(made: tuple[np.ndarray, projection.ProjectedMap]) -> None:
    of, result = made
    np.testing.assert_allclose(placed(result.projection, of[:50]), result.places[:50], atol=1e-3)
    assert placed(result.projection, of[:0]).shape == (0, 2)


def test_lots_are_placed_as_all_at_once(made: tuple[np.ndarray, projection.ProjectedMap]) -> None:
    of, result = made
    placing = Placing(result.projection)
    lots = np.concatenate([placing.of(of[start : start + 7] * 0.99) for start in range(0, 42, 7)])
    np.testing.assert_allclose(lots, placed(result.projection, of[:42] * 0.99), atol=1e-4)


def test_what_lies_between_two_kinds_lies_with_one_of_them() -> None:
    around = np.array([[[0, 0], [0.1, 0], [0, 0.1], [100, 0], [0.1, 0.1]]], np.float32)
    place = projection._beside(around, np.ones((1, 5), np.float32))
    assert np.linalg.norm(place[0]) < 0.5


def test_above_the_limit_a_sample_is_laid_out_and_the_others_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "_LAID_OUT", 400)
    of, told = vectors(900), list[float]()
    result = projected(reader(of), len(of), progress=told.append)
    assert result is not None and len(result.projection.landmarks) == 400
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)
    closest = near(result.places, 1)[:, 0]
    assert (closest % 20 == np.arange(900) % 20).mean() > 0.95


def test_a_projection_is_kept_and_taken_up_again(made: tuple[np.ndarray, projection.ProjectedMap]) -> None:
    of, result = made
    again = from_bytes(to_bytes(result.projection))
    assert again is not None and again.method == "neighbours" and again.seed == 4
    np.testing.assert_array_equal(placed(again, of[:20] * 0.99), placed(result.projection, of[:20] * 0.99))


def test_of_another_version_it_is_not_taken_up(
    made: tuple[np.ndarray, projection.ProjectedMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = to_bytes(made[1].projection)
    monkeypatch.setattr(projection, "_VERSION", projection._VERSION + 1)
    assert from_bytes(data) is None


@given(st.data())
def test_what_is_damaged_is_not_taken_up_or_is_whole(data: st.DataObject) -> None:
    result = projected(reader(vectors(20, d=8)), 20, method="pca")
    assert result is not None
    good = to_bytes(result.projection)
    cut = good[: data.draw(st.integers(0, len(good) - 1))]
    assert from_bytes(cut) is None
    at, value = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(0, 255))
    spoilt = from_bytes(good[:at] + bytes([value]) + good[at + 1 :])
    assert spoilt is None or placed(spoilt, vectors(3, d=8)).shape == (3, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_named(value: float) -> None:
    of = vectors(5000, d=8)
    of[4321, 3] = value
    with pytest.raises(ValueError, match="4321"):
        projected(reader(of), len(of), method="pca")
