"""A map made ready: groups in the order of the index, and names where the groups are."""

from __future__ import annotations

import numpy as np

from desktop.ui.map_index import MapIndex
from desktop.ui.map_scene import MapScene
from engine.schemas.map import MapColours, MapGroup, MapPoints
from tests.desktop.ui.map_hands import cloud, two_kinds


def test_groups_and_ids_go_with_their_points() -> None:
    points = cloud(400)
    scene = MapScene.of(points, two_kinds(400))
    for place in range(0, 400, 17):
        i = int(scene.index.order[place])
        assert scene.groups[place] == i % 2 and scene.content_id(place) == points.content_ids[i]
        assert (scene.index.x[place], scene.index.y[place]) == tuple(points.places[i])


def test_a_name_stands_where_its_group_is_thickest() -> None:
    random = np.random.default_rng(0)
    here, there, strays = random.normal(0, 1, (300, 2)), random.normal(50, 1, (200, 2)), random.uniform(-50, 100, (30, 2))
    places = np.concatenate([here, there, strays]).astype(np.float32)
    groups = np.repeat([0, 1, 1], [300, 200, 30]).astype(np.uint16)
    legend = (MapGroup("one", 300), MapGroup("two", 230), MapGroup("", 0, "other"), MapGroup("nobody", 0))
    scene = MapScene.of(MapPoints(np.arange(530), places), MapColours("class", groups, legend))
    assert [number for number, _x, _y in scene.middles] == [0, 1]
    (_0, x0, y0), (_1, x1, y1) = scene.middles
    assert abs(x0) < 3 and abs(y0) < 3 and abs(x1 - 50) < 3 and abs(y1 - 50) < 3


def test_confidence_has_no_names_on_the_map() -> None:
    colours = MapColours("confidence", np.zeros(50, np.uint16), (MapGroup("0-20 %", 50, "range"),))
    assert MapScene.of(cloud(50), colours).middles == ()


def test_an_index_of_the_same_points_is_used_again() -> None:
    points = cloud(100)
    index = MapIndex.of(points.places)
    assert MapScene.of(points, two_kinds(100), index).index is index
    assert len(MapScene.empty()) == 0
