"""What this is, and under which licences."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.ui import icons
from desktop.ui.facts import Fact, FactTable
from desktop.ui.plain_text import left_to_right


class AboutDialog(QDialog):
    """GUI thread."""

    def __init__(self, version: str, library: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Lightdesk"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sign = QLabel()
        sign.setPixmap(icons.program_icon().pixmap(64, 64))
        name = QLabel(self.tr("Lightdesk {0}").format(version))
        font = name.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        name.setFont(font)
        text = QLabel(
            self.tr(
                "See what a vision model thinks of your pictures, on your own machine.\n"
                "Nothing leaves it, and your files are never changed.\n\n"
                "Lightdesk is licensed under Apache-2.0. The default model, EfficientNet-Lite0, is licensed under "
                "Apache-2.0. Qt is used under the LGPL-3.0; its libraries can be replaced."
            )
        )
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        text.setMinimumWidth(420)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(name)
        words.addWidget(text)
        self.facts = FactTable(self.tr("Versions and places"))
        self.facts.show_facts(
            (
                Fact(
                    self.tr("Library"),
                    left_to_right(library),
                    Qt.TextElideMode.ElideMiddle,
                    tip=library,
                    icon="copy",
                    action=lambda: QGuiApplication.clipboard().setText(library),
                    action_name=self.tr("Copy the path of the library"),
                ),
                Fact("Python", platform.python_version()),
                Fact("Qt", PySide6.__version__),
            )
        )
        words.addWidget(self.facts)
        row = QHBoxLayout()
        row.setSpacing(20)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(16)
        layout.addLayout(row)
        layout.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setFocus()
