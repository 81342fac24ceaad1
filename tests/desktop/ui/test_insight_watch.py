"""When pictures are compared with each other, and what follows from how far that is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject

from desktop.ui.insight_watch import InsightWatch
from engine.schemas.insight import AnalysisState
from engine.schemas.library import Query
from tests.desktop.ui.held_ports import HeldEngine
from tests.desktop.ui.insight_reads import InsightView, insight_reads
from tests.desktop.ui.records import error

REF = "net@1"
OUTLIERS = Query(sort="outlier", model_ref=REF)


class Watched:
    def __init__(self) -> None:
        self.read, self.engine, self.parent = insight_reads(held=True), HeldEngine(), QObject()
        self.view: InsightView = self.read.view  # type: ignore[assignment]
        self.view.ids = lambda _query: [5, 1, 2]  # type: ignore[attr-defined]
        self.read_again: list[int] = []
        self.watch = InsightWatch(self.read, self.engine, self.read_again.append, self.parent)
        self.abouts: list[str] = []
        self.states: list[AnalysisState] = []
        self.moves: list[bool] = []
        self.watch.aboutChanged.connect(self.abouts.append)
        self.watch.stateChanged.connect(self.states.append)
        self.watch.moved.connect(lambda: self.moves.append(True))
        self.watch.open(REF, can_write=True)

    def settle(self) -> None:
        self.watch._settle.stop()
        self.watch._settle.timeout.emit()
        self.read.answer_all()


@pytest.fixture
def watched(qtbot) -> Watched:
    return Watched()


def test_begun_by_an_order_or_a_filter_and_once(watched: Watched) -> None:
    watched.watch.follow(Query(model_ref=REF))
    watched.watch.follow(Query(sort="name", model_ref=REF))
    assert watched.engine.calls == [] and watched.abouts == []
    watched.watch.follow(OUTLIERS)
    assert watched.engine.calls == [("analyse", REF)]
    watched.engine.finish(AnalysisState(REF, "building", 3, 90))
    assert watched.states[-1].n == 3
    watched.watch.follow(Query(only="mistakes", model_ref=REF))
    watched.watch.follow(Query(model_ref=REF))
    assert len(watched.engine.calls) == 1 and watched.abouts == ["outlier", "mistake", ""]


def test_what_is_shown_follows_calmly_and_at_the_end_at_once(watched: Watched) -> None:
    watched.watch.show_state(AnalysisState(REF, "building", 64, 900))
    assert watched.read_again == [] and watched.moves == [True]  # nobody looks for outliers
    watched.watch.follow(OUTLIERS)
    watched.watch.show_state(AnalysisState(REF, "building", 128, 900))
    watched.watch.show_state(AnalysisState(REF, "ready", 900, 900))
    assert watched.read_again[0] >= 1000 and watched.read_again[1] == 0
    watched.watch.show_state(AnalysisState("other@2", "ready", 5, 5))
    assert len(watched.read_again) == 2 and len(watched.states) == 3


def test_a_label_put_right_is_no_mistake_any_more(watched: Watched) -> None:
    watched.watch.follow(OUTLIERS)
    watched.watch.labels_moved()
    assert watched.read_again == [] and watched.moves == [True]
    watched.watch.follow(Query(only="mistakes", model_ref=REF))
    watched.watch.labels_moved()
    assert watched.read_again == [0]


def test_it_goes_on_after_a_restart_where_it_was_begun_before(watched: Watched) -> None:
    watched.settle()
    assert watched.engine.calls == [("analyse", REF)]


def test_nothing_is_begun_that_nobody_has_wished_for(watched: Watched) -> None:
    watched.view.insights.clear()
    watched.settle()
    assert watched.engine.calls == []


def test_not_where_it_could_not_be_kept(watched: Watched) -> None:
    watched.watch.open(REF, can_write=False)
    watched.settle()
    watched.watch.follow(OUTLIERS)
    assert watched.engine.calls == [] and watched.abouts == ["outlier"]


def test_trouble_is_said_and_the_next_wish_tries_again(watched: Watched) -> None:
    watched.watch.follow(OUTLIERS)
    watched.engine.fail(error())
    assert watched.states[-1].phase == "absent" and "The drive is gone" in watched.states[-1].note
    watched.watch.follow(Query(only="outliers", model_ref=REF))
    assert len(watched.engine.calls) == 2


def test_another_library_begins_anew(watched: Watched) -> None:
    watched.watch.follow(OUTLIERS)
    watched.watch.forget()
    watched.watch.show_state(AnalysisState(REF, "ready", 9, 9))
    assert watched.states == []
    watched.watch.open(REF, can_write=True)
    watched.watch.follow(OUTLIERS)
    assert len(watched.engine.calls) == 2
