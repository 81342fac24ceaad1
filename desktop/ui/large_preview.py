"""The current picture in place of the grid, with a line that says what it is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QToolButton

from desktop.ui import icons
from desktop.ui.inspector_words import label_state
from desktop.ui.plain_text import printable
from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort
from desktop.ui.preview_loader import PreviewLoader
from desktop.ui.preview_view import PreviewView
from desktop.ui.tile_painter import percent
from engine.errors import LightdeskError
from engine.schemas.library import Detail

_SIDE_PX = 3000
_SETTLE_MS = 60
_EDGE_PX = 10


class LargePreview(PreviewView):
    """A preview that loads what it is told to show. GUI thread."""

    partRequested = Signal()  # a part of it is to be marked

    def __init__(self, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort) -> None:
        super().__init__()
        self._read, self._thumbnails = read, thumbnails
        self._loader = PreviewLoader(engine, self)
        self._content_id: int | None = None
        self._model_ref = ""
        self._detail: Detail | None = None
        self._place = ""
        self._failure = ""  # why no sharper picture came
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(lambda: self._load(0))
        self.sharperWanted.connect(self._load)
        self.part_button = QToolButton(self)
        self.part_button.setObjectName("overPicture")
        icons.set_icon(self.part_button, "mark-part")
        self.part_button.setToolTip(self.tr("Find similar to a part of it (P, or Ctrl and drag)"))
        self.part_button.setAccessibleName(self.tr("Find similar to a part of it"))
        self.part_button.clicked.connect(lambda _checked=False: self.partRequested.emit())

    def show_content(self, content_id: int | None, model_ref: str = "", place: str = "") -> None:
        """Show a content; `place` says where among the others it stands."""
        self._model_ref, self._place = model_ref, place
        if content_id != self._content_id:
            self._content_id, self._detail, self._failure = content_id, None, ""
            self._loader.cancel()
            self.set_image(self._thumbnails.peek(content_id) if content_id is not None else None)
            if content_id is not None:
                self._settle.start()
        self.refresh()

    def refresh(self) -> None:
        """Read what the line says again."""
        content_id, ref = self._content_id, self._model_ref
        if content_id is not None:
            self._read.ask("large", lambda view: view.detail(content_id, ref), self._show_detail)
        self._describe()

    def reset(self) -> None:
        """Forget everything: another library."""
        self._loader.forget()
        self.show_content(None)

    def _show_detail(self, detail: Detail | None) -> None:
        if detail is not None and detail.content_id == self._content_id:
            if self._detail is None:
                self.set_full_size(detail.width, detail.height)
            self._detail = detail
            self._describe()

    def _load(self, side_px: int) -> None:
        if self._content_id is not None:
            window_px = round(max(self.width(), self.height()) * self.devicePixelRatioF())
            self._loader.request(self._content_id, max(side_px, _SIDE_PX, window_px), self._came)

    def _came(self, content_id: int, answer: QImage | LightdeskError) -> None:
        if content_id != self._content_id:
            return
        if isinstance(answer, QImage):
            full = (self._detail.width, self._detail.height) if self._detail is not None else None
            self._failure = ""
            self.set_image(answer, keep_view=True, full_size=full)
        elif self.has_image:
            self._failure = answer.message
        else:
            self.set_image(None, message=str(answer))
        self._describe()

    def _describe(self) -> None:
        words = self._words() or ([] if self.has_image else [self.message])
        self.setAccessibleDescription(", ".join(words))
        self.update()

    def _words(self) -> list[str]:
        extra = [words for words in (self._place, self._failure) if words]
        if self._detail is None:
            return extra
        words = [printable(self._detail.name)]
        if self._detail.label is not None:
            words.append(label_state(self._detail.label)[0])
        elif self._detail.predictions and self._detail.predictions[0].top:
            best = self._detail.predictions[0].top[0]
            words.append(f"{best.class_name} {percent(best.confidence)}")
        return [*words, *extra]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.part_button.adjustSize()
        self.part_button.move(self.width() - self.part_button.width() - _EDGE_PX, _EDGE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        text = "   \N{MIDDLE DOT}   ".join(self._words())
        if not text:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(40, self.width() - 180))
        width, height = metrics.horizontalAdvance(text) + 24, metrics.height() + 10
        pill = QRectF((self.width() - width) / 2, self.height() - height - 12, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 205))
        painter.drawRoundedRect(pill, 6, 6)
        painter.setPen(QColor("white"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
