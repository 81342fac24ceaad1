"""Marking a part of a picture: by a drag with Ctrl, with the tool, by keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.part_marker import PartMarker
from desktop.ui.preview_view import PreviewView
from tests.desktop.ui.on_screen import picture, shown

NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


class Bench:
    def __init__(self, qtbot) -> None:
        self.view = PreviewView()
        shown(qtbot, self.view, 408, 308)
        self.view.set_image(picture(QColor("red"), 400, 300))
        self.marker = PartMarker(self.view)
        self.chosen: list[QRectF] = []
        self.marker.chosen.connect(self.chosen.append)
        assert self.view.picture_rect() == QRectF(4, 4, 400, 300)

    def drag(self, start: tuple[int, int], end: tuple[int, int], held: Qt.KeyboardModifier = NONE) -> None:
        on = self.marker if self.marker.isVisible() else self.view
        QTest.mousePress(on, LEFT, held, QPoint(*start))
        QTest.mouseMove(on, QPoint(*end))
        QTest.mouseRelease(on, LEFT, held, QPoint(*end))

    def part(self) -> tuple[float, ...]:
        return tuple(round(v, 3) for v in self.marker._part.getRect())


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


def rounded(part: QRectF) -> tuple[float, ...]:
    return tuple(round(v, 3) for v in part.getRect())


def test_a_drag_with_ctrl_marks_and_searches(bench: Bench) -> None:
    bench.drag((104, 79), (304, 229), CTRL)
    assert [rounded(part) for part in bench.chosen] == [(0.25, 0.25, 0.5, 0.5)]
    assert not bench.marker.isVisible()


def test_in_any_direction_and_never_outside_the_picture(bench: Bench) -> None:
    bench.drag((304, 229), (-50, -50), CTRL)
    bench.drag((204, 154), (900, 700), CTRL)
    assert [rounded(part) for part in bench.chosen] == [(0, 0, 0.75, 0.75), (0.5, 0.5, 0.5, 0.5)]


def test_a_drag_without_ctrl_is_the_preview_s_own(bench: Bench) -> None:
    bench.drag((104, 79), (304, 229))
    assert not bench.chosen and not bench.marker.isVisible()
    bench.drag((104, 79), (106, 80), CTRL)  # a click
    assert not bench.chosen and not bench.marker.isVisible()


def test_of_a_picture_that_is_zoomed_in_the_part_is_of_all_of_it(bench: Bench) -> None:
    bench.view.zoom(2.0)
    bench.drag((4, 4), (204, 154), CTRL)
    assert bench.view.picture_rect() == QRectF(-196, -146, 800, 600)
    assert [rounded(part) for part in bench.chosen] == [(0.25, 0.25, 0.25, 0.25)]


def test_with_the_tool_no_key_need_be_held(bench: Bench) -> None:
    bench.marker.begin()
    assert bench.marker.isVisible() and bench.marker.geometry() == bench.view.rect()
    bench.drag((10, 10), (11, 11))  # a click leaves the tool on
    assert bench.marker.isVisible() and not bench.chosen
    bench.drag((104, 79), (304, 229))
    assert [rounded(part) for part in bench.chosen] == [(0.25, 0.25, 0.5, 0.5)] and not bench.marker.isVisible()


def test_by_keys(bench: Bench) -> None:
    bench.marker.begin()
    assert QApplication.focusWidget() is bench.marker and bench.part() == (0.3, 0.3, 0.4, 0.4)
    for key, held in (
        (Qt.Key.Key_Right, NONE), (Qt.Key.Key_Down, NONE), (Qt.Key.Key_Down, NONE),
        (Qt.Key.Key_Left, SHIFT), (Qt.Key.Key_Down, SHIFT),
    ):  # fmt: skip
        QTest.keyClick(bench.marker, key, held)
    assert bench.part() == (0.32, 0.34, 0.38, 0.42)
    for _ in range(60):
        QTest.keyClick(bench.marker, Qt.Key.Key_Right)
        QTest.keyClick(bench.marker, Qt.Key.Key_Up, SHIFT)
    assert bench.part() == (0.62, 0.34, 0.38, 0.02)  # at the edge, and not smaller than what can be seen
    QTest.keyClick(bench.marker, Qt.Key.Key_Return)
    assert [rounded(part) for part in bench.chosen] == [(0.62, 0.34, 0.38, 0.02)]
    assert QApplication.focusWidget() is bench.view


@pytest.mark.parametrize("how", ["escape", "right button", "focus"])
def test_it_can_be_given_up(bench: Bench, how: str) -> None:
    ended: list[int] = []
    bench.marker.ended.connect(lambda: ended.append(1))
    bench.marker.begin()
    if how == "escape":
        QTest.keyClick(bench.marker, Qt.Key.Key_Escape)
    elif how == "right button":
        QTest.mouseClick(bench.marker, RIGHT, NONE, QPoint(50, 50))
    else:
        bench.view.setFocus()
    assert not bench.marker.isVisible() and not bench.chosen and ended == [1]


def test_without_a_picture_there_is_no_part(bench: Bench) -> None:
    bench.view.set_image(None, message="Gone.")
    bench.marker.begin()
    bench.drag((104, 79), (304, 229), CTRL)
    assert not bench.marker.isVisible() and not bench.chosen


def test_the_part_is_seen_on_a_picture_of_any_colour(bench: Bench) -> None:
    for color in ("red", "white", "black"):
        bench.view.set_image(picture(QColor(color), 400, 300))
        before = bench.view.grab().toImage()
        bench.marker.begin()
        image = bench.view.grab().toImage()
        assert image.pixelColor(204, 154) == before.pixelColor(204, 154)  # the part keeps its colours
        edge = {image.pixelColor(x, 154).name() for x in range(118, 132)}
        assert len(edge) >= 3
        bench.marker.end()


def test_it_keeps_the_size_of_the_preview(bench: Bench) -> None:
    bench.marker.begin()
    bench.view.resize(300, 280)
    assert bench.marker.geometry() == bench.view.rect()
