"""The whole list of hidden files before any of them goes to the system's trash, and what came of each."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import theme
from desktop.ui.hidden_copies import HiddenFile
from desktop.ui.inspector_words import size
from desktop.ui.plain_text import printable, tooltip
from desktop.ui.ports import TrashPort
from desktop.ui.row_table import RowModel, make_plain
from desktop.ui.trash_files import Outcome
from engine.errors import LightdeskError

FILE, SIZE, STATE = range(3)
_WIDTH_PX, _HEIGHT_PX, _MARGIN_PX = 860, 600, 80
_AT_ONCE = 16  # files a turn: between turns the person sees how far it is, and can stop it


class _Model(RowModel):
    def __init__(self, parent: QWidget, titles: tuple[str, ...]) -> None:
        super().__init__(parent, titles)
        self.outcomes: dict[str, Outcome] = {}
        self.moved: set[str] = set()

    def shown(self, row: HiddenFile, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cells(row)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self.cells(row)[column])
        if role == Qt.ItemDataRole.ForegroundRole and column == STATE:
            return theme.color("error" if self.reason(row) else "faint")
        return None

    def reason(self, hidden: HiddenFile) -> str:
        outcome = self.outcomes.get(hidden.file.path)
        return outcome.reason if outcome is not None else ""

    def cells(self, hidden: HiddenFile) -> tuple[str, str, str]:
        kept = printable(hidden.file.kept[0].path) if hidden.file.kept else ""
        state = self.tr("Copy of {0}") if hidden.is_copy else self.tr("Another shot of {0}")
        words = self.reason(hidden) or (
            self.tr("Moved to the trash") if hidden.file.path in self.moved else state.format(kept)
        )
        return printable(hidden.file.path), size(hidden.file.size_bytes), words


class _Table(QTableView):
    """Copies what is chosen, or all of it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
            model = self.model()
            assert isinstance(model, _Model)
            QGuiApplication.clipboard().setText(_text([model.cells(model.rows[row]) for row in rows]))
        else:
            super().keyPressEvent(event)


class TrashDialog(QDialog):
    """Looks at the files, shows all of them, and moves them when the person says so. GUI thread."""

    def __init__(self, files: list[HiddenFile], trash: TrashPort, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Move hidden files to the trash"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._all, self._trash = files, trash
        self._queue: list[HiddenFile] = []
        self._n_asked = 0
        self._stopped = self._ended = self._is_done = False
        self.summary, self.note = QLabel(), QLabel()
        strong = QFont(self.summary.font())
        strong.setWeight(QFont.Weight.DemiBold)
        strong.setPointSizeF(strong.pointSizeF() * 1.1)
        self.summary.setFont(strong)
        self.note.setProperty("role", "faint")
        for label in (self.summary, self.note):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.shots = QCheckBox(self.tr("Also hidden shots of the same scene, which are no copies"))
        self.shots.setVisible(any(not hidden.is_copy for hidden in files))
        self.shots.toggled.connect(lambda _on: self._list())
        self._build_table()
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setAccessibleName(self.tr("Progress"))
        self.meter.hide()
        self._build_buttons()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(8)
        for part in (self.summary, self.note, self.shots):
            layout.addWidget(part)
        layout.addSpacing(4)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.meter)
        layout.addSpacing(4)
        layout.addWidget(self.buttons)
        room = parent.screen().availableSize() - QSize(_MARGIN_PX, _MARGIN_PX)
        self.resize(QSize(_WIDTH_PX, _HEIGHT_PX).boundedTo(room))
        self.finished.connect(self._gone)
        self._list()
        self.move_button.setEnabled(False)
        self.summary.setText(self.tr("Looking at the files…"))
        self._trash.look([hidden.file for hidden in files], self._looked, self._failed)
        self.table.setFocus()

    def _build_table(self) -> None:
        self.table = _Table()
        self._model = _Model(self, (self.tr("File"), self.tr("Size"), self.tr("What it is")))
        self.table.setModel(self._model)
        self.table.setAccessibleName(self.tr("Files that go to the trash"))
        self.table.setWordWrap(False)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        make_plain(self.table, self.table.fontMetrics().lineSpacing() + 12)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(FILE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(SIZE, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(SIZE, 84)
        header.setSectionResizeMode(STATE, QHeaderView.ResizeMode.Stretch)

    def _build_buttons(self) -> None:
        self.buttons = QDialogButtonBox()
        self.move_button, self.copy_button = QPushButton(), QPushButton(self.tr("Copy the list"))
        self.close_button = QPushButton(self.tr("Cancel"))
        self.buttons.addButton(self.move_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.addButton(self.close_button, QDialogButtonBox.ButtonRole.RejectRole)
        self.move_button.clicked.connect(lambda _checked=False: self._begin())
        self.copy_button.clicked.connect(lambda _checked=False: self._copy())
        self.buttons.rejected.connect(self.reject)
        for button in (self.move_button, self.copy_button, self.close_button):
            button.setAutoDefault(False)  # Enter, pressed too often, must not move anything

    # What is listed

    def _going(self) -> list[HiddenFile]:
        return [hidden for hidden in self._model.rows if not self._model.reason(hidden)]

    def _list(self) -> None:
        wanted = [hidden for hidden in self._all if hidden.is_copy or self.shots.isChecked()]
        there = [hidden for hidden in wanted if not self._is_gone(hidden)]
        # What stays, and why, is read first.
        self._model.replace(sorted(there, key=lambda hidden: not self._model.reason(hidden)))
        self._say()

    def _is_gone(self, hidden: HiddenFile) -> bool:
        outcome = self._model.outcomes.get(hidden.file.path)
        return outcome is not None and outcome.is_gone and hidden.file.path not in self._model.moved

    def _say(self) -> None:
        going = self._going()
        n, n_bytes = len(going), sum(hidden.file.size_bytes for hidden in going)
        n_staying = len(self._model.rows) - n
        files = self.tr("1 file") if n == 1 else self.tr("{0} files").format(f"{n:,}")
        text = self.tr("{0}, {1}, would go to the trash of this computer.").format(files, size(n_bytes))
        self.summary.setText(text if n else self.tr("No hidden file can go to the trash."))
        notes = [
            self.tr(
                "They are of pictures that are hidden, each with a copy in view, whose files are not touched. The library "
                "remembers the hidden pictures with their labels, for when a file comes back."
            )
        ]
        if n_staying:
            one, several = self.tr("1 file stays where it is."), self.tr("{0} files stay where they are.")
            notes.append(one if n_staying == 1 else several.format(f"{n_staying:,}"))
        self.note.setText(" ".join(notes))
        button = self.tr("Move 1 file to the trash")
        self.move_button.setText(button if n == 1 else self.tr("Move {0} files to the trash").format(f"{n:,}"))
        self.move_button.setEnabled(n > 0)

    def _looked(self, outcomes: list[Outcome]) -> None:
        if self._ended:
            return
        self._model.outcomes = {outcome.path: outcome for outcome in outcomes}
        self._list()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(_text([self._model.cells(hidden) for hidden in self._model.rows]))

    # Moving

    def _begin(self) -> None:
        self._queue = self._going()
        self._n_asked = len(self._queue)
        self.meter.setRange(0, max(1, self._n_asked))
        self.meter.setValue(0)
        self.meter.show()
        self.shots.setEnabled(False)
        self.move_button.setEnabled(False)
        self.close_button.setText(self.tr("Stop"))
        self._go_on()

    def _go_on(self) -> None:
        some, self._queue = self._queue[:_AT_ONCE], self._queue[_AT_ONCE:]
        if not some or self._stopped:
            self._finish()
            return
        self.summary.setText(self.tr("Moving: {0} of {1}").format(f"{self.meter.value():,}", f"{self._n_asked:,}"))
        self._trash.move([hidden.file for hidden in some], self._moved, self._failed)

    def _moved(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.reason:
                self._model.outcomes[outcome.path] = outcome
            else:
                self._model.moved.add(outcome.path)
        if self._ended:
            return
        self.meter.setValue(self.meter.value() + len(outcomes))
        self._model.repaint()
        self._go_on()

    def _finish(self) -> None:
        self._is_done = True
        self.meter.hide()
        self._model.replace(sorted(self._model.rows, key=lambda hidden: not self._model.reason(hidden)))
        n = len(self._model.moved)
        moved = self.tr("1 file was moved to the trash.") if n == 1 else self.tr("{0} files were moved to the trash.")
        self.summary.setText(moved.format(f"{n:,}"))
        stayed = [hidden for hidden in self._model.rows if hidden.file.path not in self._model.moved]
        self.note.setText(
            self.tr("{0} stayed where they are: the reasons are in the list.").format(f"{len(stayed):,}")
            if stayed
            else self.tr("The trash of your computer can bring them back.")
        )
        self.close_button.setText(self.tr("Close"))
        self.close_button.setFocus()

    def _failed(self, error: LightdeskError) -> None:
        if self._ended:
            return
        self.meter.hide()
        self.close_button.setText(self.tr("Close"))
        self.summary.setText(self.tr("The files could not be looked at."))
        self.note.setText(str(error))

    def reject(self) -> None:
        if self.meter.isVisible() and not self._is_done:
            self._stopped = True  # what is under way is finished, and said
            self.close_button.setEnabled(True)
            return
        super().reject()

    def _gone(self) -> None:
        self._ended = True


def _text(rows: list[tuple[str, str, str]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)
