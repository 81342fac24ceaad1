"""Files that could not be used: the reason, the way out, retry, reveal, copy."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent, QTextLayout
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.inspector_words import when
from desktop.ui.plain_text import printable, tooltip
from desktop.ui.row_table import Index, RowModel, make_plain
from engine.schemas.library import Problem

__all__ = ["ProblemsView", "report"]

_LINES = 3
_PADDING_PX = 12  # of the style sheet, and what the style adds
_DETAIL_LINES = 4
_NARROW_PX = 760  # the code goes first: it stands in the details, and in the report
FILE, REASON, WAY_OUT, TRIES, CODE = range(5)


class _Model(RowModel):
    def shown(self, row: Problem, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(row)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(printable(row.path) if column == FILE else _cells(row)[column])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        return None

    def row_of(self, problem_id: int) -> int:
        return next((row for row, problem in enumerate(self.rows) if problem.id == problem_id), -1)


class _Lines(QStyledItemDelegate):
    """Wraps a text to the lines that fit, and says by three dots that there is more."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        width = option.rect.width() - 2 * _PADDING_PX
        if width <= 0 or option.fontMetrics.horizontalAdvance(option.text) <= width:
            return
        # Qt counts in UTF-16, in which an emoji is two.
        units = option.text.encode("utf-16-le", "replace")
        layout = QTextLayout(option.text, option.font)
        wrapping = layout.textOption()
        wrapping.setWrapMode(wrapping.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(wrapping)
        layout.beginLayout()
        lines: list[str] = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            start, end = 2 * line.textStart(), 2 * (line.textStart() + line.textLength())
            if len(lines) == _LINES - 1:
                rest = units[start:].decode("utf-16-le", "replace")
                lines.append(option.fontMetrics.elidedText(rest, Qt.TextElideMode.ElideRight, width))
                break
            lines.append(units[start:end].decode("utf-16-le", "replace").rstrip())
        layout.endLayout()
        option.text = "\N{LINE SEPARATOR}".join(lines)


class _Table(QTableView):
    retryKey = Signal()
    dismissKey = Signal()
    copyKey = Signal()

    def rowCount(self) -> int:
        """Number of problems listed."""
        model = self.model()
        return model.rowCount() if model is not None else 0

    def event(self, event: QEvent) -> bool:
        # The window's keys for pictures must not act on pictures that are not shown; here they mean the list.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copyKey.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.retryKey.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.dismissKey.emit()
        else:
            super().keyPressEvent(event)


def _is_ours(event: QKeyEvent) -> bool:
    keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Space)
    plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    standard = (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.SelectAll)
    return (plain and (event.key() in keys or event.text().isalnum())) or any(event.matches(key) for key in standard)


class ProblemsView(QWidget):
    """GUI thread."""

    retryRequested = Signal(object)  # ids, or None for all
    dismissRequested = Signal(object)
    revealRequested = Signal(str)
    copied = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._build_table()
        self._buttons: dict[str, QPushButton] = {}
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 8, 12, 8)
        buttons.setSpacing(8)
        for name, text, tip, run in (
            ("retry", self.tr("Retry"), self.tr("Try the chosen files again (Enter)"), self._retry),
            ("retry_all", self.tr("Retry all"), self.tr("Try all of them again"), self._retry_all),
            ("reveal", self.tr("Show in folder"), self.tr("Show the file in the file manager"), self._reveal),
            ("copy", self.tr("Copy report"), self.tr("Copy the chosen rows, or all, as text (Ctrl+C)"), self._copy),
            ("dismiss", self.tr("Take off the list"), self.tr("The files themselves stay (Delete)"), self._dismiss),
        ):
            buttons.addWidget(self._button(name, text, tip, run))
        buttons.addStretch(1)
        self.note = QLabel()
        self.note.setProperty("role", "faint")
        buttons.addWidget(self.note)
        self.detail = QPlainTextEdit()
        self.detail.setObjectName("problemDetail")
        self.detail.setReadOnly(True)
        self.detail.setTabChangesFocus(True)
        self.detail.setAccessibleName(self.tr("All about the chosen file"))
        self.detail.setPlaceholderText(self.tr("Choose a file to see its whole path here."))
        self.detail.setFixedHeight(_DETAIL_LINES * self.detail.fontMetrics().lineSpacing() + 20)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.detail)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._selection_moved())
        self.table.retryKey.connect(self._retry)
        self.table.dismissKey.connect(self._dismiss)
        self.table.copyKey.connect(self._copy)
        self._selection_moved()

    def _build_table(self) -> None:
        self.table = _Table()
        titles = (self.tr("File"), self.tr("Reason"), self.tr("Way out"), self.tr("Tries"), self.tr("Code"))
        self._model = _Model(self, titles)
        self.table.setModel(self._model)
        self.table.setItemDelegate(_Lines(self.table))
        self.table.setAccessibleName(self.tr("Problems"))
        self.table.setWordWrap(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        make_plain(self.table, _LINES * self.table.fontMetrics().lineSpacing() + 12)
        header = self.table.horizontalHeader()
        header.setMinimumSectionSize(40)
        for column, width in ((FILE, 190), (CODE, 176), (TRIES, 56)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        for column in (REASON, WAY_OUT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def show_problems(self, problems: list[Problem]) -> None:
        """Show the list, newest first, keeping what is chosen and where the keys are."""
        if problems == self._model.rows:
            return
        chosen, y = set(self._selected()), self.table.verticalScrollBar().value()
        at = self.table.currentIndex()
        current = self._model.rows[at.row()].id if at.isValid() else None
        self._model.replace(problems)
        flags = self.table.selectionModel().SelectionFlag
        # One selection for all rows: each one told by itself would take minutes for some thousands.
        selection = QItemSelection()
        for first, last in _runs([row for row, problem in enumerate(problems) if problem.id in chosen]):
            selection.select(self._model.index(first, FILE), self._model.index(last, CODE))
        self.table.selectionModel().select(selection, flags.Select)
        if current is not None and problems:
            row = self._model.row_of(current)
            # What was there is gone: the keys go on from its place.
            row = min(at.row(), len(problems) - 1) if row < 0 else row
            self.table.selectionModel().setCurrentIndex(self._model.index(row, FILE), flags.NoUpdate)
        self.table.verticalScrollBar().setValue(y)
        self._selection_moved()

    def show_total(self, n_problems: int) -> None:
        """Say where the list is not complete."""
        n_listed = len(self._model.rows)
        text = self.tr("The newest {0} of {1}").format(f"{n_listed:,}", f"{n_problems:,}")
        self.note.setText(text if n_problems > n_listed > 0 else "")

    def _selected(self) -> list[int]:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self._model.rows[row].id for row in rows if row < len(self._model.rows)]

    def _button(self, name: str, text: str, tip: str, run: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda: run())
        self._buttons[name] = button
        return button

    def _selection_moved(self) -> None:
        selected = self._selected()
        for name, button in self._buttons.items():
            one_needed = name in ("retry", "reveal", "dismiss")
            button.setEnabled(bool(selected) if one_needed else bool(self._model.rows))
        text = ""
        if len(selected) == 1:
            problem = self._model.rows[self._model.row_of(selected[0])]
            times = self.tr("Tried once, {1}.") if problem.n_tries == 1 else self.tr("Tried {0} times, last {1}.")
            text = _details(problem, times.format(f"{problem.n_tries:,}", when(problem.last_at)))
        elif selected:
            text = self.tr("{0} files chosen.").format(f"{len(selected):,}")
        if self.detail.toPlainText() != text:
            self.detail.setPlainText(text)

    def _retry(self) -> None:
        if selected := self._selected():
            self.retryRequested.emit(selected)

    def _retry_all(self) -> None:
        self.retryRequested.emit(None)

    def _dismiss(self) -> None:
        if selected := self._selected():
            self.dismissRequested.emit(selected)

    def _reveal(self) -> None:
        if selected := self._selected():
            self.revealRequested.emit(self._model.rows[self._model.row_of(selected[0])].path)

    def _copy(self) -> None:
        ids = set(self._selected()) or {problem.id for problem in self._model.rows}
        rows = [problem for problem in self._model.rows if problem.id in ids]
        QGuiApplication.clipboard().setText(report(rows))
        self.copied.emit(len(rows))

    def focusInEvent(self, event: QFocusEvent) -> None:
        # Not a focus proxy: from it Tab would go on behind the table, and never come to the buttons before it.
        self.table.setFocus(event.reason())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.setColumnHidden(CODE, self.width() < _NARROW_PX)
        self.table.horizontalHeader().resizeSection(FILE, 190 if self.width() >= _NARROW_PX else 140)


def report(problems: list[Problem]) -> str:
    """Return problems as text with tabs, for an issue or a mail."""
    lines = ["file\tcode\treason\tway out\ttries\tlast tried"]
    for p in problems:
        cells = (p.path, p.code, p.message, p.way_out, str(p.n_tries), p.last_at)
        lines.append("\t".join(printable(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Return first and last of each unbroken run."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


def _details(problem: Problem, tried: str) -> str:
    reason = f"{_cells(problem)[REASON]} {problem.way_out}"
    return f"{printable(problem.path)}\n{reason}\n{problem.code}. {tried}"


def _cells(problem: Problem) -> tuple[str, str, str, str, str]:
    name = printable(os.path.basename(problem.path.rstrip("/\\")) or problem.path)
    # The path stands in the first column; the reason has room for the reason.
    message, path = printable(problem.message), printable(problem.path)
    reason = message.removeprefix(path).lstrip(": ") if message.startswith(path) else message.replace(path, name)
    reason = reason[:1].upper() + reason[1:]
    return name, reason, problem.way_out, f"{problem.n_tries:,}", problem.code
