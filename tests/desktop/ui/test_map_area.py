"""Lasso and rectangle, beside a test of each point against the outline."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPalette

from desktop.ui.map_area import MapArea, Shape
from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import MapIndex
from tests.desktop.ui.map_hands import cloud

INDEX = MapIndex.of(cloud(4000).places)
CAMERA = MapCamera().resized(500, 400).fitted(INDEX)


def drawn(shape: Shape, *corners: tuple[float, float]) -> MapArea:
    area = MapArea()
    area.begin(shape, QPointF(*corners[0]))
    for corner in corners[1:]:
        area.pull(QPointF(*corner))
    return area


def star(n: int = 40) -> list[tuple[float, float]]:
    turns = np.linspace(0, 2 * np.pi, n, endpoint=False)
    reach = np.where(np.arange(n) % 2, 60, 170)
    return [(250 + r * np.cos(t), 200 + r * np.sin(t)) for t, r in zip(turns, reach, strict=True)]


def test_a_lasso_holds_the_points_inside_of_it(qapp) -> None:
    area = drawn("lasso", *star())
    outline, found = area.outline(), set(area.places(INDEX, CAMERA).tolist())
    assert 200 < len(found) < 3000
    wrong = 0
    for place in range(len(INDEX)):
        at = CAMERA.on_screen(float(INDEX.x[place]), float(INDEX.y[place]))
        if outline.contains(at) != (place in found):
            wrong += 1
            around = QRectF(at.x() - 1.2, at.y() - 1.2, 2.4, 2.4)
            assert outline.intersects(around) and not outline.contains(around), "wrong by more than a pixel"
    assert wrong < 0.1 * len(found)


def test_a_rectangle_is_exact_from_whichever_corner(qapp) -> None:
    one, other = drawn("rectangle", (100, 80), (300, 220)), drawn("rectangle", (300, 220), (50, 50), (100, 80))
    left, top = CAMERA.on_map(QPointF(100, 80))
    right, bottom = CAMERA.on_map(QPointF(300, 220))
    inside = (INDEX.x >= left) & (INDEX.x <= right) & (INDEX.y >= top) & (INDEX.y <= bottom)
    for area in (one, other):
        np.testing.assert_array_equal(area.places(INDEX, CAMERA), np.flatnonzero(inside))
    assert inside.any()


def test_outside_of_the_screen_nothing_is_caught(qapp) -> None:
    near = CAMERA.zoomed(6, QPointF(250, 200), INDEX)
    places = drawn("lasso", (-500, -500), (900, -500), (900, 900), (-500, 900)).places(INDEX, near)
    np.testing.assert_array_equal(places, INDEX.inside(near.rect()))
    assert len(places) < 4000


def test_a_loop_that_crosses_itself_means_all_of_it(qapp) -> None:
    turns = np.linspace(0, 4 * np.pi, 80)
    twice = drawn("lasso", *[(250 + 120 * np.cos(t), 200 + 120 * np.sin(t)) for t in turns])
    once = drawn("lasso", *[(250 + 120 * np.cos(t), 200 + 120 * np.sin(t)) for t in turns[:40]])
    assert len(twice.places(INDEX, CAMERA)) == pytest.approx(len(once.places(INDEX, CAMERA)), rel=0.02)


def test_it_is_open_from_the_second_corner_to_the_end(qapp) -> None:
    area = MapArea()
    area.pull(QPointF(5, 5))
    assert not area.is_open and area.outline().isEmpty()
    area.begin("lasso", QPointF(10, 10))
    area.pull(QPointF(10.5, 10.5))
    assert not area.is_open and len(area.places(INDEX, CAMERA)) == 0
    area.pull(QPointF(60, 10))
    assert area.is_open
    area.end()
    assert not area.is_open


@pytest.mark.parametrize("shape", ["lasso", "rectangle"])
def test_it_is_seen(qapp, shape: Shape) -> None:
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    drawn(shape, (20, 20), (150, 20), (150, 150)).paint(painter, QPalette())
    painter.end()
    assert image.pixelColor(130, 60) != QColor("white") and image.pixelColor(190, 190) == QColor("white")
