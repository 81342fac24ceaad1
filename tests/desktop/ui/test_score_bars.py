"""Bars: what they show, and how one is accepted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop.ui.score_bars import ScoreBars
from desktop.ui.tile_painter import confidence_color
from engine.schemas.prediction import ClassScore
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import detail

TOP = detail().predictions[0].top


@pytest.fixture
def bars(qtbot) -> ScoreBars:
    bars = ScoreBars()
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.addWidget(QLineEdit())
    layout.addWidget(bars)
    bars.set_scores(TOP[:5])
    shown(qtbot, window, 320, 300)
    bars.window_ = window  # keeps it
    return bars


def middle_of(bars: ScoreBars, row: int) -> QPoint:
    return QPoint(bars.width() // 2, bars.height() * row // 5 + bars.height() // 10)


def test_a_click_accepts_its_row(bars: ScoreBars, qtbot) -> None:
    for k in (1, 3, 5):
        with qtbot.waitSignal(bars.acceptRequested, timeout=1000) as said:
            qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=middle_of(bars, k - 1))
        assert said.args == [k]


def test_a_press_that_slides_off_accepts_nothing(bars: ScoreBars, qtbot) -> None:
    said: list[int] = []
    bars.acceptRequested.connect(said.append)
    qtbot.mousePress(bars, Qt.MouseButton.LeftButton, pos=middle_of(bars, 1))
    qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=middle_of(bars, 3))
    qtbot.mouseClick(bars, Qt.MouseButton.RightButton, pos=middle_of(bars, 3))
    qtbot.mousePress(bars, Qt.MouseButton.LeftButton, pos=middle_of(bars, 1))
    bars.set_scores(TOP[1:6])  # another picture under the finger
    qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=middle_of(bars, 1))
    assert said == []


def test_keys_walk_and_accept(bars: ScoreBars, qtbot) -> None:
    bars.setFocus(Qt.FocusReason.TabFocusReason)
    assert bars.current() == 0
    said: list[int] = []
    bars.acceptRequested.connect(said.append)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_End):
        qtbot.keyClick(bars, key)
    qtbot.keyClick(bars, Qt.Key.Key_Down)
    qtbot.keyClick(bars, Qt.Key.Key_Enter)
    qtbot.keyClick(bars, Qt.Key.Key_Home)
    qtbot.keyClick(bars, Qt.Key.Key_Return)
    assert said == [1, 3, 5, 1]


def test_the_row_of_the_keys_is_seen_and_said(bars: ScoreBars, qtbot) -> None:
    highlight = bars.palette().color(QPalette.ColorRole.Highlight)

    def is_framed() -> bool:
        edge = bars.grab().toImage().pixelColor(bars.width() // 2, 1)
        return abs(edge.hue() - highlight.hue()) < 10 and edge.saturation() > 100

    assert not is_framed()
    bars.setFocus(Qt.FocusReason.TabFocusReason)
    assert is_framed()
    qtbot.keyClick(bars, Qt.Key.Key_Down)
    assert "2: black swan, 20.0%" in bars.accessibleDescription() and "tench" not in bars.accessibleDescription()
    qtbot.mouseMove(bars, middle_of(bars, 4))
    assert bars.current() == 1
    bars.clearFocus()
    assert bars.current() == -1 and "tench" in bars.accessibleDescription()


def test_length_and_colour_say_how_sure(bars: ScoreBars) -> None:
    image = bars.grab().toImage()

    def length(row: int) -> int:
        color = confidence_color(TOP[row].confidence).name()
        lines = [
            sum(image.pixelColor(x, y).name() == color for x in range(image.width()))
            for y in range(image.height() * row // 5, image.height() * (row + 1) // 5)
        ]
        return max(lines)

    assert length(0) / length(1) == pytest.approx(0.62 / 0.2, rel=0.1)
    assert length(4) > 0


def test_right_to_left_is_the_mirror(bars: ScoreBars) -> None:
    color = confidence_color(TOP[0].confidence).name()

    def left_end() -> int:
        image = bars.grab().toImage()
        rows = range(image.height() // 5)
        return min(x for x in range(image.width()) for y in rows if image.pixelColor(x, y).name() == color)

    before = left_end()
    bars.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert before < bars.width() / 4
    assert left_end() == pytest.approx(bars.width() - before - (bars.width() - before - 6) * 0.62, abs=6)


def test_without_scores_there_is_nothing_to_do(bars: ScoreBars, qtbot) -> None:
    bars.setFocus(Qt.FocusReason.TabFocusReason)
    bars.set_scores(())
    said: list[int] = []
    bars.acceptRequested.connect(said.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(bars, key)
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, 1))
    assert said == [] and bars.focusPolicy() == Qt.FocusPolicy.NoFocus and bars.accessibleDescription() == ""


def test_twenty_rows_of_any_name_can_be_painted(bars: ScoreBars) -> None:
    names = ["<b>bold</b>", "a & b", "x" * 300, "שלום", ""]
    bars.set_scores(tuple(ClassScore(i, names[i % 5], i / 20) for i in range(20)), chosen="שלום")
    assert bars.sizeHint().height() > 19 * bars.fontMetrics().height()
    assert not bars.grab().isNull()


@pytest.mark.parametrize(
    ("label", "marked"),
    [("crane (134)", [1]), ("crane (517)", [3]), ("stork", [2]), ("crane (99)", []), ("heron", []), (None, [])],
)
def test_of_two_classes_of_one_name_the_labels_is_marked(bars: ScoreBars, label: str | None, marked: list[int]) -> None:
    cranes = (ClassScore(134, "crane", 0.6), ClassScore(127, "stork", 0.2), ClassScore(517, "crane", 0.1))
    bars.set_scores(cranes)
    plain = bars.grab().toImage()
    assert "label" not in bars.accessibleDescription()
    bars.set_scores(cranes, label)
    said = [row for row in bars.accessibleDescription().split("; ") if "(the label)" in row]
    assert [int(row[0]) for row in said] == marked
    assert (bars.grab().toImage() != plain) == bool(marked)
