"""What lies over the window while something is dragged over it: where it can be dropped, and what that does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QWidget

from desktop.ui import icons, theme

_RADIUS_PX = 6.0
_MARGIN_PX = 4
_GAP_PX = 6


@dataclass(frozen=True, slots=True)
class DropSpot:
    """A place that takes something else than the window around it.

    Attributes
    ----------
    hint
        Said beside it during the whole drag: below, or to its right where it is flat and other spots may lie below it.
    words
        Said in the middle while the drag is over it.
    take
        Called with what was dropped; says whether it could use it.
    """

    widget: QWidget
    hint: str
    words: str
    take: Callable[[QMimeData], bool]


class DropOverlay(QWidget):
    """Shown during a drag. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._spots: tuple[DropSpot, ...] = ()
        self._over: DropSpot | None = None
        self._veiled = True
        self._adds = True
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop here"))
        self.hide()

    def lift(self, spots: Sequence[DropSpot] = (), *, veiled: bool = True, adds: bool = True) -> None:
        """Show it over all of the window.

        Parameters
        ----------
        spots
            Those that are not seen just now are left out.
        veiled
            Cover what lies below; else only the spots are marked, as for what is dragged about inside.
        adds
            Whether a drop anywhere else takes it into the library.
        """
        self._spots = tuple(spot for spot in spots if spot.widget.isVisible())
        self._veiled, self._adds, self._over = veiled, adds, None
        self.fit()
        self.raise_()
        self.show()
        self.update()

    def fit(self) -> None:
        """Cover all of the window, whose size has changed."""
        parent = self.parentWidget()
        assert parent is not None
        self.setGeometry(parent.rect())

    def point(self, at: QPoint) -> DropSpot | None:
        """Say that the drag is at a point of the window; returns the spot that is there."""
        parent = self.parentWidget()
        assert parent is not None
        here = parent.mapFrom(self.window(), at)
        over = next((spot for spot in self._spots if self._area(spot).contains(here)), None)
        if over is not self._over:
            self._over = over
            self.update()
        return over

    def words(self) -> str:
        """Return what is said in the middle."""
        if self._over is not None:
            return self._over.words
        return self.tr("Drop to add to the library") if self._adds else self.tr("This library can only be read")

    def _area(self, spot: DropSpot) -> QRect:
        parent = self.parentWidget()
        assert parent is not None
        corner = spot.widget.mapTo(parent, QPoint(0, 0))
        return QRect(corner, spot.widget.size()).adjusted(-_MARGIN_PX, -_MARGIN_PX, _MARGIN_PX, _MARGIN_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._veiled:
            self._paint_veil(painter)
        for spot in self._spots:
            self._paint_spot(painter, spot)
        painter.end()

    def _paint_veil(self, painter: QPainter) -> None:
        ground = theme.color("window")
        ground.setAlphaF(0.97)
        # The spots themselves stay as they are.
        free = QRegion(self.rect())
        for spot in self._spots:
            free -= QRegion(self._area(spot))
        painter.save()
        painter.setClipRegion(free)
        painter.fillRect(self.rect(), ground)
        painter.restore()
        accent = theme.color("accent")
        if self._over is None and self._adds:
            frame = QRectF(self.rect()).adjusted(14, 14, -14, -14)
            painter.save()
            painter.setClipRegion(free)
            painter.setPen(QPen(accent, 3, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(frame, 14, 14)
            painter.restore()
        drawing = "search" if self._over is not None else "drop"
        picture = icons.pixmap(drawing, accent, 72, self.devicePixelRatioF())
        center = self.rect().center()
        painter.drawPixmap(center.x() - 36, center.y() - 70, picture)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        painter.save()
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        below = self.rect().adjusted(0, self.height() // 2 + 14, 0, 0)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, self.words())
        painter.restore()

    def _paint_spot(self, painter: QPainter, spot: DropSpot) -> None:
        area, over = QRectF(self._area(spot)), spot is self._over
        accent = theme.color("accent")
        fill = QColor(accent)
        fill.setAlpha(60 if over else 24)
        painter.setBrush(fill)
        painter.setPen(QPen(accent, 3 if over else 2, Qt.PenStyle.SolidLine if over else Qt.PenStyle.DashLine))
        painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), _RADIUS_PX, _RADIUS_PX)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(spot.hint) + 16, metrics.height() + 8
        if area.width() > 3 * area.height():
            left, top = area.right() + _GAP_PX, area.center().y() - height / 2
        else:
            left, top = area.left(), area.bottom() + _GAP_PX
        pill = QRectF(max(4.0, min(left, self.width() - width - 4.0)), top, width, height)
        painter.setPen(QPen(accent, 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(pill, _RADIUS_PX, _RADIUS_PX)
        painter.setPen(theme.color("text"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, spot.hint)
