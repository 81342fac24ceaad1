"""The tooltip of a tile: words at once, the reason when it has been read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QToolTip, QWidget

from desktop.ui.tile_tip import TileTip
from tests.desktop.ui.held_ports import HeldReads
from tests.desktop.ui.insight_reads import insight_reads
from tests.desktop.ui.on_screen import shown

WORDS = ["IMG_1.jpg", "Labelled eel"]


class Opened:
    def __init__(self, qtbot) -> None:
        self.read: HeldReads = insight_reads(held=True)
        self.box = shown(qtbot, QWidget(), 300, 300)
        self.tip = TileTip(self.read, self.box)

    def show(self, content_id: int) -> None:
        self.tip.show(self.box.mapToGlobal(QPoint(20, 20)), content_id, WORDS, QRect(0, 0, 300, 300))


@pytest.fixture
def opened(qtbot) -> Iterator[Opened]:
    yield Opened(qtbot)
    QToolTip.hideText()


def test_words_at_once_and_the_reason_when_it_is_there(opened: Opened, qtbot) -> None:
    opened.show(2)
    assert QToolTip.text() == "\n".join(WORDS)
    opened.read.answer("tip")
    assert QToolTip.text().startswith("\n".join(WORDS)) and "9 of its 10 nearest" in QToolTip.text()
    # The second time it is known, and there from the start.
    opened.tip.hide()
    opened.show(2)
    assert "9 of its 10 nearest" in QToolTip.text() and not opened.read.waiting


def test_nothing_is_added_where_there_is_nothing_to_say(opened: Opened) -> None:
    opened.show(3)
    opened.read.answer("tip")
    assert QToolTip.text() == "\n".join(WORDS)


def test_a_reason_that_comes_late_opens_nothing(opened: Opened, qtbot) -> None:
    opened.show(1)
    deliver = opened.read.read("tip")
    opened.tip.hide()
    qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=5000)
    deliver()
    assert not QToolTip.isVisible()


def test_where_the_tooltip_has_gone_by_itself_nothing_comes_back(opened: Opened, qtbot) -> None:
    opened.show(1)
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=5000)
    opened.read.answer("tip")
    assert not QToolTip.isVisible()


def test_a_reason_for_the_tile_before_is_not_said_of_this_one(opened: Opened) -> None:
    opened.show(1)
    deliver = opened.read.read("tip")
    opened.show(3)
    deliver()
    assert "Unlike" not in QToolTip.text()
