"""A picture to look at closely: fit, zoom at the cursor, pan."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class PreviewView(QWidget):
    """Shows one image. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._zoom = 1.0
        self._offset = QPointF()
        self._grip: QPointF | None = None
        self._message = ""
        self.setMinimumHeight(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Preview"))

    def set_image(self, image: QImage | None, *, keep_view: bool = False, message: str = "") -> None:
        """Show an image, or a message instead."""
        self._image, self._message = image, message
        if not keep_view:
            self._zoom, self._offset = 1.0, QPointF()
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom so that the point under the cursor stays there."""
        before = self._zoom
        self._zoom = max(1.0, min(16.0, self._zoom * factor))
        at = at or QPointF(self.rect().center())
        from_center = at - QPointF(self.rect().center()) - self._offset
        self._offset -= from_center * (self._zoom / before - 1)
        if self._zoom == 1.0:
            self._offset = QPointF()
        self.update()

    def fit(self) -> None:
        """Show the whole image."""
        self._zoom, self._offset = 1.0, QPointF()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None:
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
            painter.end()
            return
        scale = min(self.width() / self._image.width(), self.height() / self._image.height()) * self._zoom
        width, height = self._image.width() * scale, self._image.height() * scale
        center = QPointF(self.rect().center()) + self._offset
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(center.x() - width / 2, center.y() - height / 2, width, height), self._image)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(1.25 if event.angleDelta().y() > 0 else 0.8, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None and self._zoom > 1:
            self._offset += event.position() - self._grip
            self._grip = event.position()
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._zoom > 1:
            self.fit()
        else:
            self.zoom(3.0, event.position())
