"""Files that could not be used: the reason, the way out, retry, reveal, copy."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.schemas.library import Problem


class ProblemsView(QWidget):
    """GUI thread."""

    retryRequested = Signal(object)  # ids, or None for all
    dismissRequested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._problems: list[Problem] = []
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels([self.tr("File"), self.tr("Reason"), self.tr("Way out"), self.tr("Tries")])
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setWordWrap(True)
        self.table.setAccessibleName(self.tr("Problems"))
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, 180)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.ResizeToContents)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(10, 6, 10, 6)
        for text, action in (
            (self.tr("Retry"), lambda: self.retryRequested.emit(self._chosen())),
            (self.tr("Retry all"), lambda: self.retryRequested.emit(None)),
            (self.tr("Show in folder"), self._reveal),
            (self.tr("Copy report"), self._copy),
            (self.tr("Take off the list"), lambda: self.dismissRequested.emit(self._chosen())),
        ):
            button = QPushButton(text)
            button.clicked.connect(action)
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(buttons)
        layout.addWidget(self.table)

    def show_problems(self, problems: list[Problem]) -> None:
        """Show the list."""
        self._problems = problems
        self.table.setRowCount(len(problems))
        for row, problem in enumerate(problems):
            name = os.path.basename(problem.path).encode("utf-8", "replace").decode()
            cells = (name, f"{problem.message} [{problem.code}]", problem.way_out, str(problem.n_tries))
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(problem.path.encode("utf-8", "replace").decode() if column == 0 else text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
                self.table.setItem(row, column, item)
        self.table.resizeRowsToContents()

    def _chosen(self) -> list[int]:
        rows = sorted({index.row() for index in self.table.selectedIndexes()}) or range(min(1, len(self._problems)))
        return [self._problems[row].id for row in rows]

    def _reveal(self) -> None:
        chosen = self._chosen()
        for problem in self._problems:
            if problem.id in chosen[:1]:
                QDesktopServices.openUrl(QUrl.fromLocalFile(os.path.dirname(problem.path)))

    def _copy(self) -> None:
        lines = [f"{p.path}\t{p.code}\t{p.message}\t{p.way_out}" for p in self._problems]
        QGuiApplication.clipboard().setText("\n".join(lines).encode("utf-8", "replace").decode())
