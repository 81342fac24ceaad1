"""The left side: everything, problems, sources, classes with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.ui import icons, theme
from desktop.ui.plain_text import printable, tooltip
from engine.schemas.library import Facets, Source

Key = tuple[str, Any]
_Index = QModelIndex | QPersistentModelIndex
ALL: Key = ("all", None)
PROBLEMS: Key = ("problems", None)
DUPLICATES: Key = ("duplicates", None)
COVERAGE: Key = ("coverage", None)
_KEY_ROLE = Qt.ItemDataRole.UserRole
_ROW_EXTRA_PX = 11  # more than the height of the text
_HEADING_EXTRA_PX = 19
_ICONS = {
    "all": "pictures",
    "duplicates": "duplicates",
    "coverage": "coverage",
    "problems": "warning",
    "source": "folder",
}  # a thousand tags would be noise


def source_titles(sources: Sequence[Source]) -> dict[int, str]:
    """Return a title for each source by its id; folders of one name say which folder they lie in."""
    n_named = Counter(source.title for source in sources)
    return {
        source.id: f"{source.title} \N{EN DASH} {printable(PurePath(source.path).parent.name or source.path)}"
        if n_named[source.title] > 1 and source.path
        else source.title
        for source in sources
    }


@dataclass(frozen=True, slots=True)
class _Row:
    key: Key | None  # None: a heading
    text: str
    n: int | None = 0  # None: nobody has counted
    tip: str = ""


class _Rows(QAbstractListModel):
    """A flat list: headings and what stands under them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[_Row] = []

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == _KEY_ROLE:
            return row.key
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(row.tip) or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.text if row.key is None or row.n is None else f"{row.text}, {row.n:,}"
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid() or self.rows[index.row()].key is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def place_of(self, key: Key) -> int:
        return next((place for place, row in enumerate(self.rows) if row.key == key), -1)

    def replace(self, rows: list[_Row]) -> None:
        """Counts move often, rows seldom: only what differs is told."""
        if [row.key for row in rows] == [row.key for row in self.rows]:
            changed = [i for i, (new, old) in enumerate(zip(rows, self.rows, strict=True)) if new != old]
            self.rows = rows
            if changed:
                self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()


class LibraryPanel(QListView):
    """Counts to choose from. Emits what was chosen: ALL, DUPLICATES, COVERAGE, PROBLEMS, ("source", id), ("class", name). GUI thread.

    A click leaves the focus where it was, so that the keys go on to mean the pictures; Tab comes in here.
    """

    chosen = Signal(str, object)
    removeSourceRequested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("library")
        self.setAccessibleName(self.tr("Library"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(150)
        self.setMouseTracking(True)
        self._rows = _Rows(self)
        self.setModel(self._rows)
        self.setItemDelegate(_Painter(self))
        self._chosen: Key = ALL
        self._n_duplicates: int | None = None
        self._telling = True
        self.show_facets(Facets(0, 0, 0, 0, 0))
        self.selectionModel().currentChanged.connect(self._tell)

    def show_facets(self, facets: Facets) -> None:
        """Show new counts, keeping the choice and the place."""
        self._facets = facets
        rows = [_Row(ALL, self.tr("All pictures"), facets.n_all)]
        if facets.n_all or self._chosen == DUPLICATES:
            rows.append(_Row(DUPLICATES, self.tr("Duplicates"), self._n_duplicates))
        if facets.n_all or self._chosen == COVERAGE:
            rows.append(_Row(COVERAGE, self.tr("Coverage"), None))
        if facets.n_problems or self._chosen == PROBLEMS:
            rows.append(_Row(PROBLEMS, self.tr("Problems"), facets.n_problems))
        if facets.sources:
            rows.append(_Row(None, self.tr("Sources")))
            titles = source_titles(facets.sources)
            rows += [
                _Row(("source", s.id), titles[s.id], s.n_contents, printable(s.path) or s.title) for s in facets.sources
            ]
        kind, name = self._chosen
        gone = kind == "class" and all(c.class_name != name for c in facets.classes)
        if facets.classes or gone:
            rows.append(_Row(None, self.tr("Classes")))
            # Most first; names of one count as in a dictionary, capitals or not.
            ordered = sorted(facets.classes, key=lambda c: (-c.n, c.class_name.casefold()))
            rows += [_Row(("class", c.class_name), c.class_name, c.n, c.class_name) for c in ordered]
        if gone:
            # Still chosen, so still there: else nobody could see why there are no pictures.
            rows.append(_Row(self._chosen, name, 0, name))
        y = self.verticalScrollBar().value()
        self._rows.replace(rows)
        self._mark(self._chosen)
        self.verticalScrollBar().setValue(y)

    def show_duplicates(self, n_groups: int | None) -> None:
        """Show how many groups of duplicates there are; None: nobody has looked for them."""
        self._n_duplicates = n_groups
        self.show_facets(self._facets)

    def show_choice(self, key: Key) -> None:
        """Mark what is shown; does not emit `chosen`."""
        if key == self._chosen:
            return
        self._chosen = key
        # A class that nothing has any more gets a row, and the one before may lose its own.
        self.show_facets(self._facets)
        index = self.currentIndex()
        if index.isValid():
            self.scrollTo(index)

    def choose(self, key: Key) -> None:
        """Choose as a person would."""
        place = self._rows.place_of(key)
        if place >= 0:
            self.setCurrentIndex(self._rows.index(place))

    def _mark(self, key: Key) -> None:
        self._telling = False
        place = self._rows.place_of(key)
        if place >= 0 and self.currentIndex().row() == place and self.selectionModel().isRowSelected(place):
            pass  # marking it again would lay out all rows
        elif place >= 0:
            self.selectionModel().setCurrentIndex(
                self._rows.index(place), self.selectionModel().SelectionFlag.ClearAndSelect
            )
        else:
            self.selectionModel().clear()
        self._telling = True

    def _tell(self, index: QModelIndex) -> None:
        key = index.data(_KEY_ROLE)
        if self._telling and key is not None:
            self._chosen = (key[0], key[1])
            self.chosen.emit(*self._chosen)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.text().strip():
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
            if plain and event.text().isalnum():
                # Letters typed here look for a class by its beginning.
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = self.currentIndex().data(_KEY_ROLE)
        if event.key() == Qt.Key.Key_Delete and key is not None and key[0] == "source":
            self.removeSourceRequested.emit(key[1])
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        key = index.data(_KEY_ROLE)
        if key is None or key[0] != "source":
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Remove from the library (files stay)")).triggered.connect(
            lambda: self.removeSourceRequested.emit(key[1])
        )
        at: QPoint = self.viewport().mapToGlobal(self.visualRect(index).center()) if by_key else event.globalPos()
        menu.popup(at)


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        extra = _HEADING_EXTRA_PX if index.data(_KEY_ROLE) is None else _ROW_EXTRA_PX
        return QSize(100, option.fontMetrics.height() + extra)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.model().rows[index.row()]  # type: ignore[attr-defined]
        rect: QRect = option.rect
        painter.save()
        if row.key is None:
            font = QFont(option.font)
            font.setPointSizeF(font.pointSizeF() * 0.9)
            painter.setFont(font)
            painter.setPen(theme.color("faint"))
            painter.drawText(rect.adjusted(14, 8, -14, -2), Qt.AlignmentFlag.AlignVCenter, row.text)
        else:
            self._row(painter, option, row, rect.adjusted(6, 1, -6, -1))
        painter.restore()

    def _row(self, painter: QPainter, option: QStyleOptionViewItem, row: _Row, pill: QRect) -> None:
        state, metrics = option.state, option.fontMetrics
        assert row.key is not None

        def turned(place: QRect) -> QRect:
            return QStyle.visualRect(option.direction, pill, place)

        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("tint" if selected else "hover"))
            painter.drawRoundedRect(pill, 5, 5)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.drawRoundedRect(pill, 5, 5)
        left = pill.left() + 8
        if drawing := _ICONS.get(row.key[0]):
            tone = theme.color("busy" if row.key == PROBLEMS else "faint")
            place = turned(QRect(left - 1, pill.center().y() - 7, 16, 16))
            painter.drawPixmap(place, icons.pixmap(drawing, tone, 16, painter.device().devicePixelRatio()))
            left += 22
        number = f"{row.n:,}" if row.n is not None else ""
        number_px = metrics.horizontalAdvance(number)
        middle = Qt.AlignmentFlag.AlignVCenter
        name = QRect(left, pill.top(), pill.right() - 8 - number_px - 8 - left, pill.height())
        painter.setPen(theme.color("text"))
        painter.drawText(turned(name), middle, metrics.elidedText(row.text, Qt.TextElideMode.ElideRight, name.width()))
        painter.setPen(theme.color("text" if selected else "faint"))
        painter.drawText(turned(pill.adjusted(0, 0, -8, 0)), middle | Qt.AlignmentFlag.AlignRight, number)
