"""Two pictures side by side, at the same place and the same zoom."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.facts import ElidedLabel
from desktop.ui.inspector_words import measures
from desktop.ui.likeness import Sample
from desktop.ui.part_marker import on_screen, paint_part
from desktop.ui.plain_text import isolated, printable
from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort
from desktop.ui.preview_loader import PreviewLoader
from desktop.ui.preview_view import PreviewView
from engine.errors import LightdeskError
from engine.schemas.library import Detail
from engine.schemas.similar import Region

_SIDE_PX = 3000
_SETTLE_MS = 60
_VEIL = 70  # the rest of the picture is compared as well
_DOT = "  \N{MIDDLE DOT}  "
Load = Callable[[str, int, Callable[[QImage], None]], None]


class ComparedPicture(QWidget):
    """One of the two, with lines over it: what it is here, its name, what is known of it. GUI thread."""

    def __init__(self, lane: str, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort) -> None:
        super().__init__()
        self._lane, self._read, self._thumbnails = lane, read, thumbnails
        self._loader = PreviewLoader(engine, self)
        self._content_id: int | None = None
        self._n_shown = 0
        self._head = ""
        self._detail: Detail | None = None
        self._failure = ""
        self._outside = ""  # the name of a picture that is not in the library
        # A line each: two of these can be narrow, and none of it is to be cut for the other.
        self.title, self.name = ElidedLabel(), ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self.facts, self.view = ElidedLabel(), _View()
        font = QFont(self.title.font())
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.facts.setProperty("role", "faint")
        self.view.sharperWanted.connect(self._load)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(lambda: self._load(0))
        words = QVBoxLayout()
        words.setContentsMargins(12, 6, 12, 4)
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(words)
        column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)

    def show_content(self, content_id: int | None, head: str, part: Region | None = None) -> None:
        """Show a picture of the library; `head` says what it is here, and `part` is marked."""
        self._head = head
        self.view.mark(part)
        if content_id != self._content_id or content_id is None:
            self._begin(content_id)
            if content_id is not None:
                self.view.set_image(self._thumbnails.peek(content_id))
                self._settle.start()
                self._read.ask(self._lane, lambda view: view.detail(content_id, ""), self._know)
        self._describe()

    def show_outside(self, sample: Sample, head: str, load: Load) -> None:
        """Show a picture that is not in the library; `load` brings the one that lies in a file."""
        self._head = head
        self.view.mark(None)
        self._begin(None)
        number = self._n_shown
        self.view.set_image(sample.pasted or sample.image)
        self._outside = sample.name
        if sample.path:
            load(sample.path, _SIDE_PX, lambda image: self._take(image) if number == self._n_shown else None)
        self._describe()

    def reset(self) -> None:
        """Forget everything: another library."""
        self._loader.forget()
        self.show_content(None, "")

    def _begin(self, content_id: int | None) -> None:
        self._n_shown += 1
        self._content_id, self._detail, self._failure, self._outside = content_id, None, "", ""
        self._settle.stop()
        self._loader.cancel()
        self.view.set_image(None)

    def _know(self, detail: Detail | None) -> None:
        if detail is not None and detail.content_id == self._content_id:
            self._detail = detail
            self.view.set_full_size(detail.width, detail.height)
            self._describe()

    def _load(self, side_px: int) -> None:
        if self._content_id is not None:
            window_px = round(max(self.width(), self.height()) * self.devicePixelRatioF())
            self._loader.request(self._content_id, max(side_px, _SIDE_PX, window_px), self._came)

    def _came(self, content_id: int, answer: QImage | LightdeskError) -> None:
        if content_id != self._content_id:
            return
        if isinstance(answer, QImage):
            self._take(answer)
        elif self.view.has_image:
            self._failure = answer.message
        else:
            self.view.set_image(None, message=str(answer))
        self._describe()

    def _take(self, image: QImage) -> None:
        full = (self._detail.width, self._detail.height) if self._detail is not None else None
        self.view.set_image(image, keep_view=True, full_size=full)

    def _describe(self) -> None:
        self.title.show_text(self._head)
        name = self._detail.name if self._detail is not None else self._outside
        self.name.show_text(isolated(printable(name)) if name else "")
        facts = measures(self._detail) if self._detail is not None else ""
        self.facts.show_text(_DOT.join(words for words in (facts, self._failure) if words))
        texts = (label.text() for label in (self.title, self.name, self.facts))
        self.view.setAccessibleDescription(", ".join(text for text in texts if text))


class _View(PreviewView):
    """A preview that stays where it is while the picture in it changes."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: tuple[float, QPointF] | None = None
        self._part: QRectF | None = None
        self.moved.connect(self._note)

    def _note(self) -> None:
        self.wanted = self.place()

    def mark(self, part: Region | None) -> None:
        """Mark a part of the picture, which stays marked at any zoom; None for no part."""
        self._part = None if part is None else QRectF(part.left, part.top, part.width, part.height)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._part is not None and self.has_image:
            painter = QPainter(self)
            seen = self.picture_rect().intersected(QRectF(self.rect()))
            painter.setClipRect(seen)
            color = self.palette().color(QPalette.ColorRole.Highlight)
            paint_part(painter, seen, on_screen(self._part, self), color, _VEIL)
            painter.end()

    def set_image(
        self,
        image: QImage | None,
        *,
        keep_view: bool = False,
        message: str = "",
        full_size: tuple[int, int] | None = None,
    ) -> None:
        super().set_image(image, keep_view=keep_view, message=message, full_size=full_size)
        # A sharper one comes while the person zooms: that has its place already.
        if self.wanted is not None and (not keep_view or self.is_fitted):
            self.go_to(self.wanted)


class CompareView(QWidget):
    """What is looked for on the left, what was found on the right; zoom and place go together. GUI thread."""

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort, load: Load) -> None:
        super().__init__()
        self._load = load
        self.left = ComparedPicture("compared", read, thumbnails, engine)
        self.right = ComparedPicture("beside", read, thumbnails, engine)
        self.left.view.setAccessibleName(self.tr("Left picture"))
        self.right.view.setAccessibleName(self.tr("Right picture"))
        for one, other in ((self.left.view, self.right.view), (self.right.view, self.left.view)):
            one.moved.connect(lambda one=one, other=other: self._follow(one, other))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.left, 1)
        row.addWidget(self.right, 1)
        self.setAccessibleName(self.tr("Compare side by side"))
        self.setFocusProxy(self.right)

    def begin(self, sample: Sample, head: str) -> None:
        """Put a picture on the left; both begin with all of the picture."""
        self.fit()
        if sample.content_id is not None:
            self.left.show_content(sample.content_id, head, sample.region)
        else:
            self.left.show_outside(sample, head, self._load)

    def show_beside(self, content_id: int | None, head: str) -> None:
        """Put a picture on the right; zoom and place stay."""
        self.right.show_content(content_id, head)

    def zoom(self, factor: float) -> None:
        """Zoom both."""
        self.right.view.zoom(factor)

    def fit(self) -> None:
        """Show all of both."""
        for part in (self.left, self.right):
            part.view.wanted = None
            part.view.go_to(None)

    def reset(self) -> None:
        """Forget everything: another library."""
        self.fit()
        self.left.reset()
        self.right.reset()

    def _follow(self, one: _View, other: _View) -> None:
        other.wanted = one.place()
        other.go_to(other.wanted)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(QColor(theme.color("line")), 1))
        painter.drawLine(self.right.x() - 1, 0, self.right.x() - 1, self.height())
        painter.end()
