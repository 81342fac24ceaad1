"""Hands for a search by example: a window over the fake engine with pictures, and what a person does to it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QWidget

from tests.desktop.conftest import Shown

Key = Qt.Key
NONE, SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
LEFT = Qt.MouseButton.LeftButton


class Hands:
    """A window with pictures, and what a person does to it."""

    def __init__(self, qtbot, shown: Shown) -> None:
        self.qtbot, self.shown, self.window = qtbot, shown, shown.window
        self.grid, self.bar, self.search = shown.window.grid, shown.window.similar_bar, shown.window.similar

    def key(self, which: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.keyClick(QApplication.focusWidget() or self.window, which, held)

    def ids(self) -> list[int]:
        return self.grid._selection.ids.tolist()

    def find(self, content_id: int) -> None:
        self.grid.set_current(content_id)
        self.grid.setFocus()
        self.key(Key.Key_F)
        self.settled()
        assert self.ids()[0] == content_id

    def settled(self) -> None:
        """Wait for the ranking that was asked for."""
        self.qtbot.waitUntil(lambda: self.search.stop.likeness is None or self.search.stop.is_whole, timeout=5000)

    def asked(self) -> list[tuple[list[int | None], list[int | None], int]]:
        """Plus, minus and k of all that was asked of the engine."""
        return [
            ([e.content_id for e in query.plus], [e.content_id for e in query.minus], query.k)
            for (query,) in self.shown.calls("similar")
        ]

    def drag(self, mime: QMimeData, over: QWidget | None, *, drop: bool = True) -> bool:
        """Drag something in and to the middle of a widget (None: of the window); says whether it would be taken."""
        at = over.mapTo(self.window, over.rect().center()) if over is not None else self.window.rect().center()
        copy = Qt.DropAction.CopyAction
        enter = QDragEnterEvent(QPoint(5, 5), copy, mime, LEFT, NONE)
        enter.ignore()
        QApplication.sendEvent(self.window, enter)
        move = QDragMoveEvent(at, copy, mime, LEFT, NONE)
        QApplication.sendEvent(self.window, move)
        taken = enter.isAccepted() and move.isAccepted()
        if drop:
            QApplication.sendEvent(self.window, QDropEvent(QPointF(at), copy, mime, LEFT, NONE))
        return taken


def urls(*paths: str) -> QMimeData:
    """What a file manager brings."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def red_photo(folder: Path) -> Path:
    """A picture that is in no library."""
    path = folder / "outside.png"
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(path))
    return path
