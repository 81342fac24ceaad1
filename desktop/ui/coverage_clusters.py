"""Groups of pictures that lie together, those without a label first: the one in the middle, how many, which class."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

from desktop.ui import theme
from desktop.ui.coverage_classes import paint_ground
from desktop.ui.coverage_list import CoverageList
from engine.schemas.insight import Cluster

_WIDTH_PX, _PICTURE_PX, _INSET_PX, _TEXT_GAP_PX = 172, 120, 8, 6
translate = QCoreApplication.translate


def cluster_words(row: Cluster) -> str:
    """Say a group in a line."""
    return f"{name_of(row)}: {counts_of(row)}"


def name_of(row: Cluster) -> str:
    """Call a group by the class that most of it has, with the share; the share first, since long names are cut at their end."""
    if row.class_name is None:
        return translate("Coverage", "no class")
    if row.clear_class is None:
        return translate("Coverage", "no clear class")
    if row.n_class == row.n:
        return row.class_name
    # Cut, not rounded: of a group in which one is something else not all are this.
    return translate("Coverage", "{0}\u00a0% {1}").format(int(100 * row.share), row.class_name)


def counts_of(row: Cluster) -> str:
    """Say how many pictures a group has, and how many of them are labelled."""
    n, labelled = f"{row.n:,}", f"{row.n_labelled:,}"
    if row.n_labelled:
        return translate("Coverage", "{0} of {1} labelled").format(labelled, n)
    if row.n == 1:
        return translate("Coverage", "1 picture, not labelled")
    return translate("Coverage", "None of {0} labelled").format(n)


class ClusterList(CoverageList[Cluster]):
    """Emits the group that a person chose. GUI thread.

    Parameters
    ----------
    picture_of
        Returns the small picture of a content, if it is in memory.
    """

    def __init__(self, picture_of: Callable[[int], QImage | None]) -> None:
        super().__init__(cluster_words)
        self.setAccessibleName(self.tr("Groups of pictures, those without a label first"))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setItemDelegate(_Painter(picture_of, self))


class _Painter(QStyledItemDelegate):
    def __init__(self, picture_of: Callable[[int], QImage | None], parent: ClusterList) -> None:
        super().__init__(parent)
        self._picture_of = picture_of

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        text = 2 * option.fontMetrics.height() + 2
        return QSize(_WIDTH_PX, _PICTURE_PX + text + _TEXT_GAP_PX + 2 * _INSET_PX + 8)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Cluster = index.data(Qt.ItemDataRole.UserRole)
        card: QRect = option.rect.adjusted(4, 4, -4, -4)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(card, 5, 5)
        paint_ground(painter, option, card)
        inner = card.adjusted(_INSET_PX, _INSET_PX, -_INSET_PX, -_INSET_PX)
        self._paint_picture(painter, row, QRectF(inner.left(), inner.top(), inner.width(), _PICTURE_PX))
        metrics = option.fontMetrics
        top = inner.top() + _PICTURE_PX + _TEXT_GAP_PX
        for text, tone in ((name_of(row), "text"), (counts_of(row), "faint")):
            line = QRect(inner.left(), top, inner.width(), metrics.height())
            painter.setPen(theme.color(tone))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            top += metrics.height() + 2
        painter.restore()

    def _paint_picture(self, painter: QPainter, row: Cluster, place: QRectF) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(place, 4, 4)
        painter.fillPath(shape, theme.color("line"))
        image = self._picture_of(row.middle_id)
        if image is None or image.isNull():
            return
        # All of the place is filled; what sticks out is cut off.
        scale = max(place.width() / image.width(), place.height() / image.height())
        width, height = place.width() / scale, place.height() / scale
        part = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipPath(shape)
        painter.drawImage(place, image, part)
        painter.restore()
