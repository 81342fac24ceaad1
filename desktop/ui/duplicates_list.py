"""The list of groups of duplicates, with its keys, its mouse, and what a screen reader is told."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip

from desktop.ui.duplicate_layout import Hit
from desktop.ui.duplicate_painter import facts_of, kind_title, reason
from desktop.ui.duplicates_model import DuplicatesModel, ListedGroup
from desktop.ui.duplicates_surface import DuplicatesSurface
from desktop.ui.plain_text import tooltip
from desktop.ui.ports import ThumbnailPort
from desktop.ui.spoken import describe

_Key = Qt.Key
_NONE, _SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
_CTRL, _KEYPAD = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.KeypadModifier
_NOTCH = 120
# What a key asks for. Only while the list has the keys: in the window some of them mean the pictures of the grid.
_ASKS = {
    (_Key.Key_K, False): "keep",
    (_Key.Key_Return, False): "proposal",
    (_Key.Key_Enter, False): "proposal",
    (_Key.Key_S, False): "part_one",
    (_Key.Key_S, True): "part_all",
    (_Key.Key_H, False): "hide",
    (_Key.Key_Delete, False): "hide",
    (_Key.Key_Space, False): "large",
    (_Key.Key_C, False): "compare",
    (_Key.Key_L, False): "label",
    (_Key.Key_U, False): "undo",
    (_Key.Key_F, False): "similar",
}


class DuplicatesList(DuplicatesSurface):
    """Groups with a current one, and a current tile in it. GUI thread."""

    currentChanged = Signal()
    asked = Signal(str)  # what is to be done with the current tile or group: see `_ASKS`, and "copy"
    labelChosen = Signal(str)  # for the kept one of the current group
    menuRequested = Signal(QPoint)  # on the screen

    def __init__(self, model: DuplicatesModel, thumbnails: ThumbnailPort) -> None:
        super().__init__(model, thumbnails)
        self._wheel_rest = 0
        self.setObjectName("duplicates")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Groups of duplicates"))
        self.viewport().setMouseTracking(True)

    def go(self, group: int, member: int) -> None:
        """Make a tile the current one, and let it be seen."""
        self._model.go(group, member)
        if self._model.group >= 0:
            self._reveal(self._model.group, self._model.member)
        self.viewport().update()
        self.tell()

    def tell(self) -> None:
        """Say what is current."""
        self._describe()
        self.currentChanged.emit()

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    # Keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, model = _Key(event.key()), self._model
        plain = event.modifiers() & ~_KEYPAD
        ask = _ASKS.get((key, plain == _SHIFT)) if plain in (_NONE, _SHIFT) else None
        target = self._target(key)
        if target is not None and plain == _NONE:
            self.go(*target)
        elif ask is not None and (model.current is not None or ask == "undo"):  # the last group may be gone
            self.asked.emit(ask)
        elif event.matches(QKeySequence.StandardKey.Copy) and model.current is not None:
            self.asked.emit("copy")
        elif not _is_ours(event):
            event.ignore()

    def _target(self, key: Qt.Key) -> tuple[int, int] | None:
        group, member = self._model.group, self._model.member
        n_on_page = max(1, len(self._layout.visible(self._scroll_px, self._page_px)) - 1)
        columns = self._layout.columns
        last = self._n_members[group] - 1 if group >= 0 else 0
        # In a group of several lines up and down go through the lines first.
        up = (group, member - columns) if member >= columns else (group - 1, 0)
        below = member // columns < last // columns
        down = (group, min(last, member + columns)) if below else (group + 1, 0)
        if key == _Key.Key_Up and member < columns and group == 0:
            up = (0, member)
        if key == _Key.Key_Down and not below and group == len(self._model.groups) - 1:
            down = (group, member)
        return {
            _Key.Key_Left: (group, member - 1),
            _Key.Key_Right: (group, member + 1),
            _Key.Key_Up: up,
            _Key.Key_Down: down,
            _Key.Key_PageUp: (group - n_on_page, 0),
            _Key.Key_PageDown: (group + n_on_page, 0),
            _Key.Key_Home: (0, 0),
            _Key.Key_End: (len(self._model.groups) - 1, 0),
        }.get(key)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            event.ignore()
            return
        point = self._in_list(event.position().toPoint())
        hit = self._hit(point)
        if hit is None:
            return
        stays = hit.group == self._model.group
        self.go(hit.group, hit.member if hit.member >= 0 else self._model.member if stays else 0)
        if event.button() == Qt.MouseButton.LeftButton and hit.member < 0:
            self._press_head(hit.group, point)

    def _press_head(self, place: int, point: QPoint) -> None:
        group, head = self._model.groups[place], self._layout.head(place)
        if self._dressed().button(head, group).contains(point):
            self.asked.emit("proposal")
            return
        for label, chip in self._dressed().chips(head, group):
            if chip.contains(point):
                self.labelChosen.emit(label)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self._hit(self._in_list(event.position().toPoint()))
        if event.button() == Qt.MouseButton.LeftButton and hit is not None and hit.member >= 0:
            self.asked.emit("large")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before, self._mouse = self._mouse, self._in_list(event.position().toPoint())
        for point in (before, self._mouse):
            hit = self._hit(point) if point is not None else None
            if hit is not None and hit.member < 0:
                self.viewport().update(self._on_screen(self._layout.head(hit.group)))
        over = self._over_button(self._mouse)
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.viewport().update()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._model.current is None:
            return
        tile = self._on_screen(self._layout.tile(self._model.group, self._model.member))
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        self.menuRequested.emit(self.viewport().mapToGlobal(tile.center()) if by_key else event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & _CTRL:
            super().wheelEvent(event)
            return
        self._wheel_rest += event.angleDelta().y()
        steps = int(self._wheel_rest / _NOTCH)
        self._wheel_rest -= steps * _NOTCH
        if steps:
            self.zoom(steps)
        event.accept()

    def tile_on_screen(self) -> QPoint:
        """Return where the current tile is, on the screen: for menus that belong to it."""
        tile = self._on_screen(self._layout.tile(max(0, self._model.group), self._model.member))
        return self.viewport().mapToGlobal(tile.topLeft() + QPoint(24, 24))

    def _in_list(self, point: QPoint) -> QPoint:
        return point + QPoint(0, self._scroll_px)

    def _hit(self, point: QPoint) -> Hit | None:
        return self._layout.at(point, self._n_members)

    def _over_button(self, point: QPoint) -> bool:
        hit = self._hit(point)
        if hit is None or hit.member >= 0:
            return False
        group, head = self._model.groups[hit.group], self._layout.head(hit.group)
        chips = self._dressed().chips(head, group)
        return self._dressed().button(head, group).contains(point) or any(chip.contains(point) for _, chip in chips)

    # Words

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hit = self._hit(self._in_list(event.pos()))
            if hit is None:
                QToolTip.hideText()
                return True
            group = self._model.groups[hit.group]
            text = reason(group) if hit.member < 0 else "\n".join(self._words_of(group, hit.member))
            QToolTip.showText(event.globalPos(), tooltip(text), self.viewport())
            return True
        return super().viewportEvent(event)

    def _words_of(self, group: ListedGroup, at: int) -> list[str]:
        member = group.members[at]
        words = [member.name, *(line for line in facts_of(member) if line)]
        if member.label is not None:
            words.append(self.tr("Labelled {0}").format(member.label))
        if member.n_files > 1 and group.kind != "exact":
            words.append(self.tr("{0} files with this content").format(f"{member.n_files:,}"))
        if member.is_proposed and group.found.proposal is not None:
            words.append(self.tr("To be kept: {0}").format(group.found.proposal.reason))
        return words

    def _describe(self) -> None:
        model, text = self._model, ""
        group = model.current
        if group is not None:
            words = self._words_of(group, model.member)
            words.append(self.tr("{0} of {1}").format(model.member + 1, len(group.members)))
            if group.is_conflict:
                chosen = model.label_of(group)
                words.append(
                    self.tr("The labels differ: {0}").format(", ".join(group.labels))
                    if chosen is None
                    else self.tr("The kept one gets the label {0}").format(chosen)
                )
            words.append(kind_title(group))
            words.append(self.tr("group {0} of {1}").format(f"{model.group + 1:,}", f"{len(model.groups):,}"))
            text = ", ".join(words)
        describe(self, text)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()


def _is_ours(event: QKeyEvent) -> bool:
    """Tell keys that mean this list, or would mean pictures that are not shown."""
    plain = event.modifiers() & ~_KEYPAD in (_NONE, _SHIFT)
    keys = (_Key.Key_Return, _Key.Key_Enter, _Key.Key_Delete, _Key.Key_Backspace, _Key.Key_Space)
    text = event.text()
    if plain and (event.key() in keys or text.isalnum() or text in (".", ",")):
        return bool(text) or event.key() in keys
    return any(event.matches(key) for key in (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.SelectAll))
