"""What the rules would do with all groups, to look through before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import theme
from desktop.ui.duplicates_model import ListedGroup
from desktop.ui.inspector_words import size
from desktop.ui.plain_text import tooltip
from desktop.ui.resolving import Plan, done_by, plans
from desktop.ui.row_table import Index, RowModel, make_plain

KEPT, GOES, REASON, LABEL = range(4)
_WIDTH_PX, _HEIGHT_PX = 1040, 640
_MARGIN_PX = 80


class _Model(RowModel):
    def shown(self, row: Plan, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            names = "\n".join(f"{member.folder}/{member.name}" for member in row.hide)
            return tooltip(names if column == GOES else self._cell(row, column))
        if role == Qt.ItemDataRole.ForegroundRole:
            if column == LABEL and row.left_out == "labels":
                return theme.color("busy")
            return theme.color("faint") if row.left_out else None
        if role == Qt.ItemDataRole.FontRole and column == KEPT and not row.left_out:
            font = QFont(self._font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    def _font(self) -> QFont:
        parent = self.parent()
        assert isinstance(parent, QWidget)
        return parent.font()

    def _cell(self, plan: Plan, column: int) -> str:
        if column == KEPT:
            return plan.keep.name
        if column == GOES:
            n = len(plan.hide)
            return plan.hide[0].name if n == 1 else self.tr("{0} and {1} more").format(plan.hide[0].name, n - 1)
        if column == REASON:
            return plan.group.found.proposal.reason if plan.group.found.proposal is not None else ""
        if plan.left_out == "labels":
            return self.tr("Left out: {0}?").format(self.tr(" or ").join(plan.group.labels))
        if plan.left_out == "overlap":
            return self.tr("Left out: in another group as well")
        return plan.label or plan.keep.label or next(iter(plan.group.labels), "")

    def replace(self, rows: Sequence[Plan]) -> None:
        """What is chosen stays where they are the same groups."""
        if [plan.group.key for plan in rows] == [plan.group.key for plan in self.rows]:
            self.rows = list(rows)
            self.repaint()
        else:
            super().replace(rows)


class _Sentence(QStyledItemDelegate):
    """What a sentence begins with is read first; of a name the end counts too."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class _Table(QTableView):
    chooseKey = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chooseKey.emit()
        else:
            super().keyPressEvent(event)


class ResolvePreview(QDialog):
    """Emits `accepted` when all that is not left out is to be done; `plans` says what. GUI thread.

    Parameters
    ----------
    label_of
        The labels that were chosen in the list; what is chosen here goes to `labelChosen` as well.
    """

    labelChosen = Signal(object, object)  # ListedGroup, label or None

    def __init__(
        self, groups: list[ListedGroup], label_of: Callable[[ListedGroup], str | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Resolve all by the rules"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._groups, self._label_of = groups, label_of
        self.summary, self.note = QLabel(), QLabel()
        strong = QFont(self.summary.font())
        strong.setWeight(QFont.Weight.DemiBold)
        strong.setPointSizeF(strong.pointSizeF() * 1.1)
        self.summary.setFont(strong)
        self.note.setProperty("role", "faint")
        for label in (self.summary, self.note):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._build_table()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.do_button = QPushButton()
        self.do_button.setProperty("primary", True)
        buttons.addButton(self.do_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.do_button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(8)
        layout.addWidget(self.summary)
        layout.addWidget(self.note)
        layout.addSpacing(4)
        layout.addWidget(self.table, 1)
        layout.addSpacing(4)
        layout.addWidget(buttons)
        self._work_out()
        if self._model.rows:
            self.table.setCurrentIndex(self._model.index(0, KEPT))
        self.table.setFocus()
        room = parent.screen().availableSize() - QSize(_MARGIN_PX, _MARGIN_PX)
        self.resize(QSize(_WIDTH_PX, _HEIGHT_PX).boundedTo(room))

    @property
    def plans(self) -> list[Plan]:
        """What is to be done."""
        return done_by(self._model.rows)

    def _build_table(self) -> None:
        self.table = _Table()
        titles = (self.tr("Kept"), self.tr("Goes out of view"), self.tr("Why"), self.tr("Label of the kept one"))
        self._model = _Model(self, titles)
        self.table.setModel(self._model)
        self.table.setItemDelegateForColumn(REASON, _Sentence(self.table))
        self.table.setAccessibleName(self.tr("What the rules would do"))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setWordWrap(False)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        make_plain(self.table, self.table.fontMetrics().lineSpacing() + 14)
        header = self.table.horizontalHeader()
        for column, width in ((KEPT, 190), (GOES, 220), (LABEL, 190)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        header.setSectionResizeMode(REASON, QHeaderView.ResizeMode.Stretch)
        self.table.clicked.connect(lambda index: self._choose() if index.column() == LABEL else None)
        self.table.doubleClicked.connect(lambda _index: self._choose())
        self.table.chooseKey.connect(self._choose)

    def choose_label(self, row: int, label: str | None) -> None:
        """Choose the label of a group whose labels are at odds; None leaves it out again."""
        self.labelChosen.emit(self._model.rows[row].group, label)
        self._work_out()

    def _choose(self) -> None:
        row = self.table.currentIndex().row()
        if not 0 <= row < len(self._model.rows) or not self._model.rows[row].group.is_conflict:
            return
        plan = self._model.rows[row]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for label in (*plan.group.labels, None):
            shown = self.tr("Leave the group out") if label is None else label.replace("&", "&&")
            if label is None:
                menu.addSeparator()
            action = menu.addAction(shown)
            action.setCheckable(True)
            action.setChecked(label == plan.label)
            action.triggered.connect(lambda _checked=False, label=label: self.choose_label(row, label))
        place = self.table.visualRect(self._model.index(row, LABEL))
        menu.popup(self.table.viewport().mapToGlobal(place.bottomLeft()))

    def _work_out(self) -> None:
        made = plans(self._groups, self._label_of)
        self._model.replace(made)
        doing = done_by(made)
        n, n_out = len(doing), sum(len(plan.hide) for plan in doing)
        n_bytes = sum(plan.hidden_bytes for plan in doing)
        groups = self.tr("1 group") if n == 1 else self.tr("{0} groups").format(f"{n:,}")
        pictures = self.tr("1 picture goes") if n_out == 1 else self.tr("{0} pictures go").format(f"{n_out:,}")
        words = self.tr("{0}: {1} out of view, {2} of files.").format(groups, pictures, size(n_bytes))
        self.summary.setText(words if n else self.tr("There is nothing that the rules can do by themselves."))
        n_labels = sum(plan.left_out == "labels" for plan in made)
        notes = [self.tr("No file is moved or deleted, and one undo brings all of it back.")]
        if n_labels:
            differ = self.tr("In 1 group the labels differ: it is left out until you choose one (Enter).")
            several = self.tr("In {0} groups the labels differ: they are left out until you choose one (Enter).")
            notes.append(differ if n_labels == 1 else several.format(f"{n_labels:,}"))
        n_scenes = sum(plan.group.kind == "similar" for plan in doing)
        if n_scenes:
            one, several = self.tr("One of them is"), self.tr("{0} of them are").format(f"{n_scenes:,}")
            notes.append(self.tr("{0} of shots of one scene, not of copies.").format(one if n_scenes == 1 else several))
        self.note.setText(" ".join(notes))
        self.do_button.setText(self.tr("Resolve 1 group") if n == 1 else self.tr("Resolve {0} groups").format(f"{n:,}"))
        self.do_button.setEnabled(n > 0)
