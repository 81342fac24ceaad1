"""The surface of tiles: what is fetched, what is painted, and what stays where it is."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui import tile_surface as module
from desktop.ui.grid import MAX_TILE_PX, MIN_TILE_PX, AssetGrid
from tests.desktop.ui.grid_hands import grid
from tests.desktop.ui.held_ports import HeldReads, HeldThumbnails
from tests.desktop.ui.on_screen import color_of, pixels
from tests.desktop.ui.records import tile

__all__ = ["grid"]  # the fixture


def ids(n: int, first: int = 100) -> np.ndarray:
    return np.arange(first, first + n, dtype=np.int64)


def filled(qtbot, grid: AssetGrid, n: int = 500) -> AssetGrid:
    grid.set_ids(ids(n))
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0, timeout=20_000)
    return grid


def scroll_to(grid: AssetGrid, place: int) -> None:
    grid.verticalScrollBar().setValue(grid._layout.rect(place, 0).top())


def id_at_top(grid: AssetGrid) -> int:
    """Return the content in the middle of the first row that is seen."""
    place = grid._place_at(QPoint(grid.viewport().width() // 2, 20))
    assert place is not None
    return int(grid._selection.ids[place])


def color_at(grid: AssetGrid, place: int) -> tuple[int, int, int]:
    shot = pixels(grid.viewport().grab().toImage())
    center = grid._picture(place).center()
    red, green, blue = (int(c) for c in shot[center.y(), center.x()])
    return red, green, blue


def shows(grid: AssetGrid, place: int, content_id: int) -> bool:
    return color_at(grid, place) == color_of(content_id).getRgb()[:3]


# Fetching and painting


def test_every_tile_on_the_screen_shows_its_own_picture(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid)
    for at in (0, 203, 495):
        scroll_to(grid, at)
        qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0, timeout=20_000)
        shot = pixels(grid.viewport().grab().toImage())
        for place in grid._visible():
            center = grid._picture(place).center()
            if grid.viewport().rect().contains(center):
                assert tuple(shot[center.y(), center.x()]) == color_of(100 + place).getRgb()[:3]


def test_the_bar_shows_no_handle_where_all_is_on_the_screen(grid: AssetGrid, qtbot, qapp) -> None:
    theme.apply(qapp, "light")
    for n, has_handle in ((3, False), (500, True), (3, False)):
        filled(qtbot, grid, n)
        bar = pixels(grid.verticalScrollBar().grab().toImage())
        assert (len(np.unique(bar.reshape(-1, bar.shape[-1]), axis=0)) > 1) is has_handle
        assert grid.verticalScrollBar().width() > 0, "its room stays: no tile moves"


def test_only_what_is_near_the_screen_is_read(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 100_000)
    qtbot.wait(100)
    read = {i for asked in grid._read.view.asked for i in asked}
    assert len(read) <= 3 * 25 and max(read) < 100 + 60
    assert max(i for i, _sha in grid._thumbnails.wishes) < 100 + 60
    assert [i for i, _sha in grid._thumbnails.wishes][: len(grid._visible())] == [100 + p for p in grid._visible()]


def test_flying_over_a_hundred_thousand_reads_little_and_lands_right(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 100_000)
    bar, n_before = grid.verticalScrollBar(), len(grid._read.view.asked)
    for i in range(1, 101):
        bar.setValue(bar.maximum() * i // 100)
        qtbot.wait(2)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0, timeout=20_000)
    assert len(grid._read.view.asked) - n_before < 60
    assert grid._visible().stop == 100_000 and shows(grid, 99_999, 100_099)


def test_a_slow_frame_still_draws_until_all_is_there(grid: AssetGrid, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time for drawing at all must mean slowly, not never."""
    for name in ("_DRAW_BUDGET_S", "_DRAW_BUDGET_AT_REST_S", "_AHEAD_SLICE_S"):
        monkeypatch.setattr(module, name, -1.0)
    filled(qtbot, grid, 200)
    # The pages around are made ready too.
    qtbot.waitUntil(lambda: all(grid._cache.has_picture(100 + place) for place in grid._near()))


def test_a_slow_frame_still_writes_what_has_no_picture(grid: AssetGrid, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_DRAW_BUDGET_S", "_DRAW_BUDGET_AT_REST_S"):
        monkeypatch.setattr(module, name, -1.0)
    grid._thumbnails.instant = False
    grid.set_ids(ids(200))
    qtbot.waitUntil(lambda: all(grid._cache.get(i) is not None for i in grid._visible_ids()))


@pytest.mark.parametrize("patient", [True, False])
def test_what_a_person_waits_for_comes_before_all_else(
    grid: AssetGrid, qtbot, monkeypatch: pytest.MonkeyPatch, patient: bool
) -> None:
    """Far down a long list, where nothing has been read yet, no picture is there, and a frame has time for one tile."""
    for name in ("_DRAW_BUDGET_S", "_DRAW_BUDGET_AT_REST_S"):
        monkeypatch.setattr(module, name, -1.0)
    filled(qtbot, grid, 5000)
    grid._thumbnails.instant = False
    scroll_to(grid, 4000)
    visible = grid._visible_ids()
    qtbot.waitUntil(lambda: all(grid._rows.get(i) is not None for i in visible))
    assert grid._patience.isActive() and not any(grid._cache.get(i) for i in visible)
    if not patient:
        grid._patience.stop()
    awaited = visible[-1]
    grid.expect([awaited])
    grid._read.answer("awaited")
    grid.viewport().repaint()
    assert [i for i in visible if grid._cache.get(i) is not None] == [awaited]
    assert grid._thumbnails.wishes[0][0] == awaited


def test_a_changed_row_is_painted_anew_and_keeps_its_picture_meanwhile(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid)
    before = pixels(grid.viewport().grab().toImage())
    grid._read.view.changed[103] = tile(103, label="tench", label_state="accepted")
    grid._read.held = True
    grid.refresh([103])
    qtbot.waitUntil(lambda: "tiles" in grid._read.waiting)
    assert (pixels(grid.viewport().grab().toImage()) == before).all()
    grid._read.answer("tiles")
    qtbot.waitUntil(lambda: (pixels(grid.viewport().grab().toImage()) != before).any())
    after = pixels(grid.viewport().grab().toImage())
    rows, columns = np.where((after != before).any(axis=2))
    cell = grid._rect(3)
    assert rows.min() >= cell.top() and rows.max() <= cell.bottom()  # that tile alone
    assert columns.min() >= cell.left() and columns.max() <= cell.right()
    assert shows(grid, 3, 103)


def test_pictures_that_come_late_are_painted_where_they_belong(grid: AssetGrid, qtbot) -> None:
    grid._thumbnails.instant = False
    grid.set_ids(ids(30))
    qtbot.waitUntil(lambda: grid._rows.get(129) is not None)
    qtbot.wait(150)  # the tiles are drawn without
    grid._thumbnails.give([104, 106, 999])
    qtbot.waitUntil(lambda: shows(grid, 4, 104) and shows(grid, 6, 106))
    assert not shows(grid, 5, 105)


def test_another_library_shows_nothing_of_the_one_before(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 20)
    assert shows(grid, 0, 100)
    grid._thumbnails.images.clear()  # as `Thumbnails.open` does
    grid._thumbnails.instant = False
    grid.reset()
    grid.set_ids(ids(20))
    qtbot.waitUntil(lambda: grid._rows.get(100) is not None)
    qtbot.wait(150)
    assert not shows(grid, 0, 100)
    grid._thumbnails.give([100], color_of(7))
    qtbot.waitUntil(lambda: shows(grid, 0, 7))


def test_another_theme_font_or_screen_draws_all_again(grid: AssetGrid, qtbot, qapp, monkeypatch) -> None:
    filled(qtbot, grid, 500)
    scroll_to(grid, 100)
    light = pixels(grid.viewport().grab().toImage())
    theme.apply(qapp, "dark")
    qtbot.waitUntil(lambda: bool(pixels(grid.viewport().grab().toImage())[2, 2].max() < 80))
    qtbot.waitUntil(lambda: all(t.painter is grid._painter for t in map(grid._cache.get, grid._visible_ids()) if t))
    dark = pixels(grid.viewport().grab().toImage())
    assert light[2, 2].min() > 200 and dark.mean() < light.mean()
    height = grid._layout.shape.height
    font = QFont(grid.font())
    font.setPointSizeF(font.pointSizeF() * 2)
    grid.setFont(font)
    assert grid._layout.shape.height > height
    assert grid.verticalScrollBar().maximum() == grid._layout.height_px - grid.viewport().height()
    grid.viewport().grab()
    painter = grid._painter
    assert painter is not None and painter.ratio == 1.0
    monkeypatch.setattr(grid, "devicePixelRatioF", lambda: 2.0)
    grid.viewport().grab()
    assert grid._painter is not painter and grid._painter is not None and grid._painter.ratio == 2.0


# Zoom and size


@pytest.mark.parametrize("steps", [1, 3, -1, -3])
def test_zoom_keeps_what_is_under_the_cursor(grid: AssetGrid, qtbot, steps: int) -> None:
    filled(qtbot, grid, 5000)
    scroll_to(grid, 2502)
    at = QPoint(grid.viewport().width() // 2, 300)
    place = grid._place_at(at)
    assert place is not None
    top = grid._rect(place).top()
    grid.zoom(steps, at)
    assert grid._rect(place).top() == top


def test_zoom_by_keys_keeps_the_current_one_or_else_the_top(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 5000)
    grid.set_current(2600)
    top = grid._rect(2500).top()
    for steps in (1, 1, 1, -1, -1, -1, -2, 5):
        grid.zoom(steps)
        assert grid._rect(2500).top() == top
    scroll_to(grid, 1000)
    first = grid._visible().start
    top = grid._rect(first).top()
    grid.zoom(2)
    assert grid._rect(first).top() == top


def test_each_step_of_the_zoom_is_seen_until_the_end(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 500)
    for sign, end in ((1, MAX_TILE_PX), (-1, MIN_TILE_PX)):
        told: list[int] = []
        grid.zoomChanged.connect(told.append)
        for _ in range(60):
            width = grid._layout.shape.width
            grid.zoom(sign)
            if grid.tile_side == end:
                break
            assert (grid._layout.shape.width - width) * sign > 0
        assert grid.tile_side == end and told[-1] == end
        n_told = len(told)
        grid.zoom(sign)
        assert len(told) == n_told
        grid.zoomChanged.disconnect(told.append)


@pytest.mark.parametrize("width", [100, 300, 2000])
def test_zoom_in_any_window(grid: AssetGrid, width: int) -> None:
    grid.set_ids(ids(50))
    grid.resize(width, 300)
    for steps in (1, 1, -1, -4, 20, -40):
        grid.zoom(steps)
        assert MIN_TILE_PX <= grid.tile_side <= MAX_TILE_PX and grid._layout.columns >= 1


def test_a_resized_window_keeps_its_place_however_often(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 5000)
    scroll_to(grid, 2500)
    value = grid.verticalScrollBar().value()
    for width in [*range(860, 300, -40), *range(300, 861, 40)]:
        grid.resize(width, 560)
        first = grid._visible().start
        assert first <= 2500 < first + 2 * grid._layout.columns
    assert grid.verticalScrollBar().value() == value  # as if nothing had been


def test_a_resized_window_keeps_the_current_one_in_view(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 5000)
    grid.set_current(100 + 2500)
    place = 2500
    for size in ((860, 300), (400, 300), (1200, 300), (250, 200), (860, 560)):
        grid.resize(*size)
        rect = grid._rect(place)
        assert rect.top() >= 0 and rect.top() < grid.viewport().height()


def test_more_and_others_leave_the_screen_as_it_is(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 500)
    scroll_to(grid, 250)
    at_top, value = id_at_top(grid), grid.verticalScrollBar().value()
    grid.set_ids(ids(900))
    assert grid.verticalScrollBar().value() == value
    grid.set_ids(np.concatenate([ids(50, first=5000), ids(900)]))
    assert id_at_top(grid) == at_top and grid.verticalScrollBar().value() > value
    grid.set_ids(ids(900)[40:])
    assert id_at_top(grid) == at_top


def test_at_the_top_new_ones_are_seen(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 500)
    grid.set_ids(np.concatenate([ids(50, first=5000), ids(500)]))
    assert grid.verticalScrollBar().value() == 0 and id_at_top(grid) >= 5000


def test_it_knows_when_new_ones_drive_the_others_off_the_screen(grid: AssetGrid, qtbot) -> None:
    grid.set_ids(ids(5))
    grid.set_ids(np.concatenate([ids(30, first=5000), ids(5)]))
    assert not grid.is_driven  # there was room
    grid.set_ids(np.concatenate([ids(30, first=6000), ids(30, first=5000), ids(5)]))
    assert grid.is_driven
    grid.set_ids(np.concatenate([ids(30, first=6000), ids(30, first=5000), ids(40)]))
    assert not grid.is_driven  # they came out of sight
    scroll_to(grid, 40)
    grid.set_ids(np.concatenate([ids(60, first=7000), grid._selection.ids]))
    assert not grid.is_driven  # what is on the screen stays where it is


def test_another_filter_begins_at_its_top(grid: AssetGrid, qtbot) -> None:
    filled(qtbot, grid, 500)
    grid.set_current(100 + 300)
    grid.set_ids(ids(400, first=7000))
    assert grid.verticalScrollBar().value() == 0 and grid.current_id() == 7000


def test_hidden_one_by_one_the_place_stays(grid: AssetGrid, qtbot) -> None:
    """Return, Return, Return in a list of what has no label: the eye stays where it is."""
    left = ids(500).tolist()
    filled(qtbot, grid, 500)
    grid.set_current(100 + 251)
    top = grid._rect(251).top()
    for _ in range(30):
        left.remove(grid.current_id())
        grid.set_ids(np.array(left, np.int64))
        place = grid._selection.current
        assert place == 251 and abs(grid._rect(place).top() - top) < grid._layout.shape.height


# Before it is shown


def test_looks_and_size_change_in_any_order_before_it_is_shown(qtbot) -> None:
    reads, thumbnails = HeldReads(), HeldThumbnails()
    fresh = AssetGrid(reads, thumbnails)
    qtbot.addWidget(fresh)
    for kind in (QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
        QApplication.sendEvent(fresh, QEvent(kind))
    fresh.set_ids(ids(10))
    fresh.resize(10, 10)
    fresh.show()
    fresh.resize(700, 500)
    qtbot.waitUntil(lambda: fresh.visible_share_with_thumbnails() == 1.0)
    reads.close()
    thumbnails.instant = False
