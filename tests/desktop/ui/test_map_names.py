"""Names on the map: where they are, and that none lies over another."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from desktop.ui.map_camera import MapCamera
from desktop.ui.map_names import MapNames
from desktop.ui.map_scene import MapScene
from engine.schemas.map import MapColours, MapGroup, MapPoints
from tests.desktop.ui.on_screen import pixels

WHITE, BLACK = QColor("white"), QColor("black")


def scene_of(*places: tuple[float, float]) -> MapScene:
    points = MapPoints(np.arange(len(places)), np.array(places, np.float32))
    legend = tuple(MapGroup(f"name number {i}", 1) for i in range(len(places)))
    return MapScene.of(points, MapColours("class", np.arange(len(places), dtype=np.uint16), legend))


def written(scene: MapScene, camera: MapCamera, busy: list[QRectF] | None = None) -> np.ndarray:
    image = QImage(camera.width, camera.height, QImage.Format.Format_RGB32)
    image.fill(WHITE)
    painter = QPainter(image)
    MapNames().paint(painter, scene, camera, QFont("DejaVu Sans", 9), BLACK, WHITE, 1.0, busy or [])
    painter.end()
    return pixels(image)


def ink(shot: np.ndarray) -> int:
    return int((shot < 128).all(axis=2).sum())


def test_a_name_is_written_around_its_place(qapp) -> None:
    scene = scene_of((0, 0), (10, 0))
    camera = MapCamera(5, 0, 30, 500, 200)
    shot = written(scene, camera)
    left, right = ink(shot[80:120, 40:160]), ink(shot[80:120, 340:460])
    assert left > 50 and right > 50 and ink(shot) == left + right


def test_of_two_in_one_place_the_first_is_written(qapp) -> None:
    both, first = scene_of((0, 0), (0.1, 0)), scene_of((0, 0))
    camera = MapCamera(0, 0, 30, 300, 100)
    np.testing.assert_array_equal(written(both, camera), written(first, camera))


def test_not_over_what_lies_there_and_not_off_the_screen(qapp) -> None:
    camera = MapCamera(0, 0, 30, 300, 100)
    assert ink(written(scene_of((0, 0)), camera, [QRectF(140, 40, 20, 20)])) == 0
    assert ink(written(scene_of((50, 0)), camera)) == 0
