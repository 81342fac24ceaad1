"""Scores over ranks as a small curve: where it falls, the ranking falls apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.ui import theme
from desktop.ui.tile_words import score_text

_MARGIN_PX = 3.0
_LEAST_RANGE = 0.05  # scores that hardly differ make a flat line, not a cliff


class ScoreCurve(QWidget):
    """Ranks run to the right, each ten times as many as the step before: what matters lies at the beginning. GUI thread."""

    rankChosen = Signal(int)  # a place, from 0

    def __init__(self) -> None:
        super().__init__()
        self._n_shown = self._cut = 0
        self._low = self._high = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Likeness by rank"))
        self.show_nothing()

    def show_nothing(self) -> None:
        """Show no curve."""
        self.show_scores(np.empty(0), 0, 0)

    def show_scores(self, scores: NDArray[np.float64], n_shown: int, cut: int) -> None:
        """Show scores, float64 (n,) descending; the first `n_shown` pass, and after `cut` the ranking falls apart."""
        self._scores: NDArray[np.float64] = scores
        self._n_shown, self._cut = n_shown, cut
        if len(scores):
            self._high = max(float(scores[0]), 1.0)
            self._low = min(float(scores[-1]), self._high - _LEAST_RANGE)
        self.setAccessibleDescription(self._words())
        self.setCursor(Qt.CursorShape.PointingHandCursor if n_shown else Qt.CursorShape.ArrowCursor)
        self.update()

    def _words(self) -> str:
        n = len(self._scores)
        if n == 0:
            return ""
        text = self.tr("From {0} to {1}").format(
            score_text(float(self._scores[0])), score_text(float(self._scores[-1]))
        )
        if not 0 < self._cut < n:
            return text
        gap = self.tr("falls apart after {0}, from {1} to {2}").format(
            f"{self._cut:,}", score_text(float(self._scores[self._cut - 1])), score_text(float(self._scores[self._cut]))
        )
        return f"{text}, {gap}"

    def sizeHint(self) -> QSize:
        return QSize(180, 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(70, 30)

    # Where a rank is

    def x_of(self, place: float) -> float:
        """Return where the rank of a place stands."""
        room = self.width() - 2 * _MARGIN_PX
        return _MARGIN_PX + room * float(np.log1p(place) / np.log1p(max(1, len(self._scores) - 1)))

    def place_at(self, x: float) -> int:
        """Return the place whose rank stands there."""
        room = max(1.0, self.width() - 2 * _MARGIN_PX)
        share = max(0.0, min(1.0, (x - _MARGIN_PX) / room))
        return min(len(self._scores) - 1, round(float(np.expm1(share * np.log1p(max(1, len(self._scores) - 1))))))

    def _y_of(self, score: float) -> float:
        room = self.height() - 2 * _MARGIN_PX
        return _MARGIN_PX + room * (1 - (score - self._low) / max(1e-9, self._high - self._low))

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not len(self._scores):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base = self.height() - _MARGIN_PX
        line = self._line()
        end = self.x_of(max(0, self._n_shown - 1))
        area = QPainterPath()
        area.addPolygon(QPolygonF([QPointF(line[0].x(), base), *line, QPointF(line[-1].x(), base)]))
        faint, accent = theme.color("strong_line"), theme.color("accent")
        fill = QColor(accent)
        fill.setAlpha(50)
        painter.save()
        painter.setClipRect(QRectF(0, 0, end + 1, self.height()))
        painter.fillPath(area, fill)
        painter.restore()
        painter.setPen(QPen(faint, 1))
        painter.drawLine(QPointF(_MARGIN_PX, base), QPointF(self.width() - _MARGIN_PX, base))
        for clip, color in (
            (QRectF(end, 0, self.width(), self.height()), faint),
            (QRectF(0, 0, end, self.height()), accent),
        ):
            painter.setClipRect(clip)
            painter.setPen(QPen(color, 1.6, j=Qt.PenJoinStyle.RoundJoin))
            painter.drawPolyline(QPolygonF(line))
        painter.setClipping(False)
        if 0 < self._cut < len(self._scores):
            x = (self.x_of(self._cut - 1) + self.x_of(self._cut)) / 2
            painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, _MARGIN_PX), QPointF(x, base))
        painter.end()

    def _line(self) -> list[QPointF]:
        """Points of the curve, one for each pixel at most."""
        n = len(self._scores)
        if n == 1:
            y = self._y_of(float(self._scores[0]))
            return [QPointF(_MARGIN_PX, y), QPointF(self.width() - _MARGIN_PX, y)]
        wide = max(2, self.width())
        places = np.unique(np.concatenate([
            np.round(np.expm1(np.linspace(0, np.log1p(n - 1), wide))).astype(np.int64),
            # The gap in full: it may lie between two pixels.
            np.clip([self._cut - 1, self._cut], 0, n - 1),
        ]))  # fmt: skip
        return [QPointF(self.x_of(float(place)), self._y_of(float(self._scores[place]))) for place in places.tolist()]

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._n_shown:
            self.rankChosen.emit(min(self.place_at(event.position().x()), self._n_shown - 1))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and len(self._scores):
            place = self.place_at(event.pos().x())
            here = self.tr("Number {0}: {1}").format(f"{place + 1:,}", score_text(float(self._scores[place])))
            QToolTip.showText(event.globalPos(), f"{here}\n{self._words()}", self)
            return True
        return super().event(event)
