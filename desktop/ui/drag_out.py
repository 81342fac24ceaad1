"""Dragging pictures out of the window: the files behind them, asked for before the drag begins."""

from __future__ import annotations

import uuid

from PySide6.QtCore import QByteArray, QMimeData, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QDrag, QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.intake import url_of
from desktop.ui.ports import LibraryReader, ReadPort

MAX_FILES = 1000
# Pictures of the library that is open here: their numbers mean nothing to another program, or another library.
CONTENTS_TYPE = "application/x-lightdesk-contents"
_HERE = uuid.uuid4().hex
_PICTURE_PX = 96


class DragOut(QObject):
    """Knows the paths of the selection by the time the mouse has moved far enough. GUI thread."""

    def __init__(self, read: ReadPort, source: QWidget) -> None:
        super().__init__(source)
        self._read = read
        self._source = source
        self._paths: list[str] | None = None
        self._chosen: list[int] = []
        self._image: QImage | None = None
        self._n = self._n_chosen = 0
        self._moving = False

    def prepare(self, chosen: list[int], n_chosen: int) -> None:
        """Ask for the paths of at most `MAX_FILES`: the mouse was pressed on one of so many."""
        self.forget()
        self._chosen, self._n, self._n_chosen = chosen, len(chosen), n_chosen
        self._read.ask("drag", lambda view: _paths(view, chosen), self._know)

    def start(self, image: QImage | None) -> None:
        """Begin the drag, now or as soon as the paths are there."""
        self._moving, self._image = True, image
        if self._paths is not None:
            self._drag(self._paths)

    def forget(self) -> None:
        """The button was let go."""
        self._paths, self._image, self._moving = None, None, False

    def _know(self, paths: list[str]) -> None:
        self._paths = paths
        if self._moving and QApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            self._drag(paths)

    def _drag(self, paths: list[str]) -> None:
        drag = QDrag(self._source)
        # Where the files have gone the pictures can still be dragged about in here.
        drag.setMimeData(mime_of(paths, self._chosen))
        drag.setPixmap(self._pixmap())
        drag.setHotSpot(QPoint(-12, -12))
        self.forget()
        drag.exec(Qt.DropAction.CopyAction)

    def _pixmap(self) -> QPixmap:
        """The picture under the mouse, and how many come along."""
        ratio = self._source.devicePixelRatioF()
        side = round(_PICTURE_PX * ratio)
        if self._image is not None and not self._image.isNull():
            picture = self._image.scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        else:
            picture = QImage(side, side, QImage.Format.Format_RGB32)
            picture.fill(self._source.palette().color(QPalette.ColorRole.AlternateBase))
        picture.setDevicePixelRatio(ratio)
        if self._n_chosen < 2:
            return QPixmap.fromImage(picture)
        text = f"{self._n:,}"
        if self._n < self._n_chosen:
            text = self.tr("{0} of {1}").format(text, f"{self._n_chosen:,}")
        metrics = self._source.fontMetrics()
        pill = QRect(4, 4, metrics.horizontalAdvance(text) + 14, metrics.height() + 4)
        # A narrow picture may be narrower than what is said of it.
        pixmap = QPixmap(max(picture.width(), round((pill.right() + 5) * ratio)), max(picture.height(), side // 2))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.drawImage(QPoint(0, 0), picture)
        painter.setFont(self._source.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 220))
        painter.drawRoundedRect(pill, 6, 6)
        painter.setPen(QColor("white"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
        return pixmap


def mime_of(paths: list[str], content_ids: list[int]) -> QMimeData:
    """Return the paths as file URLs, also those whose names are in no encoding, and what they are in this library."""
    mime = QMimeData()
    if paths:
        mime.setUrls([url_of(path) for path in paths])
    mime.setData(CONTENTS_TYPE, QByteArray(" ".join([_HERE, *map(str, content_ids)]).encode("ascii")))
    return mime


def contents_in(mime: QMimeData) -> list[int]:
    """Return the pictures that a drag from this very program brings; none for a drag from anywhere else."""
    here, *content_ids = bytes(mime.data(CONTENTS_TYPE).data()).decode("ascii", "replace").split(" ")
    return [int(content_id) for content_id in content_ids] if here == _HERE else []


def _paths(view: LibraryReader, content_ids: list[int]) -> list[str]:
    paths = []
    for content_id in content_ids:
        detail = view.detail(content_id, "")
        if detail is not None:
            paths += [file.path for file in detail.files if file.present][:1]
    return paths
