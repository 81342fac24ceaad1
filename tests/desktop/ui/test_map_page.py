"""The page of the map: what it asks the engine for, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.ui.map_page import MapPage
from engine.errors import ErrorCode, LibraryError
from engine.schemas.map import ColouredMap, ColourKind, MapColours, MapGroup, MapPoints, MapState
from tests.desktop.ui.held_ports import HeldEngine, HeldReads, HeldThumbnails
from tests.desktop.ui.on_screen import shown

REF = "fake@1"
READY = MapState(REF, "ready", "a", 20)
IDS = np.arange(1, 21)


class Ground:
    """A page over a held engine."""

    def __init__(self, qtbot) -> None:
        self.qtbot = qtbot
        self.reads, self.thumbnails, self.engine = HeldReads(), HeldThumbnails(instant=False), HeldEngine()
        self.page = MapPage(self.reads, self.thumbnails, self.engine)
        self.said: list[str] = []
        self.page.said.connect(self.said.append)

    def asked(self, name: str) -> list[tuple]:
        return [call.arguments for call in self.engine.waiting if call.name == name]

    def opened(self, state: MapState = READY, ids: np.ndarray = IDS) -> None:
        """Let it be seen, with an open library."""
        self.page.open(REF)
        self.page.show_ids(ids)
        shown(self.qtbot, self.page, 700, 500)
        self.engine.answer("open_map", state)

    def answer(self, layout: str = "a", placed: int = 20) -> None:
        """Answer what is asked about points: those up to `placed` have a place."""
        for ids, kind, _ref in self.asked("map_of"):
            there = ids[ids <= placed]
            answer = ColouredMap(points(there, layout), colours(len(there), kind), len(ids))
            if not len(there):
                self.engine.answer("map_of", answer)
                return
            with self.qtbot.waitSignal(self.page.canvas.sceneChanged, timeout=20_000):
                self.engine.answer("map_of", answer)
            return
        raise AssertionError("no points were asked for")

    def on_map(self) -> list[int]:
        return sorted(self.page.canvas.scene().points.content_ids.tolist())


def points(ids: np.ndarray, layout: str = "a") -> MapPoints:
    return MapPoints(ids, np.stack([ids % 5, ids // 5], axis=1).astype(np.float32), layout)


def colours(n: int, kind: ColourKind = "class") -> MapColours:
    return MapColours(kind, np.zeros(n, np.uint16), (MapGroup("tench", n),) if n else ())


@pytest.fixture
def ground(qtbot, qapp) -> Iterator[Ground]:
    made = Ground(qtbot)
    yield made
    made.reads.close()
    made.page.deleteLater()


def test_nothing_is_asked_for_until_it_is_seen(ground: Ground) -> None:
    ground.page.open(REF)
    ground.page.show_ids(IDS)
    ground.page.labels_changed((1,))
    ground.page.library_changed()
    ground.page.follow(READY)
    assert ground.engine.calls == []
    shown(ground.qtbot, ground.page)
    assert ground.engine.calls == [("open_map", REF)]


def test_what_is_listed_is_shown(ground: Ground) -> None:
    ground.opened()
    ((ids, kind, ref),) = ground.asked("map_of")
    assert ids.tolist() == IDS.tolist() and (kind, ref) == ("class", REF)
    ground.answer()
    assert ground.on_map() == IDS.tolist() and not ground.page.state.isVisible() and not ground.page.missing.isVisible()


def test_another_filter_is_asked_for_at_once_and_late_answers_are_dropped(ground: Ground) -> None:
    ground.opened()
    late = ground.engine.waiting.pop()
    ground.page.show_ids(np.array([3, 1]))
    ground.answer()
    late.done(ColouredMap(points(IDS), colours(20), 20))
    ground.qtbot.wait(20)
    assert ground.on_map() == [1, 3]
    n_calls = len(ground.engine.calls)
    ground.page.show_ids(np.array([3, 1]))
    assert len(ground.engine.calls) == n_calls
    ground.page.show_ids(np.array([1, 3]))  # the other way round: the order of the list, and maybe a ranking
    ground.answer()
    assert ground.page.canvas.scene().points.content_ids.tolist() == [1, 3]


def test_a_list_that_grows_does_not_ask_all_the_time(ground: Ground) -> None:
    ground.opened()
    ground.answer()
    for last in range(22, 60):
        ground.page.show_ids(np.arange(1, last))
    assert len(ground.asked("map_of")) == 0
    ground.qtbot.waitUntil(lambda: len(ground.asked("map_of")) == 1, timeout=20_000)
    ground.answer(placed=30)
    assert ground.on_map() == list(range(1, 31))
    assert ground.page.missing.isVisible() and ground.page.missing.text().startswith("28 ")


def test_progress_a_draft_and_the_map_itself(ground: Ground) -> None:
    page = ground.page
    ground.opened(MapState(REF, "making", "", 0, 0.03))
    assert page.state.isVisible() and page.state.bar.value() == 30
    assert "Making" in page.state.title.text() and not ground.asked("map_of")
    page.follow(MapState(REF, "making", "draft", 20, 0.2))
    ground.answer("draft")
    assert ground.on_map() == IDS.tolist() and page.state.isVisible() and "look around" in page.state.text.text()
    page.follow(MapState(REF, "making", "draft", 20, 0.5))
    assert page.state.bar.value() == 500 and not ground.asked("map_of")
    page.follow(READY)
    ground.answer("a")
    assert not page.state.isVisible() and page.canvas.scene().points.layout == "a"


def test_cancel_and_make_reach_the_engine(ground: Ground) -> None:
    page = ground.page
    ground.opened(MapState(REF, "making", "draft", 20, 0.2))
    ground.answer("draft")
    QTest.keyClick(page.state.button, Qt.Key.Key_Space)
    assert ground.engine.calls[-1] == ("cancel_map", REF)
    page.follow(MapState(REF, "cancelled", "draft", 20))
    QTest.keyClick(page.state.button, Qt.Key.Key_Space)
    assert ground.engine.calls[-1] == ("make_map", REF)
    page.follow(MapState(REF, "cancelled", "draft", 20, 0.1))
    QTest.keyClick(page.state.later, Qt.Key.Key_Space)
    assert not page.state.isVisible()


def test_few_failed_and_nothing_that_passes(ground: Ground) -> None:
    page = ground.page
    ground.opened(MapState(REF, "few"))
    assert "three pictures" in page.state.text.text()
    page.follow(MapState(REF, "failed", code="OUT_OF_MEMORY", note="There is not enough memory. Close programs."))
    assert "not enough memory" in page.state.text.text()
    page.follow(READY)
    ground.answer(placed=0)
    assert "Nothing" in page.state.title.text() and not page.legend.isVisible()
    page.show_ids(np.array([1]))
    ground.answer()
    assert not page.state.isVisible()


def test_the_engine_that_cannot_open_it_is_asked_again_on_demand(ground: Ground) -> None:
    page = ground.page
    page.open(REF)
    shown(ground.qtbot, page)
    ground.engine.answer("open_map", LibraryError(ErrorCode.LIBRARY_BUSY, "It is busy."))
    assert page.state.text.text() == "It is busy."
    QTest.keyClick(page.state.button, Qt.Key.Key_Space)
    assert ground.asked("open_map") == [(REF,)]


def test_an_outgrown_map_is_offered_once_and_not_again_when_declined(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    ground.answer()
    outgrown = replace(READY, is_outgrown=True, n=21)
    page.follow(outgrown)
    assert "anew" in page.state.title.text()
    QTest.keyClick(page.state.later, Qt.Key.Key_Space)
    page.follow(replace(outgrown, n=22))
    assert not page.state.isVisible()
    page.follow(replace(outgrown, layout="b"))
    assert page.state.isVisible()


def test_labels_recolour_at_once_where_the_colour_tells_of_them(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    ground.answer()
    page.labels_changed((3,))
    ((ids, kind, ref),) = ground.asked("map_colours")
    assert ids.tolist() == IDS.tolist() and (kind, ref) == ("class", REF)
    new = MapColours("class", (IDS == 3).astype(np.uint16), (MapGroup("tench", 19), MapGroup("banjo", 1)))
    before = page.canvas.scene().index
    with ground.qtbot.waitSignal(page.canvas.sceneChanged, timeout=20_000):
        ground.engine.answer("map_colours", new)
    assert page.canvas.scene().colours is new and page.canvas.scene().index is before
    page.colouring.setCurrentIndex(1)
    ground.engine.answer("map_colours", colours(20, "confidence"))
    ground.qtbot.waitUntil(lambda: page.canvas.scene().colours.kind == "confidence", timeout=20_000)
    page.labels_changed((3,))
    ground.qtbot.wait(300)
    assert not ground.asked("map_colours")


def test_another_colouring_while_points_are_on_their_way(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    page.colouring.setCurrentIndex(3)
    assert ground.asked("map_of")[-1][1] == "source"
    ground.engine.waiting[0].done(ColouredMap(points(IDS), colours(20, "class"), 20))
    ground.engine.waiting.pop(0)
    ground.answer()
    assert page.canvas.scene().colours.kind == "source" and page.colour_kind() == "source"


def test_colours_of_points_that_are_gone_are_dropped(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    ground.answer()
    page.labels_changed((3,))
    page.show_ids(np.array([1, 2]))
    ground.answer()
    ground.engine.answer("map_colours", colours(20))
    ground.qtbot.wait(20)
    assert ground.on_map() == [1, 2]


def test_what_moved_while_it_was_hidden_is_asked_for_when_it_is_seen(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    ground.answer()
    page.hide()
    n_calls = len(ground.engine.calls)
    page.show_ids(np.array([5]))
    page.follow(replace(READY, n=25))
    page.labels_changed((5,))
    assert len(ground.engine.calls) == n_calls
    page.show()
    assert len(ground.asked("map_of")) == 1
    ground.answer()
    assert ground.on_map() == [5]


def test_new_places_are_asked_for(ground: Ground) -> None:
    ground.opened(ids=np.arange(1, 31))
    ground.answer(placed=20)
    ground.page.follow(replace(READY, n=30))
    ground.qtbot.waitUntil(lambda: len(ground.asked("map_of")) == 1, timeout=20_000)
    ground.answer(placed=30)
    assert len(ground.on_map()) == 30


def test_nothing_of_a_library_survives(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    ground.answer()
    page.labels_changed((1,))
    page.show_ids(np.arange(1, 4))
    before = list(ground.engine.waiting)
    page.forget()
    assert page.canvas.count() == 0 and not page.state.isVisible() and not page.missing.isVisible()
    page.open("other@2")
    for call in before:
        call.done(ColouredMap(points(IDS), colours(20), 20) if call.name == "map_of" else colours(20))
    page.follow(READY)
    ground.qtbot.wait(20)
    assert page.canvas.count() == 0
    assert ground.engine.calls[-1] == ("open_map", "other@2")


def test_an_event_that_is_quicker_than_the_answer_counts(ground: Ground) -> None:
    page = ground.page
    page.open(REF)
    page.show_ids(IDS)
    shown(ground.qtbot, page, 700, 500)
    page.follow(MapState(REF, "making", "draft", 20, 0.4))
    ground.engine.answer("open_map", MapState(REF, "absent"))
    assert page.state.bar.value() == 400


def test_a_library_that_cannot_be_read_is_said_once_and_asked_again(ground: Ground) -> None:
    ground.opened()
    for _ in range(2):
        ground.qtbot.waitUntil(lambda: len(ground.asked("map_of")) == 1, timeout=20_000)
        ground.engine.answer("map_of", LibraryError(ErrorCode.LIBRARY_BUSY, "It is busy."))
    assert ground.said == ["It is busy."]
    ground.qtbot.waitUntil(lambda: len(ground.asked("map_of")) == 1, timeout=20_000)
    ground.answer()
    assert ground.on_map() == IDS.tolist()


def test_what_went_wrong_while_there_is_a_map_is_said_beside_it(ground: Ground) -> None:
    ground.opened()
    ground.answer()
    for _ in range(2):
        ground.page.follow(replace(READY, code="INTERNAL", note="It could not be made anew."))
    assert ground.said == ["It could not be made anew."] and not ground.page.state.isVisible()


def test_a_map_that_is_no_more_is_not_shown_any_longer(ground: Ground) -> None:
    page = ground.page
    ground.opened()
    ground.answer()
    page.follow(MapState(REF, "making", "", 0, 0.1))
    assert page.canvas.count() == 0 and "Making" in page.state.title.text()
    page.follow(replace(READY, layout="b"))
    ground.answer("b")
    assert ground.on_map() == IDS.tolist()
