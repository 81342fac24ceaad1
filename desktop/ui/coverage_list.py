"""A list of rows to choose one from, by click, Return or Space: what both halves of the coverage page are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QListView, QWidget

from desktop.ui.plain_text import tooltip

Row = TypeVar("Row")
_Index = QModelIndex | QPersistentModelIndex
_CHOOSING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
# The window's keys for the chosen picture: here there is none.
_NOT_MEANT = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class Rows(QAbstractListModel, Generic[Row]):
    """Rows, and their words.

    Parameters
    ----------
    words
        Says a row, for screen readers and tooltips.
    """

    def __init__(self, words: Callable[[Row], str], parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: Sequence[Row] = ()
        self._words = words

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self._words(row))
        return row if role == Qt.ItemDataRole.UserRole else None

    def replace(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()


class CoverageList(QListView, Generic[Row]):
    """Emits the row that a person chose. GUI thread."""

    chosen = Signal(object)

    def __init__(self, words: Callable[[Row], str]) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self._model: Rows[Row] = Rows(words, self)
        self.setModel(self._model)
        self._pressed = -1

    @property
    def rows(self) -> Sequence[Row]:
        """What is listed."""
        return self._model.rows

    def show_rows(self, rows: Sequence[Row]) -> None:
        """List these; the keys stay at their place."""
        place = max(0, self.currentIndex().row())
        self._model.replace(rows)
        if rows:
            self.setCurrentIndex(self._model.index(min(place, len(rows) - 1)))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if plain and event.key() in (*_CHOOSING, *_NOT_MEANT):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in _CHOOSING and index.isValid():
            self.chosen.emit(self._model.rows[index.row()])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = self.indexAt(event.position().toPoint()).row() if left else -1
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, -1
        place = self.indexAt(event.position().toPoint()).row()
        if 0 <= pressed == place:
            self.chosen.emit(self._model.rows[place])
