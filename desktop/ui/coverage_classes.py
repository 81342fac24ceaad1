"""Classes with the fewest labels first: how many are labelled, of how many."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.ui import theme
from desktop.ui.coverage_list import CoverageList
from engine.schemas.insight import ClassCoverage

_ROW_EXTRA_PX, _BAR_PX, _INSET_PX, _LEAST_PX = 20, 4, 10, 3
translate = QCoreApplication.translate


def class_words(row: ClassCoverage) -> str:
    """Say a class and its labels."""
    if not row.n_labelled:
        return translate("Coverage", "{0}: none of {1} labelled").format(row.class_name, f"{row.n:,}")
    return translate("Coverage", "{0}: {1} of {2} labelled").format(row.class_name, f"{row.n_labelled:,}", f"{row.n:,}")


class ClassList(CoverageList[ClassCoverage]):
    """Emits the class that a person chose. GUI thread."""

    def __init__(self) -> None:
        super().__init__(class_words)
        self.setAccessibleName(self.tr("Classes, those with the fewest labels first"))
        self.setItemDelegate(_Painter(self))


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, option.fontMetrics.height() + _ROW_EXTRA_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: ClassCoverage = index.data(Qt.ItemDataRole.UserRole)
        pill: QRect = option.rect.adjusted(6, 1, -6, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option, pill)
        inner = pill.adjusted(_INSET_PX, 5, -_INSET_PX, -6)
        metrics: QFontMetrics = option.fontMetrics
        counts = translate("Coverage", "{0} of {1}").format(f"{row.n_labelled:,}", f"{row.n:,}")
        counts_px = metrics.horizontalAdvance(counts)
        line = QRect(inner.left(), inner.top(), inner.width(), metrics.height())
        painter.setPen(theme.color("text"))
        room = line.width() - counts_px - 12
        name = metrics.elidedText(row.class_name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(theme.color("text" if option.state & QStyle.StateFlag.State_Selected else "faint"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, counts)
        bar = QRectF(inner.left(), inner.bottom() - _BAR_PX + 1, inner.width(), _BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("strong_line" if option.state & QStyle.StateFlag.State_Selected else "line"))
        painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        if row.n_labelled and row.n:
            # One label of ten thousand is seen to be there.
            bar.setWidth(max(_LEAST_PX, bar.width() * min(1.0, row.n_labelled / row.n)))
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        painter.restore()


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, pill: QRect) -> None:
    """Draw what lies under a row: the mouse, the choice, the keys."""
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    if selected or option.state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("tint" if selected else "hover"))
        painter.drawRoundedRect(pill, 5, 5)
    if option.state & QStyle.StateFlag.State_HasFocus:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.drawRoundedRect(pill, 5, 5)
