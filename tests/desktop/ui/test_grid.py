"""The grid by keys, mouse and ear: what is current, what is selected, what stays where it is."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.grid import AssetGrid
from desktop.ui.tile_painter import GAP_PX
from tests.desktop.ui.grid_hands import (
    CTRL,
    LEFT,
    NONE,
    RIGHT,
    SHIFT,
    Key,
    center,
    click,
    fill,
    grid,
    mouse,
    places,
    press,
)

__all__ = ["grid"]  # the fixture


def is_revealed(grid: AssetGrid, place: int) -> bool:
    rect = grid._rect(place)
    return rect.top() >= 0 and rect.bottom() <= grid.viewport().height()


# Keys


@pytest.mark.parametrize(
    ("start", "key", "end"),
    [
        (7, Key.Key_Right, 8),
        (4, Key.Key_Right, 5),
        (51, Key.Key_Right, 51),
        (7, Key.Key_Left, 6),
        (5, Key.Key_Left, 4),
        (0, Key.Key_Left, 0),
        (7, Key.Key_Down, 12),
        (7, Key.Key_Up, 2),
        (2, Key.Key_Up, 2),
        (48, Key.Key_Down, 51),  # the last row is shorter: its last one
        (51, Key.Key_Down, 51),
        (7, Key.Key_Home, 0),
        (7, Key.Key_End, 51),
        (7, Key.Key_PageDown, 22),
        (22, Key.Key_PageUp, 7),
        (7, Key.Key_PageUp, 2),
        (45, Key.Key_PageDown, 51),
    ],
)
def test_arrows_home_end_and_pages(grid: AssetGrid, start: int, key: Qt.Key, end: int) -> None:
    fill(grid, 52)
    grid.set_current(100 + start)
    assert press(grid, key) == end
    assert grid.current_id() == 100 + end and places(grid) == [end]
    assert is_revealed(grid, end)


@pytest.mark.parametrize(
    "key", [Key.Key_Right, Key.Key_Down, Key.Key_Left, Key.Key_Up, Key.Key_Home, Key.Key_PageDown, Key.Key_PageUp]
)
def test_any_way_from_nowhere_leads_to_the_first(grid: AssetGrid, key: Qt.Key) -> None:
    fill(grid, 52)
    assert grid.current_id() is None
    assert press(grid, key) == 0


def test_the_end_from_nowhere_is_the_last(grid: AssetGrid) -> None:
    fill(grid, 52)
    assert press(grid, Key.Key_End) == 51


def test_an_empty_grid_takes_every_key(grid: AssetGrid) -> None:
    for key in (Key.Key_Right, Key.Key_Down, Key.Key_End, Key.Key_PageDown, Key.Key_Space):
        for held in (NONE, SHIFT, CTRL):
            press(grid, key, held=held)
    press(grid, Key.Key_A, held=CTRL)
    assert grid.current_id() is None and grid.selected_ids() == [] and grid.n_selected() == 0


def test_shift_takes_the_way_along_and_back(grid: AssetGrid) -> None:
    fill(grid, 52)
    grid.set_current(107)
    press(grid, Key.Key_Right, Key.Key_Right, Key.Key_Down, held=SHIFT)
    assert places(grid) == list(range(7, 15)) and grid.current_id() == 114
    press(grid, Key.Key_Up, Key.Key_Up, held=SHIFT)
    assert places(grid) == [4, 5, 6, 7]
    press(grid, Key.Key_End, held=SHIFT)
    assert places(grid) == list(range(7, 52))
    press(grid, Key.Key_Home, held=SHIFT)
    assert places(grid) == list(range(8))
    press(grid, Key.Key_Right)
    assert places(grid) == [1]


def test_ctrl_moves_alone_and_toggles_with_space(grid: AssetGrid, qtbot) -> None:
    fill(grid, 52)
    grid.set_current(103)
    assert press(grid, Key.Key_Right, Key.Key_Right, held=CTRL) == 5
    assert places(grid) == [3]
    with qtbot.waitSignal(grid.selectionChanged):
        press(grid, Key.Key_Space, held=CTRL)
    assert places(grid) == [3, 5]
    press(grid, Key.Key_Down, held=CTRL)
    press(grid, Key.Key_Right, held=SHIFT | CTRL)
    assert places(grid) == [3, *range(5, 12)]  # from the one toggled last, beside what was there
    press(grid, Key.Key_Space, held=CTRL)
    assert places(grid) == [3, *range(5, 11)]


def test_space_opens_and_what_is_not_the_grids_goes_on(grid: AssetGrid, qtbot) -> None:
    fill(grid, 52)
    opened: list[int] = []
    grid.activated.connect(opened.append)
    press(grid, Key.Key_Space)
    assert not opened
    press(grid, Key.Key_Home, Key.Key_Space)
    assert opened == [100]
    from PySide6.QtGui import QKeyEvent

    for key in (Key.Key_X, Key.Key_Return, Key.Key_Escape, Key.Key_Delete):
        event = QKeyEvent(QEvent.Type.KeyPress, key, NONE)
        QApplication.sendEvent(grid, event)
        assert not event.isAccepted()


def test_select_all_of_a_hundred_thousand(grid: AssetGrid, qtbot) -> None:
    fill(grid, 100_000)
    with qtbot.waitSignal(grid.selectionChanged):
        press(grid, Key.Key_A, held=CTRL)
    assert grid.n_selected() == 100_000 and len(grid.selected_ids()) == 100_000
    press(grid, Key.Key_End)
    assert grid.current_id() == 100_099 and grid.n_selected() == 1
    assert is_revealed(grid, 99_999)


def test_step_and_set_current(grid: AssetGrid) -> None:
    fill(grid, 10)
    grid.step(1)
    assert grid.current_id() == 100
    grid.step(3)
    grid.step(-1)
    assert grid.current_id() == 102
    grid.step(100)
    assert grid.current_id() == 109
    grid.set_current(5)
    assert grid.current_id() == 109
    grid.set_current(104)
    assert grid.current_id() == 104 and grid.selected_ids() == [104]


# Mouse


def test_click_shift_click_and_ctrl_click(grid: AssetGrid) -> None:
    fill(grid, 52)
    click(grid, 6)
    assert grid.current_id() == 106 and places(grid) == [6]
    click(grid, 9, SHIFT)
    assert places(grid) == [6, 7, 8, 9] and grid.current_id() == 109
    click(grid, 2, CTRL)
    assert places(grid) == [2, 6, 7, 8, 9]
    click(grid, 7, CTRL)
    assert places(grid) == [2, 6, 8, 9] and grid.current_id() == 107
    click(grid, 11, SHIFT | CTRL)
    assert places(grid) == [2, *range(6, 12)]
    click(grid, 8)  # one of several: it alone, once the button is let go
    assert places(grid) == [8]


def test_a_press_on_one_of_several_keeps_them_for_a_drag(grid: AssetGrid) -> None:
    fill(grid, 20)
    click(grid, 1)
    click(grid, 3, SHIFT)
    mouse(grid, QEvent.Type.MouseButtonPress, center(grid, 2))
    assert places(grid) == [1, 2, 3] and grid.current_id() == 102
    mouse(grid, QEvent.Type.MouseButtonRelease, center(grid, 2))
    assert places(grid) == [2]


def test_new_ids_between_press_and_release_do_not_select_another(grid: AssetGrid) -> None:
    fill(grid, 20)
    click(grid, 1)
    click(grid, 3, SHIFT)
    mouse(grid, QEvent.Type.MouseButtonPress, center(grid, 2))
    grid.set_ids(np.array([103, 102, 101, 100], np.int64))
    mouse(grid, QEvent.Type.MouseButtonRelease, center(grid, 2))
    assert grid.selected_ids() == [102]
    mouse(grid, QEvent.Type.MouseButtonPress, center(grid, 1))
    grid.set_ids(np.array([100], np.int64))
    mouse(grid, QEvent.Type.MouseButtonRelease, QPoint(5, 5))
    assert grid.selected_ids() == [100]


def test_a_click_beside_the_tiles_selects_nothing(grid: AssetGrid) -> None:
    fill(grid, 3)
    click(grid, 1)
    QTest.mouseClick(grid.viewport(), LEFT, CTRL, QPoint(600, 400))
    assert places(grid) == [1]
    QTest.mouseClick(grid.viewport(), LEFT, NONE, QPoint(600, 400))
    assert places(grid) == [] and grid.current_id() == 101
    gap = grid._rect(1).topLeft() + QPoint(GAP_PX - 2, 40)
    click(grid, 2)
    QTest.mouseClick(grid.viewport(), LEFT, NONE, gap)
    assert places(grid) == []
    opened: list[int] = []
    grid.activated.connect(opened.append)
    QTest.mouseDClick(grid.viewport(), LEFT, NONE, gap)
    assert not opened
    click(grid, 0)
    QTest.mouseDClick(grid.viewport(), LEFT, NONE, center(grid, 0))
    assert opened == [100]


def test_the_menu_is_about_what_is_below_it(grid: AssetGrid, qtbot) -> None:
    fill(grid, 200)
    asked: list[QPoint] = []
    grid.contextMenuRequested.connect(asked.append)
    click(grid, 1)
    click(grid, 3, SHIFT)
    click(grid, 2, button=RIGHT)
    assert places(grid) == [1, 2, 3]
    click(grid, 7, button=RIGHT)
    assert places(grid) == [7]
    grid.verticalScrollBar().setValue(2000)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
    QApplication.sendEvent(grid.viewport(), event)
    # By key: at the current picture, which comes into view.
    assert len(asked) == 1 and is_revealed(grid, 7)
    assert grid.viewport().mapFromGlobal(asked[0]) == grid._rect(7).center()


def wheel(grid: AssetGrid, delta: int, held: Qt.KeyboardModifier, at: QPoint) -> None:
    where = QPointF(at)
    QApplication.sendEvent(
        grid.viewport(),
        QWheelEvent(
            where, QPointF(grid.viewport().mapToGlobal(at)), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, held,
            Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip


def test_the_wheel_scrolls_and_with_ctrl_it_zooms(grid: AssetGrid) -> None:
    fill(grid, 500)
    wheel(grid, -120, NONE, QPoint(100, 100))
    assert grid.verticalScrollBar().value() > 0
    side = grid.tile_side
    for _ in range(3):
        wheel(grid, 40, CTRL, QPoint(100, 100))  # a fine wheel: three make a notch
    assert grid.tile_side > side
    wheel(grid, -240, CTRL, QPoint(100, 100))
    assert grid.tile_side < side


# New ids


def test_selection_and_current_survive_new_ids(grid: AssetGrid, qtbot) -> None:
    ids = fill(grid, 200)
    click(grid, 3)
    click(grid, 8, CTRL)
    told: list[str] = []
    grid.currentChanged.connect(lambda _id: told.append("current"))
    grid.selectionChanged.connect(lambda: told.append("selection"))
    for new in (np.arange(100, 400), ids[::-1].copy(), np.concatenate([np.arange(50), ids])):
        grid.set_ids(new.astype(np.int64))
        assert sorted(grid.selected_ids()) == [103, 108] and grid.current_id() == 108
    assert not told
    grid.set_ids(np.array([108, 109], np.int64))
    assert told == ["selection"] and grid.selected_ids() == [108]
    grid.set_ids(np.array([109, 110], np.int64))
    assert grid.current_id() == 109 and "current" in told


def test_the_target_of_a_command_never_changes_unsaid(grid: AssetGrid) -> None:
    """One is selected, another current: when the selected one goes, commands go to the other."""
    fill(grid, 5)
    click(grid, 1)
    press(grid, Key.Key_Right, held=CTRL)
    told: list[int] = []
    grid.selectionChanged.connect(lambda: told.append(1))
    grid.set_ids(np.array([100, 102, 103], np.int64))
    assert grid.selected_ids() == [102] and told


def test_another_library_leaves_nothing_of_the_one_before(grid: AssetGrid, qtbot) -> None:
    fill(grid, 500)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0)
    click(grid, 3)
    grid.verticalScrollBar().setValue(3000)
    gone: list[object] = []
    grid.currentChanged.connect(gone.append)
    grid._thumbnails.images.clear()
    grid.reset()
    assert gone == [None] and grid.count() == 0 and grid.selected_ids() == []
    assert grid.verticalScrollBar().value() == 0 and grid._thumbnails.wishes == []
    assert grid.accessibleDescription() == ""
    grid._read.held = True
    grid._thumbnails.instant = False
    fill(grid, 500)
    assert grid.current_id() is None
    assert grid._rows.get(100) is None and grid._cache.get(100) is None
    assert grid.visible_share_with_thumbnails() == 0.0


# Drag out


def test_a_drag_takes_the_selection_along(grid: AssetGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[int], object]] = []
    prepared: list[list[int]] = []
    monkeypatch.setattr(grid._drag_out, "prepare", lambda ids, _n: prepared.append(ids))
    monkeypatch.setattr(grid._drag_out, "start", lambda image: started.append((grid.selected_ids(), image)))
    fill(grid, 20)
    click(grid, 1)
    click(grid, 3, SHIFT)
    prepared.clear()
    mouse(grid, QEvent.Type.MouseButtonPress, center(grid, 2))
    mouse(grid, QEvent.Type.MouseMove, center(grid, 2) + QPoint(2, 2))
    assert prepared == [[101, 102, 103]] and not started
    mouse(grid, QEvent.Type.MouseMove, center(grid, 2) + QPoint(40, 2))
    assert [ids for ids, _image in started] == [[101, 102, 103]]
    mouse(grid, QEvent.Type.MouseButtonRelease, center(grid, 2))
    assert places(grid) == [1, 2, 3]  # a drag is not a click


def test_a_new_order_is_fetched_at_once_from_its_start_and_nothing_else_of_it(grid: AssetGrid, qtbot) -> None:
    """Whoever jumps from far down in one list to the start of another does not fly by: waiting to see would cost time."""
    fill(grid, 5000)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0)
    grid.set_current(4100)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0)
    asked: list[list[int]] = []
    want = grid._rows.want
    grid._rows.want = lambda *groups: (asked.append(groups[0].tolist()), want(*groups))
    grid.set_ids(np.arange(9000, 4000, -1, dtype=np.int64), at_start=True)
    assert [ids[0] for ids in asked] == [9000]
    assert grid.current_id() == 9000 and grid.selected_ids() == [9000] and grid.verticalScrollBar().value() == 0
    grid.set_current(8900)
    for ids in (np.arange(4001, 9001), np.arange(9000, 4000, -1)):
        # And at once as well where the eye rests, though that is thousands of pixels farther in another order.
        n_asked, before = len(asked), grid.verticalScrollBar().value()
        grid.set_ids(ids.astype(np.int64))
        assert abs(grid.verticalScrollBar().value() - before) > 5000
        assert len(asked) == n_asked + 1 and 8900 in asked[-1]
