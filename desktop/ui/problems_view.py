"""Files that could not be used: the reason, the way out, retry, reveal, copy."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QTextLayout
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.schemas.library import Problem

_Index = QModelIndex | QPersistentModelIndex
_LINES = 3
_PADDING_PX = 12  # of the style sheet, and what the style adds
FILE, REASON, WAY_OUT, CODE, TRIES = range(5)


class _Model(QAbstractTableModel):
    def __init__(self, parent: QWidget, titles: tuple[str, ...]) -> None:
        super().__init__(parent)
        self.problems: list[Problem] = []
        self._titles = titles

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.problems)

    def columnCount(self, _parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.problems):
            return None
        problem = self.problems[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(problem)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return printable(problem.path) if index.column() == FILE else _cells(problem)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        return None

    def replace(self, problems: list[Problem]) -> None:
        self.beginResetModel()
        self.problems = problems
        self.endResetModel()


class _Lines(QStyledItemDelegate):
    """Wraps a text to the lines that fit, and says by three dots that there is more."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        width = option.rect.width() - 2 * _PADDING_PX
        if width <= 0 or option.fontMetrics.horizontalAdvance(option.text) <= width:
            return
        layout = QTextLayout(option.text, option.font)
        layout.beginLayout()
        lines: list[str] = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            start = line.textStart()
            if len(lines) == _LINES - 1:
                rest = option.fontMetrics.elidedText(option.text[start:], Qt.TextElideMode.ElideRight, width)
                lines.append(rest)
                break
            lines.append(option.text[start : start + line.textLength()].rstrip())
        layout.endLayout()
        option.text = "\N{LINE SEPARATOR}".join(lines)


class _Table(QTableView):
    def rowCount(self) -> int:
        """Number of problems listed."""
        model = self.model()
        return model.rowCount() if model is not None else 0


class ProblemsView(QWidget):
    """GUI thread."""

    retryRequested = Signal(object)  # ids, or None for all
    dismissRequested = Signal(object)
    revealRequested = Signal(str)
    copied = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.table = _Table()
        titles = (self.tr("File"), self.tr("Reason"), self.tr("Way out"), self.tr("Code"), self.tr("Tries"))
        self._model = _Model(self, titles)
        self.table.setModel(self._model)
        self.table.setItemDelegate(_Lines(self.table))
        self.table.setAccessibleName(self.tr("Problems"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.table.verticalHeader()
        rows.hide()
        # All of one height: measuring a thousand wrapped texts would hold the window up.
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(_LINES * self.table.fontMetrics().lineSpacing() + 12)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in ((FILE, 190), (CODE, 170), (TRIES, 56)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        for column in (REASON, WAY_OUT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self._buttons: dict[str, QPushButton] = {}
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 8, 12, 8)
        buttons.setSpacing(8)
        for name, text, run in (
            ("retry", self.tr("Retry"), lambda: self.retryRequested.emit(self.chosen())),
            ("retry_all", self.tr("Retry all"), lambda: self.retryRequested.emit(None)),
            ("reveal", self.tr("Show in folder"), self._reveal),
            ("copy", self.tr("Copy report"), self._copy),
            ("dismiss", self.tr("Take off the list"), lambda: self.dismissRequested.emit(self.chosen())),
        ):
            buttons.addWidget(self._button(name, text, run))
        buttons.addStretch(1)
        self.note = QLabel()
        self.note.setProperty("role", "faint")
        buttons.addWidget(self.note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(buttons)
        layout.addWidget(self.table)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self._enable()
        self.setFocusProxy(self.table)

    def show_problems(self, problems: list[Problem]) -> None:
        """Show the list, newest first, keeping what is chosen."""
        if problems == self._model.problems:
            return
        chosen, y = set(self._selected()), self.table.verticalScrollBar().value()
        self._model.replace(problems)
        selection = self.table.selectionModel()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        for row, problem in enumerate(problems):
            if problem.id in chosen:
                selection.select(self._model.index(row, 0), flags)
        self.table.verticalScrollBar().setValue(y)
        self._enable()

    def show_total(self, n_problems: int) -> None:
        """Say where the list is not complete."""
        n_listed = len(self._model.problems)
        text = self.tr("The newest {0} of {1}").format(f"{n_listed:,}", f"{n_problems:,}")
        self.note.setText(text if n_problems > n_listed > 0 else "")

    def chosen(self) -> list[int]:
        """Return the chosen problems, or the first where none is."""
        return self._selected() or [problem.id for problem in self._model.problems[:1]]

    def _selected(self) -> list[int]:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self._model.problems[row].id for row in rows if row < len(self._model.problems)]

    def _button(self, name: str, text: str, run: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(run)
        self._buttons[name] = button
        return button

    def _enable(self) -> None:
        any_there, chosen = bool(self._model.problems), bool(self._selected())
        for name, button in self._buttons.items():
            button.setEnabled(chosen if name in ("retry", "reveal", "dismiss") else any_there)

    def _reveal(self) -> None:
        ids = self.chosen()
        for problem in self._model.problems:
            if problem.id in ids[:1]:
                self.revealRequested.emit(problem.path)

    def _copy(self) -> None:
        ids = set(self._selected()) or {problem.id for problem in self._model.problems}
        rows = [problem for problem in self._model.problems if problem.id in ids]
        QGuiApplication.clipboard().setText(report(rows))
        self.copied.emit(len(rows))


def report(problems: list[Problem]) -> str:
    """Return problems as text with tabs, for an issue or a mail."""
    lines = ["file\tcode\treason\tway out\ttries\tlast tried"]
    lines += ["\t".join((printable(p.path), p.code, p.message, p.way_out, str(p.n_tries), p.last_at)) for p in problems]
    return "\n".join(lines) + "\n"


def printable(path: str) -> str:
    """Return a path that can be shown and copied: bytes that are no text are replaced, lines stay one line."""
    return path.encode("utf-8", "replace").decode().replace("\n", "\N{SYMBOL FOR NEWLINE}")


def _cells(problem: Problem) -> tuple[str, str, str, str, str]:
    name = printable(os.path.basename(problem.path.rstrip("/\\")) or problem.path)
    # The path stands in the first column; the reason has room for the reason.
    message, path = problem.message, printable(problem.path)
    reason = message.removeprefix(path).strip() if message.startswith(path) else message.replace(path, name)
    reason = reason[:1].upper() + reason[1:]
    return name, reason, problem.way_out, problem.code, f"{problem.n_tries:,}"
