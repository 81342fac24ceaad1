"""The top-k classes as bars with names and numbers; a click or a digit accepts one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.ui.tile_painter import confidence_color, is_dark
from engine.schemas.prediction import ClassScore

_KEY_PX = 18
_BAR_PX = 4
_MARGIN_PX = 6


class ScoreBars(QWidget):
    """Bars of one prediction. GUI thread."""

    acceptRequested = Signal(int)  # k, from 1

    def __init__(self) -> None:
        super().__init__()
        self._scores: tuple[ClassScore, ...] = ()
        self._chosen: str | None = None
        self._at = -1  # the row under the mouse or the keys
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Predictions"))

    def set_scores(self, scores: tuple[ClassScore, ...], chosen: str | None = None) -> None:
        """Show these classes, best first; `chosen` is the label, when there is one."""
        same_length = len(scores) == len(self._scores)
        self._scores, self._chosen = scores, chosen
        self._at = min(self._at, len(scores) - 1)
        self.setAccessibleDescription(
            "; ".join(f"{k}: {s.class_name}, {s.confidence:.1%}" for k, s in enumerate(scores, 1))
        )
        self.setCursor(Qt.CursorShape.PointingHandCursor if scores else Qt.CursorShape.ArrowCursor)
        if not same_length:
            self.updateGeometry()
        self.update()

    def _row_px(self) -> int:
        return self.fontMetrics().height() + _BAR_PX + 13

    def sizeHint(self) -> QSize:
        return QSize(200, self._row_px() * len(self._scores))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        faint = palette.color(QPalette.ColorRole.PlaceholderText)
        text = palette.color(QPalette.ColorRole.Text)
        track_color, hover = QColor(text), QColor(text)
        track_color.setAlpha(26)
        hover.setAlpha(16)
        dark, metrics, height = is_dark(palette), self.fontMetrics(), self._row_px()
        for i, score in enumerate(self._scores):
            row = QRect(0, i * height, self.width(), height)
            if i == self._at:
                painter.setBrush(hover)
                focused = self.hasFocus()
                painter.setPen(
                    QPen(palette.color(QPalette.ColorRole.Highlight), 1) if focused else QPen(Qt.PenStyle.NoPen)
                )
                painter.drawRoundedRect(QRectF(row).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            line = QRect(_MARGIN_PX, row.top() + 5, self.width() - 2 * _MARGIN_PX, metrics.height())
            left = line.left() + _KEY_PX + 8
            if i < 9:
                self._key(painter, QRect(line.left(), line.center().y() - _KEY_PX // 2 + 3, _KEY_PX, _KEY_PX), i + 1)
            number = f"{score.confidence:.1%}"
            painter.setPen(faint)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, number)
            chosen = score.class_name == self._chosen
            font = QFont(self.font())
            font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
            painter.setFont(font)
            painter.setPen(text)
            room = QRect(left, line.top(), line.right() - left - metrics.horizontalAdvance("100.0%") - 8, line.height())
            name = f"\N{CHECK MARK} {score.class_name}" if chosen else score.class_name
            painter.drawText(
                room, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(name, Qt.TextElideMode.ElideRight, room.width())
            )
            painter.setFont(self.font())
            track = QRectF(left, line.bottom() + 4, line.right() - left + 1, _BAR_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(track_color)
            painter.drawRoundedRect(track, 2, 2)
            track.setWidth(max(4.0, track.width() * score.confidence))
            painter.setBrush(confidence_color(score.confidence, dark=dark))
            painter.drawRoundedRect(track, 2, 2)
        painter.end()

    def _key(self, painter: QPainter, rect: QRect, number: int) -> None:
        """The key that accepts the row, drawn as a key."""
        faint = self.palette().color(QPalette.ColorRole.PlaceholderText)
        edge = QColor(faint)
        edge.setAlpha(110)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(faint)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(number))

    def _set_at(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self.update()

    def _row_at(self, y: float) -> int:
        row = int(y) // self._row_px()
        return row if 0 <= row < len(self._scores) else -1

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self._row_at(event.pos().y())
            if row >= 0:
                score = self._scores[row]
                words = [f"{score.class_name}, {score.confidence:.2%}"]
                words.append(self.tr("Click accepts it as the label"))
                QToolTip.showText(event.globalPos(), "\n".join(words), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_at(self._row_at(event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_at(-1)
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y()) if self.rect().contains(event.position().toPoint()) else -1
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self.acceptRequested.emit(row + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self._scores:
            self._set_at(min(self._at + 1, len(self._scores) - 1))
        elif event.key() == Qt.Key.Key_Up and self._scores:
            self._set_at(max(self._at - 1, 0))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._at >= 0:
            self.acceptRequested.emit(self._at + 1)
        else:
            event.ignore()
