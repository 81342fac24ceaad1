"""The curve of scores over ranks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from desktop.ui import theme
from desktop.ui.score_curve import ScoreCurve
from tests.desktop.ui.on_screen import pixels, shown

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def curve(qtbot) -> ScoreCurve:
    curve = ScoreCurve()
    shown(qtbot, curve, 200, 44)
    return curve


def falling(n: int = 10_000) -> np.ndarray:
    return np.concatenate([np.linspace(1.0, 0.9, 12), np.linspace(0.5, 0.1, n - 12)])


def tops(shot: np.ndarray, color: str, within: int = 90) -> list[int | None]:
    """Return for each column the highest pixel in about that colour."""
    found = np.abs(shot.astype(int) - QColor(color).getRgb()[:3]).max(axis=2) < within
    return [int(np.argmax(column)) if column.any() else None for column in found.T]


def test_it_falls_where_the_scores_do(curve: ScoreCurve) -> None:
    curve.show_scores(falling(), 10_000, 12)
    line = tops(pixels(curve.grab().toImage()), theme.LIGHT["accent"])
    left, right = round(curve.x_of(10)), round(curve.x_of(14))
    assert line[left] < 10 and line[right] > 18 and line[190] > line[right]


def test_what_the_level_leaves_out_is_grey(curve: ScoreCurve) -> None:
    curve.show_scores(falling(), 12, 12)
    shot = pixels(curve.grab().toImage())
    accent = tops(shot, theme.LIGHT["accent"], 60)
    assert accent[10] is not None and all(top is None for top in accent[round(curve.x_of(14)) : -5])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10_000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_length_is_painted(curve: ScoreCurve, qapp, n: int, scheme: str) -> None:
    theme.apply(qapp, scheme)  # type: ignore[arg-type]
    try:
        blank = curve.grab().toImage()
        curve.show_scores(np.linspace(1.0, 0.3, n), n, 1)
        assert (curve.grab().toImage() != blank) == (n > 0)
        curve.show_nothing()
        assert curve.grab().toImage() == blank
    finally:
        theme.apply(qapp, "light")


def test_scores_that_hardly_differ_make_no_cliff(curve: ScoreCurve) -> None:
    curve.show_scores(np.linspace(1.0, 0.999, 50), 50, 0)
    line = [top for top in tops(pixels(curve.grab().toImage()), theme.LIGHT["accent"])[5:-5] if top is not None]
    assert max(line) - min(line) <= 3


@given(st.integers(2, 10_000), st.data())
def test_a_rank_is_found_where_it_stands(n: int, data: st.DataObject) -> None:
    curve = ScoreCurve()
    curve.resize(5000, 44)  # room for each of the first ranks
    curve.show_scores(np.linspace(1, 0, n), n, 0)
    place = data.draw(st.integers(0, min(n - 1, 200)))
    assert curve.place_at(curve.x_of(place)) == place
    assert curve.place_at(-100) == 0 and curve.place_at(10_000) == n - 1


def test_a_click_goes_to_a_rank_that_is_shown(curve: ScoreCurve, qtbot) -> None:
    chosen: list[int] = []
    curve.rankChosen.connect(chosen.append)
    qtbot.mouseClick(curve, LEFT, NONE, QPoint(100, 20))
    assert not chosen
    curve.show_scores(falling(), 10_000, 12)
    qtbot.mouseClick(curve, LEFT, NONE, QPoint(100, 20))
    assert chosen == [curve.place_at(100)]
    curve.show_scores(falling(), 12, 12)
    qtbot.mouseClick(curve, LEFT, NONE, QPoint(190, 20))
    assert chosen[1] == 11


def test_in_words(curve: ScoreCurve, monkeypatch) -> None:
    curve.show_scores(falling(), 10_000, 12)
    assert curve.accessibleName() and curve.accessibleDescription() == (
        "From 1.00 to 0.10, falls apart after 12, from 0.90 to 0.50"
    )
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_rest: said.append(text))
    at = QPoint(round(curve.x_of(11)), 5)
    QApplication.sendEvent(curve, QHelpEvent(QEvent.Type.ToolTip, at, curve.mapToGlobal(at)))
    assert said[0].startswith("Number 12: 0.90\n")
    curve.show_nothing()
    assert curve.accessibleDescription() == ""
