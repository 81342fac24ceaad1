"""Before there is a window: settings that cannot be used, and whether to start without them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout

from desktop.ui.plain_text import breakable
from engine.errors import LightdeskError

_WIDTH_PX = 520


class SettingsRefused(QDialog):
    """Says what is wrong; accepted where the program shall start all the same. GUI thread.

    Nothing else is on the screen yet: whoever started from a menu has no terminal to read in, and there is no window to
    say it in.
    """

    def __init__(self, error: LightdeskError) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Lightdesk: settings"))
        self.text = QLabel(breakable(str(error)))
        self.text.setAccessibleName(str(error))
        self.more = QLabel(
            self.tr(
                "You can start with the defaults in place of what is wrong. Nothing is changed in the settings file."
            )
        )
        for label in (self.text, self.more):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(_WIDTH_PX)
        buttons = QDialogButtonBox()
        self.start_button = QPushButton(self.tr("Start with defaults"))
        self.copy_button = QPushButton(self.tr("Copy this message"))
        self.quit_button = QPushButton(self.tr("Quit"))
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.start_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.quit_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.copy_button.setAutoDefault(False)
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{error.code}: {error}"))
        self.start_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(12)
        layout.addWidget(self.text)
        layout.addWidget(self.more)
        layout.addWidget(buttons)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)  # as high as the words need
        self.start_button.setFocus()
