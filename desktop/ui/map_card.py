"""The card beside a point of the map that the mouse rests on: its picture, its name, what the model says."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from desktop.ui import theme
from desktop.ui.plain_text import printable
from desktop.ui.tile_painter import percent
from engine.schemas.library import Tile

_PICTURE_PX = 168.0
_PADDING_PX = 8.0
_APART_PX = 14.0
_EDGE_PX = 6.0
_RADIUS_PX = 7.0


def words(row: Tile, group: str) -> list[str]:
    """Return what a point is, in words: name, label or prediction, and the group that its colour stands for."""
    said = [printable(row.name)]
    if row.label_state == "accepted" and row.label:
        said.append(QCoreApplication.translate("MapCard", "Labelled {0}").format(row.label))
    elif row.label_state == "rejected":
        said.append(QCoreApplication.translate("MapCard", "Prediction rejected"))
    if row.top1 is not None and row.confidence is not None:
        text = QCoreApplication.translate("MapCard", "Prediction: {0}, {1}")
        said.append(text.format(row.top1, percent(row.confidence)))
    if group and group not in (row.label, row.top1):
        said.append(group)
    return said


def paint(
    painter: QPainter, at: QPointF, bounds: QRectF, said: list[str], image: QImage | None, color: QColor, font: QFont
) -> QRectF:
    """Draw the card beside a point, inside of the bounds; returns where."""
    metrics = QFontMetricsF(font)
    picture = QSizeF(_PICTURE_PX, _PICTURE_PX * 0.75)
    if image is not None and not image.isNull():
        whole = QSizeF(image.width(), image.height())
        picture = whole.scaled(QSizeF(_PICTURE_PX, _PICTURE_PX), Qt.AspectRatioMode.KeepAspectRatio)
        picture = picture.boundedTo(whole * 2)
    width = _PICTURE_PX + 2 * _PADDING_PX
    height = picture.height() + 2 * _PADDING_PX + 4 + len(said) * metrics.height()
    x = at.x() + _APART_PX if at.x() + _APART_PX + width < bounds.right() - _EDGE_PX else at.x() - _APART_PX - width
    x = min(max(x, bounds.left() + _EDGE_PX), bounds.right() - _EDGE_PX - width)
    y = min(max(at.y() - height / 3, bounds.top() + _EDGE_PX), bounds.bottom() - _EDGE_PX - height)
    card = QRectF(round(x), round(y), width, round(height))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for step in (3, 2, 1):  # a soft shadow, so that the card lies over the points
        painter.setPen(QPen(QColor(0, 0, 0, 14), 2 * step))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(card.translated(0, 1), _RADIUS_PX, _RADIUS_PX)
    painter.setPen(QPen(theme.color("strong_line"), 1))
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS_PX, _RADIUS_PX)
    place = QRectF(
        card.left() + (width - picture.width()) / 2, card.top() + _PADDING_PX, picture.width(), picture.height()
    )
    clip = QPainterPath()
    clip.addRoundedRect(place, 3, 3)
    if image is not None and not image.isNull():
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipPath(clip)
        painter.drawImage(place, image)
        painter.restore()
    else:
        painter.fillPath(clip, theme.color("card"))
    line = QRectF(card.left() + _PADDING_PX, place.bottom() + 4, width - 2 * _PADDING_PX, metrics.height())
    for number, text in enumerate(said):
        painter.setFont(font)
        painter.setPen(theme.color("text" if number == 0 else "faint"))
        room = line.width()
        if number == len(said) - 1:
            # The colour of the dot, beside the words.
            dot = QPointF(line.right() - 4, line.center().y())
            painter.save()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(dot, 4, 4)
            painter.restore()
            room -= 14
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))
        line.translate(0, metrics.height())
    return card
