"""Where groups and tiles lie: nothing overlaps, everything can be hit, and a page finds its groups among thousands."""

from __future__ import annotations

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint

from desktop.ui.duplicate_layout import SIDE_PX, DuplicateLayout, Hit

groups = st.lists(st.tuples(st.integers(1, 14), st.sampled_from([44, 68])), min_size=1, max_size=12)


def of(sizes: list[tuple[int, int]], width: int = 700) -> DuplicateLayout:
    return DuplicateLayout.of(
        width, [n for n, _ in sizes], [head for _, head in sizes], tile_width=180, tile_height=200
    )


@given(groups, st.integers(100, 2000))
def test_nothing_overlaps_and_everything_can_be_hit(sizes: list[tuple[int, int]], width: int) -> None:
    layout, n_members = of(sizes, width), [n for n, _ in sizes]
    rects = []
    for place, n in enumerate(n_members):
        parts = [layout.head(place), *(layout.tile(place, at) for at in range(n))]
        assert all(layout.group(place).top() <= part.top() for part in parts)
        assert all(part.bottom() <= layout.group(place).bottom() for part in parts)
        rects += parts
        for at in range(n):
            assert layout.at(layout.tile(place, at).center(), n_members) == Hit(place, at)
        assert layout.at(layout.head(place).center(), n_members) == Hit(place, -1)
    assert not any(one.intersects(other) for one, other in itertools.combinations(rects, 2))
    assert max(rect.bottom() for rect in rects) < layout.height_px


@given(groups, st.integers(0, 4000), st.integers(1, 900))
def test_a_page_shows_the_groups_that_lie_in_it(sizes: list[tuple[int, int]], scroll_px: int, page_px: int) -> None:
    layout = of(sizes)
    inside = [
        place
        for place in range(len(layout))
        if layout.group(place).top() < scroll_px + page_px and layout.group(place).bottom() >= scroll_px
    ]
    assert list(layout.visible(scroll_px, page_px)) == inside


def test_between_tiles_and_beyond_the_last_there_is_nothing() -> None:
    layout = of([(3, 44)])
    tile = layout.tile(0, 2)
    assert layout.at(QPoint(tile.right() + 30, tile.center().y()), [3]) is None
    assert layout.at(QPoint(tile.left() - 4, tile.center().y()), [3]) is None
    assert layout.at(QPoint(5, tile.center().y()), [3]) is None and SIDE_PX > 5
    assert layout.at(QPoint(50, layout.height_px + 10), [3]) is None
    assert layout.at(QPoint(50, -10), [3]) is None


def test_an_empty_list_has_no_height() -> None:
    layout = of([])
    assert len(layout) == 0 and list(layout.visible(0, 500)) == [] and layout.at(QPoint(5, 5), []) is None


def test_a_narrow_window_has_one_column() -> None:
    assert of([(5, 44)], 60).columns == 1


def test_fifty_thousand_groups_are_laid_out_at_once() -> None:
    began_s = time.monotonic()
    layout = of([(3, 44)] * 50_000)
    for scroll_px in range(0, layout.height_px, layout.height_px // 1000):
        assert len(layout.visible(scroll_px, 900)) < 10
    assert time.monotonic() - began_s < 5
