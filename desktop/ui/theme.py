"""Light and dark: the system's choice, or the person's."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

_Role = QPalette.ColorRole
_LIGHT = {
    _Role.Window: "#f4f5f7", _Role.Base: "#ffffff", _Role.AlternateBase: "#f0f1f4", _Role.Text: "#1d2129",
    _Role.WindowText: "#1d2129", _Role.Button: "#ffffff", _Role.ButtonText: "#1d2129", _Role.Mid: "#d5d8de",
    _Role.Highlight: "#2f6fd6", _Role.HighlightedText: "#ffffff", _Role.PlaceholderText: "#646b78",
    _Role.ToolTipBase: "#ffffff", _Role.ToolTipText: "#1d2129", _Role.Link: "#2f6fd6",
}  # fmt: skip
_DARK = {
    _Role.Window: "#1e2126", _Role.Base: "#16181c", _Role.AlternateBase: "#23262c", _Role.Text: "#e4e6ea",
    _Role.WindowText: "#e4e6ea", _Role.Button: "#2a2e35", _Role.ButtonText: "#e4e6ea", _Role.Mid: "#3a3f48",
    _Role.Highlight: "#5b93ea", _Role.HighlightedText: "#10131a", _Role.PlaceholderText: "#9aa1ad",
    _Role.ToolTipBase: "#2a2e35", _Role.ToolTipText: "#e4e6ea", _Role.Link: "#7fb0ff",
}  # fmt: skip


def apply(app: QApplication, theme: Literal["system", "light", "dark"]) -> None:
    """Dress the program, now and whenever the system changes its mind."""
    app.setStyle(QStyleFactory.create("Fusion"))
    hints = QGuiApplication.styleHints()

    def dress() -> None:
        dark = hints.colorScheme() == Qt.ColorScheme.Dark if theme == "system" else theme == "dark"
        palette = QPalette()
        for role, color in (_DARK if dark else _LIGHT).items():
            palette.setColor(role, QColor(color))
            if role in (_Role.Text, _Role.WindowText, _Role.ButtonText):
                faded = QColor(color)
                faded.setAlpha(130)
                palette.setColor(QPalette.ColorGroup.Disabled, role, faded)
        app.setPalette(palette)
        line = palette.color(_Role.Mid).name()
        accent = palette.color(_Role.Highlight).name()
        app.setStyleSheet(_STYLE.replace("@line", line).replace("@accent", accent))

    hints.colorSchemeChanged.connect(lambda _scheme: dress())
    dress()


_STYLE = """
QSplitter::handle { background: @line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox {
  border: 1px solid @line; border-radius: 4px; padding: 3px 6px; background: palette(base); min-height: 20px; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus { border-color: @accent; }
QComboBox::drop-down { border: none; width: 18px; }
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit { border: none; padding: 0; min-height: 0; background: transparent; }
QPushButton { border: 1px solid @line; border-radius: 4px; padding: 4px 12px; background: palette(button); }
QPushButton:hover, QPushButton:focus { border-color: @accent; }
QToolButton { border: none; border-radius: 4px; padding: 3px 6px; }
QToolButton:hover, QToolButton:focus { background: palette(alternate-base); }
QTreeWidget { border: none; background: palette(window); }
QTreeWidget::item { padding: 3px 2px; }
QTableWidget { border: none; gridline-color: @line; }
QToolTip { border: 1px solid @line; padding: 4px; }
"""
