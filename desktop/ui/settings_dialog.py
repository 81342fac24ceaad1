"""All settings, in groups, made from the typed settings themselves."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QSize, Qt
from PySide6.QtWidgets import (
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

from engine.schemas.settings import Settings

_T = QT_TRANSLATE_NOOP
_GROUP_PX = 32
# Title of each setting, group by group. A setting that is missing here fails a test.
GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = tuple(
    (str(title), tuple((name, str(text)) for name, text in rows))
    for title, rows in (
        (_T("Settings", "Library"), (("library", _T("Settings", "Library file")), ("user_name", _T("Settings", "Your name")))),
        (
            _T("Settings", "Model and device"),
            (
                ("model", _T("Settings", "Model")),
                ("device", _T("Settings", "Device")),
                ("cpu_threads", _T("Settings", "Cores for inference")),
                ("gpu_memory_mb", _T("Settings", "Memory on the GPU")),
                ("models_dir", _T("Settings", "Models folder")),
            ),
        ),
        (
            _T("Settings", "Batches"),
            (
                ("max_batch", _T("Settings", "Largest batch")),
                ("max_delay_ms", _T("Settings", "Longest wait")),
                ("decode_threads", _T("Settings", "Decoding threads")),
            ),
        ),
        (
            _T("Settings", "Limits"),
            (
                ("max_file_mb", _T("Settings", "Largest file")),
                ("max_megapixels", _T("Settings", "Largest picture")),
                ("include_hidden", _T("Settings", "Hidden files")),
            ),
        ),
        (_T("Settings", "Cache"), (("cache_dir", _T("Settings", "Cache folder")), ("cache_mb", _T("Settings", "Cache size")))),
        (_T("Settings", "Look"), (("theme", _T("Settings", "Colours")), ("top_k", _T("Settings", "Classes shown")))),
    )
)  # fmt: skip
AT_ONCE = frozenset({"theme"})
_SUFFIXES = {
    "max_delay_ms": " ms",
    "gpu_memory_mb": " MB",
    "max_file_mb": " MB",
    "max_megapixels": " MP",
    "cache_mb": " MB",
}
_ZERO = {
    "cpu_threads": _T("Settings", "all"),
    "decode_threads": _T("Settings", "one a core"),
    "max_batch": _T("Settings", "what suits the device"),
    "max_megapixels": _T("Settings", "what the memory allows"),
}
_WORDS = {
    "auto": _T("Settings", "Automatic"),
    "cpu": _T("Settings", "CPU"),
    "cuda": _T("Settings", "NVIDIA GPU (CUDA)"),
    "system": _T("Settings", "As the system"),
    "light": _T("Settings", "Light"),
    "dark": _T("Settings", "Dark"),
}


@dataclasses.dataclass(slots=True)
class _Editor:
    widget: QWidget
    read: Callable[[], Any]
    problem: QLabel


class SettingsDialog(QDialog):
    """One editor for each setting; `changed_values` has what was changed. GUI thread.

    Parameters
    ----------
    why_invalid
        Says what is wrong with the value of a setting, or None.
    fixed
        Settings that the environment decides: shown, not edited.
    """

    def __init__(
        self,
        settings: Settings,
        why_invalid: Callable[[str, Any], str | None],
        fixed: frozenset[str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._settings = settings
        self._why_invalid = why_invalid
        self._fixed = fixed
        self._fields = {field.name: field for field in dataclasses.fields(settings)}
        self._types = typing.get_type_hints(Settings)
        self.editors: dict[str, _Editor] = {}
        self.groups = QListWidget()
        self.groups.setAccessibleName(self.tr("Groups of settings"))
        self.groups.setObjectName("groups")
        self.groups.setFixedWidth(160)
        self._pages = QStackedWidget()
        for title, rows in GROUPS:
            item = QListWidgetItem(_translated(title), self.groups)
            item.setSizeHint(QSize(0, _GROUP_PX))
            self._pages.addWidget(self._page(rows))
        self.groups.currentRowChanged.connect(self._pages.setCurrentIndex)
        self.groups.setCurrentRow(0)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.groups)
        middle.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 14)
        layout.setSpacing(14)
        layout.addLayout(middle, 1)
        layout.addWidget(self.buttons)
        self.resize(720, 470)

    def changed_values(self) -> Mapping[str, Any]:
        """Return the settings that were changed."""
        values = {name: editor.read() for name, editor in self.editors.items() if name not in self._fixed}
        return {name: value for name, value in values.items() if value != getattr(self._settings, name)}

    def accept(self) -> None:
        """Close if every value is right; else show what is wrong beside it."""
        first_wrong: str | None = None
        for name, value in self.changed_values().items():
            reason = self._why_invalid(name, value)
            problem = self.editors[name].problem
            problem.setText(reason or "")
            problem.setVisible(bool(reason))
            if reason and first_wrong is None:
                first_wrong = name
        if first_wrong is None:
            super().accept()
            return
        self.groups.setCurrentRow(
            next(i for i, (_, rows) in enumerate(GROUPS) if any(name == first_wrong for name, _ in rows))
        )
        self.editors[first_wrong].widget.setFocus()

    def _page(self, rows: tuple[tuple[str, str], ...]) -> QWidget:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        line = 0
        for name, text in rows:
            title = _translated(text)
            editor, read = self._editor(name, title)
            focus = editor.focusProxy() or editor
            focus.setAccessibleName(title)
            help_text = self._help(name)
            focus.setAccessibleDescription(help_text)
            label = QLabel(title)
            label.setBuddy(focus)
            grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(editor, line, 1)
            note = QLabel(help_text)
            note.setProperty("role", "faint")
            note.setWordWrap(True)
            grid.addWidget(note, line + 1, 1)
            problem = QLabel()
            problem.setProperty("role", "error")
            problem.setWordWrap(True)
            problem.hide()
            grid.addWidget(problem, line + 2, 1)
            grid.setRowMinimumHeight(line + 3, 12)
            self.editors[name] = _Editor(focus, read, problem)
            if name in self._fixed:
                editor.setEnabled(False)
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
        text = _translated(self._fields[name].metadata["help"])
        if name in self._fixed:
            return f"{text} " + self.tr("Set by {0} in the environment.").format(f"LIGHTDESK_{name.upper()}")
        return text if name in AT_ONCE else f"{text} " + self.tr("Takes effect at the next start.")

    def _editor(self, name: str, title: str) -> tuple[QWidget, Callable[[], Any]]:
        value, hint = getattr(self._settings, name), self._types[name]
        if typing.get_origin(hint) is Literal:
            return self._choice(typing.get_args(hint), value)
        if hint is bool:
            check = QCheckBox(self.tr("Yes"))
            check.setChecked(value)
            return check, check.isChecked
        if hint in (int, float):
            return self._number(name, value, whole=hint is int)
        if Path in typing.get_args(hint):
            return self._path(name, title, value)
        line = QLineEdit(value)
        return line, lambda: line.text().strip()

    def _choice(self, words: tuple[str, ...], value: str) -> tuple[QWidget, Callable[[], Any]]:
        box = QComboBox()
        for word in words:
            box.addItem(_translated(str(_WORDS.get(word, word))), word)
        box.setCurrentIndex(box.findData(value))
        return box, box.currentData

    def _number(self, name: str, value: float, *, whole: bool) -> tuple[QWidget, Callable[[], Any]]:
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
        spin.setSuffix(_SUFFIXES.get(name, ""))
        if name in _ZERO:
            spin.setSpecialValueText(f"0: {_translated(str(_ZERO[name]))}")
        # The wheel scrolls the page; a value changes only where someone is.
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return spin, spin.value

    def _path(self, name: str, title: str, value: Path | None) -> tuple[QWidget, Callable[[], Any]]:
        line = QLineEdit("" if value is None else str(value))
        line.setPlaceholderText(self.tr("The standard place"))
        browse = QPushButton(self.tr("Choose\N{HORIZONTAL ELLIPSIS}"))
        browse.setAccessibleName(self.tr("Choose: {0}").format(title))

        def choose() -> None:
            if name == "library":
                found, _ = QFileDialog.getOpenFileName(self, title, line.text(), "Lightdesk (*.lightdesk);;*")
            else:
                found = QFileDialog.getExistingDirectory(self, title, line.text())
            if found:
                line.setText(found)

        browse.clicked.connect(choose)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(line, 1)
        row.addWidget(browse)
        both.setFocusProxy(line)
        return both, lambda: Path(line.text().strip()) if line.text().strip() else None


def _translated(text: str) -> str:
    return QCoreApplication.translate("Settings", text)
