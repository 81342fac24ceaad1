"""Our own line icons, drawn in the colour of the text beside them."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QSize
from PySide6.QtGui import QColor, QIcon, QImageReader, QPalette, QPixmap, QPixmapCache
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

_NAME = "iconName"
_SIDE_PX = 16
_SCALES = (1, 2, 3)


def folder() -> Path:
    """Return where the drawings lie."""
    return Path(str(resources.files("resources"))) / "icons"


def pixmap(name: str, color: QColor, side_px: int, ratio: float = 1.0) -> QPixmap:
    """Return a drawing in a colour, `side_px` logical pixels wide. Drawn once, then kept by Qt."""
    key = f"{name} {color.name()} {side_px} {ratio}"
    kept = QPixmap()
    if QPixmapCache.find(key, kept):
        return kept
    data = _drawing(name).replace(b"currentColor", color.name().encode())
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    reader = QImageReader(buffer, QByteArray(b"svg"))
    side = round(side_px * ratio)
    reader.setScaledSize(QSize(side, side))
    picture = QPixmap.fromImage(reader.read())
    picture.setDevicePixelRatio(ratio)
    QPixmapCache.insert(key, picture)
    return picture


def icon(name: str, color: QColor, faint: QColor) -> QIcon:
    """Return a drawing for a button, at all scales."""
    made = QIcon()
    for ratio in _SCALES:
        made.addPixmap(pixmap(name, color, _SIDE_PX, ratio))
        made.addPixmap(pixmap(name, faint, _SIDE_PX, ratio), QIcon.Mode.Disabled)
    return made


def set_icon(button: QAbstractButton, name: str) -> None:
    """Give a button its drawing, which follows the theme from then on."""
    if button.property(_NAME) == name:
        return
    button.setProperty(_NAME, name)
    _paint(button)


def program_icon() -> QIcon:
    """Return the icon of the program."""
    return QIcon(str(folder() / "lightdesk.svg"))


def paint_again(app: QApplication) -> None:
    """Draw all icons in the colours that are on now."""
    for widget in app.allWidgets():
        if isinstance(widget, QAbstractButton) and widget.property(_NAME):
            _paint(widget)


def _paint(button: QWidget) -> None:
    assert isinstance(button, QAbstractButton)
    palette = QApplication.palette()
    text = palette.color(QPalette.ColorRole.WindowText)
    button.setIcon(icon(button.property(_NAME), text, palette.color(QPalette.ColorRole.PlaceholderText)))


@cache
def _drawing(name: str) -> bytes:
    return (folder() / f"{name}.svg").read_bytes()
