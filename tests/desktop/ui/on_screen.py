"""A widget on the screen, and the colours that it paints."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui import theme


def shown(qtbot: Any, widget: QWidget, width: int = 320, height: int = 600) -> QWidget:
    """Show a widget as the active window, in light."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(lambda: widget.isActiveWindow(), timeout=5000)
    return widget


def painted(widget: QWidget) -> set[str]:
    """Return the colours that a widget paints."""
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def color_of(content_id: int) -> QColor:
    """Return the colour of a content's picture."""
    return QColor.fromHsv(content_id * 67 % 360, 220, 200)


def picture(color: QColor, width: int = 128, height: int = 100) -> QImage:
    """Return a picture in one colour: as wide and high as the place in the tile, about."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(color)
    return image


def pixels(image: QImage) -> np.ndarray[Any, Any]:
    """Return the pixels as uint8, (height, width, 3), RGB."""
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), :3].copy()
