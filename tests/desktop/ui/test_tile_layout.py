"""Where tiles lie: every way of asking gives the same answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect, QSize

from desktop.ui.tile_layout import MARGIN_PX, TileLayout, columns_in
from desktop.ui.tile_painter import TileShape


def layout(width: int, height: int, tile: int, n: int) -> TileLayout:
    columns = columns_in(width, tile)
    cell = max(48, (width - 2 * MARGIN_PX) // columns)
    return TileLayout(TileShape(cell, cell + 20, cell // 2), columns, n, (width - columns * cell) // 2, height)


LAYOUTS = st.builds(layout, st.integers(60, 900), st.integers(0, 700), st.integers(96, 320), st.integers(0, 120))


@settings(deadline=None)
@given(LAYOUTS, st.integers(0, 3000))
def test_visible_are_those_whose_cells_meet_the_viewport(lay: TileLayout, scroll: int) -> None:
    height = max(1, lay.page_px)
    on_screen = [p for p in range(lay.n) if (r := lay.rect(p, scroll)).top() < height and r.bottom() >= 0]
    visible = lay.visible(scroll)
    assert set(on_screen) <= set(visible)
    # Whole rows, and the margin at the top may bring the first row in early.
    assert all(lay.rect(p, scroll).top() < height + MARGIN_PX + lay.shape.height for p in visible)
    around = lay.visible(scroll, 1, 1)
    assert around.start <= visible.start and around.stop >= visible.stop
    assert len(around) <= (3 * height // lay.shape.height + 4) * lay.columns


@settings(deadline=None)
@given(LAYOUTS, st.integers(0, 2000), st.integers(0, 119))
def test_a_point_of_a_cell_leads_back_to_its_place(lay: TileLayout, scroll: int, place: int) -> None:
    if place < lay.n:
        rect = lay.rect(place, scroll)
        for point in (rect.topLeft(), rect.bottomRight(), rect.center()):
            assert lay.place_at(point, scroll) == place


@settings(deadline=None)
@given(LAYOUTS, st.integers(0, 2000), st.integers(-500, 1500), st.integers(-500, 1500), st.integers(1, 900))
def test_an_area_has_the_places_whose_cells_it_touches(lay: TileLayout, scroll: int, x: int, y: int, side: int) -> None:
    area = QRect(QPoint(x, y), QSize(side, side * 2))
    touched = [p for p in range(lay.n) if lay.rect(p, scroll).intersects(area)]
    assert lay.places_in(area, scroll).tolist() == touched


def test_outside_of_cells_is_no_place() -> None:
    lay = layout(400, 300, 160, 3)
    assert lay.columns == 2
    assert lay.place_at(QPoint(lay.left_px - 1, 50), 0) is None
    assert lay.place_at(QPoint(399, 50), 0) is None
    assert lay.place_at(QPoint(50, MARGIN_PX - 1), 0) is None
    assert lay.place_at(lay.rect(3, 0).center(), 0) is None  # the last row is not full


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100_000])
def test_everything_has_its_room(n: int) -> None:
    lay = layout(700, 500, 160, n)
    rows = -(-n // lay.columns)
    assert lay.height_px == rows * lay.shape.height + 2 * MARGIN_PX
    if n:
        assert lay.rect(n - 1, 0).bottom() < lay.height_px
        assert lay.visible(max(0, lay.height_px - 500)).stop == n
