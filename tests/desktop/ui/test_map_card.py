"""The card beside a point: what it says, and that it stays on the screen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from desktop.ui import map_card, theme
from tests.desktop.ui.on_screen import picture
from tests.desktop.ui.records import tile

BOUNDS = QRectF(0, 0, 640, 480)


def test_words_say_name_class_and_confidence() -> None:
    assert map_card.words(tile(6, confidence=0.42), "tench") == ["IMG_00006.jpg", "Prediction: tench, 42%"]
    labelled = tile(6, label="banjo", label_state="accepted", confidence=0.42)
    assert map_card.words(labelled, "Labelled")[1:] == ["Labelled banjo", "Prediction: tench, 42%", "Labelled"]
    rejected = tile(6, label_state="rejected", top1=None, confidence=None)
    assert map_card.words(rejected, "") == ["IMG_00006.jpg", "Prediction rejected"]


@pytest.mark.parametrize("at", [(0, 0), (639, 0), (0, 479), (639, 479), (600, 240), (320, 240)])
@pytest.mark.parametrize("size", [(128, 100), (60, 400), (8, 8), None])
def test_it_lies_on_the_screen_beside_the_point(qapp, at: tuple[int, int], size: tuple[int, int] | None) -> None:
    theme.apply(qapp, "light")
    image = picture(QColor("#00ff00"), *size) if size else None
    canvas = QImage(640, 480, QImage.Format.Format_RGB32)
    canvas.fill(QColor("white"))
    painter = QPainter(canvas)
    point = QPointF(*at)
    said = ["a very long name of a picture that has no room in one line.jpg", "a class"]
    card = map_card.paint(painter, point, BOUNDS, said, image, QColor("red"), QFont("DejaVu Sans", 9))
    painter.end()
    assert BOUNDS.contains(card) and not card.contains(point)
    green = any(
        canvas.pixelColor(x, y) == QColor("#00ff00")
        for x in range(int(card.left()), int(card.right()), 2)
        for y in range(int(card.top()), int(card.bottom()), 2)
    )
    assert green == (image is not None)
