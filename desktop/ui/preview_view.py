"""A picture to look at closely: fit, zoom at the cursor, one to one, pan."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

_STEP = 1.25
_NOTCH = 120
_MAX_SCALE = 32.0  # screen pixels to a pixel of the picture
_MAX_FIT_SCALE = 4.0  # small pictures are not blown up beyond this by themselves
_PIXELS_FROM = 3.0  # from here on single pixels are shown as squares
_PAN_PX = 60
_MARGIN_PX = 8
_OTHERS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class PreviewView(QWidget):
    """Shows one picture. GUI thread."""

    sharperWanted = Signal(int)  # longest side in pixels that would be worth having
    zoomChanged = Signal(float)  # screen pixels to a pixel of the picture
    moved = Signal()  # a person zoomed or panned

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._full = QSize()
        self._message = ""
        # Logical pixels to a pixel of the picture; None: the whole picture is shown.
        self._scale: float | None = None
        self._center = QPointF(0.5, 0.5)  # what is in the middle of the widget, as parts of the picture
        self._grip: QPointF | None = None
        self._fitted: tuple[tuple[int, int, int], QPixmap] | None = None
        self._halves: list[QImage] = []  # the image at a half, a quarter ... of its size, as far as was needed
        self._asked_side = 0
        self.setMinimumHeight(140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Preview"))
        self.setToolTip(self.tr("Wheel zooms, drag moves, double click shows single pixels. Keys: + \u2212 0 Z"))

    def set_image(
        self,
        image: QImage | None,
        *,
        keep_view: bool = False,
        message: str = "",
        full_size: tuple[int, int] | None = None,
    ) -> None:
        """Show an image, or a message instead.

        Parameters
        ----------
        keep_view
            The same picture, only sharper: zoom and place stay.
        full_size
            Width and height of the whole picture, where the image is a smaller version of it.
        """
        before = self._full
        self._image = None if image is None or image.isNull() else image
        self._fitted = None
        self._halves.clear()
        self._message = message
        self._full = QSize(*full_size) if full_size and min(full_size) > 0 else QSize()
        if self._image is not None and self._full.isEmpty():
            self._full = before if keep_view and not before.isEmpty() else self._image.size()
            if max(self._image.width(), self._image.height()) > max(self._full.width(), self._full.height()):
                self._full = self._image.size()
        if not keep_view or self._image is None:
            self._scale, self._center, self._grip = None, QPointF(0.5, 0.5), None
            self._asked_side = 0
        elif self._scale is not None and not before.isEmpty() and self._full.width() != before.width():
            self._scale *= before.width() / self._full.width()
        self.setAccessibleDescription(message)
        self._set_cursor()
        self.update()

    def set_full_size(self, width: int, height: int) -> None:
        """Say how large the whole picture is, of which a smaller version is shown."""
        if self._image is not None and width > 0 and height > 0:
            self.set_image(self._image, keep_view=True, full_size=(width, height))

    @property
    def has_image(self) -> bool:
        """Whether a picture is shown."""
        return self._image is not None

    @property
    def message(self) -> str:
        """What is said where no picture is shown."""
        return self._message

    @property
    def is_fitted(self) -> bool:
        """Whether the whole picture is shown."""
        return self._scale is None

    def fit(self) -> None:
        """Show the whole picture."""
        self._set_scale(None)

    def one_to_one(self, at: QPointF | None = None) -> None:
        """Show one pixel of the picture on one of the screen."""
        self._set_scale(1 / self.devicePixelRatioF(), at)

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom so that the point under the cursor stays there."""
        self._set_scale(self._shown_scale() * factor, at)

    # What another view needs to show the same place, and a marker to mark a part

    def place(self) -> tuple[float, QPointF] | None:
        """Return the zoom, as a multiple of the scale at which all is seen, and what is in the middle, in parts.

        None where the whole picture is shown.
        """
        return None if self._scale is None else (self._scale / self._fit_scale(), QPointF(self._center))

    def go_to(self, place: tuple[float, QPointF] | None) -> None:
        """Show the place that another view shows; `moved` does not tell of it."""
        if self._image is None:
            return
        if place is None:
            self._scale, self._center = None, QPointF(0.5, 0.5)
        else:
            self._scale, self._center = place[0] * self._fit_scale(), QPointF(place[1])
            self._hold()
            self._ask_for_sharper()
        self._set_cursor()
        self.update()

    def picture_rect(self) -> QRectF:
        """Return where the whole picture would be, in the widget's pixels; empty without one."""
        return QRectF() if self._image is None else self._target()

    def part(self, part: QRectF, side_px: int) -> QImage | None:
        """Return a part of what is shown, given in parts of width and height, at most `side_px` long."""
        if self._image is None:
            return None
        width, height = self._image.width(), self._image.height()
        area = QRectF(part.x() * width, part.y() * height, part.width() * width, part.height() * height)
        cut = self._image.copy(area.toAlignedRect().intersected(self._image.rect()))
        if max(cut.width(), cut.height()) <= side_px:
            return cut
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        return cut.scaled(side_px, side_px, keep, smooth)

    # Where the picture is

    def _fit_scale(self) -> float:
        if self._full.isEmpty():
            return 1.0
        room = max(1, self.width() - _MARGIN_PX), max(1, self.height() - _MARGIN_PX)
        fit = min(room[0] / self._full.width(), room[1] / self._full.height())
        return min(fit, _MAX_FIT_SCALE / self.devicePixelRatioF())

    def _shown_scale(self) -> float:
        return self._fit_scale() if self._scale is None else self._scale

    def _set_scale(self, scale: float | None, at: QPointF | None = None) -> None:
        if self._image is None:
            return
        middle = QRectF(self.rect()).center()
        at = middle if at is None else at
        before = self._shown_scale()
        size = self._full
        fit, one = self._fit_scale(), 1 / self.devicePixelRatioF()
        if scale is None or (scale <= fit * 1.001 and fit <= one):
            self._scale, self._center = None, QPointF(0.5, 0.5)
        else:
            # A small picture is blown up to fit: it can be made smaller again, down to its own size.
            scale = max(min(fit, one), min(_MAX_SCALE * one, scale))
            from_middle = at - middle
            shift = 1 / before - 1 / scale
            self._scale = scale
            self._center = QPointF(
                self._center.x() + from_middle.x() * shift / size.width(),
                self._center.y() + from_middle.y() * shift / size.height(),
            )
            self._hold()
            self._ask_for_sharper()
        self._set_cursor()
        self.zoomChanged.emit(self._shown_scale() * self.devicePixelRatioF())
        self.moved.emit()
        self.update()

    def _pan(self, by: QPointF) -> None:
        if self._scale is None:
            return
        width, height = self._full.width() * self._scale, self._full.height() * self._scale
        self._center = QPointF(self._center.x() - by.x() / width, self._center.y() - by.y() / height)
        self._hold()
        self.moved.emit()
        self.update()

    def _hold(self) -> None:
        """Keep the picture from leaving the view."""
        scale = self._shown_scale()
        half_x = min(0.5, self.width() / 2 / (self._full.width() * scale))
        half_y = min(0.5, self.height() / 2 / (self._full.height() * scale))
        self._center = QPointF(
            max(half_x, min(1 - half_x, self._center.x())), max(half_y, min(1 - half_y, self._center.y()))
        )

    def _target(self) -> QRectF:
        scale = self._shown_scale()
        width, height = self._full.width() * scale, self._full.height() * scale
        middle, ratio = QRectF(self.rect()).center(), self.devicePixelRatioF()
        left, top = middle.x() - self._center.x() * width, middle.y() - self._center.y() * height
        # On whole pixels of the screen: between them everything would be blurred a little.
        return QRectF(round(left * ratio) / ratio, round(top * ratio) / ratio, width, height)

    def _ask_for_sharper(self) -> None:
        if self._image is None:
            return
        full_side = max(self._full.width(), self._full.height())
        have = max(self._image.width(), self._image.height())
        shown = full_side * self._shown_scale() * self.devicePixelRatioF()
        if have < full_side and shown > have * 1.2 and self._asked_side < full_side:
            self._asked_side = full_side
            self.sharperWanted.emit(full_side)

    def _set_cursor(self) -> None:
        self.setCursor(Qt.CursorShape.ArrowCursor if self._scale is None else Qt.CursorShape.OpenHandCursor)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.rect().adjusted(16, 16, -16, -16)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
        else:
            target = self._target()
            if self._scale is None:
                painter.drawPixmap(target.topLeft(), self._fitted_pixmap(self._image, target))
            else:
                self._paint_part(painter, self._level(self._image, target.width()), target)
                self._paint_zoom(painter)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _fitted_pixmap(self, image: QImage, target: QRectF) -> QPixmap:
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(target.width() * ratio)), max(1, round(target.height() * ratio))
        key = (image.cacheKey(), width, height)
        if self._fitted is None or self._fitted[0] != key:
            scaled = image.scaled(
                width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            pixmap = QPixmap.fromImage(scaled)
            pixmap.setDevicePixelRatio(ratio)
            self._fitted = (key, pixmap)
        return self._fitted[1]

    def _level(self, image: QImage, width: float) -> QImage:
        """Return the image at a half, a quarter ... of its size where it is shown smaller than that.

        Painting takes four pixels into account; of what is made smaller by more than a half it would skip some.
        """
        needed = width * self.devicePixelRatioF()
        n_halves = 0
        while image.width() >> (n_halves + 1) >= needed:
            n_halves += 1
        while len(self._halves) < n_halves:
            last = self._halves[-1] if self._halves else image
            half = max(1, last.width() // 2), max(1, last.height() // 2)
            self._halves.append(
                last.scaled(*half, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
            )
        return self._halves[n_halves - 1] if n_halves else image

    def _paint_part(self, painter: QPainter, image: QImage, target: QRectF) -> None:
        visible = target.intersected(QRectF(self.rect()))
        across, down = image.width() / target.width(), image.height() / target.height()
        source = QRectF(
            (visible.left() - target.left()) * across,
            (visible.top() - target.top()) * down,
            visible.width() * across,
            visible.height() * down,
        )
        have = self._image.width() if self._image is not None else 0
        smooth = self._shown_scale() * self.devicePixelRatioF() < _PIXELS_FROM or have < self._full.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(visible, image, source)

    def _paint_zoom(self, painter: QPainter) -> None:
        text = f"{round(self._shown_scale() * self.devicePixelRatioF() * 100)}%"
        metrics = self.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 14, metrics.height() + 4
        pill = QRectF(self.width() - width - 8, self.height() - height - 8, width, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 200))
        painter.drawRoundedRect(pill, 4, 4)
        painter.setPen(QColor("white"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._scale is not None and not self._full.isEmpty():
            self._hold()
        super().resizeEvent(event)

    # Mouse and keys

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / _NOTCH
        if notches and self._image is not None:
            self.zoom(_STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._scale is not None:
            self._grip = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._pan(event.position() - self._grip)
            self._grip = event.position()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._grip = None
        self._set_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._turn(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        pans = {
            Qt.Key.Key_Left: QPointF(_PAN_PX, 0),
            Qt.Key.Key_Right: QPointF(-_PAN_PX, 0),
            Qt.Key.Key_Up: QPointF(0, _PAN_PX),
            Qt.Key.Key_Down: QPointF(0, -_PAN_PX),
        }
        key = Qt.Key(event.key())
        if event.modifiers() & _OTHERS:
            event.ignore()  # steps of the window, also those that cannot be taken now
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_Z:
            self._turn(None)
        elif shift and key in pans and self._scale is not None:
            # The arrows alone go on to the next picture.
            self._pan(pans[key])
        else:
            event.ignore()

    def _turn(self, at: QPointF | None) -> None:
        """Between the whole picture and single pixels."""
        if self._scale is None:
            self.one_to_one(at)
        else:
            self.fit()

    def sizeHint(self) -> QSize:
        return QSize(340, 280)
