"""Why pictures stand out, read once and forgotten when something moves."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject

from desktop.ui.reasons import Reasons
from tests.desktop.ui.held_ports import HeldReads
from tests.desktop.ui.insight_reads import MISTAKE, insight_reads


class Asked:
    def __init__(self) -> None:
        self.read: HeldReads = insight_reads(held=True)
        self.parent = QObject()
        self.reasons = Reasons(self.read, "reason", self.parent)
        self.reasons.set_model_ref("net@1")
        self.told: list[tuple[int, str]] = []

    def ask(self, content_id: int) -> None:
        self.reasons.tell(content_id, lambda *told: self.told.append(told))


@pytest.fixture
def asked(qtbot) -> Asked:
    return Asked()


def test_read_once(asked: Asked) -> None:
    asked.ask(1)
    assert asked.told == []
    asked.read.answer("reason")
    assert asked.told[0][0] == 1 and asked.told[0][1].startswith("Unlike all others")
    assert asked.read.view.insights_asked == [(1, "net@1")]
    asked.ask(1)
    assert len(asked.told) == 2 and asked.told[0] == asked.told[1] and not asked.read.waiting
    asked.ask(9)  # nothing is known of it: that too is read once
    asked.read.answer("reason")
    asked.ask(9)
    assert asked.told[2:] == [(9, ""), (9, "")]


def test_what_it_is_about_changes_the_line_and_needs_no_reading(asked: Asked) -> None:
    asked.ask(3)
    asked.read.answer("reason")
    asked.reasons.about = "unique"
    asked.ask(3)
    assert [line.startswith("Its nearest") for _, line in asked.told] == [False, True]


def test_what_was_read_before_something_moved_does_not_count(asked: Asked) -> None:
    asked.ask(1)
    deliver = asked.read.read("reason")
    asked.reasons.forget()
    deliver()
    assert asked.told == []
    asked.read.view.insights[1] = MISTAKE
    asked.ask(1)
    asked.read.answer("reason")
    assert "tench" in asked.told[0][1]
    asked.reasons.set_model_ref("other@2")
    asked.ask(1)
    asked.read.answer("reason")
    assert asked.read.view.insights_asked[-1] == (1, "other@2")


def test_memory_is_bounded(asked: Asked) -> None:
    for content_id in range(10, 1300):
        asked.ask(content_id)
        asked.read.answer("reason")
    assert len(asked.reasons._known) <= 500
