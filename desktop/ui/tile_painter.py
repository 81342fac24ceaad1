"""Draws one tile of the grid."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPalette, QPen

from engine.schemas.library import Tile

CAPTION_PX = 40
_PADDING_PX = 6
_BAR_PX = 3
# Light to dark of one hue-safe ramp (viridis-like): read as brightness too, and the number stands beside it.
_RAMP = ((0.0, "#8a6fb0"), (0.4, "#4a7fb5"), (0.7, "#2a9d8f"), (1.01, "#3fae49"))


class TilePainter:
    """Paints tiles with one palette and font; made anew when these change."""

    def __init__(self, palette: QPalette, metrics: QFontMetrics) -> None:
        self._text = palette.color(QPalette.ColorRole.Text)
        self._faint = QColor(self._text)
        self._faint.setAlpha(150)
        self._card = palette.color(QPalette.ColorRole.AlternateBase)
        self._accent = palette.color(QPalette.ColorRole.Highlight)
        self._metrics = metrics
        self._elided: dict[tuple[str, int], str] = {}

    def paint(
        self, painter: QPainter, rect: QRect, tile: Tile | None, image: QImage | None, *, selected: bool, current: bool
    ) -> None:
        """Draw a tile; `tile` and `image` may not be known yet."""
        inner = rect.adjusted(3, 3, -3, -3)
        painter.fillRect(inner, self._card)
        if selected:
            wash = QColor(self._accent)
            wash.setAlpha(60)
            painter.fillRect(inner, wash)
        picture = inner.adjusted(_PADDING_PX, _PADDING_PX, -_PADDING_PX, -CAPTION_PX)
        if image is not None:
            self._image(painter, picture, image)
        if tile is not None:
            caption = QRect(inner.left() + _PADDING_PX, picture.bottom() + 4, picture.width(), CAPTION_PX - 6)
            self._caption(painter, caption, tile)
            if tile.n_files > 1:
                self._badge(painter, picture, f"{tile.n_files} files")
        if selected or current:
            pen = QPen(self._accent, 2 if current else 1)
            painter.setPen(pen)
            painter.drawRect(inner.adjusted(0, 0, -1, -1))

    def _image(self, painter: QPainter, rect: QRect, image: QImage) -> None:
        scale = min(rect.width() / image.width(), rect.height() / image.height())
        width, height = image.width() * scale, image.height() * scale
        target = QRectF(rect.center().x() - width / 2, rect.center().y() - height / 2, width, height)
        painter.drawImage(target, image)

    def _caption(self, painter: QPainter, rect: QRect, tile: Tile) -> None:
        number = ""
        if tile.label_state == "accepted" and tile.label:
            text, color = f"\N{CHECK MARK} {tile.label}", self._text
        elif tile.label_state == "rejected":
            text, color = f"\N{MULTIPLICATION SIGN} {tile.top1 or ''}", self._faint
        else:
            text, color = tile.top1 or "", self._text
        if tile.confidence is not None:
            number = f"{tile.confidence:.0%}"
        line = QRect(rect.left(), rect.top(), rect.width(), self._metrics.height())
        number_px = self._metrics.horizontalAdvance("100%") + 4 if number else 0
        painter.setPen(color)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, self._elide(text, rect.width() - number_px))
        painter.setPen(self._faint)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, number)
        if tile.confidence is not None:
            track = QRect(rect.left(), line.bottom() + 5, rect.width(), _BAR_PX)
            shade = QColor(self._text)
            shade.setAlpha(30)
            painter.fillRect(track, shade)
            track.setWidth(max(2, round(track.width() * tile.confidence)))
            painter.fillRect(track, confidence_color(tile.confidence))

    def _badge(self, painter: QPainter, picture: QRect, text: str) -> None:
        width = self._metrics.horizontalAdvance(text) + 10
        rect = QRect(picture.right() - width + 1, picture.top(), width, self._metrics.height() + 2)
        painter.fillRect(rect, QColor(0, 0, 0, 160))
        painter.setPen(QColor("white"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _elide(self, text: str, width: int) -> str:
        key = (text, width)
        if key not in self._elided:
            if len(self._elided) > 20_000:
                self._elided.clear()
            self._elided[key] = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
        return self._elided[key]


def confidence_color(confidence: float) -> QColor:
    """Return the colour that stands for a confidence."""
    return QColor(next(color for limit, color in reversed(_RAMP) if confidence >= limit or limit == 0.0))
