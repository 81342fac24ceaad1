"""Light and dark: the system's choice, or the person's."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from desktop.ui import icons

Theme = Literal["system", "light", "dark"]
_Role = QPalette.ColorRole

# Every pair of text and ground that is used has a contrast of 4.5 or more (tests/desktop/test_theme.py).
LIGHT = {
    "window": "#f5f6f8", "base": "#ffffff", "card": "#eef0f3", "raised": "#ffffff", "hover": "#e8ebef",
    "line": "#d9dce2", "strong_line": "#b4bac4", "text": "#1c2026", "faint": "#5c6470", "accent": "#2563c9",
    "accent_hover": "#1d54b0", "on_accent": "#ffffff", "tint": "#e1ebfb", "error": "#b3261e", "error_tint": "#fbeae8",
    "ready": "#2c8a4b", "busy": "#b3720b", "link": "#2563c9",
}  # fmt: skip
DARK = {
    "window": "#1d2025", "base": "#15171b", "card": "#24282e", "raised": "#2a2e35", "hover": "#30353d",
    "line": "#343941", "strong_line": "#535b67", "text": "#e6e8ec", "faint": "#9da5b1", "accent": "#6ea2f2",
    "accent_hover": "#86b2f6", "on_accent": "#0e131b", "tint": "#25364f", "error": "#ff9d94", "error_tint": "#3d2523",
    "ready": "#5cc480", "busy": "#e8b04a", "link": "#8ab6ff",
}  # fmt: skip
_ROLES = {
    _Role.Window: "window", _Role.Base: "base", _Role.AlternateBase: "card", _Role.Text: "text",
    _Role.WindowText: "text", _Role.Button: "raised", _Role.ButtonText: "text", _Role.Mid: "line",
    _Role.Highlight: "accent", _Role.HighlightedText: "on_accent", _Role.PlaceholderText: "faint",
    _Role.ToolTipBase: "raised", _Role.ToolTipText: "text", _Role.Link: "link", _Role.Accent: "accent",
}  # fmt: skip


class _Wardrobe(QObject):
    """Follows the system for as long as the program lives. One for each program."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName("wardrobe")
        self._app = app
        self.theme: Theme = "system"
        self.colors = LIGHT
        app.setStyle(QStyleFactory.create("Fusion"))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def put_on(self, theme: Theme) -> None:
        """Dress the program; the frame of the window follows where the system can."""
        self.theme = theme
        hints = QGuiApplication.styleHints()
        scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(theme, Qt.ColorScheme.Unknown)
        hints.setColorScheme(scheme)
        self._dress()

    def _system_changed(self, _scheme: Qt.ColorScheme) -> None:
        self._dress()

    def _dress(self) -> None:
        scheme = QGuiApplication.styleHints().colorScheme()
        dark = scheme == Qt.ColorScheme.Dark if self.theme == "system" else self.theme == "dark"
        self.colors = DARK if dark else LIGHT
        self._app.setPalette(_palette(self.colors))
        self._app.setStyleSheet(style(self.colors))
        icons.paint_again(self._app)


def apply(app: QApplication, theme: Theme) -> None:
    """Dress the program, now and whenever the system changes its mind."""
    _wardrobe(app).put_on(theme)


def color(name: str) -> QColor:
    """Return a colour of the theme that is on."""
    app = QApplication.instance()
    wardrobe = app.findChild(QObject, "wardrobe") if isinstance(app, QApplication) else None
    colors = wardrobe.colors if isinstance(wardrobe, _Wardrobe) else LIGHT
    return QColor(colors[name])


def style(colors: dict[str, str]) -> str:
    """Return the style sheet in these colours."""
    text = _sheet()
    # The longest names first: @accent is the beginning of @accent_hover.
    for name in sorted(colors, key=len, reverse=True):
        text = text.replace(f"@{name}", colors[name])
    return text.replace("@icons", icons.folder().as_posix())


@cache
def _sheet() -> str:
    return (Path(str(resources.files("resources"))) / "styles" / "lightdesk.qss").read_text("utf-8")


def _wardrobe(app: QApplication) -> _Wardrobe:
    found = app.findChild(QObject, "wardrobe")
    return found if isinstance(found, _Wardrobe) else _Wardrobe(app)


def _palette(colors: dict[str, str]) -> QPalette:
    palette = QPalette()
    for role, name in _ROLES.items():
        palette.setColor(role, QColor(colors[name]))
    for role in (_Role.Text, _Role.WindowText, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors["faint"]))
    return palette
