"""Zoom, pan and one to one, looked at in pixels; the screens with two device pixels to a logical one in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui.preview_view import PreviewView
from tests.desktop.ui.on_screen import picture, pixels

ROOT = Path(__file__).resolve().parents[3]
NONE, LEFT, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def pattern(width: int, height: int) -> QImage:
    """Return a picture of which every pixel says where it is."""
    y, x = np.mgrid[0:height, 0:width]
    data = np.stack([x % 256, y % 256, (x // 256) * 16 + (y // 256) * 64, np.full_like(x, 255)], axis=2).astype(
        np.uint8
    )
    return QImage(data.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBX8888).convertToFormat(
        QImage.Format.Format_RGB32
    )


@pytest.fixture
def view(qtbot) -> PreviewView:
    view = PreviewView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    return view


def shot(view: PreviewView) -> np.ndarray:
    return pixels(view.grab().toImage()).astype(int)


def below(view: PreviewView, at: QPointF) -> tuple[float, float]:
    """Return the pixel of the picture at a point of the widget."""
    target = view._target()
    return (
        (at.x() - target.left()) / target.width() * view._full.width(),
        (at.y() - target.top()) / target.height() * view._full.height(),
    )


def wheel(view: PreviewView, delta: int, at: QPointF) -> None:
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False
    )  # fmt: skip
    QApplication.sendEvent(view, event)


# What is shown


def test_a_large_picture_is_shown_as_a_whole(view: PreviewView) -> None:
    view.set_image(picture(QColor("red"), 1600, 800))
    assert view.is_fitted
    red = (shot(view) == (255, 0, 0)).all(axis=2)
    rows, columns = np.where(red)
    assert columns.min() == 4 and columns.max() == 395  # the width, with a margin
    assert rows.max() - rows.min() + 1 == pytest.approx(196, abs=1)
    assert abs((rows.max() + rows.min()) / 2 - 149.5) <= 1


def test_a_small_picture_is_blown_up_but_not_beyond_measure(view: PreviewView) -> None:
    view.set_image(picture(QColor("red"), 10, 10))
    assert (shot(view) == (255, 0, 0)).all(axis=2).sum() == 40 * 40


def test_without_a_picture_the_message_is_there_for_eyes_and_ears(view: PreviewView) -> None:
    view.set_image(picture(QColor("red")))
    view.set_image(None, message="The file has gone.")
    assert not view.has_image and view.accessibleDescription() == "The file has gone."
    words = shot(view)
    assert not (words == (255, 0, 0)).all(axis=2).any()
    view.set_image(None)
    assert (words != shot(view)).any()
    view.set_image(QImage(), message="x")  # one that could not be made
    assert not view.has_image
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Z, Qt.Key.Key_0):
        QTest.keyClick(view, key)
    wheel(view, 120, QPointF(10, 10))
    assert view.is_fitted


# One to one


def assert_pixel_by_pixel(view: PreviewView, image: QImage, ratio: int) -> None:
    """See that each pixel of the screen is a pixel of the picture, whole and unblurred."""
    seen, source = shot(view), pixels(image).astype(int)
    assert seen.shape[1] == view.width() * ratio
    target = view._target()
    left, top = round(target.left() * ratio), round(target.top() * ratio)
    clear = seen[2:-60, 2:-2]  # the focus is at the edge, the zoom in the corner
    expected = source[2 - top : 2 - top + clear.shape[0], 2 - left : 2 - left + clear.shape[1]]
    assert (clear == expected).all()


@pytest.mark.parametrize("at", [None, QPointF(10, 20), QPointF(333, 111)])
def test_one_to_one_shows_each_pixel_on_one_of_the_screen(view: PreviewView, at: QPointF | None) -> None:
    image = pattern(1601, 903)
    view.set_image(image)
    view.one_to_one(at)
    assert_pixel_by_pixel(view, image, 1)


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["2"])
def test_one_to_one_on_a_fine_screen(scale: str) -> None:
    code = """
from PySide6.QtWidgets import QApplication
from tests.desktop.ui.test_preview_view import *
app = QApplication([])
view = PreviewView()
view.resize(400, 300)
view.show()
assert view.devicePixelRatioF() == 2.0
image = pattern(1601, 903)
view.set_image(image)
assert view.is_fitted
view.one_to_one(QPointF(33, 44))
assert_pixel_by_pixel(view, image, 2)
view.set_image(picture(QColor("red"), 300, 200))  # fits at more than its size: one to one is smaller then
view.one_to_one()
assert (shot(view) == (255, 0, 0)).all(axis=2).sum() == 300 * 200
"""
    environment = {**os.environ, "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_one_to_one_counts_pixels_of_the_screen(view: PreviewView, ratio: float, monkeypatch) -> None:
    monkeypatch.setattr(view, "devicePixelRatioF", lambda: ratio)
    told: list[float] = []
    view.zoomChanged.connect(told.append)
    for size in ((1600, 900), (600, 400), (500, 380), (300, 200), (20, 20)):
        view.set_image(picture(QColor("red"), *size))
        view.one_to_one()
        assert view._target().width() * ratio == pytest.approx(size[0])
        assert told[-1] == pytest.approx(1.0)


# Zoom


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_point_under_the_cursor_stays_there(view: PreviewView, ratio: float, monkeypatch) -> None:
    monkeypatch.setattr(view, "devicePixelRatioF", lambda: ratio)
    view.set_image(pattern(1600, 1200))
    view.zoom(6.0)
    for at in (QPointF(100, 80), QPointF(350, 250), QPointF(1, 1)):
        for delta in (120, 120, 37, -240, 120):
            before = below(view, at)
            wheel(view, delta, at)
            after = below(view, at)
            # As far as the picture lies on whole pixels of the screen.
            assert after == pytest.approx(before, abs=2 / view._shown_scale())


def test_zoom_has_an_end_at_both_sides(view: PreviewView) -> None:
    view.set_image(pattern(1600, 1200))
    for _ in range(40):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view._shown_scale() == 32.0
    for _ in range(60):
        QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.is_fitted


def test_a_blown_up_picture_can_be_made_as_small_as_it_is(view: PreviewView) -> None:
    view.set_image(picture(QColor("red"), 100, 80))
    assert view._shown_scale() > 2
    for _ in range(20):
        view.zoom(1 / 1.25)
    assert view._shown_scale() == 1.0


def test_keys_and_double_click_turn_between_whole_and_pixels(view: PreviewView) -> None:
    view.set_image(pattern(1600, 1200))
    QTest.keyClick(view, Qt.Key.Key_Z)
    assert view._shown_scale() == 1.0
    QTest.keyClick(view, Qt.Key.Key_Z)
    assert view.is_fitted
    before = below(view, QPointF(100, 100))
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    assert view._shown_scale() == 1.0 and below(view, QPointF(100, 100)) == pytest.approx(before, abs=3.0)
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.is_fitted


def test_keys_of_the_window_go_on_to_it(view: PreviewView) -> None:
    view.set_image(pattern(1600, 1200))
    for key, held in (
        (Qt.Key.Key_Z, CTRL),  # undo, also while there is nothing to undo
        (Qt.Key.Key_0, CTRL),
        (Qt.Key.Key_Plus, CTRL),
        (Qt.Key.Key_Left, NONE),
        (Qt.Key.Key_1, NONE),
    ):
        event = QKeyEvent(QEvent.Type.KeyPress, key, held)
        QApplication.sendEvent(view, event)
        assert not event.isAccepted() and view.is_fitted


def test_fine_lines_do_not_flicker_when_shown_smaller(view: PreviewView) -> None:
    """Zoomed in a little, each pixel of the screen stands for several of the picture: none may be skipped."""
    lines = np.zeros((1600, 1600, 4), np.uint8)
    lines[:, ::2] = 255
    view.set_image(QImage(lines.data, 1600, 1600, 6400, QImage.Format.Format_RGB32).copy())
    view.zoom(1.25)
    assert not view.is_fitted
    grey = shot(view)[20:200, 60:340, 0]
    assert grey.min() > 100 and grey.max() < 155
    view.one_to_one()
    assert set(np.unique(shot(view)[20:200, 60:340, 0])) == {0, 255}


def test_single_pixels_are_squares_only_where_they_are_the_pictures_own(view: PreviewView) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    for x in range(0, 40, 2):
        for y in range(30):
            image.setPixelColor(x, y, Qt.GlobalColor.white)
    view.set_image(image)
    view.zoom(10)
    assert set(np.unique(shot(view)[20:200, 60:300, 0])) == {0, 255}
    view.set_image(image, full_size=(400, 300))  # a thumbnail of something larger
    view.zoom(10)
    assert len(np.unique(shot(view)[20:200, 60:300, 0])) > 20


# Pan


def test_a_drag_moves_the_picture_and_not_out_of_sight(view: PreviewView) -> None:
    view.set_image(pattern(1600, 1200))
    QTest.mousePress(view, LEFT, NONE, QPoint(200, 150))
    QTest.mouseMove(view, QPoint(100, 100))
    QTest.mouseRelease(view, LEFT, NONE, QPoint(100, 100))
    assert view.is_fitted  # all of it is there: nothing to move
    view.one_to_one()
    assert view.cursor().shape() == Qt.CursorShape.OpenHandCursor
    before = below(view, QPointF(200, 150))
    QTest.mousePress(view, LEFT, NONE, QPoint(200, 150))
    assert view.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    QTest.mouseMove(view, QPoint(170, 130))
    assert below(view, QPointF(170, 130)) == pytest.approx(before, abs=1.0)
    for _ in range(20):
        QTest.mouseMove(view, QPoint(1000, 1000))
        view._grip = QPointF(0, 0)
    QTest.mouseRelease(view, LEFT, NONE, QPoint(390, 290))
    target = view._target()
    assert (target.left(), target.top()) == (0, 0)
    QTest.mouseMove(view, QPoint(10, 10))
    assert view._target() == target


def test_shift_and_arrows_move_the_picture(view: PreviewView) -> None:
    view.set_image(pattern(1600, 1200))
    view.one_to_one()
    before = view._target().topLeft()
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert view._target().topLeft() == before - QPointF(60, 60)
    QTest.keyClick(view, Qt.Key.Key_Left, SHIFT)
    QTest.keyClick(view, Qt.Key.Key_Up, SHIFT)
    assert view._target().topLeft() == before


def test_a_wider_window_shows_more_around_the_same_middle(view: PreviewView) -> None:
    view.set_image(pattern(1600, 1200))
    view.one_to_one()
    before = below(view, QPointF(200, 150))
    view.resize(600, 400)
    assert below(view, QPointF(300, 200)) == pytest.approx(before, abs=1.0)
    QTest.keyClick(view, Qt.Key.Key_Home)
    view.resize(3000, 2000)  # all of it has room now: it stands in the middle
    target = view._target()
    assert target.center() == QPointF(view.rect().width() / 2, view.rect().height() / 2)


# Sharper


def test_the_sharper_picture_takes_the_place_of_the_thumbnail(view: PreviewView) -> None:
    view.set_image(picture(QColor("red"), 256, 192))
    view.set_full_size(4000, 3000)
    wanted: list[int] = []
    view.sharperWanted.connect(wanted.append)
    assert view._target().width() == pytest.approx(389.3, abs=1)  # as large as the picture will be
    view.zoom(4.0, QPointF(50, 60))
    view.zoom(2.0, QPointF(50, 60))
    assert wanted == [4000]  # once
    before = view._target()
    view.set_image(picture(QColor("blue"), 4000, 3000), keep_view=True)
    assert view._target() == before
    assert (shot(view)[150, 200] == (0, 0, 255)).all()
    view.set_image(picture(QColor("red"), 256, 192))
    assert view.is_fitted


def test_zoom_stays_when_the_size_turns_out_to_be_another(view: PreviewView) -> None:
    view.set_image(pattern(800, 600))
    view.zoom(4.0, QPointF(50, 60))
    before = view._target()
    view.set_full_size(8000, 6000)
    assert view._target() == before
    view.set_image(None, keep_view=True, message="gone")
    view.set_image(pattern(800, 600), keep_view=True)
    assert view.is_fitted


def test_nothing_sharper_is_asked_for_when_there_is_none(view: PreviewView) -> None:
    wanted: list[int] = []
    view.sharperWanted.connect(wanted.append)
    view.set_image(pattern(800, 600))
    view.zoom(20.0)
    assert not wanted


def test_the_zoom_is_written_in_the_corner(view: PreviewView) -> None:
    view.set_image(picture(QColor("red"), 1600, 1200))
    plain = shot(view)[-30:, -60:]
    view.one_to_one()
    corner = shot(view)[-30:, -60:]
    assert (corner.min(axis=2) > 200).sum() > 20 and not (plain.min(axis=2) > 200).sum() > (
        corner.min(axis=2) > 200
    ).sum() * 20
