"""All keys on one sheet, made from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.actions import ACTIONS, ActionRow

_FRAME_PX = 160  # title bar, margins, buttons, and some of the window behind


class ShortcutsSheet(QDialog):
    """GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        groups: dict[str, list[tuple[list[str], str]]] = {
            self.tr("In the grid"): [
                ([self.tr("Arrows")], self.tr("Move")),
                ([self.tr("Shift+arrows")], self.tr("Select a range")),
                ([self.tr("Ctrl+click")], self.tr("Add to the selection")),
                ([self.tr("Home"), self.tr("End")], self.tr("First, last picture")),
            ]
        }
        for row in ACTIONS:
            if row.keys:
                title = _translated(row.menu).replace("&", "")
                groups.setdefault(title, []).append((_shown_keys(row), _translated(row.text).rstrip(".")))
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for titles in _halves(groups):
            column = QVBoxLayout()
            column.setSpacing(16)
            for title in titles:
                column.addLayout(self._group(title, groups[title]))
            column.addStretch(1)
            columns.addLayout(column)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 16)
        layout.setSpacing(16)
        sheet = QWidget()
        sheet.setLayout(columns)
        columns.setContentsMargins(8, 8, 8, 8)
        scroll = _Scroll(sheet)
        scroll.setAccessibleName(self.windowTitle())
        scroll.setAccessibleDescription(
            "; ".join(f"{text}: {', '.join(keys)}" for rows in groups.values() for keys, text in rows)
        )
        layout.addWidget(scroll)
        layout.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setFocus()
        # Qt makes a new window two thirds of the screen at most, and would cut the right column.
        self.resize(self.sizeHint())

    def _group(self, title: str, rows: list[tuple[list[str], str]]) -> QVBoxLayout:
        head = QLabel(title)
        font = head.font()
        font.setBold(True)
        head.setFont(font)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(5)
        grid.setColumnMinimumWidth(0, 175)
        grid.setColumnStretch(1, 1)
        for line, (keys, text) in enumerate(rows):
            caps = QHBoxLayout()
            caps.setSpacing(4)
            for key in keys:
                cap = QLabel(key)
                cap.setTextFormat(Qt.TextFormat.PlainText)
                cap.setProperty("role", "key")
                caps.addWidget(cap)
            caps.addStretch(1)
            grid.addLayout(caps, line, 0)
            grid.addWidget(QLabel(text), line, 1)
        group = QVBoxLayout()
        group.setSpacing(8)
        group.addWidget(head)
        group.addLayout(grid)
        return group


class _Scroll(QScrollArea):
    """As large as what is in it, where the screen is; else the keys scroll it."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self._inner = inner
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setObjectName("keys")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(inner.sizeHint().width() + self.verticalScrollBar().sizeHint().width() + 2)

    def sizeHint(self) -> QSize:
        # The frame shows where the keys are.
        whole = self._inner.sizeHint() + QSize(2, 2)
        room = self.screen().availableSize().height() - _FRAME_PX
        if whole.height() <= room:
            return whole
        return QSize(whole.width() + self.verticalScrollBar().sizeHint().width(), max(120, room))


def _halves(groups: dict[str, list[tuple[list[str], str]]]) -> tuple[list[str], list[str]]:
    """Share the groups out over two columns of about the same length, in their order."""
    left: list[str] = []
    right: list[str] = []
    half = sum(len(rows) + 2 for rows in groups.values()) / 2
    filled = 0
    for title, rows in groups.items():
        (left if filled + len(rows) / 2 < half else right).append(title)
        filled += len(rows) + 2
    return left, right


def _shown_keys(row: ActionRow) -> list[str]:
    if row.keys[:2] == ("1", "2"):
        return [f"{row.keys[0]} \N{HORIZONTAL ELLIPSIS} {row.keys[-1]}"]
    shown = [QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) for keys in row.keys]
    return list(dict.fromkeys("Enter" if key == "Return" else key for key in shown))


def _translated(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
