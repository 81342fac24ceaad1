"""Windows with text to read and copy: the doctor, the result of a check, about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextOption
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.ports import Failed
from engine.errors import LightdeskError

_WIDE_CHARS = 121  # the doctor's longest lines
_MARGIN_PX = 80


class TextDialog(QDialog):
    """Text in fixed width, with a button that copies it. GUI thread."""

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.view = QPlainTextEdit(text)
        self.view.setReadOnly(True)
        self.view.setAccessibleName(title)
        self.view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        # Where the screen is narrower than a line, its end is below and not out of sight.
        self.view.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.view.toPlainText()))
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setAutoDefault(False)
        self.buttons = buttons
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.setSpacing(12)
        layout.addWidget(self.view)
        layout.addWidget(buttons)
        self.resize(self.view.fontMetrics().horizontalAdvance("m") * _WIDE_CHARS + _MARGIN_PX, 640)
        screen = parent.screen().availableSize()
        self.resize(self.size().boundedTo(screen - QSize(_MARGIN_PX, _MARGIN_PX)))


class DoctorDialog(TextDialog):
    """Examines the machine when opened, off the GUI thread.

    Parameters
    ----------
    examine
        Takes what is to be called with the text, and with an error.
    """

    def __init__(self, examine: Callable[[Callable[[str], None], Failed], None], parent: QWidget) -> None:
        super().__init__(QCoreApplication.translate("DoctorDialog", "Doctor"), "", parent)
        self._examine = examine
        self._alive = True
        self.again = QPushButton(self.tr("Examine again"))
        self.again.clicked.connect(self._run)
        self.buttons.addButton(self.again, QDialogButtonBox.ButtonRole.ActionRole)
        self.again.setAutoDefault(False)
        self.finished.connect(self._gone)
        self._run()

    def _run(self) -> None:
        self.view.setPlainText(self.tr("Examining this machine; this takes some seconds…"))
        self._enable(False)
        self._examine(self._show, self._fail)

    def _show(self, text: str) -> None:
        if self._alive:
            self.view.setPlainText(text)
            self._enable(True)

    def _fail(self, error: LightdeskError) -> None:
        self._show(str(error))

    def _enable(self, done: bool) -> None:
        self.copy_button.setEnabled(done)
        self.again.setEnabled(done)

    def _gone(self) -> None:
        self._alive = False
