"""Groups of pictures: in words, and with the one in their middle."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.coverage_clusters import ClusterList, cluster_words
from engine.schemas.insight import Cluster
from tests.desktop.ui.on_screen import painted, picture, shown


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Cluster(1, 1200, 0, "eel", 1200), "eel: None of 1,200 labelled"),
        (Cluster(1, 1, 0, "eel", 1), "eel: 1 picture, not labelled"),
        (Cluster(1, 1200, 3, "eel", 1199), "99\N{NO-BREAK SPACE}% eel: 3 of 1,200 labelled"),
        (Cluster(1, 10, 0, "eel", 5), "50\N{NO-BREAK SPACE}% eel: None of 10 labelled"),
        (Cluster(1, 45, 0, "brambling", 1), "no clear class: None of 45 labelled"),
        (Cluster(1, 2, 0, None, 0), "no class: None of 2 labelled"),
    ],
)
def test_words(row: Cluster, words: str) -> None:
    assert cluster_words(row) == words


def test_pictures_are_painted_as_soon_as_they_are_there(qtbot) -> None:
    there: dict[int, QImage] = {}
    listed = ClusterList(there.get)
    box = QWidget()
    QVBoxLayout(box).addWidget(listed)
    shown(qtbot, box, 420, 300)
    listed.show_rows((Cluster(1, 9, 0, "eel", 9), Cluster(2, 9, 0, None, 0)))
    red, blue = QColor("#c01040").name(), QColor("#1040c0").name()
    assert not {red, blue} & painted(listed)
    # A tall one and a wide one both fill their place.
    there[1], there[2] = picture(QColor(red), 60, 240), picture(QColor(blue), 240, 60)
    image = listed.viewport().grab().toImage()
    for row, color in enumerate((red, blue)):
        card = listed.visualRect(listed.model().index(row, 0))
        for dx in (24, card.width() // 2, card.width() - 24):
            for dy in (24, 60, 110):
                assert image.pixelColor(card.left() + dx, card.top() + dy).name() == color, (row, dx, dy)
    # They stand beside each other where there is room.
    first, second = (listed.visualRect(listed.model().index(row, 0)) for row in range(2))
    assert first.top() == second.top() and second.left() >= first.right()
