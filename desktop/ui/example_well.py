"""A well in which examples lie: small pictures in a row, that can be dropped in, pasted in and taken out."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QMenu

from desktop.ui import intake, theme
from desktop.ui.likeness import Sample, Side
from desktop.ui.plain_text import printable
from desktop.ui.strip import Strip

_SIDE_PX = 38
_PITCH_PX = 42
_LEAST_PITCH_PX = 12
_PADDING_PX = 5
_SIGN_PX = 16
_CROSS_PX = 15
_ROOMY = 4  # so many lie side by side; more come closer together
_RADIUS_PX = 4.0


class ExampleWell(Strip):
    """The examples of one side. GUI thread.

    What is dropped and pasted goes through the window, which knows what it is; the well shows what lies in it.
    """

    removeRequested = Signal(object)  # Sample
    pasteRequested = Signal()

    def __init__(self, side: Side) -> None:
        super().__init__()
        self.side = side
        self._squares: dict[tuple[int, float], QImage] = {}
        self.setAccessibleName(self.tr("Like these") if side == "plus" else self.tr("Not like these"))
        self.setAccessibleDescription(self.described())

    def show_samples(self, samples: tuple[Sample, ...]) -> None:
        """Show these."""
        keys = {sample.image.cacheKey() for sample in samples if sample.image is not None}
        self._squares = {key: square for key, square in self._squares.items() if key[0] in keys}
        self.put(samples, len(samples) - 1 if len(samples) > len(self.things) else self.current)

    def sizeHint(self) -> QSize:
        return QSize(self._width(min(len(self.things), _ROOMY)), _SIDE_PX + 2 * _PADDING_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width(min(len(self.things), 1)), _SIDE_PX + 2 * _PADDING_PX)

    def _width(self, n: int) -> int:
        if n == 0:
            return 2 * _PADDING_PX + _SIGN_PX + self.fontMetrics().horizontalAdvance(self._invitation()) + 4
        return 2 * _PADDING_PX + _SIGN_PX + (n - 1) * _PITCH_PX + _SIDE_PX

    def _invitation(self) -> str:
        return self.tr("Drop here") if self.side == "plus" else self.tr("Unlike")

    # Where they lie

    def rect_of(self, place: int) -> QRect:
        """Return where an example lies."""
        return QRect(_PADDING_PX + _SIGN_PX + round(place * self._pitch()), _PADDING_PX, _SIDE_PX, _SIDE_PX)

    def cross_of(self, place: int) -> QRect:
        """Return where it is taken out by a click: there is a cross while the mouse is over it."""
        corner = self.rect_of(place).topRight()
        return QRect(corner.x() - _CROSS_PX + 1, corner.y(), _CROSS_PX, _CROSS_PX)

    def _pitch(self) -> float:
        n = len(self.things)
        room = self.width() - 2 * _PADDING_PX - _SIGN_PX - _SIDE_PX
        return float(_PITCH_PX) if n < 2 else max(_LEAST_PITCH_PX, min(_PITCH_PX, room / (n - 1)))

    def order(self) -> list[int]:
        """Places from the lowest to the one that lies on top, where they overlap."""
        order = list(range(len(self.things)))
        for top in (self.current if self.hasFocus() else -1, self.hovered):
            if top in order:
                order.remove(top)
                order.append(top)
        return order

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focus = self.hasFocus()
        ground = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(theme.color("base"))
        style = Qt.PenStyle.SolidLine if self.things or focus else Qt.PenStyle.DashLine
        painter.setPen(QPen(theme.color("accent" if focus else "strong_line"), 1, style))
        painter.drawRoundedRect(ground, 6, 6)
        self._paint_sign(painter)
        if not self.things:
            painter.setPen(theme.color("faint"))
            words = self.rect().adjusted(_PADDING_PX + _SIGN_PX, 0, -_PADDING_PX, 0)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            text = self.fontMetrics().elidedText(self._invitation(), Qt.TextElideMode.ElideRight, words.width())
            painter.drawText(words, flags, text)
        for place in self.order():
            self._paint_sample(painter, place, current=focus and place == self.current)
        if 0 <= self.hovered < len(self.things):
            self._paint_cross(painter, self.cross_of(self.hovered))
        painter.end()

    def _paint_sign(self, painter: QPainter) -> None:
        """Plus or minus: not by colour alone."""
        middle = QPointF(_PADDING_PX + _SIGN_PX / 2 - 1, self.height() / 2)
        painter.setPen(QPen(theme.color("faint"), 1.8, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle - QPointF(4, 0), middle + QPointF(4, 0))
        if self.side == "plus":
            painter.drawLine(middle - QPointF(0, 4), middle + QPointF(0, 4))

    def _paint_sample(self, painter: QPainter, place: int, *, current: bool) -> None:
        sample, area = self.things[place], QRectF(self.rect_of(place))
        shape = QPainterPath()
        shape.addRoundedRect(area, _RADIUS_PX, _RADIUS_PX)
        painter.fillPath(shape, theme.color("card"))
        if sample.image is not None and not sample.image.isNull():
            painter.save()
            painter.setClipPath(shape)
            painter.drawImage(area, self._square(sample.image))
            painter.restore()
        if sample.example is None:
            # The model has not looked at it yet.
            painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DashLine))
            painter.fillPath(shape, QColor(20, 22, 26, 90))
            painter.setPen(QColor("white"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "\N{HORIZONTAL ELLIPSIS}")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        outline = QPen(theme.color("accent"), 2) if current else QPen(theme.color("base"), 1)
        painter.setPen(outline)
        painter.drawRoundedRect(area, _RADIUS_PX, _RADIUS_PX)

    def _square(self, image: QImage) -> QImage:
        """Return the middle of a picture as it is painted here, made once."""
        ratio = self.devicePixelRatioF()
        key = image.cacheKey(), ratio
        if key not in self._squares:
            side = min(image.width(), image.height())
            cut = image.copy((image.width() - side) // 2, (image.height() - side) // 2, side, side)
            px = round(_SIDE_PX * ratio)
            keep, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._squares[key] = cut.scaled(px, px, keep, smooth)
        return self._squares[key]

    def _paint_cross(self, painter: QPainter, area: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 220))
        painter.drawEllipse(area)
        painter.setPen(QPen(QColor("white"), 1.4, c=Qt.PenCapStyle.RoundCap))
        middle = QRectF(area).center()
        for arm in (QPointF(2.6, 2.6), QPointF(2.6, -2.6)):
            painter.drawLine(middle - arm, middle + arm)

    # Mouse and keys

    def take_out(self, place: int) -> None:
        self.removeRequested.emit(self.things[place])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        place = self.current if by_key else self.place_at(QPointF(event.pos()))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if 0 <= place < len(self.things):
            sample = self.things[place]
            out = menu.addAction(self.tr("Take out"))
            out.triggered.connect(lambda _checked=False: self.removeRequested.emit(sample))
        paste = menu.addAction(self.tr("Paste"))
        mime = QGuiApplication.clipboard().mimeData()
        # There is none for a moment while another program takes the clipboard.
        paste.setEnabled(mime is not None and (bool(intake.paths_in(mime)) or mime.hasImage()))
        paste.triggered.connect(lambda _checked=False: self.pasteRequested.emit())
        menu.popup(self.mapToGlobal(self.rect_of(max(0, place)).center()) if by_key else event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.pasteRequested.emit()
        else:
            super().keyPressEvent(event)

    def is_ours(self, event: QKeyEvent) -> bool:
        # Elsewhere in the window what is pasted goes into the library.
        return event.matches(QKeySequence.StandardKey.Paste)

    # In words

    def _purpose(self) -> str:
        if self.side == "plus":
            return self.tr(
                "What is shown is like these. Drag pictures here, or paste them (Shift+F adds the chosen ones)."
            )
        return self.tr("What is shown is not like these. Drag pictures here, or paste them (N adds the chosen ones).")

    def words_of(self, place: int) -> str:
        if place < 0:
            return self._purpose()
        sample = self.things[place]
        name = printable(sample.name)
        return self.tr("Part of {0}").format(name) if sample.region is not None else name

    def described(self) -> str:
        if not self.things:
            return self._purpose()
        place = self.tr("{0}, example {1} of {2}. Delete takes it out.")
        return place.format(self.words_of(self.current), self.current + 1, len(self.things))
