"""The legend of the map: what each colour stands for, and how many there are of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPen,
    QPixmap,
    QPixmapCache,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.ui import theme
from desktop.ui.map_groups import group_name, kind_name
from desktop.ui.map_palette import colours_of
from engine.schemas.map import MapColours

_COLOR, _N, _NAME = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
_ROW_PADDING_PX = 4
_DOT_PX = 10
_SIDE_PX = 8
_WIDTH_PX = 210
_LOOKS = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)


class MapLegend(QListView):
    """Names and numbers beside their colours; those that are chosen stand out on the map. GUI thread."""

    picked = Signal(list)  # numbers of groups; none: all are as they are
    selectRequested = Signal(list)  # double click or Enter: select all points of these

    def __init__(self) -> None:
        super().__init__()
        self._model = QStandardItemModel(self)
        self._colours: MapColours | None = None
        self.setObjectName("mapLegend")
        self.setAccessibleName(self.tr("Legend"))
        self.setModel(self._model)
        self.setItemDelegate(_Line(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setFixedWidth(_WIDTH_PX)
        self.selectionModel().selectionChanged.connect(lambda _new, _old: self.picked.emit(self.chosen()))
        self.doubleClicked.connect(lambda _at: self.selectRequested.emit(self.chosen()))

    def show_colours(self, colours: MapColours) -> None:
        """List the groups; what was chosen stays so while the groups are the same."""
        before, self._colours = self._colours, colours
        same = before is not None and before.kind == colours.kind and before.legend == colours.legend
        chosen = self.chosen() if same else []
        self.setAccessibleName(self.tr("Legend: {0}").format(kind_name(colours.kind)))
        blocked = self.selectionModel().blockSignals(True)
        self._model.clear()
        for group, color in zip(colours.legend, colours_of(colours, self.palette()), strict=True):
            name, n = group_name(group, colours.kind), f"{group.n:,}"
            item = QStandardItem()
            item.setData(self.tr("{0}: {1}").format(name, n), Qt.ItemDataRole.AccessibleTextRole)
            item.setData(name, Qt.ItemDataRole.ToolTipRole)
            for role, value in ((_NAME, name), (_N, n), (_COLOR, color)):
                item.setData(value, role)
            self._model.appendRow(item)
        for number in chosen:
            self.selectionModel().select(self._model.index(number, 0), QItemSelectionModel.SelectionFlag.Select)
        self.selectionModel().blockSignals(blocked)
        self.viewport().update()
        self.updateGeometry()

    def chosen(self) -> list[int]:
        """Return the groups that are chosen."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def sizeHint(self) -> QSize:
        rows = self._model.rowCount()
        return QSize(_WIDTH_PX, rows * self.sizeHintForRow(0) + 2 * self.frameWidth() + 2 if rows else 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.chosen():
            self.clearSelection()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen():
            self.selectRequested.emit(self.chosen())
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        ours = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        override = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in ours
        if override and self.chosen():
            event.accept()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in _LOOKS and getattr(self, "_colours", None) is not None:
            assert self._colours is not None
            colors = colours_of(self._colours, self.palette())
            for row, color in enumerate(colors[: self._model.rowCount()]):
                self._model.item(row).setData(color, _COLOR)


class _Line(QStyledItemDelegate):
    """Dot, name, number."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: object) -> QSize:
        return QSize(_WIDTH_PX - 20, QFontMetrics(option.font).height() + 2 * _ROW_PADDING_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: object) -> None:
        # Drawn once and then copied: it lies over the map, and is painted with each frame of that.
        name, n, color = (index.data(role) for role in (_NAME, _N, _COLOR))  # type: ignore[attr-defined]
        states = (QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_MouseOver, QStyle.StateFlag.State_HasFocus)
        chosen, under, focus = (bool(option.state & state) for state in states)
        rect, ratio = option.rect, painter.device().devicePixelRatioF()
        ground = theme.color("tint" if chosen else "hover" if under else "raised")
        ink = theme.color("text")
        key = f"map legend {name} {n} {color.rgb()} {ground.rgb()} {ink.rgb()} {focus} {rect.width()} {ratio} {option.font.key()}"
        kept = QPixmap()
        if not QPixmapCache.find(key, kept):
            kept = QPixmap(rect.size() * ratio)
            kept.setDevicePixelRatio(ratio)
            kept.fill(theme.color("raised"))
            line = QPainter(kept)
            self._draw(line, QRect(0, 0, rect.width(), rect.height()), option.font, name, n, color, ground, focus=focus)
            line.end()
            QPixmapCache.insert(key, kept)
        painter.drawPixmap(rect.topLeft(), kept)

    def _draw(
        self,
        painter: QPainter,
        whole: QRect,
        font: QFont,
        name: str,
        n: str,
        color: QColor,
        ground: QColor,
        *,
        focus: bool,
    ) -> None:
        rect = whole.adjusted(4, 1, -4, -1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(rect, 5, 5)
        if focus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRoundedRect(rect.adjusted(0, 0, -1, -1), 5, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        middle = QPointF(rect.left() + _SIDE_PX + _DOT_PX / 2, rect.center().y() + 0.5)
        painter.drawEllipse(middle, _DOT_PX / 2, _DOT_PX / 2)
        metrics = QFontMetrics(font)
        words = rect.adjusted(_SIDE_PX + _DOT_PX + 8, 0, -_SIDE_PX, 0)
        painter.setFont(font)
        painter.setPen(theme.color("faint"))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, n)
        painter.setPen(theme.color("text"))
        room = words.width() - metrics.horizontalAdvance(n) - 10
        text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
