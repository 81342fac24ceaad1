"""The top-k classes as bars with names and numbers; a click, a digit or Enter on its row accepts one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from desktop.ui.plain_text import isolated, tooltip
from desktop.ui.tile_painter import confidence_color, is_dark
from engine.schemas.prediction import ClassScore

_KEY_PX = 18
_BAR_PX = 4
_MARGIN_PX = 6
_N_KEYS = 9  # the digits


class ScoreBars(QWidget):
    """Bars of one prediction. GUI thread."""

    acceptRequested = Signal(int)  # k, from 1

    def __init__(self) -> None:
        super().__init__()
        self._scores: tuple[ClassScore, ...] = ()
        self._chosen: str | None = None
        self._hovered = -1
        self._pressed = -1
        self._current = -1  # the row of the keys, while they are here
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Predictions"))

    def set_scores(self, scores: tuple[ClassScore, ...], chosen: str | None = None) -> None:
        """Show these classes, best first; `chosen` is the label, when there is one."""
        same_length = len(scores) == len(self._scores)
        self._scores, self._chosen = scores, chosen
        self._current = min(self._current, len(scores) - 1)
        # A press on what is gone accepts nothing.
        self._pressed = -1
        self._hovered = min(self._hovered, len(scores) - 1)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if scores else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if scores else Qt.CursorShape.ArrowCursor)
        self._describe()
        if not same_length:
            self.updateGeometry()
        self.update()

    def current(self) -> int:
        """Return the row of the keys, from 0; -1 where the keys are elsewhere."""
        return self._current

    def _describe(self) -> None:
        """Tell screen readers of the row of the keys, or else of all."""
        rows = []
        for k, score in enumerate(self._scores, 1):
            row = f"{k}: {score.class_name}, {score.confidence:.1%}"
            rows.append(self.tr("{0} (the label)").format(row) if self._is_chosen(score) else row)
        if self._current >= 0:
            self.setAccessibleDescription(self.tr("{0}; Enter accepts it").format(rows[self._current]))
        else:
            self.setAccessibleDescription("; ".join(rows))

    def _is_chosen(self, score: ClassScore) -> bool:
        """Tell whether a row is the label's.

        Where a model has two classes of one name, the library tells them apart by their number in the network's
        output, as in "crane (134)"; the prediction has the name as the model gives it.
        """
        return self._chosen in (score.class_name, f"{score.class_name} ({score.class_id})")

    def _row_px(self) -> int:
        return self.fontMetrics().height() + _BAR_PX + 13

    def sizeHint(self) -> QSize:
        return QSize(200, self._row_px() * len(self._scores))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i, score in enumerate(self._scores):
            self._row(painter, i, score)
        painter.end()

    def _row(self, painter: QPainter, i: int, score: ClassScore) -> None:
        palette, metrics, height = self.palette(), self.fontMetrics(), self._row_px()
        text, faint = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.PlaceholderText)
        row = QRect(0, i * height, self.width(), height)
        if i in (self._hovered, self._current):
            painter.setBrush(_see_through(text, 16))
            painter.setPen(Qt.PenStyle.NoPen)
            if i == self._current:
                painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.5))
            painter.drawRoundedRect(QRectF(row).adjusted(1, 1, -1, -1), 4, 4)
        line = QRect(_MARGIN_PX, row.top() + 5, self.width() - 2 * _MARGIN_PX, metrics.height())
        if i < _N_KEYS:
            self._key(
                painter, self._turned(QRect(line.left(), row.top() + (height - _KEY_PX) // 2, _KEY_PX, _KEY_PX)), i
            )
        rest = line.adjusted(_KEY_PX + 8, 0, 0, 0)
        number_px = metrics.horizontalAdvance("100.0%")
        painter.setPen(faint)
        place = QRect(rest.right() - number_px + 1, rest.top(), number_px, rest.height())
        painter.drawText(self._turned(place), Qt.AlignmentFlag.AlignRight, f"{score.confidence:.1%}")
        chosen = self._is_chosen(score)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(text)
        room = rest.adjusted(0, 0, -number_px - 8, 0)
        name = f"\N{CHECK MARK} {isolated(score.class_name)}" if chosen else score.class_name
        name = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(self._turned(room), Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(self.font())
        track = QRect(rest.left(), rest.bottom() + 4, rest.width(), _BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_see_through(text, 26))
        painter.drawRoundedRect(self._turned(track), 2, 2)
        track.setWidth(max(4, round(track.width() * score.confidence)))
        painter.setBrush(confidence_color(score.confidence, dark=is_dark(palette)))
        painter.drawRoundedRect(self._turned(track), 2, 2)

    def _key(self, painter: QPainter, rect: QRect, row: int) -> None:
        """The key that accepts the row, drawn as a key."""
        faint = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.setPen(QPen(_see_through(faint, 110), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(faint)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(row + 1))

    def _turned(self, rect: QRect) -> QRect:
        """Where a place is in a window that is read from right to left."""
        return QStyle.visualRect(self.layoutDirection(), self.rect(), rect)

    # Mouse and keys

    def _row_at(self, event: QMouseEvent | QHelpEvent) -> int:
        at = event.position().toPoint() if isinstance(event, QMouseEvent) else event.pos()
        row = at.y() // self._row_px()
        return row if self.rect().contains(at) and row < len(self._scores) else -1

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self._row_at(event)
            if row >= 0:
                score = self._scores[row]
                words = f"{score.class_name}, {score.confidence:.2%}\n" + self.tr("Click accepts it as the label")
                QToolTip.showText(event.globalPos(), tooltip(words), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self._row_at(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.update()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = self._row_at(event) if event.button() == Qt.MouseButton.LeftButton else -1

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        # Pressed and let go on one row, as with a button; a press that slides off accepts nothing.
        pressed, self._pressed = self._pressed, -1
        if event.button() == Qt.MouseButton.LeftButton and pressed >= 0 and pressed == self._row_at(event):
            self.acceptRequested.emit(pressed + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Home: -len(self._scores),
            Qt.Key.Key_End: len(self._scores),
        }
        key = Qt.Key(event.key())
        if key in steps and self._scores:
            self._go_to(max(0, min(len(self._scores) - 1, self._current + steps[key])))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._current >= 0:
            self.acceptRequested.emit(self._current + 1)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._go_to(max(0, self._current) if self._scores else -1)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._go_to(-1)

    def _go_to(self, row: int) -> None:
        if row != self._current:
            self._current = row
            self._describe()
            self.update()


def _see_through(color: QColor, alpha: int) -> QColor:
    color = QColor(color)
    color.setAlpha(alpha)
    return color
