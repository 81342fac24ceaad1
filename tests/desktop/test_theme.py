"""Colours that can be read, and that follow the person."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from desktop.ui import icons, theme

PAIRS = [
    ("text", "window"), ("text", "base"), ("text", "raised"), ("text", "tint"), ("text", "error_tint"),
    ("text", "hover"), ("faint", "window"), ("faint", "base"), ("faint", "raised"), ("on_accent", "accent"),
    ("on_accent", "accent_hover"), ("error", "window"),
]  # fmt: skip


def luminance(name: str) -> float:
    channels = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(name).getRgbF()[:3])
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), PAIRS)
def test_contrast_is_at_least_four_and_a_half(colors: dict[str, str], front: str, ground: str) -> None:
    high, low = sorted((luminance(colors[front]), luminance(colors[ground])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_style_sheet_has_no_word_left(colors: dict[str, str]) -> None:
    assert set(theme.LIGHT) == set(theme.DARK)
    style = theme.style(colors).split("*/", 1)[1]
    assert "@" not in style


def test_theme_changes_while_the_program_runs(qtbot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for name, colors in (("dark", theme.DARK), ("light", theme.LIGHT), ("dark", theme.DARK), ("light", theme.LIGHT)):
        theme.apply(app, name)
        assert app.palette().color(QPalette.ColorRole.Window).name() == colors["window"]
        assert theme.color("text").name() == colors["text"]


def test_every_icon_can_be_drawn(qtbot) -> None:
    for file in icons.folder().glob("*.svg"):
        picture = icons.pixmap(file.stem, QColor("red"), 16, 2.0).toImage()
        assert picture.width() == 32
        assert any(picture.pixelColor(x, y).alpha() for x in range(32) for y in range(32)), file.name
