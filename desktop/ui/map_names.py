"""Names of groups written on the map where each is thickest, none over another."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

from desktop.ui.map_camera import MapCamera
from desktop.ui.map_scene import MapScene
from desktop.ui.plain_text import printable

_MAX_PX = 180.0
_HALO_PX = 4.0
_APART_PX = 6.0
_KEPT = 64


class MapNames:
    """Draws names with a rim in the colour of the ground, each once and then as a picture. GUI thread."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, int, int, str, float], QPixmap] = {}
        self._font_key = ""
        self._strong = QFont()
        self._fitted: dict[str, tuple[str, float]] = {}

    def paint(
        self,
        painter: QPainter,
        scene: MapScene,
        camera: MapCamera,
        font: QFont,
        ink: QColor,
        ground: QColor,
        ratio: float,
        busy: list[QRectF],
    ) -> None:
        """Write the names that are on the screen, the most frequent first, where none of `busy` is."""
        taken = list(busy)
        screen = QRectF(0, 0, camera.width, camera.height)
        if self._font_key != font.key():
            self._font_key, self._strong, self._fitted = font.key(), QFont(font), {}
            self._strong.setWeight(QFont.Weight.DemiBold)
        strong = self._strong
        metrics = QFontMetricsF(strong)
        for number, x, y in scene.middles:
            name = metrics.elidedText(
                printable(scene.colours.legend[number].name), Qt.TextElideMode.ElideRight, _MAX_PX
            )
            at = camera.on_screen(x, y)
            width, height = metrics.horizontalAdvance(name) + 2 * _HALO_PX, metrics.height() + 2 * _HALO_PX
            rect = QRectF(round(at.x() - width / 2), round(at.y() - height / 2), width, height)
            if not rect.intersects(screen):
                continue
            around = rect.adjusted(-_APART_PX, -_APART_PX, _APART_PX, _APART_PX)
            if any(around.intersects(other) for other in taken):
                continue
            taken.append(rect)
            painter.drawPixmap(rect.topLeft(), self._picture(name, strong, metrics, ink, ground, ratio))

    def _fit(self, name: str, metrics: QFontMetricsF) -> tuple[str, float]:
        """Return a name as it has room, and its width."""
        if name not in self._fitted:
            text = metrics.elidedText(printable(name), Qt.TextElideMode.ElideRight, _MAX_PX)
            self._fitted[name] = text, metrics.horizontalAdvance(text)
        return self._fitted[name]

    def _picture(
        self, name: str, font: QFont, metrics: QFontMetricsF, ink: QColor, ground: QColor, ratio: float
    ) -> QPixmap:
        key = (name, ink.rgb(), ground.rgb(), font.key(), ratio)
        if key in self._drawn:
            return self._drawn[key]
        if len(self._drawn) >= _KEPT:
            self._drawn.clear()
        width, height = metrics.horizontalAdvance(name) + 2 * _HALO_PX, metrics.height() + 2 * _HALO_PX
        picture = QPixmap(round(width * ratio) + 1, round(height * ratio) + 1)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        path = QPainterPath()
        path.addText(QPointF(_HALO_PX, _HALO_PX + metrics.ascent()), font, name)
        rim = QColor(ground)
        rim.setAlpha(225)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.strokePath(path, QPen(rim, _HALO_PX, j=Qt.PenJoinStyle.RoundJoin))
        painter.fillPath(path, ink)
        painter.end()
        self._drawn[key] = picture
        return picture
