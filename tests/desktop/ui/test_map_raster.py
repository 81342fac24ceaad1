"""What the raster draws: the pixels are looked at, beside where points must be."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from desktop.ui import map_raster
from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import MapIndex
from desktop.ui.map_raster import Look, MapRaster, radius_of, seen
from desktop.ui.map_scene import MapScene
from tests.desktop.ui.map_hands import cloud, lattice, two_kinds
from tests.desktop.ui.on_screen import pixels

RED, BLUE, WHITE, BLACK = (QColor(name) for name in ("#ff0000", "#0000ff", "#ffffff", "#000000"))
FAR_RED, FAR_BLUE = QColor("#ffdddd"), QColor("#ddddff")
LOOK = Look(WHITE, BLACK, (RED, BLUE), (FAR_RED, FAR_BLUE))


def rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()


def drawn(scene: MapScene, camera: MapCamera, ratio: float = 1.0, selected=None, picked=None) -> np.ndarray:  # type: ignore[no-untyped-def]
    return pixels(MapRaster().drawn(scene, camera, ratio, LOOK, selected, picked))


def at(shot: np.ndarray, camera: MapCamera, x: float, y: float, ratio: float = 1.0) -> tuple[int, ...]:
    point = camera.on_screen(x, y) * ratio
    return tuple(shot[int(point.y()), int(point.x())].tolist())


@pytest.fixture
def scene() -> MapScene:
    return MapScene.of(lattice(5), two_kinds(25))


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_each_point_is_a_dot_in_its_colour(scene: MapScene, ratio: float) -> None:
    camera = MapCamera().resized(301, 240).fitted(scene.index)
    shot = drawn(scene, camera, ratio)
    assert shot.shape[:2] == (round(240 * ratio), round(301 * ratio))
    for i, (x, y) in enumerate(lattice(5).places.tolist()):
        assert at(shot, camera, x, y, ratio) == rgb((RED, BLUE)[i % 2])
    assert tuple(shot[0, 0]) == rgb(WHITE) and at(shot, camera, 0.5, 0.5, ratio) == rgb(WHITE)
    area = (np.pi * radius_of(scene.index, camera) ** 2 * ratio**2) * 25
    assert np.count_nonzero((shot != 255).any(axis=2)) == pytest.approx(area, rel=0.25)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_dot_has_its_middle_on_its_point(ratio: float) -> None:
    one = MapScene.of(lattice(1), two_kinds(1))
    for dx, dy in ((0.0, 0.0), (0.4, 0.7), (-0.3, 12.0)):
        camera = MapCamera(dx, dy, 1.0, 81, 61)
        ink = 255.0 - drawn(one, camera, ratio).astype(float)[:, :, 2]
        rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]] + 0.5
        middle = QPointF(float((columns * ink).sum() / ink.sum()), float((rows * ink).sum() / ink.sum())) / ratio
        assert (middle - camera.on_screen(0.0, 0.0)).manhattanLength() < 1.2


def test_rims_are_soft(scene: MapScene) -> None:
    camera = MapCamera().resized(300, 240).fitted(scene.index)
    colors = {tuple(color) for color in drawn(scene, camera).reshape(-1, 3).tolist()}
    assert 4 < len(colors) < 20


@pytest.mark.parametrize(("x", "y"), [(-2.0, 0.0), (2.0, 9.0), (6.02, 2.0), (2.0, -1.3), (500.0, 0.0)])
def test_points_at_and_beyond_the_edges_are_cut_off(scene: MapScene, x: float, y: float) -> None:
    camera = MapCamera(x, y, 40.0, 160, 120)
    shot = drawn(scene, camera)
    whole = MapCamera(x, y, 40.0, 560, 520)
    np.testing.assert_array_equal(shot, drawn(scene, whole)[200:320, 200:360])


def test_moving_by_whole_pixels_moves_the_picture(scene: MapScene) -> None:
    camera = MapCamera().resized(300, 240).fitted(scene.index)
    before, after = drawn(scene, camera), drawn(scene, camera.moved(7, -5))
    np.testing.assert_array_equal(before[5:, :-7], after[:-5, 7:])


def test_what_is_selected_has_a_ring_and_the_others_step_back(scene: MapScene) -> None:
    camera = MapCamera().resized(400, 400).fitted(scene.index)
    selected = np.zeros(25, np.bool_)
    selected[scene.index.rank[[12, 13]]] = True
    shot = drawn(scene, camera, selected=selected)
    assert at(shot, camera, 2, 2) == rgb(RED) and at(shot, camera, 3, 2) == rgb(BLUE)
    assert at(shot, camera, 0, 0) == rgb(FAR_RED) and at(shot, camera, 1, 0) == rgb(FAR_BLUE)
    assert np.count_nonzero((shot == 0).all(axis=2)) > 20


def test_what_is_picked_in_the_legend_stands_out(scene: MapScene) -> None:
    camera = MapCamera().resized(400, 400).fitted(scene.index)
    shot = drawn(scene, camera, picked=np.array([False, True]))
    assert at(shot, camera, 0, 0) == rgb(FAR_RED) and at(shot, camera, 1, 0) == rgb(BLUE)


def test_thinning_leaves_no_hole_that_an_eye_could_see() -> None:
    """Of 60,000 points a tenth is drawn, and all pixels that had a point near them still have."""
    points = cloud(60_000)
    scene = MapScene.of(points, two_kinds(60_000))
    camera = MapCamera().resized(160, 160).fitted(scene.index)
    chosen = seen(scene.index, camera, 1.0, 10**6, 3.0)
    assert len(chosen) < 12_000
    image = np.zeros((162, 162), np.bool_)
    x = np.floor((scene.index.x - camera.x) * camera.scale + 80).astype(int)
    y = np.floor((scene.index.y - camera.y) * camera.scale + 80).astype(int)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            image[np.clip(y[chosen] + dy, 0, 161), np.clip(x[chosen] + dx, 0, 161)] = True
    assert image[np.clip(y, 0, 161), np.clip(x, 0, 161)].all()


def test_a_selected_point_that_another_stands_for_is_still_seen() -> None:
    scene = MapScene.of(cloud(60_000), two_kinds(60_000))
    camera = MapCamera().resized(160, 160).fitted(scene.index)
    shown = set(seen(scene.index, camera, 1.0, 10**6, 3.0).tolist())
    hidden = next(place for place in range(30_000, 60_000) if place not in shown)
    selected = np.zeros(60_000, np.bool_)
    selected[hidden] = True
    shot = drawn(scene, camera, selected=selected)
    point = camera.on_screen(float(scene.index.x[hidden]), float(scene.index.y[hidden]))
    near = shot[int(point.y()) - 1 : int(point.y()) + 2, int(point.x()) - 1 : int(point.x()) + 2].reshape(-1, 3).tolist()
    assert list(rgb((RED, BLUE)[int(scene.groups[hidden])])) in near


@pytest.mark.parametrize("zoom", [1.0, 8.0, 100.0, 5000.0])
def test_a_frame_never_draws_more_than_it_may(monkeypatch: pytest.MonkeyPatch, zoom: float) -> None:
    monkeypatch.setattr(map_raster, "_MOST_PIXELS", 20_000)
    index = MapIndex.of(cloud(80_000).places)
    scene = MapScene.of(cloud(80_000), two_kinds(80_000), index)
    camera = MapCamera().resized(400, 400).fitted(index)
    x, y = camera.on_screen(float(index.x[40_000]), float(index.y[40_000])).toTuple()
    raster = MapRaster()
    raster.drawn(scene, camera.zoomed(zoom, QPointF(x, y), index), 1.0, LOOK, None, None)
    stamp = map_raster._stamp(raster.radius_px)
    assert 0 < raster.n_drawn * stamp.n_pixels <= 20_000


def test_dots_grow_in_steps_and_end() -> None:
    index = MapIndex.of(cloud(10_000).places)
    camera = MapCamera().resized(400, 400).fitted(index)
    radii = [radius_of(index, camera.zoomed(1.05**i, QPointF(), index)) for i in range(120)]
    assert radii == sorted(radii) and radii[0] >= 1.15 and radii[-1] <= 5.0 and 3 < len(set(radii)) < 12


def test_nothing_is_ground(qapp) -> None:
    assert (drawn(MapScene.empty(), MapCamera(width=30, height=20)) == 255).all()
