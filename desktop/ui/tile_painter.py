"""Draws one tile of the grid: picture, name, confidence, badges."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPalette, QPen, QPixmap

from desktop.ui.plain_text import printable
from engine.schemas.library import Tile

GAP_PX = 4  # on each side of a tile: neighbours stand twice as far apart
PADDING_PX = 5
_PICTURE_SHARE = 0.78  # height of the picture's place by its width: between 4:3 and a square
_CAPTION_GAP_PX = 5
_BAR_PX = 3
_BADGE_PX = 18
_RADIUS_PX = 5.0
# Orange to blue, told apart by all kinds of colour blindness; the length of the bar and the number say the same.
_RAMP_LIGHT = ("#b3540a", "#9a7f5f", "#2563c9")
_RAMP_DARK = ("#f0954a", "#b9a88f", "#6ea2f2")
_STEPS = 32


@dataclass(frozen=True, slots=True)
class TileShape:
    """Measures of all tiles, in logical pixels.

    Attributes
    ----------
    width, height
        The cell, gaps included.
    picture_height
        The place of the picture, as wide as the cell without gaps and padding.
    """

    width: int
    height: int
    picture_height: int

    @classmethod
    def of(cls, width: int, metrics: QFontMetrics) -> TileShape:
        """Return the measures of tiles in cells of this width."""
        picture = round((width - 2 * (GAP_PX + PADDING_PX)) * _PICTURE_SHARE)
        caption = _CAPTION_GAP_PX + metrics.height() + 3 + _BAR_PX
        return cls(width, 2 * (GAP_PX + PADDING_PX) + picture + caption, picture)

    @property
    def picture(self) -> QRect:
        """The place of the picture in the cell."""
        inset = GAP_PX + PADDING_PX
        return QRect(inset, inset, self.width - 2 * inset, self.picture_height)


def is_dark(palette: QPalette) -> bool:
    """Say whether text is lighter than what it stands on."""
    return palette.color(QPalette.ColorRole.Text).lightness() > palette.color(QPalette.ColorRole.Base).lightness()


def confidence_color(confidence: float, *, dark: bool = False) -> QColor:
    """Return the colour that stands for a confidence."""
    return _COLORS[dark][max(0, min(_STEPS, round(confidence * _STEPS)))]


def percent(confidence: float) -> str:
    """Return a confidence as people read it; 100 % is for certainty only."""
    return f"{min(99, round(confidence * 100)) if confidence < 0.9995 else 100}%"


class TilePainter:
    """Paints tiles with one palette, font and size; made anew when these change.

    Parameters
    ----------
    ratio
        Device pixels of a logical pixel.
    """

    def __init__(self, palette: QPalette, font: QFont, width: int, ratio: float) -> None:
        self._metrics = QFontMetrics(font)
        self.shape = TileShape.of(width, self._metrics)
        self.ratio = ratio
        self._dark = is_dark(palette)
        self._font = font
        self._strong = QFont(font)
        self._strong.setWeight(QFont.Weight.DemiBold)
        self._struck = QFont(font)
        self._struck.setStrikeOut(True)
        self._text = palette.color(QPalette.ColorRole.Text)
        self._faint = palette.color(QPalette.ColorRole.PlaceholderText)
        self._mat = palette.color(QPalette.ColorRole.AlternateBase)
        self._accent = palette.color(QPalette.ColorRole.Highlight)
        self._on_accent = palette.color(QPalette.ColorRole.HighlightedText)
        self._base = palette.color(QPalette.ColorRole.Base)
        self._track = QColor(self._text)
        self._track.setAlpha(26)
        self._number_px = self._metrics.horizontalAdvance("100%") + 6
        self._tint = QColor(self._accent)
        self._tint.setAlpha(60 if self._dark else 44)
        self._edge = _mixed(self._accent, self._base, 0.6)

    def render(self, tile: Tile | None, image: QImage | None) -> QPixmap:
        """Return a tile as an opaque picture (copied five times as fast as one that lets something through).

        `tile` and `image` may not be known yet.
        """
        shape = self.shape
        picture = QPixmap(round(shape.width * self.ratio), round(shape.height * self.ratio))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(self._base)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        place = shape.picture
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._mat)
        painter.drawRoundedRect(place, 3, 3)
        if image is not None and not image.isNull():
            self._image(painter, place, image)
        if tile is not None:
            self._caption(painter, place, tile)
            self._badges(painter, place, tile)
        painter.end()
        return picture

    def selection(self, painter: QPainter, cell: QRect, *, selected: bool, current: bool, focus: bool) -> None:
        """Draw around a tile that is selected or current; the picture itself keeps its colours."""
        # Without the focus the keys go elsewhere: the outline is thinner then.
        width = 2.0 if current and focus else 1.0
        # A line two pixels wide is sharp between two pixels, one of one in the middle of one.
        out = (2.0 - width) / 2
        card = QRectF(cell).adjusted(GAP_PX - out, GAP_PX - out, out - GAP_PX, out - GAP_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            frame = QPainterPath()
            frame.addRoundedRect(card, _RADIUS_PX, _RADIUS_PX)
            picture = QPainterPath()
            picture.addRect(QRectF(self.shape.picture.translated(cell.topLeft())))
            painter.fillPath(frame - picture, self._tint)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if current:
            painter.setPen(QPen(self._accent, width))
        elif selected:
            painter.setPen(QPen(self._edge, width))
        else:
            return
        painter.drawRoundedRect(card, _RADIUS_PX, _RADIUS_PX)

    def tick(self, painter: QPainter, cell: QRect) -> None:
        """Draw over a tile that is one of several selected: not by colour alone."""
        center = QPointF(cell.right() - GAP_PX - PADDING_PX - 8, cell.top() + GAP_PX + PADDING_PX + 9)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._on_accent, 1.5))
        painter.setBrush(self._accent)
        painter.drawEllipse(center, 8, 8)
        _tick(painter, center, self._on_accent)

    def _image(self, painter: QPainter, place: QRect, image: QImage) -> None:
        scale = min(place.width() / image.width(), place.height() / image.height())
        # Small pictures (icons, crops) are not blown up beyond twice their size.
        scale = min(scale, 2.0)
        width, height = max(1, round(image.width() * scale)), max(1, round(image.height() * scale))
        left, top = place.left() + (place.width() - width) // 2, place.top() + (place.height() - height) // 2
        target = QRect(left, top, width, height)
        device_width, device_height = round(width * self.ratio), round(height * self.ratio)
        if device_width < image.width():
            image = image.scaled(
                device_width,
                device_height,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)

    def _caption(self, painter: QPainter, place: QRect, tile: Tile) -> None:
        line = QRect(place.left(), place.bottom() + 1 + _CAPTION_GAP_PX, place.width(), self._metrics.height())
        text, font, color = tile.top1 or printable(tile.name), self._font, self._text if tile.top1 else self._faint
        # Beside a person's label the model's number would speak of another class.
        confidence = tile.confidence if tile.top1 else None
        if tile.label_state == "accepted" and tile.label:
            text, font, color = tile.label, self._strong, self._text
            confidence = confidence if tile.label == tile.top1 else None
        elif tile.label_state == "rejected":
            font, color = self._struck, self._faint
        room = line.width() - (self._number_px if confidence is not None else 0)
        metrics = self._metrics if font is self._font else QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))
        if confidence is None:
            return
        painter.setFont(self._font)
        painter.setPen(self._faint)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, percent(confidence))
        track = QRectF(line.left(), line.bottom() + 4, line.width(), _BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._track)
        painter.drawRoundedRect(track, 1.5, 1.5)
        track.setWidth(max(3.0, track.width() * confidence))
        painter.setBrush(confidence_color(confidence, dark=self._dark))
        painter.drawRoundedRect(track, 1.5, 1.5)

    def _badges(self, painter: QPainter, place: QRect, tile: Tile) -> None:
        half = _BADGE_PX / 2
        if tile.label_state is not None:
            center = QPointF(place.left() + 4 + half, place.top() + 4 + half)
            painter.setPen(QPen(QColor("white"), 1.2))
            painter.setBrush(QColor("#1d6b3c" if tile.label_state == "accepted" else "#3d4249"))
            painter.drawEllipse(center, half - 0.6, half - 0.6)
            (_tick if tile.label_state == "accepted" else _cross)(painter, center, QColor("white"))
        if tile.n_files > 1:
            text = f"\N{MULTIPLICATION SIGN}{tile.n_files}"
            width = self._metrics.horizontalAdvance(text) + 10
            pill = QRectF(place.right() - width - 3, place.bottom() - _BADGE_PX - 3, width, _BADGE_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(20, 22, 26, 200))
            painter.drawRoundedRect(pill, 4, 4)
            painter.setPen(QColor("white"))
            painter.setFont(self._font)
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def _tick(painter: QPainter, center: QPointF, color: QColor) -> None:
    path = QPainterPath(center + QPointF(-3.6, 0.2))
    path.lineTo(center + QPointF(-1.1, 2.8))
    path.lineTo(center + QPointF(3.8, -2.8))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, 1.8, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
    painter.drawPath(path)


def _cross(painter: QPainter, center: QPointF, color: QColor) -> None:
    painter.setPen(QPen(color, 1.8, c=Qt.PenCapStyle.RoundCap))
    painter.drawLine(center + QPointF(-2.8, -2.8), center + QPointF(2.8, 2.8))
    painter.drawLine(center + QPointF(-2.8, 2.8), center + QPointF(2.8, -2.8))


def _mixed(color: QColor, ground: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        *(
            a * share + b * (1 - share)
            for a, b in (
                (color.redF(), ground.redF()),
                (color.greenF(), ground.greenF()),
                (color.blueF(), ground.blueF()),
            )
        )
    )


def _ramp(stops: tuple[str, str, str]) -> list[QColor]:
    low, middle, high = (QColor(stop) for stop in stops)
    half = _STEPS / 2
    return [
        _mixed(middle, low, i / half) if i <= half else _mixed(high, middle, (i - half) / half)
        for i in range(_STEPS + 1)
    ]


_COLORS = {False: _ramp(_RAMP_LIGHT), True: _ramp(_RAMP_DARK)}
