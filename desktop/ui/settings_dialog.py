"""All settings, in groups, made from the typed settings themselves."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.plain_text import breakable
from desktop.ui.setting_words import GROUPS, HELP, SUFFIXES, WORDS, ZERO, translated
from engine.schemas.settings import Settings

__all__ = ["GROUPS", "SettingsDialog"]

_GROUP_PX = 32


@dataclasses.dataclass(slots=True)
class _Editor:
    """What edits one setting.

    Attributes
    ----------
    widget
        What takes the keys.
    row
        What stands in the page: the widget, or a row that holds it.
    edited
        Signal of a change by a person or by `write`.
    """

    widget: QWidget
    row: QWidget
    read: Callable[[], Any]
    write: Callable[[Any], None]
    edited: Any
    problem: QLabel = dataclasses.field(default_factory=QLabel)


class SettingsDialog(QDialog):
    """One editor for each setting; `changed_values` has what was changed. GUI thread.

    Parameters
    ----------
    why_invalid
        Says what is wrong with the value of a setting, or None.
    fixed
        Settings that the environment decides: shown, not edited.
    models
        Models to choose from; without any, the name is typed.
    """

    def __init__(
        self,
        settings: Settings,
        why_invalid: Callable[[str, Any], str | None],
        fixed: frozenset[str],
        parent: QWidget,
        *,
        models: Sequence[str] = (),
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._settings = settings
        self._why_invalid = why_invalid
        self._fixed = fixed
        self._fields = {field.name: field for field in dataclasses.fields(settings)}
        self._models = tuple(dict.fromkeys([settings.model, *models])) if models else ()
        self._types = typing.get_type_hints(Settings)
        self.editors: dict[str, _Editor] = {}
        self.groups = QListWidget()
        self.groups.setAccessibleName(self.tr("Groups of settings"))
        self.groups.setObjectName("groups")
        self.groups.setFixedWidth(160)
        self._pages = QStackedWidget()
        for title, rows in GROUPS:
            item = QListWidgetItem(translated(title), self.groups)
            item.setSizeHint(QSize(0, _GROUP_PX))
            self._pages.addWidget(self._page(rows))
        # As the fields show it: a number with more places than they have is not a change.
        self._shown = {name: editor.read() for name, editor in self.editors.items()}
        self.groups.currentRowChanged.connect(self._pages.setCurrentIndex)
        self.groups.setCurrentRow(0)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Save | kinds.Cancel | kinds.RestoreDefaults)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        defaults = self.buttons.button(kinds.RestoreDefaults)
        defaults.setToolTip(self.tr("Put the settings of this page back to what they are without a change"))
        defaults.setAutoDefault(False)
        defaults.clicked.connect(self.restore_page)
        self.buttons.button(kinds.Save).setDefault(True)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.groups)
        middle.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 14)
        layout.setSpacing(14)
        layout.addLayout(middle, 1)
        when = QLabel(self.tr("Colours and the number of classes change at once, everything else at the next start."))
        when.setProperty("role", "faint")
        when.setWordWrap(True)
        layout.addWidget(when)
        layout.addWidget(self.buttons)
        self.setMinimumSize(520, 320)
        self.resize(740, 480)

    def changed_values(self) -> Mapping[str, Any]:
        """Return the settings that were changed."""
        values = {name: editor.read() for name, editor in self.editors.items() if name not in self._fixed}
        return {name: value for name, value in values.items() if value != self._shown[name]}

    def restore_page(self) -> None:
        """Put the settings of the page that is shown back to their defaults; Save keeps them."""
        for name, _title in GROUPS[self.groups.currentRow()][1]:
            if name not in self._fixed:
                self.editors[name].write(self._fields[name].default)

    def accept(self) -> None:
        """Close if every value is right; else show what is wrong beside it."""
        first_wrong: str | None = None
        for name, value in self.changed_values().items():
            reason = self._why_invalid(name, value)
            self._show_problem(name, reason or "")
            if reason and first_wrong is None:
                first_wrong = name
        if first_wrong is None:
            super().accept()
            return
        self.groups.setCurrentRow(
            next(i for i, (_, rows) in enumerate(GROUPS) if any(name == first_wrong for name, _ in rows))
        )
        wrong = self.editors[first_wrong]
        wrong.widget.setFocus()
        page = self._pages.currentWidget()
        assert isinstance(page, QScrollArea)
        QTimer.singleShot(0, page, lambda: page.ensureWidgetVisible(wrong.problem))

    def _show_problem(self, name: str, reason: str) -> None:
        editor = self.editors[name]
        editor.problem.setText(breakable(reason))
        editor.problem.setVisible(bool(reason))
        editor.widget.setAccessibleDescription(f"{reason} {self._help(name)}".strip())

    def _page(self, rows: tuple[tuple[str, str], ...]) -> QWidget:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        # The same on all pages, so that nothing moves sideways between them.
        titles = (translated(text) for _, group in GROUPS for _, text in group)
        grid.setColumnMinimumWidth(0, max(self.fontMetrics().horizontalAdvance(title) for title in titles) + 4)
        line = 0
        for name, text in rows:
            title = translated(text)
            editor = self.editors[name] = self._editor(name, title)
            editor.widget.setAccessibleName(title)
            editor.widget.setAccessibleDescription(self._help(name))
            if isinstance(editor.widget, QAbstractSpinBox | QComboBox):
                # The wheel scrolls the page; a value changes only where someone is.
                editor.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                editor.widget.installEventFilter(self)
            editor.edited.connect(lambda *_, name=name: self._show_problem(name, ""))
            label = QLabel(title)
            label.setBuddy(editor.widget)
            note = QLabel(self._help(name))
            note.setProperty("role", "faint")
            editor.problem.setProperty("role", "error")
            editor.problem.setTextFormat(Qt.TextFormat.PlainText)
            editor.problem.hide()
            grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(editor.row, line, 1)
            for below, text_label in enumerate((note, editor.problem), line + 1):
                text_label.setWordWrap(True)
                grid.addWidget(text_label, below, 1)
            grid.setRowMinimumHeight(line + 3, 12)
            editor.row.setEnabled(name not in self._fixed)
            line += 4
        grid.setRowStretch(line, 1)
        page = QWidget()
        page.setLayout(grid)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(page)
        return scroll

    def _help(self, name: str) -> str:
        text = translated(HELP[name])
        if name in self._fixed:
            return f"{text} " + self.tr("Set by {0} in the environment.").format(f"LIGHTDESK_{name.upper()}")
        return text

    def _editor(self, name: str, title: str) -> _Editor:
        value, hint = getattr(self._settings, name), self._types[name]
        if name == "model" and self._models:
            return _choice(self._models, value)
        if typing.get_origin(hint) is Literal:
            return _choice(typing.get_args(hint), value)
        if hint is bool:
            check = QCheckBox(self.tr("Include"))
            check.setChecked(value)
            return _Editor(check, check, check.isChecked, check.setChecked, check.toggled)
        if hint in (int, float):
            return self._number(name, value, whole=hint is int)
        if Path in typing.get_args(hint):
            return self._path(name, title, value)
        line = QLineEdit(value)
        return _Editor(line, line, lambda: line.text().strip(), line.setText, line.textChanged)

    def _number(self, name: str, value: float, *, whole: bool) -> _Editor:
        field = self._fields[name]
        low, high = field.metadata["minimum"], field.metadata["maximum"]
        spin: QSpinBox | QDoubleSpinBox
        if whole:
            spin = QSpinBox()
            spin.setRange(int(low), int(high))
            spin.setValue(int(value))
        else:
            spin = QDoubleSpinBox()
            spin.setDecimals(1)
            spin.setRange(low, high)
            spin.setValue(value)
        spin.setGroupSeparatorShown(True)
        spin.lineEdit().setTextMargins(5, 0, 0, 0)
        spin.setSuffix(SUFFIXES.get(name, ""))
        if name in ZERO:
            spin.setSpecialValueText(f"0: {translated(ZERO[name])}")
        return _Editor(spin, spin, spin.value, spin.setValue, spin.valueChanged)

    def _path(self, name: str, title: str, value: Path | None) -> _Editor:
        line = QLineEdit("" if value is None else str(value))
        line.setPlaceholderText(self.tr("The standard place"))
        browse = QPushButton(self.tr("Choose…"))
        browse.setAccessibleName(self.tr("Choose: {0}").format(title))
        browse.setAutoDefault(False)

        def choose() -> None:
            if name == "library":
                found, _ = QFileDialog.getOpenFileName(self, title, line.text(), "Lightdesk (*.lightdesk);;*")
            else:
                found = QFileDialog.getExistingDirectory(self, title, line.text())
            if found:
                line.setText(found)

        def read() -> Path | None:
            text = line.text().strip()
            return Path(os.path.expanduser(text)) if text else None

        browse.clicked.connect(choose)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(line, 1)
        row.addWidget(browse)
        return _Editor(line, both, read, lambda path: line.setText("" if path is None else str(path)), line.textChanged)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def _choice(words: Sequence[str], value: str) -> _Editor:
    box = QComboBox()
    for word in words:
        box.addItem(translated(WORDS.get(word, word)), word)
    box.setCurrentIndex(box.findData(value))

    def write(word: str) -> None:
        # A model without its version is the one that is listed with it.
        place = next((i for i, known in enumerate(words) if word in (known, known.partition("@")[0])), -1)
        box.setCurrentIndex(place)

    return _Editor(box, box, box.currentData, write, box.currentIndexChanged)
