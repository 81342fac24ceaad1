"""What comes in from outside: drops, the clipboard. Only names are looked at here; the engine looks at the files."""

from __future__ import annotations

import os
import sys
from urllib.parse import quote_from_bytes, unquote_to_bytes

from PySide6.QtCore import QMimeData, QRectF, Qt, QUrl
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui import icons, theme


def takes(mime: QMimeData) -> bool:
    """Tell whether a drag brings something that could be taken in."""
    return mime.hasUrls() or mime.hasImage()


def paths_in(mime: QMimeData) -> list[str]:
    """Return the local files and folders named by a drop or by the clipboard, each once, in order."""
    paths = [path for url in mime.urls() if (path := local_path(url))]
    if not paths and mime.hasText() and not mime.hasUrls():
        paths = [path for line in mime.text().splitlines() if (path := _typed_path(line))]
    return list(dict.fromkeys(paths))


def image_in(mime: QMimeData) -> QImage | None:
    """Return the picture itself, where a drop or the clipboard brings one."""
    if not mime.hasImage():
        return None
    image = mime.imageData()
    return image if isinstance(image, QImage) and not image.isNull() else None


def local_path(url: QUrl) -> str:
    """Return the path of a local URL, with bytes that are no text kept as `os.fsdecode` keeps them."""
    if not url.isLocalFile():
        return ""
    if sys.platform == "win32":
        return os.path.normpath(url.toLocalFile())
    encoded = bytes(url.toEncoded(QUrl.ComponentFormattingOption.FullyEncoded).data())
    # file:///a%FF and file://localhost/a both name /a...; what stands between is the host.
    return os.fsdecode(unquote_to_bytes(b"/" + encoded.partition(b"://")[2].partition(b"/")[2]))


def url_of(path: str) -> QUrl:
    """Return the address of a file, the way back of `local_path`; bytes that are no text stay what they are."""
    if sys.platform == "win32":
        return QUrl.fromLocalFile(path)
    return QUrl.fromEncoded(f"file://{quote_from_bytes(os.fsencode(path))}".encode("ascii"))


def _typed_path(line: str) -> str:
    text = line.strip().strip("\"'")
    if text.startswith("file:"):
        return local_path(QUrl(text))
    text = os.path.expanduser(text) if text.startswith("~") else text
    return text if os.path.isabs(text) else ""


class DropOverlay(QWidget):
    """Lies over the window while something is dragged over it. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop here"))
        self.hide()

    def lift(self) -> None:
        """Show it over all of the window."""
        parent = self.parentWidget()
        assert parent is not None
        self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = theme.color("window")
        ground.setAlphaF(0.97)
        painter.fillRect(self.rect(), ground)
        accent = theme.color("accent")
        frame = QRectF(self.rect()).adjusted(14, 14, -14, -14)
        painter.setPen(QPen(accent, 3, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, 14, 14)
        picture = icons.pixmap("drop", accent, 72, self.devicePixelRatioF())
        center = self.rect().center()
        painter.drawPixmap(center.x() - 36, center.y() - 70, picture)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        below = self.rect().adjusted(0, self.height() // 2 + 14, 0, 0)
        where = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(below, where, self.tr("Drop to add to the library"))
        painter.end()
