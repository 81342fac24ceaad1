"""A table with one row for each of some things, under titles, without lines and with rows of one height."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

Index = QModelIndex | QPersistentModelIndex


class RowModel(QAbstractTableModel):
    """Rows under titles; a subclass says in `shown` what stands in a cell. GUI thread.

    Attributes
    ----------
    rows
        One thing a row. To be changed by `replace`, or in place with `repaint` after it.
    """

    def __init__(self, parent: QWidget, titles: Sequence[str]) -> None:
        super().__init__(parent)
        self.rows: list[Any] = []
        self._titles = tuple(titles)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of titles."""
        return len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the titles."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what `shown` says."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        return self.shown(self.rows[index.row()], index.column(), role)

    def shown(self, row: Any, column: int, role: int) -> Any:
        """Return what stands in a cell, as `QAbstractItemModel.data` does."""
        raise NotImplementedError

    def replace(self, rows: Sequence[Any]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def repaint(self) -> None:
        """Paint the same rows anew; what is chosen stays."""
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self._titles) - 1))


def make_plain(table: QTableView, row_px: int) -> None:
    """Give a table the house's looks: whole rows are chosen, and all are of one height, since thousands are not measured."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    rows, header = table.verticalHeader(), table.horizontalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(row_px)
    header.setHighlightSections(False)
