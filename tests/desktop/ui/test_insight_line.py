"""The line that says why a picture stands out."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop.ui.insight_line import InsightLine
from tests.desktop.ui.insight_reads import OUTLIER, insight_reads
from tests.desktop.ui.on_screen import shown


class Opened:
    def __init__(self, qtbot) -> None:
        self.read = insight_reads(held=True)
        self.line = InsightLine(self.read)
        self.box = QWidget()
        self.field = QLineEdit()
        column = QVBoxLayout(self.box)
        column.addWidget(self.field)
        column.addWidget(self.line)
        column.addStretch(1)
        shown(qtbot, self.box, 240, 300)
        self.line.set_model_ref("net@1")

    def show(self, content_id: int | None) -> None:
        self.line.show_content(content_id)
        self.read.answer_all()


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot)


def test_said_of_what_stands_out_and_of_nothing_else(opened: Opened) -> None:
    assert not opened.line.isVisible()
    opened.show(1)
    assert opened.line.isVisible() and opened.line.text().startswith("Unlike all others")
    assert opened.line.accessibleName() == opened.line.text()
    opened.show(3)
    assert not opened.line.isVisible()
    opened.show(2)
    assert opened.line.isVisible() and "9 of its 10 nearest" in opened.line.text()
    opened.show(None)
    assert not opened.line.isVisible()


def test_an_answer_about_another_picture_is_not_shown(opened: Opened) -> None:
    opened.line.show_content(1)
    deliver = opened.read.read("reason")
    opened.line.show_content(3)
    deliver()
    assert not opened.line.isVisible()


def test_what_is_looked_for_changes_what_is_said(opened: Opened) -> None:
    opened.show(3)
    opened.line.look_for("unique")
    assert opened.line.isVisible() and opened.line.text().startswith("Its nearest is 0.91 alike")
    opened.line.look_for("")
    assert not opened.line.isVisible()


def test_it_stays_until_it_is_known_better(opened: Opened) -> None:
    opened.show(2)
    opened.read.view.insights[2] = OUTLIER
    opened.line.moved()
    assert "tench" in opened.line.text()
    opened.read.answer_all()
    assert opened.line.text().startswith("Unlike all others")


def test_all_of_it_is_seen_in_a_narrow_inspector(opened: Opened, qtbot) -> None:
    opened.show(2)
    one_line = opened.line.fontMetrics().height() + 8
    qtbot.waitUntil(lambda: opened.line.height() >= 2 * opened.line.fontMetrics().height(), timeout=5000)
    high = opened.line.height()
    assert high == opened.line.heightForWidth(opened.line.width())
    opened.box.resize(900, 300)
    qtbot.waitUntil(lambda: opened.line.height() <= one_line + 2, timeout=5000)
    assert high > opened.line.height()


def test_by_key_and_by_mouse(opened: Opened, qtbot) -> None:
    opened.show(1)
    clicks: list[bool] = []
    opened.line.clicked.connect(lambda: clicks.append(True))
    opened.field.setFocus()
    qtbot.keyClick(opened.field, Qt.Key.Key_Tab)
    assert opened.line.hasFocus()
    qtbot.keyClick(opened.line, Qt.Key.Key_Space)
    qtbot.mouseClick(opened.line, Qt.MouseButton.LeftButton)
    assert len(clicks) == 2
