"""Colours that can be read, and that follow the person."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons, theme
from desktop.ui.tile_painter import confidence_color

PAIRS = [
    ("text", "window"), ("text", "base"), ("text", "raised"), ("text", "tint"), ("text", "error_tint"),
    ("text", "hover"), ("faint", "window"), ("faint", "base"), ("faint", "raised"), ("on_accent", "accent"),
    ("on_accent", "accent_hover"), ("error", "window"), ("faint", "hover"), ("faint", "card"), ("link", "window"),
    ("text", "card"),
]  # fmt: skip
# Signs that carry meaning beside words: a ratio of 3, as for large text.
SIGNS = [
    ("accent", "window"), ("accent", "base"), ("accent", "raised"), ("accent", "tint"), ("ready", "window"),
    ("busy", "window"), ("error", "window"), ("error", "error_tint"),
]  # fmt: skip


def luminance(name: str) -> float:
    channels = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(name).getRgbF()[:3])
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(front: str, ground: str) -> float:
    high, low = sorted((luminance(front), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), PAIRS)
def test_contrast_is_at_least_four_and_a_half(colors: dict[str, str], front: str, ground: str) -> None:
    assert contrast(colors[front], colors[ground]) >= 4.5


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), SIGNS)
def test_signs_can_be_told_from_their_ground(colors: dict[str, str], front: str, ground: str) -> None:
    assert contrast(colors[front], colors[ground]) >= 3.0


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("confidence", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_bars_of_any_confidence_can_be_seen(name: str, confidence: float) -> None:
    colors = theme.DARK if name == "dark" else theme.LIGHT
    bar = confidence_color(confidence, dark=name == "dark").name()
    assert contrast(bar, colors["window"]) >= 3.0 and contrast(bar, colors["base"]) >= 3.0


def _with_rows(view: QAbstractItemView) -> QAbstractItemView:
    model = QStringListModel(["one", "two"], view)
    view.setModel(model)
    view.setCurrentIndex(model.index(0, 0))
    return view


WIDGETS: dict[str, Callable[[], QWidget]] = {
    "button": lambda: QPushButton("Retry"),
    "quiet button": lambda: _marked(QPushButton("Pause"), "quiet"),
    "primary button": lambda: _marked(QPushButton("Open"), "primary"),
    "tool button": lambda: QToolButton(text="Copy"),
    "field": lambda: QLineEdit("text"),
    "active field": lambda: _marked(QLineEdit("text"), "active"),
    "combo": lambda: QComboBox(),
    "active combo": lambda: _marked(QComboBox(), "active"),
    "number": lambda: QSpinBox(),
    "check": lambda: QCheckBox("Include"),
    "table": lambda: _with_rows(QTableView()),
    "groups": lambda: _named(_with_rows(QListWidgetLike()), "groups"),
    "text": lambda: QPlainTextEdit("text"),
}


class QListWidgetLike(QListView):
    """A list that the style sheet takes for the groups of settings by its name."""


def _marked(widget: QWidget, mark: str) -> QWidget:
    widget.setProperty(mark, True)
    return widget


def _named(widget: QWidget, name: str) -> QWidget:
    widget.setObjectName(name)
    return widget


@pytest.mark.parametrize("kind", WIDGETS)
@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_focus_is_seen_on_every_kind_of_control(qtbot, kind: str, name: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    window, other, widget = QWidget(), QPushButton("other"), WIDGETS[kind]()
    layout = QVBoxLayout(window)
    layout.addWidget(other)
    layout.addWidget(widget)
    qtbot.addWidget(window)
    theme.apply(app, name)  # type: ignore[arg-type]
    try:
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=5000)
        # By Tab, as one who works without a mouse comes to it. The first picture is of a blink without the cursor.
        app.setCursorFlashTime(0)
        other.setFocus(Qt.FocusReason.TabFocusReason)
        without = widget.grab().toImage()
        qtbot.keyClick(other, Qt.Key.Key_Tab)
        assert widget.hasFocus()
        focused = widget.grab().toImage()
        changed = sum(
            without.pixelColor(x, y) != focused.pixelColor(x, y)
            for x in range(without.width())
            for y in range(without.height())
        )
        # A frame, and not the cursor in the field alone.
        assert changed >= 2 * min(widget.width(), 60)
    finally:
        theme.apply(app, "light")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_row_of_fields_is_of_one_height(qtbot, name: str) -> None:
    fields = [QLineEdit(), QComboBox(), QSpinBox(), QDoubleSpinBox()]
    window = QWidget()
    layout = QVBoxLayout(window)
    for field in fields:
        layout.addWidget(field)
    qtbot.addWidget(window)
    window.show()
    assert len({field.height() for field in fields}) == 1


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


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_icons_are_sharp_at_every_scale(qtbot, ratio: float) -> None:
    picture = icons.pixmap("folder", QColor("red"), 16, ratio)
    assert picture.width() == round(16 * ratio) and picture.devicePixelRatio() == ratio
    assert picture.deviceIndependentSize().width() == pytest.approx(16, abs=0.5)


def test_icons_of_buttons_follow_the_theme(qtbot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    button = QToolButton()
    qtbot.addWidget(button)
    theme.apply(app, "light")
    icons.set_icon(button, "copy")
    light = button.icon().pixmap(16, 16).toImage()
    theme.apply(app, "dark")
    dark = button.icon().pixmap(16, 16).toImage()
    theme.apply(app, "light")
    assert light != dark and button.icon().pixmap(16, 16).toImage() == light


def test_no_drawing_lies_about_unused() -> None:
    """A drawing is named by the code or by the style sheet."""
    root = icons.folder().parent.parent
    sources = [*(root / "desktop").rglob("*.py"), *(root / "resources/styles").glob("*.qss")]
    text = " ".join(path.read_text("utf-8") for path in sources)
    for file in icons.folder().glob("*.svg"):
        assert re.search(rf"\b{re.escape(file.stem)}\b", text), file.name
