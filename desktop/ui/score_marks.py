"""What a ranking says of the tiles in the grid: a chip with the score on each, and a line where the ranking falls apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPalette, QPen, QPixmap

from desktop.ui.tile_layout import TileLayout
from desktop.ui.tile_words import score_text

_CHIP_PX = 18
_PADDING_PX = 5
_INSET_PX = 3
_LINE_PX = 2.0
_CORNER_PX = 5.0


class ScoreMarks:
    """Scores by place. GUI thread.

    Chips are drawn once for each number and copied from then on: there are two hundred of them at most.
    """

    def __init__(self) -> None:
        self._scores: NDArray[np.float64] | None = None
        self._cut = 0
        self._chips: dict[str, QPixmap] = {}
        self._chips_of: tuple[str, float] | None = None

    def show(self, scores: NDArray[np.float64] | None, cut: int = 0) -> bool:
        """Mark tiles with these scores, by place (None: no marks), and part them after the first `cut`.

        Returns
        -------
        bool
            Whether that looks different from before on places that had marks.
        """
        before, cut_before = self._scores, self._cut
        self._scores, self._cut = scores, cut
        if before is None or scores is None:
            return before is not scores
        n = min(len(before), len(scores))
        return cut != cut_before or not np.array_equal(before[:n], scores[:n])

    def score_at(self, place: int) -> float | None:
        """Return the score of the tile at a place."""
        if self._scores is None or not 0 <= place < len(self._scores):
            return None
        return float(self._scores[place])

    def paint(self, painter: QPainter, layout: TileLayout, scroll_px: int, palette: QPalette, font: QFont) -> None:
        """Draw over the tiles that are in the viewport."""
        if self._scores is None:
            return
        ratio = painter.device().devicePixelRatioF()
        at = layout.shape.picture.bottomLeft() + QPoint(_INSET_PX, 1 - _INSET_PX - _CHIP_PX)
        for place in layout.visible(scroll_px):
            score = self.score_at(place)
            if score is not None:
                chip = self._chip(score_text(score), font, ratio)
                painter.drawPixmap(layout.rect(place, scroll_px).topLeft() + at, chip)
        if 0 < self._cut < min(layout.n, len(self._scores)):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), _LINE_PX))
            painter.drawPath(self._parting(layout, scroll_px))

    def _parting(self, layout: TileLayout, scroll_px: int) -> QPainterPath:
        """Return the line between the last tile of the first part and the first of the second.

        From the left edge below the first part's last row, up beside its last tile, and to the right edge above the rest.
        """
        last = layout.rect(self._cut - 1, scroll_px)
        left, right = layout.left_px, layout.left_px + layout.columns * layout.shape.width
        top, bottom, turn = last.top(), last.bottom() + 1, last.right() + 1
        path = QPainterPath()
        path.moveTo(left, bottom)
        if turn >= right:
            path.lineTo(right, bottom)
            return path
        path.lineTo(turn - _CORNER_PX, bottom)
        path.quadTo(turn, bottom, turn, bottom - _CORNER_PX)
        path.lineTo(turn, top + _CORNER_PX)
        path.quadTo(turn, top, turn + _CORNER_PX, top)
        path.lineTo(right, top)
        return path

    def _chip(self, text: str, font: QFont, ratio: float) -> QPixmap:
        look = font.key(), ratio
        if look != self._chips_of:
            self._chips.clear()
            self._chips_of = look
        chip = self._chips.get(text)
        if chip is None:
            chip = self._chips[text] = _drawn(text, font, ratio)
        return chip


def _drawn(text: str, font: QFont, ratio: float) -> QPixmap:
    width = QFontMetrics(font).horizontalAdvance(text) + 2 * _PADDING_PX
    chip = QPixmap(round(width * ratio), round(_CHIP_PX * ratio))
    chip.setDevicePixelRatio(ratio)
    chip.fill(Qt.GlobalColor.transparent)
    painter = QPainter(chip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    # As the badge that counts files: it lies on pictures of any colour.
    painter.setBrush(QColor(20, 22, 26, 200))
    place = QRectF(0, 0, width, _CHIP_PX)
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor("white"))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return chip
