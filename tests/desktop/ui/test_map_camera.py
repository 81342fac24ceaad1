"""Where things are on the screen, and what stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF

from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import MapIndex
from tests.desktop.ui.map_hands import cloud, lattice

INDEX = MapIndex.of(cloud(300).places)
PIXELS = st.floats(0, 600)


def test_all_of_it_fits_with_a_margin() -> None:
    camera = MapCamera().resized(600, 400).fitted(INDEX)
    for x, y in zip(INDEX.x.tolist(), INDEX.y.tolist(), strict=True):
        point = camera.on_screen(x, y)
        assert 30 < point.x() < 570 and 30 < point.y() < 370
    assert len(INDEX.inside(camera.rect())) == 300


@given(PIXELS, PIXELS, st.floats(0.1, 10))
def test_zooming_keeps_what_is_under_the_mouse(x: float, y: float, factor: float) -> None:
    camera = MapCamera().resized(600, 600).fitted(INDEX)
    before = camera.on_map(QPointF(x, y))
    assert camera.zoomed(factor, QPointF(x, y), INDEX).on_map(QPointF(x, y)) == pytest.approx(before, abs=1e-6)


@given(PIXELS, PIXELS)
def test_to_the_map_and_back(x: float, y: float) -> None:
    camera = MapCamera(3.0, -2.0, 7.5, 600, 500)
    back = camera.on_screen(*camera.on_map(QPointF(x, y)))
    assert (back.x(), back.y()) == pytest.approx((x, y), abs=1e-6)


def test_zooming_ends_somewhere() -> None:
    camera = MapCamera().resized(600, 600).fitted(INDEX)
    near, far = (camera.zoomed(factor, QPointF(), INDEX).scale for factor in (1e12, 1e-12))
    assert near / camera.scale == pytest.approx(20_000) and far / camera.scale == pytest.approx(0.5)


def test_dragging_takes_the_map_along() -> None:
    camera = MapCamera(0, 0, 2.0, 600, 500)
    before, after = camera.on_screen(5, 5), camera.moved(30, -10).on_screen(5, 5)
    assert (after - before) == QPointF(30, -10)


def test_showing_a_place_moves_no_more_than_it_must() -> None:
    camera = MapCamera().resized(600, 600).fitted(INDEX)
    middle = camera.on_map(QPointF(300, 300))
    assert camera.showing(*middle, 60) == camera
    outside = camera.on_map(QPointF(900, -50))
    point = camera.showing(*outside, 60).on_screen(*outside)
    assert (point.x(), point.y()) == pytest.approx((540, 60))


def test_one_point_and_none() -> None:
    one = MapIndex.of(lattice(1).places)
    assert MapCamera().resized(600, 400).fitted(one).on_screen(0, 0) == QPointF(300, 200)
    assert MapCamera().resized(600, 400).fitted(MapIndex.of(lattice(0).places)).scale == 1.0
