"""The rubber band: a rectangle pulled open over the grid, on top of what was selected before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QPainter, QPalette, QPen


class RubberBand:
    """From where the button was pressed to where the mouse is.

    It begins at a place of the content and ends at one of the viewport: scrolling pulls it open.
    """

    def __init__(self) -> None:
        self._from: QPoint | None = None
        self._to: QPoint | None = None
        self._kept: NDArray[np.int64] = np.empty(0, np.int64)

    @property
    def is_ready(self) -> bool:
        """Whether the button was pressed where a band may begin."""
        return self._from is not None

    @property
    def is_open(self) -> bool:
        """Whether it has been pulled open."""
        return self._to is not None

    @property
    def end_y(self) -> int:
        """Where on the viewport the mouse is."""
        return 0 if self._to is None else self._to.y()

    def begin(self, at: QPoint, scroll_px: int, kept: NDArray[np.int64]) -> None:
        """Begin at a point of the viewport; contents that are `kept` stay selected whatever it covers."""
        self._from, self._to, self._kept = at + QPoint(0, scroll_px), None, kept

    def pull(self, to: QPoint) -> None:
        """Move its end to a point of the viewport, which may lie outside."""
        self._to = to

    def shift(self, by_px: int) -> None:
        """The content below it has moved down."""
        if self._from is not None:
            self._from += QPoint(0, by_px)

    def end(self) -> None:
        """Let go."""
        self._from = self._to = None
        self._kept = np.empty(0, np.int64)

    def rect(self, scroll_px: int) -> QRect:
        """Return what it covers of the viewport; empty while it is not open."""
        if self._from is None or self._to is None:
            return QRect()
        begin = self._from - QPoint(0, scroll_px)
        left, right = sorted((begin.x(), self._to.x()))
        top, bottom = sorted((begin.y(), self._to.y()))
        return QRect(QPoint(left, top), QSize(right - left + 1, bottom - top + 1))

    def mask(self, ids: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return what is selected while it covers these places of a list."""
        mask = np.isin(ids, self._kept) if len(self._kept) else np.zeros(len(ids), np.bool_)
        mask[places] = True
        return mask

    def paint(self, painter: QPainter, scroll_px: int, palette: QPalette) -> None:
        """Draw it."""
        if not self.is_open:
            return
        accent = palette.color(QPalette.ColorRole.Highlight)
        ground = QColor(accent)
        ground.setAlpha(36)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(accent, 1))
        painter.setBrush(ground)
        painter.drawRect(self.rect(scroll_px).adjusted(0, 0, -1, -1))
