"""Classes and their labels, in words and as a bar."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.coverage_classes import ClassList, class_words
from engine.schemas.insight import ClassCoverage
from tests.desktop.ui.on_screen import pixels, shown


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ClassCoverage("eel", 0, 1200), "eel: none of 1,200 labelled"),
        (ClassCoverage("eel", 1, 1), "eel: 1 of 1 labelled"),
        (ClassCoverage("eel", 1100, 12000), "eel: 1,100 of 12,000 labelled"),
    ],
)
def test_words(row: ClassCoverage, words: str) -> None:
    assert class_words(row) == words


def test_the_bar_is_as_long_as_the_labelled_part(qtbot) -> None:
    shares = (0, 1, 50, 100)
    listed = ClassList()
    box = QWidget()
    QVBoxLayout(box).addWidget(listed)
    shown(qtbot, box, 400, 300)
    # A first row that is current, and so of another ground.
    listed.show_rows([ClassCoverage("none", 0, 1), *(ClassCoverage(f"class {n}", n, 100) for n in shares)])
    image = pixels(listed.viewport().grab().toImage())
    accent = theme.color("accent").getRgb()[:3]
    lengths = []
    for row in range(1, 5):
        area = listed.visualRect(listed.model().index(row, 0))
        part = image[area.top() : area.bottom()]
        lengths.append(int((abs(part.astype(int) - accent).sum(axis=2) < 30).sum(axis=1).max()))
    nothing, least, half, all_of_it = lengths
    assert nothing == 0 and 1 <= least <= 5
    assert half / all_of_it == pytest.approx(0.5, abs=0.03) and all_of_it > 200
