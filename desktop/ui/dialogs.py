"""Settings, shortcuts, doctor, about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QFontDatabase, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.actions import ACTIONS
from engine.schemas.settings import Settings

_CHOICES = {"device": ("auto", "cpu", "cuda"), "theme": ("system", "light", "dark")}


class SettingsDialog(QDialog):
    """One field for each setting; `accepted_values` has what was changed."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._settings = settings
        self._editors: dict[str, tuple[QWidget, Callable[[], Any]]] = {}
        form = QFormLayout()
        form.setVerticalSpacing(8)
        for field in dataclasses.fields(settings):
            editor, read = self._editor(field, getattr(settings, field.name))
            title = field.name.replace("_", " ").capitalize()
            editor.setAccessibleName(title)
            editor.setToolTip(field.metadata["help"])
            self._editors[field.name] = (editor, read)
            form.addRow(title, editor)
        note = QLabel(self.tr("What you change takes effect when Lightdesk is started again; the colours at once."))
        note.setEnabled(False)
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)
        self.resize(460, 0)

    def accepted_values(self) -> dict[str, Any]:
        """Return the settings that were changed."""
        values = {name: read() for name, (_, read) in self._editors.items()}
        return {name: value for name, value in values.items() if value != getattr(self._settings, name)}

    def _editor(self, field: Any, value: Any) -> tuple[QWidget, Callable[[], Any]]:
        low, high = field.metadata["minimum"], field.metadata["maximum"]
        if field.name in _CHOICES:
            box = QComboBox()
            box.addItems(_CHOICES[field.name])
            box.setCurrentText(value)
            return box, box.currentText
        if isinstance(value, bool):
            check = QCheckBox()
            check.setChecked(value)
            return check, check.isChecked
        if isinstance(value, int):
            spin = QSpinBox()
            spin.setRange(int(low), int(high))
            spin.setValue(value)
            return spin, spin.value
        if isinstance(value, float):
            real = QDoubleSpinBox()
            real.setRange(low, high)
            real.setValue(value)
            return real, real.value
        line = QLineEdit("" if value is None else str(value))
        if field.name.endswith("_dir") or field.name == "library":
            return line, lambda: Path(line.text()) if line.text().strip() else None
        return line, line.text


def shortcuts_sheet(parent: QWidget) -> QDialog:
    """Return the sheet of all keys."""
    rows = [
        (" or ".join(_native(k) for k in row.keys), QCoreApplication.translate("Actions", row.text))
        for row in ACTIONS
        if row.keys
    ]
    rows.insert(0, ("1 \N{HORIZONTAL ELLIPSIS} 9", parent.tr("Accept that prediction")))
    rows.insert(0, (parent.tr("Arrows"), parent.tr("Move; with Shift, select")))
    dialog = QDialog(parent)
    dialog.setWindowTitle(parent.tr("Keyboard shortcuts"))
    form = QFormLayout(dialog)
    form.setHorizontalSpacing(28)
    form.setContentsMargins(24, 20, 24, 20)
    for keys, text in rows:
        head = QLabel(f"<b>{keys.replace('<', '&lt;')}</b>")
        form.addRow(head, QLabel(text.rstrip(".")))
    return dialog


def text_sheet(parent: QWidget, title: str, text: str) -> QDialog:
    """Return a window with text in fixed width, to read and copy."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    view = QPlainTextEdit(text)
    view.setReadOnly(True)
    view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    layout = QVBoxLayout(dialog)
    layout.addWidget(view)
    dialog.resize(760, 620)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
