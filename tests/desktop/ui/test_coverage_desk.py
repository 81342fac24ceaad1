"""When what labels cover is asked for, and which answers count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop.ui.coverage_desk import CoverageDesk
from desktop.ui.coverage_view import CoverageView
from engine.schemas.insight import Coverage
from engine.schemas.library import Query
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import error
from tests.desktop.ui.test_coverage_view import FOUND


class Opened:
    def __init__(self, qtbot) -> None:
        self.read, self.engine, self.thumbnails = HeldReads(held=True), HeldEngine(), HeldThumbnails()
        self.query = Query(class_name="eel", sort="name", descending=True, model_ref="net@1")
        self.view = CoverageView(self.thumbnails)
        self.desk = CoverageDesk(self.view, self.read, self.engine, lambda: self.query, self.view)
        shown(qtbot, self.view, 900, 500)

    def asked(self) -> list[Query]:
        return [call[1] for call in self.engine.calls if call[0] == "coverage"]


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot)


def test_asked_for_when_it_is_opened_and_not_again_while_nothing_moves(opened: Opened) -> None:
    opened.desk.open()
    assert opened.asked() == [Query(class_name="eel", model_ref="net@1")] and opened.view.meter.isVisible()
    opened.desk.open()
    opened.engine.finish(FOUND)
    assert tuple(opened.view.classes.rows) == FOUND.classes
    opened.query = replace(opened.query, sort="time")  # an order is no filter
    opened.desk.open()
    assert len(opened.asked()) == 1
    opened.read.answer("coverage")
    assert [key[0] for key in opened.thumbnails.wishes] == [11, 12]


def test_labels_that_move_mark_it_and_do_not_change_it(opened: Opened) -> None:
    opened.desk.contents_moved()  # nothing is shown yet
    opened.desk.open()
    opened.engine.finish(FOUND)
    opened.desk.contents_moved()
    assert "have changed since" in opened.view.state.text() and len(opened.asked()) == 1
    opened.view.againRequested.emit()
    assert len(opened.asked()) == 2 and opened.view.classes.isVisible()
    # What moved while it was being looked at may or may not be in the answer.
    opened.desk.contents_moved()
    opened.engine.finish(FOUND)
    assert "have changed since" in opened.view.state.text()
    # Opened anew it is looked at anew: nobody has the hands on it.
    opened.desk.open()
    assert len(opened.asked()) == 3


def test_another_filter_is_another_question(opened: Opened, qtbot) -> None:
    opened.desk.open()
    opened.query = replace(opened.query, class_name=None)
    opened.desk.filter_moved()
    opened.query = replace(opened.query, text="a")
    opened.desk.filter_moved()
    qtbot.waitUntil(lambda: len(opened.asked()) == 2, timeout=5000)
    assert opened.asked()[1].text == "a" and opened.view.message.isVisible()
    opened.engine.finish(FOUND)  # of the filter before
    assert len(opened.view.classes.rows) == 0
    opened.engine.finish(Coverage(FOUND.classes[:1], ()))
    assert tuple(opened.view.classes.rows) == FOUND.classes[:1]


def test_while_it_is_not_seen_nothing_is_asked(opened: Opened, qtbot) -> None:
    opened.desk.open()
    opened.engine.finish(FOUND)
    opened.view.hide()
    opened.query = replace(opened.query, text="b")
    opened.desk.filter_moved()
    assert not opened.desk._soon.isActive() and len(opened.asked()) == 1
    opened.view.show()
    opened.desk.open()
    assert opened.asked()[-1].text == "b"


def test_trouble_and_then_again(opened: Opened) -> None:
    opened.desk.open()
    opened.engine.fail(error())
    assert "The drive is gone" in opened.view.message.text()
    opened.desk.open()
    assert len(opened.asked()) == 2 and opened.view.message.isVisible()


def test_another_library_is_another_answer(opened: Opened) -> None:
    opened.desk.open()
    opened.desk.forget()
    opened.engine.finish(FOUND)
    assert len(opened.view.classes.rows) == 0
    opened.desk.open()
    opened.engine.finish(FOUND)
    deliver = opened.read.read("coverage")
    opened.desk.forget()
    deliver()
    assert opened.thumbnails.wishes == [] and len(opened.view.classes.rows) == 0
