"""The map by keys, mouse and ear: what is current, what is selected, what is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.map_canvas import MapCanvas
from tests.desktop.ui.map_hands import (
    ALT,
    CTRL,
    LEFT,
    MIDDLE,
    NONE,
    RIGHT,
    SHIFT,
    Key,
    at,
    canvas,
    click,
    cloud,
    drag,
    hover,
    lattice,
    mouse,
    show,
)
from tests.desktop.ui.on_screen import pixels

__all__ = ["canvas"]  # the fixture


@pytest.fixture
def five(canvas: MapCanvas, qtbot) -> MapCanvas:
    """Five by five points, ids 100 to 124."""
    canvas._pictures._thumbnails.instant = False  # dots only
    show(qtbot, canvas, lattice(5))
    return canvas


def ids(canvas: MapCanvas) -> list[int]:
    return sorted(canvas.marked().tolist())


# Mouse


def test_a_click_selects_one_and_a_click_beside_none(five: MapCanvas, qtbot) -> None:
    with qtbot.waitSignals([five.currentChanged, five.selectionChanged], timeout=20_000):
        click(five, at(five, 107) + QPointF(3, 2))
    assert ids(five) == [107] and five.current_id() == 107
    click(five, (at(five, 107) + at(five, 113)) / 2)
    assert ids(five) == []


def test_ctrl_toggles_shift_adds_alt_takes_away(five: MapCanvas) -> None:
    click(five, at(five, 100))
    click(five, at(five, 101), CTRL)
    click(five, at(five, 102), SHIFT)
    assert ids(five) == [100, 101, 102]
    click(five, at(five, 101), CTRL)
    assert ids(five) == [100, 102]
    click(five, (at(five, 107) + at(five, 113)) / 2, CTRL)
    assert ids(five) == [100, 102]


def test_a_drag_moves_the_map_and_selects_nothing(five: MapCanvas) -> None:
    click(five, at(five, 112))
    before = at(five, 112)
    for button in (LEFT, MIDDLE):
        drag(five, QPointF(350, 300), QPointF(390, 280), button=button)
    assert (at(five, 112) - before - QPointF(80, -40)).manhattanLength() < 0.01
    assert ids(five) == [112]


def around(canvas: MapCanvas, first: int, last: int, margin: float = 20) -> list[QPointF]:
    """Corners around two points and what lies between them."""
    begin, end = at(canvas, first) - QPointF(margin, margin), at(canvas, last) + QPointF(margin, margin)
    return [begin, QPointF(end.x(), begin.y()), end, QPointF(begin.x(), end.y())]


def test_shift_and_a_drag_draw_a_lasso_that_adds(five: MapCanvas, qtbot) -> None:
    click(five, at(five, 124))
    with qtbot.waitSignal(five.selectionChanged, timeout=20_000):
        drag(five, *around(five, 100, 106), held=SHIFT)
    assert ids(five) == [100, 101, 105, 106, 124] and not five._area.is_open


@pytest.mark.parametrize("tool", ["lasso", "rectangle"])
def test_the_tools_select_add_and_take_away(five: MapCanvas, tool) -> None:
    five.tool = tool
    corners = lambda a, b: around(five, a, b) if tool == "lasso" else around(five, a, b)[::2]  # noqa: E731
    drag(five, *corners(100, 106))
    assert ids(five) == [100, 101, 105, 106]
    drag(five, *corners(118, 124), held=CTRL)
    assert ids(five) == [100, 101, 105, 106, 118, 119, 123, 124]
    drag(five, *corners(105, 106), held=ALT)
    assert ids(five) == [100, 101, 118, 119, 123, 124]
    drag(five, *corners(112, 112))
    assert ids(five) == [112]


def test_of_several_one_is_current_and_the_one_that_was_stays(five: MapCanvas, qtbot) -> None:
    """Without a current one the inspector shows nothing, and no label can be typed."""
    five.tool = "rectangle"
    drag(five, *around(five, 106, 118)[::2])
    assert five.current_id() == 112
    click(five, at(five, 107))
    drag(five, *around(five, 106, 118)[::2])
    assert five.current_id() == 107 and len(ids(five)) == 9
    drag(five, *around(five, 107, 107)[::2], held=ALT)
    assert 107 not in ids(five)
    five.select_groups([1])
    assert five.current_id() in ids(five)


def test_a_lasso_takes_points_that_are_too_close_to_be_drawn(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, cloud(60_000))
    canvas.tool = "rectangle"
    drag(canvas, QPointF(0, 0), QPointF(599, 499))
    assert len(canvas.marked()) == 60_000


def test_no_card_lies_over_what_a_lasso_has_selected(five: MapCanvas) -> None:
    five.tool = "lasso"
    hover(five, at(five, 118))
    assert five._hovered is not None
    drag(five, *around(five, 100, 106))
    assert ids(five) == [100, 101, 105, 106] and five._hovered is None


def test_escape_gives_a_lasso_up(five: MapCanvas) -> None:
    five.tool = "lasso"
    mouse(five, QEvent.Type.MouseButtonPress, QPointF(10, 10))
    mouse(five, QEvent.Type.MouseMove, QPointF(300, 100))
    mouse(five, QEvent.Type.MouseMove, QPointF(300, 400))
    assert five._area.is_open
    QTest.keyClick(five, Key.Key_Escape)
    mouse(five, QEvent.Type.MouseButtonRelease, QPointF(300, 400))
    assert ids(five) == [] and not five._area.is_open


def test_a_double_click_opens_the_preview(five: MapCanvas, qtbot) -> None:
    click(five, at(five, 111))
    with qtbot.waitSignal(five.activated, timeout=20_000) as opened:
        mouse(five, QEvent.Type.MouseButtonDblClick, at(five, 111))
    assert opened.args == [111]
    with qtbot.assertNotEmitted(five.activated):
        mouse(five, QEvent.Type.MouseButtonDblClick, (at(five, 107) + at(five, 113)) / 2)


def wheel(canvas: MapCanvas, where: QPointF, delta: int) -> None:
    event = QWheelEvent(
        where, where, QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(canvas, event)


def test_the_wheel_zooms_at_the_mouse(five: MapCanvas) -> None:
    before, scale = at(five, 117), five._camera.scale
    wheel(five, before, 240)
    assert (at(five, 117) - before).manhattanLength() < 0.01 and five._camera.scale == pytest.approx(scale * 1.25**2)
    wheel(five, before, -240)
    assert five._camera.scale == pytest.approx(scale)


def test_hovering_says_what_it_is_in_picture_and_words(five: MapCanvas, qtbot) -> None:
    hover(five, at(five, 113) + QPointF(4, 0))
    assert five._hovered is not None and five.scene().content_id(five._hovered) == 113
    qtbot.waitUntil(lambda: five._pictures.row(113) is not None, timeout=20_000)
    before = pixels(five.grab().toImage())
    hover(five, (at(five, 107) + at(five, 113)) / 2)
    assert five._hovered is None
    after = pixels(five.grab().toImage())
    changed = np.argwhere((before != after).any(axis=2))
    assert len(changed) > 5000, "no card"


def test_a_menu_is_about_what_is_under_the_mouse_or_all_that_is_selected(five: MapCanvas, qtbot) -> None:
    five.tool = "rectangle"
    drag(five, *around(five, 100, 106)[::2])
    mouse(five, QEvent.Type.MouseButtonPress, at(five, 105), button=RIGHT)
    assert ids(five) == [100, 101, 105, 106] and five.current_id() == 105
    mouse(five, QEvent.Type.MouseButtonPress, at(five, 124), button=RIGHT)
    assert ids(five) == [124]
    with qtbot.waitSignal(five.contextMenuRequested, timeout=20_000) as asked:
        QApplication.sendEvent(five, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()))
    assert asked.args == [five.mapToGlobal(at(five, 124).toPoint())]


def test_what_is_on_a_picture_means_its_point(canvas: MapCanvas, qtbot) -> None:
    show(qtbot, canvas, lattice(4))
    canvas.repaint()
    qtbot.waitUntil(lambda: canvas.pictures_painted()[0] == canvas.pictures_painted()[1] > 10, timeout=20_000)
    spot = canvas._seen_spots()[3]
    click(canvas, spot.rect.center() + QPointF(20, 15))
    assert canvas.current_id() == spot.content_id


# Keys


@pytest.mark.parametrize(("key", "there"), [(Key.Key_Right, 113), (Key.Key_Left, 111), (Key.Key_Up, 107), (Key.Key_Down, 117)])
def test_arrows_go_to_the_neighbour(five: MapCanvas, key: Qt.Key, there: int) -> None:
    five.set_current(112)
    QTest.keyClick(five, key)
    assert five.current_id() == there and ids(five) == [there]


def test_the_first_arrow_goes_to_the_middle(five: MapCanvas) -> None:
    QTest.keyClick(five, Key.Key_Left)
    assert five.current_id() == 112


def test_shift_and_arrows_select_on_and_ctrl_only_looks(five: MapCanvas) -> None:
    five.set_current(112)
    QTest.keyClick(five, Key.Key_Right, SHIFT)
    QTest.keyClick(five, Key.Key_Down, SHIFT)
    assert ids(five) == [112, 113, 118]
    QTest.keyClick(five, Key.Key_Down, CTRL)
    assert ids(five) == [112, 113, 118] and five.current_id() == 123
    QTest.keyClick(five, Key.Key_Space, CTRL)
    assert ids(five) == [112, 113, 118, 123]


def test_arrows_bring_the_point_into_view(five: MapCanvas) -> None:
    five.set_current(112)
    five.zoom(12)
    for _ in range(2):
        QTest.keyClick(five, Key.Key_Right)
        assert five.rect().adjusted(40, 40, -40, -40).contains(at(five, five.current_id()).toPoint())


def test_plus_minus_and_fit(five: MapCanvas) -> None:
    whole = five._camera
    QTest.keyClick(five, Key.Key_Plus)
    assert five._camera.scale == pytest.approx(whole.scale * 1.25)
    QTest.keyClick(five, Key.Key_Minus)
    QTest.keyClick(five, Key.Key_Minus)
    assert five._camera.scale == pytest.approx(whole.scale / 1.25)
    QTest.keyClick(five, Key.Key_0, CTRL)
    assert five._camera == whole


@pytest.mark.parametrize("key", [Key.Key_Space, Key.Key_Return, Key.Key_Enter])
def test_space_and_enter_open_the_preview(five: MapCanvas, qtbot, key: Qt.Key) -> None:
    with qtbot.assertNotEmitted(five.activated):
        QTest.keyClick(five, key)
    five.set_current(104)
    with qtbot.waitSignal(five.activated, timeout=20_000) as opened:
        QTest.keyClick(five, key)
    assert opened.args == [104]


def test_escape_takes_a_selection_back_and_then_leads_away(five: MapCanvas, qtbot) -> None:
    def is_taken() -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Key.Key_Escape, NONE)
        event.ignore()
        QApplication.sendEvent(five, event)
        return event.isAccepted()

    five.select_all()
    assert len(ids(five)) == 25 and is_taken()
    QTest.keyClick(five, Key.Key_Escape)
    assert ids(five) == [] and not is_taken()
    with qtbot.waitSignal(five.escaped, timeout=20_000):
        QTest.keyClick(five, Key.Key_Escape)


def test_keys_on_an_empty_map_do_nothing(canvas: MapCanvas) -> None:
    for key in (Key.Key_Left, Key.Key_Space, Key.Key_Plus, Key.Key_Home, Key.Key_Escape):
        QTest.keyClick(canvas, key)
    assert canvas.current_id() is None and len(canvas.marked()) == 0


# The same selection as elsewhere


def test_a_selection_made_elsewhere_is_taken_over_without_a_word(five: MapCanvas, qtbot) -> None:
    before = five._camera
    with qtbot.assertNotEmitted(five.selectionChanged), qtbot.assertNotEmitted(five.currentChanged):
        five.set_selection(np.array([101, 5000]), 101)
    assert ids(five) == [101, 5000] and five.current_id() == 101 and five._camera == before


def test_adding_to_it_keeps_what_is_not_on_the_map(five: MapCanvas) -> None:
    five.set_selection(np.array([101, 5000]), 101)
    click(five, at(five, 102), CTRL)
    assert ids(five) == [101, 102, 5000]
    click(five, at(five, 103))
    assert ids(five) == [103]


def test_groups_are_selected_whole(five: MapCanvas) -> None:
    five.select_groups([1])
    assert ids(five) == list(range(101, 125, 2))


def test_another_library_has_nothing_of_this_one(five: MapCanvas, qtbot) -> None:
    five.select_all()
    with qtbot.waitSignal(five.selectionChanged, timeout=20_000):
        five.reset()
    assert five.count() == 0 and len(five.marked()) == 0 and five._hovered is None


def test_a_map_that_comes_after_the_reset_is_not_shown(five: MapCanvas) -> None:
    five._read.held = True
    five.set_points(cloud(50), five.scene().colours)
    five.reset()
    five._read.answer_all()
    assert five.count() == 0


# What is seen and heard


def test_the_selection_is_drawn_over_the_others(five: MapCanvas) -> None:
    five.set_selection(np.array([100, 101]), None)
    shot = pixels(five.grab().toImage())
    text = theme.color("text").getRgb()[:3]
    point = at(five, 100)
    patch = shot[int(point.y()) - 8 : int(point.y()) + 9, int(point.x()) - 8 : int(point.x()) + 9].reshape(-1, 3)
    assert list(text) in patch.tolist()


def test_the_focus_is_seen_when_keys_are_used(five: MapCanvas) -> None:
    accent = theme.color("accent").getRgb()[:3]
    five.setFocus(Qt.FocusReason.MouseFocusReason)
    click(five, at(five, 100))
    assert tuple(pixels(five.grab().toImage())[0, 300]) != accent
    QTest.keyClick(five, Key.Key_Right)
    assert tuple(pixels(five.grab().toImage())[0, 300]) == accent


def test_it_can_be_heard(five: MapCanvas, qtbot) -> None:
    assert five.accessibleName() == "Map of the pictures"
    five.set_current(112)
    five.repaint()
    qtbot.waitUntil(lambda: "IMG_00112.jpg" in five.accessibleDescription(), timeout=20_000)
    assert "25 points on the map" in five.accessibleDescription()
    five.select_all()
    assert "25 selected" in five.accessibleDescription()
