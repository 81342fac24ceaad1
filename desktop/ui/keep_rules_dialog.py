"""Which one of a group to keep: the rules in their order, and the folders by their priority."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons
from desktop.ui.keep_rules import RULES, rule_name
from desktop.ui.plain_text import printable, tooltip
from engine.schemas.duplicates import KeepRule, KeepRules

_WIDTH_PX, _HEIGHT_PX = 560, 540
_DATA = Qt.ItemDataRole.UserRole
_ALT = Qt.KeyboardModifier.AltModifier


class OrderedList(QListWidget):
    """A list whose rows can be dragged, or moved with Alt and an arrow. GUI thread."""

    reordered = Signal()
    removed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("ordered")
        self.setAccessibleName(name)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.model().rowsMoved.connect(lambda *_: self.reordered.emit())

    def move_current(self, by: int) -> None:
        """Move the current row up or down."""
        row = self.currentRow()
        if row >= 0 and 0 <= row + by < self.count():
            item = self.takeItem(row)
            self.insertItem(row + by, item)
            self.setCurrentRow(row + by)
            self.reordered.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() & _ALT:
            self.move_current(step)
        elif event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        row = self.sizeHintForRow(0) if self.count() else self.fontMetrics().height() + 12
        return QSize(300, row * 6 + 12)


class KeepRulesDialog(QDialog):
    """Each change counts at once: the proposals in the window behind follow. GUI thread.

    Parameters
    ----------
    sources
        Folders to choose from.
    """

    changed = Signal(object)  # KeepRules

    def __init__(self, rules: KeepRules, sources: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Which one to keep"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sources = list(sources)
        self._telling = True
        self.rules = OrderedList(self.tr("Rules, the most important first"))
        self.folders = OrderedList(self.tr("Folders, the most wanted first"))
        self.add_button = QPushButton(self.tr("Add a folder"))
        self.remove_button = self._button("cancel", self.tr("Remove the folder"), self._remove_folder)
        rules_words = self.tr(
            "The first rule that tells the pictures of a group apart decides. Drag the rules into your order, or move "
            "them with the buttons; one without a tick does not count."
        )
        folder_words = self.tr("For the rule about folders. What lies in none of these comes last.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(8)
        layout.addWidget(self._words(rules_words))
        layout.addLayout(self._beside(self.rules, self._movers(self.rules)), 3)
        layout.addSpacing(6)
        layout.addWidget(self._words(folder_words))
        layout.addLayout(
            self._beside(self.folders, [*self._movers(self.folders), self.remove_button], self.add_button), 2
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.standard_button = QPushButton(self.tr("Standard order"))
        self.standard_button.setAutoDefault(False)
        self.standard_button.clicked.connect(lambda: self._show(KeepRules(folders=self.chosen().folders)))
        buttons.addButton(self.standard_button, QDialogButtonBox.ButtonRole.ResetRole)
        layout.addSpacing(4)
        layout.addWidget(buttons)
        self._connect()
        self._show(rules)
        self.resize(_WIDTH_PX, _HEIGHT_PX)

    def chosen(self) -> KeepRules:
        """Return the rules as they are shown."""
        rows = [self.rules.item(row) for row in range(self.rules.count())]
        order: list[KeepRule] = [row.data(_DATA) for row in rows if row.checkState() == Qt.CheckState.Checked]
        return KeepRules(tuple(order), tuple(self._folders()))

    def _connect(self) -> None:
        for ordered in (self.rules, self.folders):
            ordered.reordered.connect(self._tell)
        self.rules.itemChanged.connect(lambda _item: self._tell())
        self.folders.removed.connect(self._remove_folder)
        self.folders.currentRowChanged.connect(lambda _row: self._enable())
        menu = QMenu(self)
        self.add_button.setMenu(menu)
        self.add_button.setAutoDefault(False)
        menu.aboutToShow.connect(lambda: self._offer(menu))

    def _show(self, rules: KeepRules) -> None:
        before, self._telling = self.chosen() if self.rules.count() else rules, False
        self.rules.clear()
        for rule in (*rules.order, *(rule for rule in RULES if rule not in rules.order)):
            item = QListWidgetItem(rule_name(rule))
            item.setData(_DATA, rule)
            item.setFlags((item.flags() | Qt.ItemFlag.ItemIsUserCheckable) & ~Qt.ItemFlag.ItemIsDropEnabled)
            item.setCheckState(Qt.CheckState.Checked if rule in rules.order else Qt.CheckState.Unchecked)
            self.rules.addItem(item)
        self.rules.setCurrentRow(0)
        self.folders.clear()
        for folder in rules.folders:
            self._add_row(folder)
        self._telling = True
        self._enable()
        if self.chosen() != before:
            self.changed.emit(self.chosen())

    def _folders(self) -> list[str]:
        return [self.folders.item(row).data(_DATA) for row in range(self.folders.count())]

    def _add_row(self, folder: str) -> None:
        item = QListWidgetItem(printable(folder))
        item.setData(_DATA, folder)
        item.setToolTip(tooltip(printable(folder)))
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)
        self.folders.addItem(item)

    def _offer(self, menu: QMenu) -> None:
        menu.clear()
        for source in self._sources:
            if source not in self._folders():
                action = menu.addAction(printable(source).replace("&", "&&"))
                action.triggered.connect(lambda _checked=False, folder=source: self.add_folder(folder))
        menu.addSeparator()
        menu.addAction(self.tr("Another folder…")).triggered.connect(lambda _checked=False: self._choose_folder())

    def _choose_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, self.tr("Folder with priority")):
            self.add_folder(folder)

    def add_folder(self, folder: str) -> None:
        """Put a folder last."""
        if folder not in self._folders():
            self._add_row(folder)
            self.folders.setCurrentRow(self.folders.count() - 1)
            self._tell()

    def _remove_folder(self) -> None:
        if self.folders.currentRow() >= 0:
            self.folders.takeItem(self.folders.currentRow())
            self._tell()

    def _tell(self) -> None:
        self._enable()
        if self._telling:
            self.changed.emit(self.chosen())

    def _enable(self) -> None:
        self.remove_button.setEnabled(self.folders.currentRow() >= 0)

    # Parts

    def _words(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setProperty("role", "faint")
        return label

    def _movers(self, ordered: OrderedList) -> list[QPushButton]:
        return [
            self._button("move-up", self.tr("Move up (Alt+Up)"), lambda: ordered.move_current(-1)),
            self._button("move-down", self.tr("Move down (Alt+Down)"), lambda: ordered.move_current(1)),
        ]

    def _button(self, icon: str, text: str, run: Callable[[], None]) -> QPushButton:
        button = QPushButton()
        icons.set_icon(button, icon)
        button.setProperty("quiet", True)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: run())
        return button

    def _beside(self, ordered: OrderedList, buttons: Sequence[QWidget], under: QWidget | None = None) -> QHBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(4)
        for button in buttons:
            column.addWidget(button)
        column.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(ordered, 1)
        if under is not None:
            left.addWidget(under, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addLayout(left, 1)
        row.addLayout(column)
        return row
