"""Pictures on the map: when they come, where, and that none lies over another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPointF, QTimer
from PySide6.QtGui import QColor

from desktop.ui import map_pictures as module
from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import MapIndex
from desktop.ui.map_pictures import MapPictures, framed, picture_side, spots
from tests.desktop.ui.held_ports import HeldReads, HeldThumbnails
from tests.desktop.ui.map_hands import cloud, lattice
from tests.desktop.ui.on_screen import picture, pixels
from tests.desktop.ui.records import tile

INDEX = MapIndex.of(cloud(20_000).places)
RED, GREEN, WHITE = QColor("#ff0000"), QColor("#00ff00"), QColor("#ffffff")


def camera_on(place: int, zoom: float) -> MapCamera:
    whole = MapCamera().resized(900, 600).fitted(INDEX)
    at = whole.on_screen(float(INDEX.x[place]), float(INDEX.y[place]))
    return whole.zoomed(zoom, at, INDEX).showing(float(INDEX.x[place]), float(INDEX.y[place]), 280)


def test_of_all_of_a_large_map_there_are_none_and_of_a_small_one_all() -> None:
    assert spots(INDEX, camera_on(0, 1.0), int) == []
    few = MapIndex.of(lattice(4).places)
    found = spots(few, MapCamera().resized(900, 700).fitted(few), int)
    assert sorted(spot.place for spot in found) == list(range(16))


@pytest.mark.parametrize("zoom", [3.0, 8.0, 16.0, 40.0, 200.0, 5000.0, 20_000.0])
@pytest.mark.parametrize("place", [0, 9_000, 19_999])
def test_none_lies_over_another_and_each_near_its_point(zoom: float, place: int) -> None:
    camera = camera_on(place, zoom)
    found = spots(INDEX, camera, lambda place: place + 7)
    assert len(found) <= 200
    assert all(spot.content_id == spot.place + 7 for spot in found)
    for i, spot in enumerate(found):
        assert spot.rect.width() == picture_side(camera)
        assert not any(spot.rect.adjusted(1, 1, -1, -1).intersects(other.rect) for other in found[i + 1 :])
        at = camera.on_screen(float(INDEX.x[spot.place]), float(INDEX.y[spot.place]))
        away = (spot.rect.center() - at).manhattanLength()
        assert away <= 2 * picture_side(camera)
    if zoom >= 40:
        assert found


def test_moving_the_map_takes_them_along() -> None:
    camera = camera_on(9_000, 60.0)
    before = {spot.place: spot.rect.center() for spot in spots(INDEX, camera, int)}
    after = {spot.place: spot.rect.center() for spot in spots(INDEX, camera.moved(11, -6), int)}
    both = before.keys() & after.keys()
    assert len(both) >= len(before) / 2
    assert all((after[place] - before[place] - QPointF(11, -6)).manhattanLength() <= 2 for place in both)


def test_a_crowded_cell_has_none_at_first() -> None:
    camera = camera_on(9_000, 1.0)
    spacing = INDEX.side * camera.scale / len(INDEX) ** 0.5
    between = camera_on(9_000, 1.05 * module._FIRST_SPACING_PX / spacing)
    for spot in spots(INDEX, between, int):
        assert len(INDEX.inside(between.rect())) > 0 and spot.rect.isValid()
        x, y = float(INDEX.x[spot.place]), float(INDEX.y[spot.place])
        reach = 5 / between.scale
        assert len(INDEX.inside((x - reach, y - reach, x + reach, y + reach))) <= module._CROWDED


def test_the_frame_has_the_colour_of_the_group(qapp) -> None:
    for strong, width in ((False, 2), (True, 4)):
        shot = pixels(framed(picture(GREEN), 76, RED, WHITE, 1.0, strong=strong).toImage())
        green = (shot == (0, 255, 0)).all(axis=2)
        rows, columns = np.flatnonzero(green.any(axis=1)), np.flatnonzero(green.any(axis=0))
        assert columns[0] == width and columns[-1] == 75 - width
        assert tuple(shot[38, 1]) == (255, 0, 0) and len(rows) == pytest.approx((76 - 2 * width) * 100 / 128, abs=2)


@pytest.fixture
def held(qapp, qtbot) -> Iterator[tuple[MapPictures, HeldReads, HeldThumbnails, list[int]]]:
    owner, reads, thumbnails, came = QObject(), HeldReads(held=True), HeldThumbnails(instant=False), list[int]()
    yield MapPictures(reads, thumbnails, lambda: came.append(1), owner), reads, thumbnails, came
    reads.close()


def asked(qtbot, reads: HeldReads) -> None:
    qtbot.waitUntil(lambda: "map rows" in reads.waiting, timeout=20_000)


def test_rows_come_and_then_pictures_are_wished_for(qtbot, held) -> None:
    pictures, reads, thumbnails, came = held
    pictures.want([5, 3, 5])
    asked(qtbot, reads)
    reads.answer("map rows")
    assert reads.view.asked == [[5, 3]] and pictures.row(3) == tile(3) and came
    assert thumbnails.wishes == [(5, f"{5:064x}"), (3, f"{3:064x}")]
    came.clear()
    thumbnails.give([99])
    assert not came
    thumbnails.give([3])
    assert came and pictures.image(3) is not None


def test_nothing_is_asked_twice_and_what_changed_is(qtbot, held) -> None:
    pictures, reads, _thumbnails, _came = held
    pictures.want([1, 2])
    asked(qtbot, reads)
    reads.answer("map rows")
    pictures.want([2, 1])
    qtbot.wait(120)
    assert reads.view.asked == [[1, 2]]
    pictures.invalidate([2])
    asked(qtbot, reads)
    reads.view.changed[2] = tile(2, label="x", label_state="accepted")
    reads.answer("map rows")
    assert reads.view.asked[-1] == [2] and pictures.row(2).label == "x"


def test_an_answer_from_before_a_change_is_not_taken(qtbot, held) -> None:
    pictures, reads, _thumbnails, _came = held
    pictures.want([1])
    asked(qtbot, reads)
    deliver = reads.read("map rows")
    pictures.clear()
    deliver()
    assert pictures.row(1) is None


def test_what_comes_all_the_time_elsewhere_holds_up_nothing(qtbot, held) -> None:
    """While a folder is read, other contents change thirty times a second."""
    pictures, reads, _thumbnails, _came = held
    others, ends = iter(range(1000, 100_000)), QTimer()
    ends.timeout.connect(lambda: pictures.invalidate([next(others)]))
    ends.start(10)
    pictures.want([1])
    asked(qtbot, reads)
    qtbot.wait(60)
    reads.answer("map rows")
    assert pictures.row(1) == tile(1)
    ends.stop()


def test_what_changed_while_it_was_asked_for_is_asked_again(qtbot, held) -> None:
    pictures, reads, _thumbnails, _came = held
    pictures.want([1])
    asked(qtbot, reads)
    deliver = reads.read("map rows")
    pictures.invalidate([1])
    reads.view.changed[1] = tile(1, label="x", label_state="accepted")
    deliver()
    asked(qtbot, reads)
    reads.answer("map rows")
    assert pictures.row(1).label == "x"


def test_what_is_gone_is_asked_once(qtbot, held) -> None:
    pictures, reads, _thumbnails, _came = held
    reads.view.gone.add(8)
    pictures.want([8])
    asked(qtbot, reads)
    reads.answer("map rows")
    pictures.want([])
    pictures.want([8])
    qtbot.wait(120)
    assert not reads.waiting and pictures.row(8) is None


def test_a_frame_draws_a_few_new_ones_and_asks_for_another(held, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, _reads, thumbnails, came = held
    thumbnails.give([1, 2])
    came.clear()
    monkeypatch.setattr(module, "_DRAW_S", -1.0)
    pictures.begin_frame()
    assert pictures.pixmap(1, 76, RED, WHITE, 1.0, strong=False) is None and came
    monkeypatch.setattr(module, "_DRAW_S", 1.0)
    drawn = pictures.pixmap(1, 76, RED, WHITE, 1.0, strong=False)
    assert drawn is not None and pictures.pixmap(1, 76, RED, WHITE, 1.0, strong=False) is drawn
    assert pictures.pixmap(1, 76, GREEN, WHITE, 1.0, strong=False) is not drawn
    assert pictures.pixmap(3, 76, RED, WHITE, 1.0, strong=False) is None
