"""The surface of the map: what stays where it is while points come, and what is painted."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from desktop.ui import theme
from desktop.ui.map_canvas import MapCanvas
from desktop.ui.map_palette import faint
from engine.schemas.map import MapColours, MapGroup, MapPoints
from tests.desktop.ui.map_hands import at, canvas, cloud, lattice, show, two_kinds
from tests.desktop.ui.on_screen import color_of, pixels

__all__ = ["canvas"]  # the fixture


def shot(canvas: MapCanvas) -> np.ndarray:
    return pixels(canvas.grab().toImage())


def test_a_map_is_made_ready_on_a_reader_and_then_shown(canvas: MapCanvas, qtbot) -> None:
    canvas._read.held = True
    canvas.set_points(lattice(5), two_kinds(25))
    assert canvas.count() == 0
    canvas._read.answer("map")
    assert canvas.count() == 25 and canvas._is_fitted


def test_only_the_last_of_several_maps_is_made_ready(canvas: MapCanvas, qtbot) -> None:
    canvas._read.held = True
    canvas.set_points(lattice(5), two_kinds(25))
    canvas.set_points(lattice(4), two_kinds(16))
    assert canvas._read.answer_all() == 1 and canvas.count() == 16


def test_new_points_move_neither_the_view_nor_the_selection(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, cloud(500))
    canvas.zoom(5, QPointF(200, 150))
    canvas.set_selection(np.array([1, 4, 7]), 4)
    before = canvas._camera
    more = cloud(500)
    places = np.concatenate([more.places, [[900.0, 900.0]]]).astype(np.float32)
    show(qtbot, canvas, MapPoints(np.append(more.content_ids, 9999), places, "a"))
    assert canvas.count() == 501 and canvas._camera == before
    assert canvas.marked().tolist() == [1, 4, 7] and canvas.current_id() == 4


def test_new_points_move_the_view_not_even_while_all_is_shown(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, lattice(5))
    before = canvas._camera
    show(qtbot, canvas, MapPoints(np.array([1, 2]), np.array([[0, 0], [90, 90]], np.float32), "a"))
    assert canvas._camera == before


def test_another_layout_is_shown_whole_and_keeps_the_selection(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, lattice(5, layout="pca"))
    canvas.zoom(6)
    canvas.set_selection(np.array([101, 102]), 102)
    points = lattice(5)
    show(qtbot, canvas, MapPoints(points.content_ids, points.places * 40 - 7, "neighbours"))
    assert canvas._is_fitted and len(canvas.scene().index.inside(canvas._camera.rect())) == 25
    assert canvas.marked().tolist() == [101, 102] and canvas.current_id() == 102


def test_all_stays_in_view_in_a_window_of_another_size_until_it_was_moved(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, lattice(5))
    canvas.resize(300, 220)
    qtbot.waitUntil(lambda: canvas._camera.width == 300, timeout=20_000)
    assert len(canvas.scene().index.inside(canvas._camera.rect())) == 25
    canvas.zoom(6)
    scale = canvas._camera.scale
    canvas.resize(500, 420)
    qtbot.waitUntil(lambda: canvas._camera.width == 500, timeout=20_000)
    assert canvas._camera.scale == scale


def test_other_colours_use_the_same_index(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, lattice(5))
    index = canvas.scene().index
    with qtbot.waitSignal(canvas.sceneChanged, timeout=20_000):
        canvas.set_colours(MapColours("label", np.zeros(25, np.uint16), (MapGroup("", 25, "accepted"),)))
    assert canvas.scene().index is index and canvas.scene().colours.kind == "label"


def test_pictures_go_with_their_points(canvas: MapCanvas, qtbot) -> None:
    """A filter that lets fewer through: pictures of the others are gone with the next frame."""
    show(qtbot, canvas, lattice(5))
    qtbot.waitUntil(lambda: canvas.pictures_painted()[0] > 10, timeout=20_000)
    whole = lattice(5)
    some = MapPoints(whole.content_ids[:3], whole.places[:3], whole.layout)
    show(qtbot, canvas, some)
    shot(canvas)
    assert {spot.content_id for spot in canvas._seen_spots()} <= {100, 101, 102}


def test_pictures_take_the_place_of_dots_when_there_is_room(canvas: MapCanvas, qtbot) -> None:
    points = lattice(5)
    show(qtbot, canvas, points)
    canvas.repaint()
    qtbot.waitUntil(lambda: canvas.pictures_painted()[0] == canvas.pictures_painted()[1] > 10, timeout=20_000)
    qtbot.wait(50)
    seen = {tuple(color) for color in shot(canvas).reshape(-1, 3)[::3].tolist()}
    there = [color_of(spot.content_id).getRgb()[:3] in seen for spot in canvas._seen_spots()]
    assert all(there)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_wears_the_theme(canvas: MapCanvas, qtbot, qapp, scheme: str) -> None:
    theme.apply(qapp, scheme)  # type: ignore[arg-type]
    show(qtbot, canvas, cloud(3000))
    picture = shot(canvas)
    assert tuple(picture[2, 2]) == theme.color("base").getRgb()[:3]
    colors = {tuple(color) for color in picture.reshape(-1, 3).tolist()}
    assert all(color.getRgb()[:3] in colors for color in canvas._looks().colors)


def test_picked_groups_stand_out_and_grey_ones_in_the_colour_of_words(canvas: MapCanvas, qtbot) -> None:
    groups = (np.arange(3000) % 10).astype(np.uint16)
    legend = tuple(MapGroup(f"g{i}", 300) for i in range(10))
    show(qtbot, canvas, cloud(3000), MapColours("class", groups, legend))
    canvas.pick_groups([9])
    assert canvas._looks().colors[9] == faint(canvas.palette())
    colors = {tuple(color) for color in shot(canvas).reshape(-1, 3).tolist()}
    assert theme.color("text").getRgb()[:3] in colors
    assert canvas._looks().colors[0].getRgb()[:3] not in colors
    canvas.pick_groups([])
    assert canvas._picked is None
    assert canvas._looks().colors[0].getRgb()[:3] in {tuple(color) for color in shot(canvas).reshape(-1, 3).tolist()}


def test_zooming_without_a_mouse_goes_to_the_current_point(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, lattice(5))
    canvas.set_selection(np.array([106]), 106)
    before = at(canvas, 106)
    canvas.zoom(3)
    assert (at(canvas, 106) - before).manhattanLength() < 1e-3 and not canvas._is_fitted
    canvas.fit()
    assert canvas._is_fitted


def test_a_million_points(canvas: MapCanvas, qtbot) -> None:
    random = np.random.default_rng(0)
    places = random.standard_normal((1_000_000, 2)).astype(np.float32)
    show(qtbot, canvas, MapPoints(np.arange(1_000_000), places, "m"))
    for steps in (0, 8, 20):
        canvas.zoom(steps, QPointF(300, 250))
        canvas.grab()
        assert 0 < canvas._raster.n_drawn < 400_000
