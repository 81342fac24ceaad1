"""A lasso or a rectangle drawn over the map, and which points lie in it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPalette, QPen

from desktop.ui.map_camera import MapCamera
from desktop.ui.map_index import MapIndex

Shape = Literal["lasso", "rectangle"]
_STEP_PX = 2.0  # between corners of a lasso


class MapArea:
    """What is drawn while the button is down, in points of the screen."""

    def __init__(self) -> None:
        self._shape: Shape = "lasso"
        self._corners: list[QPointF] = []

    @property
    def is_open(self) -> bool:
        """Whether one is being drawn."""
        return len(self._corners) > 1

    def begin(self, shape: Shape, at: QPointF) -> None:
        """Begin at a point."""
        self._shape, self._corners = shape, [at]

    def pull(self, to: QPointF) -> None:
        """Draw on to a point."""
        if not self._corners:
            return
        if self._shape == "rectangle":
            self._corners[1:] = [to]
        elif (to - self._corners[-1]).manhattanLength() >= _STEP_PX:
            self._corners.append(to)

    def end(self) -> None:
        """Let go."""
        self._corners = []

    def outline(self) -> QPainterPath:
        """Return what is drawn, closed."""
        path = QPainterPath()
        if not self.is_open:
            return path
        if self._shape == "rectangle":
            path.addRect(QRectF(self._corners[0], self._corners[1]).normalized())
            return path
        path.moveTo(self._corners[0])
        for corner in self._corners[1:]:
            path.lineTo(corner)
        path.closeSubpath()
        path.setFillRule(Qt.FillRule.WindingFill)  # a loop that crosses itself means all of it
        return path

    def places(self, index: MapIndex, camera: MapCamera) -> NDArray[np.intp]:
        """Return the places in the index of all points inside, also of those that no dot of their own was drawn for.

        The shape is filled on an image as large as the screen, and each point looks up its pixel: the time does not
        depend on how many corners there are.
        """
        outline = self.outline()
        bounds = outline.boundingRect().intersected(QRectF(0, 0, camera.width, camera.height))
        if bounds.isEmpty():
            return np.empty(0, np.intp)
        left, top = camera.on_map(bounds.topLeft())
        right, bottom = camera.on_map(bounds.bottomRight())
        near = index.inside((left, top, right, bottom))
        if self._shape == "rectangle":
            return near
        mask = QImage(camera.width, camera.height, QImage.Format.Format_Grayscale8)
        mask.fill(0)
        painter = QPainter(mask)
        painter.fillPath(outline, QColor("white"))
        painter.end()
        pixels = np.frombuffer(mask.constBits(), np.uint8).reshape(camera.height, mask.bytesPerLine())
        x = (index.x[near] - np.float32(camera.x)) * np.float32(camera.scale) + np.float32(camera.width / 2)
        y = (index.y[near] - np.float32(camera.y)) * np.float32(camera.scale) + np.float32(camera.height / 2)
        column = np.clip(x, 0, camera.width - 1).astype(np.intp)
        row = np.clip(y, 0, camera.height - 1).astype(np.intp)
        inside: NDArray[np.intp] = near[pixels[row, column] > 0]
        return inside

    def paint(self, painter: QPainter, palette: QPalette) -> None:
        """Draw it."""
        if not self.is_open:
            return
        accent = palette.color(QPalette.ColorRole.Highlight)
        inside = QColor(accent)
        inside.setAlpha(30)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._shape == "lasso")
        painter.setPen(QPen(accent, 1.5 if self._shape == "lasso" else 1.0))
        painter.setBrush(inside)
        painter.drawPath(self.outline())
