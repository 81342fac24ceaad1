"""Scores on tiles, and the line where a ranking falls apart: looked at in pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QImage, QPainter
from PySide6.QtWidgets import QApplication, QToolTip

from desktop.ui import theme
from desktop.ui.grid import AssetGrid
from desktop.ui.score_marks import ScoreMarks
from desktop.ui.tile_layout import TileLayout
from tests.desktop.ui.grid_hands import Key, center, fill, grid, press
from tests.desktop.ui.on_screen import pixels

__all__ = ["grid"]  # the fixture
N, COLUMNS = 23, 5


def painted(qapp: QApplication, marks: ScoreMarks, scheme: str = "light", ratio: float = 1.0, scroll: int = 0):
    """Paint over a white screen of three rows and a bit; returns the pixels and the layout."""
    theme.apply(qapp, scheme)
    layout = TileLayout.of(5 * 160 + 12, 560, 160, N, QFontMetrics(qapp.font()))
    assert layout.columns == COLUMNS
    image = QImage(round(812 * ratio), round(560 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("white"))
    painter = QPainter(image)
    marks.paint(painter, layout, scroll, qapp.palette(), qapp.font())
    painter.end()
    return pixels(image).astype(int), layout


def ink(shot: np.ndarray, color: tuple[int, int, int], within: int = 40) -> np.ndarray:
    """Return (n, 2) x, y of the pixels in about that colour."""
    y, x = np.nonzero(np.abs(shot - color).max(axis=2) < within)
    return np.stack([x, y], axis=1)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_tile_has_its_chip_in_a_corner_of_its_picture(qapp, scheme: str, ratio: float) -> None:
    marks = ScoreMarks()
    marks.show(np.linspace(1.0, 0.1, N))
    shot, layout = painted(qapp, marks, scheme, ratio)
    for place in (0, 7, 14):
        picture = layout.shape.picture.translated(layout.rect(place, 0).topLeft())
        left, top = round(picture.left() * ratio), round(picture.top() * ratio)
        area = shot[top : round((picture.bottom() + 1) * ratio), left : round((picture.right() + 1) * ratio)]
        dark = ink(area, (75, 76, 80))
        assert len(dark) > 100 * ratio**2
        # At the bottom on the left: the other corners are taken by other badges.
        assert dark[:, 0].max() < area.shape[1] / 2 and dark[:, 1].min() > area.shape[0] - 24 * ratio
        assert len(ink(area[dark[:, 1].min() : dark[:, 1].max(), : dark[:, 0].max()], (255, 255, 255))) > 20


def test_no_chip_where_there_is_no_score(qapp) -> None:
    marks = ScoreMarks()
    shot, _layout = painted(qapp, marks)
    assert (shot == 255).all()
    marks.show(np.array([0.9, 0.8]))
    shot, layout = painted(qapp, marks)
    right = layout.rect(2, 0).left()
    assert (shot[:, right:] == 255).all() and not (shot[:, :right] == 255).all()


@pytest.mark.parametrize(("cut", "row", "column"), [(7, 1, 2), (3, 0, 3), (5, 0, 5), (10, 1, 5)])
def test_the_line_runs_between_the_last_and_the_next(qapp, cut: int, row: int, column: int) -> None:
    marks = ScoreMarks()
    marks.show(np.linspace(1.0, 0.1, N), cut)
    shot, layout = painted(qapp, marks)
    accent = QColor(theme.LIGHT["accent"]).getRgb()[:3]
    line = ink(shot, accent)
    rows = layout.rect(cut - 1, 0).top(), layout.rect(cut - 1, 0).bottom() + 1
    below, above = line[np.abs(line[:, 1] - rows[1]) <= 2], line[np.abs(line[:, 1] - rows[0]) <= 2]
    turn = layout.left_px + column * layout.shape.width
    assert below[:, 0].min() <= layout.left_px + 1 and below[:, 0].max() <= turn + 2
    if column < COLUMNS:
        assert above[:, 0].max() >= layout.left_px + COLUMNS * layout.shape.width - 2
        upright = line[(line[:, 1] > rows[0] + 20) & (line[:, 1] < rows[1] - 20)]
        assert len(upright) and (np.abs(upright[:, 0] - turn) <= 2).all()
    else:
        assert not len(above) and below[:, 0].max() >= turn - 2
    # It crosses no picture.
    for place in layout.visible(0):
        picture = layout.shape.picture.translated(layout.rect(place, 0).topLeft())
        assert not any(picture.contains(QPoint(*point)) for point in line.tolist())


@pytest.mark.parametrize("cut", [0, N, N + 1])
def test_a_ranking_that_does_not_fall_apart_has_no_line(qapp, cut: int) -> None:
    marks = ScoreMarks()
    marks.show(np.linspace(1.0, 0.1, N), cut)
    shot, _layout = painted(qapp, marks)
    assert not len(ink(shot, QColor(theme.LIGHT["accent"]).getRgb()[:3]))


def test_it_tells_whether_anything_looks_different() -> None:
    marks = ScoreMarks()
    assert not marks.show(None) and marks.show(np.array([0.9, 0.8]), 1)
    assert not marks.show(np.array([0.9, 0.8, 0.7]), 1)  # what came is painted as it comes into view
    assert marks.show(np.array([0.9, 0.8, 0.7]), 2) and marks.show(np.array([0.9, 0.7, 0.6]), 2)
    assert marks.show(None) and marks.score_at(0) is None


def test_in_the_grid_scores_are_painted_and_said(grid: AssetGrid, qtbot, monkeypatch) -> None:
    ids = fill(grid, 40)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0)
    before = grid.viewport().grab().toImage()
    grid.set_ids(ids, np.linspace(1.0, 0.1, 40), 7)
    assert grid.viewport().grab().toImage() != before
    press(grid, Key.Key_Home, Key.Key_Right)
    assert "Likeness 0.98" in grid.accessibleDescription()
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_rest: said.append(text))
    at = center(grid, 2)
    QApplication.sendEvent(grid.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, grid.viewport().mapToGlobal(at)))
    assert "Likeness 0.95" in said[0].split("\n")
    grid.set_ids(ids)
    press(grid, Key.Key_Home)
    assert "Likeness" not in grid.accessibleDescription()
    grid.set_ids(ids, np.linspace(1.0, 0.1, 40), 7)
    grid.reset()
    assert grid.marks.score_at(0) is None


def test_a_line_that_moves_is_painted_anew_where_no_tile_does(grid: AssetGrid, qtbot) -> None:
    """The whole of a ranking appends to its first screen, out of sight; the line in sight may move all the same."""
    ids = fill(grid, 400)
    grid.set_ids(ids[:200], np.linspace(1.0, 0.5, 400)[:200], 3)
    qtbot.waitUntil(lambda: grid.visible_share_with_thumbnails() == 1.0)
    qtbot.wait(100)
    painted: list[int] = []
    paint = grid.marks.paint
    grid.marks.paint = lambda *arguments: (painted.append(1), paint(*arguments))
    grid.set_ids(ids, np.linspace(1.0, 0.5, 400), 6)
    qtbot.waitUntil(lambda: bool(painted), timeout=2000)
