"""Tables with one row for each thing."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QTableView

from desktop.ui.row_table import RowModel, make_plain


class Upper(RowModel):
    def shown(self, row: str, column: int, role: int) -> Any:
        return f"{row.upper()}{column}" if role == Qt.ItemDataRole.DisplayRole else None


def test_rows_stand_under_titles_and_what_is_chosen_stays_while_they_are_painted_anew(qtbot) -> None:
    table = QTableView()
    qtbot.addWidget(table)
    model = Upper(table, ("One", "Two"))
    table.setModel(model)
    make_plain(table, 31)
    assert (model.rowCount(), model.columnCount()) == (0, 2)
    model.repaint()  # of nothing
    model.replace(["a", "b", "c"])
    assert [model.index(1, column).data() for column in (0, 1)] == ["B0", "B1"]
    assert model.data(QModelIndex()) is None and model.rowCount(model.index(0, 0)) == 0
    horizontal = Qt.Orientation.Horizontal
    assert [model.headerData(i, horizontal) for i in (0, 1)] == ["One", "Two"]
    assert model.headerData(0, horizontal, Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignLeft
    assert model.headerData(0, Qt.Orientation.Vertical) is None
    table.selectRow(2)
    model.rows[2] = "z"
    model.repaint()
    assert [index.data() for index in table.selectedIndexes()] == ["Z0", "Z1"]
    assert table.rowHeight(0) == table.rowHeight(2) == 31
    model.replace(["d"])
    assert not table.selectedIndexes()
    assert model.data(model.createIndex(5, 0)) is None
