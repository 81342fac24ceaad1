"""The top-k classes as bars with names and numbers; a click or a digit accepts one."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui.tile_painter import confidence_color
from engine.schemas.prediction import ClassScore

_ROW_PX = 34


class ScoreBars(QWidget):
    """Bars of one prediction. GUI thread."""

    acceptRequested = Signal(int)  # k, from 1

    def __init__(self) -> None:
        super().__init__()
        self._scores: tuple[ClassScore, ...] = ()
        self.setAccessibleName(self.tr("Predictions"))

    def set_scores(self, scores: tuple[ClassScore, ...]) -> None:
        """Show these classes, best first."""
        self._scores = scores
        self.setAccessibleDescription(", ".join(f"{s.class_name} {s.confidence:.0%}" for s in scores))
        self.setCursor(Qt.CursorShape.PointingHandCursor if scores else Qt.CursorShape.ArrowCursor)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _ROW_PX * max(1, len(self._scores)))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.palette().text().color()
        faint = QColor(text)
        faint.setAlpha(150)
        metrics = self.fontMetrics()
        for i, score in enumerate(self._scores):
            top = i * _ROW_PX
            line = QRect(0, top + 2, self.width(), metrics.height())
            painter.setPen(faint)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"{score.confidence:.1%}")
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, str(i + 1) if i < 9 else "")
            painter.setPen(text)
            name = line.adjusted(18, 0, -metrics.horizontalAdvance("100.0%") - 6, 0)
            elided = metrics.elidedText(score.class_name, Qt.TextElideMode.ElideRight, name.width())
            painter.drawText(name, Qt.AlignmentFlag.AlignLeft, elided)
            track = QRect(18, line.bottom() + 4, self.width() - 18, 4)
            shade = QColor(text)
            shade.setAlpha(30)
            painter.fillRect(track, shade)
            track.setWidth(max(1, round(track.width() * score.confidence)))
            painter.fillRect(track, confidence_color(score.confidence))
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        k = int(event.position().y()) // _ROW_PX + 1
        if 1 <= k <= len(self._scores):
            self.acceptRequested.emit(k)
