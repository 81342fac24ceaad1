"""A well in which examples lie: small pictures in a row, that can be dropped in, pasted in and taken out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from desktop.ui import intake, theme
from desktop.ui.likeness import Sample, Side
from desktop.ui.plain_text import printable, tooltip

_SIDE_PX = 38
_PITCH_PX = 42
_LEAST_PITCH_PX = 12
_PADDING_PX = 5
_SIGN_PX = 16
_CROSS_PX = 15
_ROOMY = 4  # so many lie side by side; more come closer together
_RADIUS_PX = 4.0


class ExampleWell(QWidget):
    """The examples of one side. GUI thread.

    What is dropped and pasted goes through the window, which knows what it is; the well shows what lies in it.
    """

    removeRequested = Signal(object)  # Sample
    pasteRequested = Signal()

    def __init__(self, side: Side) -> None:
        super().__init__()
        self.side = side
        self._samples: tuple[Sample, ...] = ()
        self._current = 0
        self._hovered = -1
        self._pressed: Sample | None = None
        self._squares: dict[tuple[int, float], QImage] = {}
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Like these") if side == "plus" else self.tr("Not like these"))
        self._describe()

    def show_samples(self, samples: tuple[Sample, ...]) -> None:
        """Show these."""
        grown = len(samples) > len(self._samples)
        self._samples = samples
        last = max(0, len(samples) - 1)
        self._current = last if grown else min(self._current, last)
        self._hovered, self._pressed = -1, None
        keys = {sample.image.cacheKey() for sample in samples if sample.image is not None}
        self._squares = {key: square for key, square in self._squares.items() if key[0] in keys}
        self._describe()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._width(min(len(self._samples), _ROOMY)), _SIDE_PX + 2 * _PADDING_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width(min(len(self._samples), 1)), _SIDE_PX + 2 * _PADDING_PX)

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
        n = len(self._samples)
        room = self.width() - 2 * _PADDING_PX - _SIGN_PX - _SIDE_PX
        return float(_PITCH_PX) if n < 2 else max(_LEAST_PITCH_PX, min(_PITCH_PX, room / (n - 1)))

    def _order(self) -> list[int]:
        """Places from the lowest to the one that lies on top, where they overlap."""
        order = list(range(len(self._samples)))
        for top in (self._current if self.hasFocus() else -1, self._hovered):
            if top in order:
                order.remove(top)
                order.append(top)
        return order

    def _place_at(self, point: QPointF) -> int:
        at = point.toPoint()
        return next((place for place in reversed(self._order()) if self.rect_of(place).contains(at)), -1)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focus = self.hasFocus()
        ground = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(theme.color("base"))
        style = Qt.PenStyle.SolidLine if self._samples or focus else Qt.PenStyle.DashLine
        painter.setPen(QPen(theme.color("accent" if focus else "strong_line"), 1, style))
        painter.drawRoundedRect(ground, 6, 6)
        self._paint_sign(painter)
        if not self._samples:
            painter.setPen(theme.color("faint"))
            words = self.rect().adjusted(_PADDING_PX + _SIGN_PX, 0, -_PADDING_PX, 0)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            text = self.fontMetrics().elidedText(self._invitation(), Qt.TextElideMode.ElideRight, words.width())
            painter.drawText(words, flags, text)
        for place in self._order():
            self._paint_sample(painter, place, current=focus and place == self._current)
        if 0 <= self._hovered < len(self._samples):
            self._paint_cross(painter, self.cross_of(self._hovered))
        painter.end()

    def _paint_sign(self, painter: QPainter) -> None:
        """Plus or minus: not by colour alone."""
        middle = QPointF(_PADDING_PX + _SIGN_PX / 2 - 1, self.height() / 2)
        painter.setPen(QPen(theme.color("faint"), 1.8, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle - QPointF(4, 0), middle + QPointF(4, 0))
        if self.side == "plus":
            painter.drawLine(middle - QPointF(0, 4), middle + QPointF(0, 4))

    def _paint_sample(self, painter: QPainter, place: int, *, current: bool) -> None:
        sample, area = self._samples[place], QRectF(self.rect_of(place))
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

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        self._hover(place)
        self._pressed = None
        if place < 0:
            return
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or self.cross_of(place).contains(event.position().toPoint()):
            self._pressed = self._samples[place]
        self._go_to(place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        place = self._place_at(event.position())
        if pressed is not None and place >= 0 and self._samples[place] is pressed:
            self.removeRequested.emit(pressed)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        place = self._current if by_key else self._place_at(QPointF(event.pos()))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if 0 <= place < len(self._samples):
            sample = self._samples[place]
            out = menu.addAction(self.tr("Take out"))
            out.triggered.connect(lambda _checked=False: self.removeRequested.emit(sample))
        paste = menu.addAction(self.tr("Paste"))
        mime = QGuiApplication.clipboard().mimeData()
        paste.setEnabled(bool(intake.paths_in(mime)) or mime.hasImage())
        paste.triggered.connect(lambda _checked=False: self.pasteRequested.emit())
        menu.popup(self.mapToGlobal(self.rect_of(max(0, place)).center()) if by_key else event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self._go_to(self._current + step)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._samples:
            self.removeRequested.emit(self._samples[self._current])
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.pasteRequested.emit()
        else:
            event.ignore()

    def _go_to(self, place: int) -> None:
        self._current = max(0, min(place, len(self._samples) - 1))
        self._describe()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(QPointF(event.pos()))
            text = self._name(place) if place >= 0 else self._purpose()
            QToolTip.showText(event.globalPos(), tooltip(text), self)
            return True
        # Elsewhere in the window what is pasted goes into the library.
        override = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if override and event.matches(QKeySequence.StandardKey.Paste):  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    # In words

    def _purpose(self) -> str:
        if self.side == "plus":
            return self.tr(
                "What is shown is like these. Drag pictures here, or paste them (Shift+F adds the chosen ones)."
            )
        return self.tr("What is shown is not like these. Drag pictures here, or paste them (N adds the chosen ones).")

    def _name(self, place: int) -> str:
        sample = self._samples[place]
        name = printable(sample.name)
        return self.tr("Part of {0}").format(name) if sample.region is not None else name

    def _describe(self) -> None:
        n = len(self._samples)
        if n == 0:
            self.setAccessibleDescription(self._purpose())
            return
        place = self.tr("{0}, example {1} of {2}. Delete takes it out.")
        self.setAccessibleDescription(place.format(self._name(self._current), self._current + 1, n))
