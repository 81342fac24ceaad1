"""Small print."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QToolButton

from desktop.ui import theme
from desktop.ui.facts import ElidedLabel, Fact, FactTable
from tests.desktop.ui.on_screen import shown


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("role", ["faint", ""])
def test_text_is_painted_in_a_colour_that_can_be_read(qtbot, name: str, role: str) -> None:
    """The palette's placeholder colour is half transparent under a style sheet: it was, and nobody could read it."""
    text = ElidedLabel()
    text.setProperty("role", role)
    shown(qtbot, text, 200, 24)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, name)  # type: ignore[arg-type]
    text.show_text("\N{FULL BLOCK}" * 8)
    image = text.grab().toImage()
    middle = image.pixelColor(20, image.height() // 2)
    wanted = theme.color(role or "text")
    theme.apply(app, "light")
    assert abs(middle.lightness() - QColor(wanted).lightness()) < 6


def test_a_long_text_gives_way_and_stands_in_the_tooltip(qtbot) -> None:
    text = ElidedLabel(Qt.TextElideMode.ElideMiddle)
    shown(qtbot, text, 120, 24)
    text.show_text("/photos/2026/a folder/IMG_0001.jpg")
    assert "\N{HORIZONTAL ELLIPSIS}" in text.shown_text() and text.shown_text().endswith(".jpg")
    assert text.toolTip() == text.accessibleName() == "/photos/2026/a folder/IMG_0001.jpg"
    text.show_text("<img src='x'>.jpg")
    assert "&lt;img" in text.toolTip() and text.textFormat() == Qt.TextFormat.PlainText


def test_rows_come_and_go_and_buttons_act(qtbot) -> None:
    table = FactTable("Facts")
    shown(qtbot, table, 300, 200)
    done: list[str] = []
    table.show_facts(
        [
            Fact("Name", "value"),
            Fact("", "/a/b.jpg", icon="folder", action=lambda: done.append("b"), action_name="Show it"),
            Fact("", "/a/c.jpg", icon="folder", action=lambda: done.append("c"), action_name="Show it"),
        ]
    )
    buttons = [button for button in table.findChildren(QToolButton) if button.isVisible()]
    assert [button.accessibleName() for button in buttons] == ["Show it", "Show it"]
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in buttons)
    qtbot.keyClick(buttons[1], Qt.Key.Key_Space)
    buttons[0].click()
    assert done == ["c", "b"]
    assert table.accessibleDescription() == "Name: value; /a/b.jpg; /a/c.jpg"
    table.show_facts([Fact("", "only")])
    assert not any(button.isVisible() for button in buttons)
    buttons[1].click()
    assert done == ["c", "b"]
