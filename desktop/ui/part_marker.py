"""Marks a part of a picture that is looked at: by dragging with Ctrl, or with the tool, by mouse or by keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.preview_view import PreviewView

_LEAST_PX = 6.0  # a drag shorter than that was a click
_STEP = 0.02  # of the picture, for a key
_LEAST = 0.02
_FIRST = QRectF(0.3, 0.3, 0.4, 0.4)
_HINT_MARGIN_PX = 10
_COMMIT_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_MOVES = {
    Qt.Key.Key_Left: QPointF(-_STEP, 0),
    Qt.Key.Key_Right: QPointF(_STEP, 0),
    Qt.Key.Key_Up: QPointF(0, -_STEP),
    Qt.Key.Key_Down: QPointF(0, _STEP),
}


class PartMarker(QWidget):
    """Lies over a preview, and is shown while a part is being marked. GUI thread."""

    chosen = Signal(QRectF)  # in parts of the picture's width and height
    ended = Signal()  # chosen or given up

    def __init__(self, view: PreviewView) -> None:
        super().__init__(view)
        self._view = view
        self._part = QRectF()
        self._grip: QPointF | None = None  # where the drag began, in parts of the picture
        self._stays = False  # begun by the tool, and not by a drag with Ctrl
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(self.tr("Part of the picture to search with"))
        self.setAccessibleDescription(self._hint())
        self.hide()
        view.installEventFilter(self)
        view.zoomChanged.connect(lambda _zoom: self.update())

    def begin(self) -> None:
        """Let a part be marked: a first one is there for the keys, a drag makes another."""
        if self._view.has_image:
            self._lift(QRectF(_FIRST), stays=True)
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def end(self) -> None:
        """Give it up."""
        if self.isVisible():
            had_keys = self.hasFocus()
            self._grip = None
            self.hide()
            if had_keys:
                self._view.setFocus()
            self.ended.emit()

    def _lift(self, part: QRectF, *, stays: bool) -> None:
        self._part, self._stays = part, stays
        self.setGeometry(self._view.rect())
        self.raise_()
        self.show()

    def _choose(self) -> None:
        part = QRectF(self._part)
        self.end()
        self.chosen.emit(part)

    # Mouse

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        if not isinstance(event, QMouseEvent):
            return False
        left = event.button() == Qt.MouseButton.LeftButton
        if event.type() == QEvent.Type.MouseButtonPress and left and event.modifiers() & _CTRL and self._view.has_image:
            self._lift(QRectF(), stays=False)
            self._grip = self._in_parts(event.position())
            return True
        # What was pressed on the view below goes on there, with the same coordinates.
        if self._grip is not None and event.type() == QEvent.Type.MouseMove:
            self.mouseMoveEvent(event)
        elif self._grip is not None and event.type() == QEvent.Type.MouseButtonRelease:
            self.mouseReleaseEvent(event)
        else:
            return False
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = self._in_parts(event.position())
        else:
            self.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            to = self._in_parts(event.position())
            self._part = QRectF(self._grip, to).normalized()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._grip is None:
            return
        self._grip = None
        marked = self._on_screen()
        if min(marked.width(), marked.height()) >= _LEAST_PX:
            self._choose()
        elif self._stays:
            self._part = QRectF(_FIRST)
            self.update()
        else:
            self.end()

    def _in_parts(self, at: QPointF) -> QPointF:
        """Return a point of the widget in parts of the picture, and never outside of it."""
        area = self._view.picture_rect()
        if area.isEmpty():
            return QPointF(0, 0)
        x, y = (at.x() - area.left()) / area.width(), (at.y() - area.top()) / area.height()
        return QPointF(max(0.0, min(1.0, x)), max(0.0, min(1.0, y)))

    def _on_screen(self) -> QRectF:
        return on_screen(self._part, self._view)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _MOVES and not event.modifiers() & _CTRL:
            self._move(_MOVES[key], resize=bool(event.modifiers() & _SHIFT))
        elif key in _COMMIT_KEYS:
            self._choose()
        elif key == Qt.Key.Key_Escape:
            self.end()
        else:
            event.ignore()

    def _move(self, by: QPointF, *, resize: bool) -> None:
        part = QRectF(self._part)
        if resize:
            part.setWidth(max(_LEAST, min(1 - part.left(), part.width() + by.x())))
            part.setHeight(max(_LEAST, min(1 - part.top(), part.height() + by.y())))
        else:
            part.moveTo(
                max(0.0, min(1 - part.width(), part.left() + by.x())),
                max(0.0, min(1 - part.height(), part.top() + by.y())),
            )
        self._part = part
        self.update()

    def event(self, event: QEvent) -> bool:
        # Esc and Enter are shortcuts elsewhere in the window; here they belong to the part.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Escape, *_COMMIT_KEYS)
        ):
            event.accept()
            return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.end()

    # Painting

    def _hint(self) -> str:
        return self.tr("Drag over a part, or move it with the arrows (Shift resizes): Enter searches, Escape leaves")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        marked = self._on_screen()
        paint_part(painter, QRectF(self.rect()), marked, self.palette().color(QPalette.ColorRole.Highlight))
        if self._stays:
            self._paint_hint(painter)
        painter.end()

    def _paint_hint(self, painter: QPainter) -> None:
        room = self.rect().adjusted(_HINT_MARGIN_PX, _HINT_MARGIN_PX, -_HINT_MARGIN_PX, -_HINT_MARGIN_PX)
        wrap = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        text = self._hint()
        pill = painter.boundingRect(room.adjusted(8, 4, -8, -4), int(wrap), text).adjusted(-8, -4, 8, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 205))
        painter.drawRoundedRect(pill, 6, 6)
        painter.setPen(QColor("white"))
        painter.drawText(room.adjusted(8, 4, -8, -4), int(wrap), text)


def on_screen(part: QRectF, view: PreviewView) -> QRectF:
    """Return where a part of a picture, given in parts of its width and height, is seen in a view."""
    area = view.picture_rect()
    return QRectF(
        area.left() + part.left() * area.width(),
        area.top() + part.top() * area.height(),
        part.width() * area.width(),
        part.height() * area.height(),
    )


def paint_part(painter: QPainter, whole: QRectF, marked: QRectF, color: QColor, veil: int = 130) -> None:
    """Frame a part of what is seen, and darken what is beside it (`veil`: from 0 for not at all to 255)."""
    seen = marked.intersected(whole)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(10, 12, 16, veil))
    beside = [whole]
    if not seen.isEmpty():
        beside = [
            QRectF(whole.left(), whole.top(), whole.width(), seen.top() - whole.top()),
            QRectF(whole.left(), seen.bottom(), whole.width(), whole.bottom() - seen.bottom()),
            QRectF(whole.left(), seen.top(), seen.left() - whole.left(), seen.height()),
            QRectF(seen.right(), seen.top(), whole.right() - seen.right(), seen.height()),
        ]
    for area in beside:
        painter.drawRect(area)
    # Two lines, of which one is seen on any picture.
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor("white"), 3))
    painter.drawRect(marked)
    painter.setPen(QPen(color, 1.5))
    painter.drawRect(marked)
