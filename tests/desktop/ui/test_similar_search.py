"""The search that stands: what is asked, when, and which answers count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from desktop.ui.likeness import Likeness, Sample
from desktop.ui.similar_search import FIRST_K, SimilarSearch
from desktop.ui.word_query import WordQuery
from engine.errors import ErrorCode, LibraryError, LightdeskError, UsageError
from engine.schemas.library import Query
from engine.schemas.similar import MAX_K, Cuts, Example, Ranking, Region, SimilarQuery
from tests.desktop.ui.held_ports import HeldCall, HeldEngine

WHERE = Query(class_name="tench", sort="name", descending=True, model_ref="net@1")
REFUSED = UsageError(ErrorCode.INVALID_ARGUMENT, "Picture 5 has no vector yet.", way_out="Wait.")
BUSY = LibraryError(ErrorCode.LIBRARY_BUSY, "The library is busy.", way_out="Wait.")


def of(content_id: int) -> Sample:
    return Sample(f"{content_id}.jpg", content_id, example=Example(content_id))


def ranking(n: int, first: int = 1, **changes: Any) -> Ranking:
    made = Ranking(np.arange(first, first + n), np.linspace(1, 0.2, n), 90_000, Cuts(2, 5, 50), "", 12.0)
    return replace(made, **changes)


class Bench:
    """A search over an engine that waits, with all that it says."""

    def __init__(self, qtbot) -> None:
        from PySide6.QtWidgets import QWidget

        self.engine = HeldEngine()
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        self.search = SimilarSearch(self.engine, self.parent)
        self.came: list[tuple[list[int], bool]] = []
        self.failed: list[LightdeskError] = []
        self.said: list[str] = []
        for name in ("leaving", "moved", "changed"):
            getattr(self.search, name).connect(lambda name=name: self.said.append(name))
        self.refused: list[LightdeskError] = []
        self.search.refused.connect(self.refused.append)

    def ask(self, where: Query = WHERE) -> None:
        self.search.ask(where, lambda ids, whole: self.came.append((ids.tolist(), whole)), self.failed.append)

    def asked(self) -> SimilarQuery:
        assert self.call().name == "similar"
        return self.call().arguments[0]

    def call(self) -> HeldCall:
        (call,) = self.engine.waiting
        return call


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


def test_a_new_search_asks_for_the_first_screen_and_then_for_all(bench: Bench, qtbot) -> None:
    a, b = of(1), of(2)
    bench.search.go(Likeness((a,), (b,)))
    assert bench.said == ["leaving", "moved"]
    bench.ask()
    query = bench.asked()
    assert (query.plus, query.minus, query.k) == ((a.example,), (b.example,), FIRST_K)
    # A ranking has an order of its own; the filter is the filter bar's.
    assert query.where == Query(class_name="tench", model_ref="net@1")
    bench.engine.finish(ranking(FIRST_K))
    assert bench.came == [(list(range(1, 201)), False)] and not bench.search.stop.is_whole
    qtbot.waitUntil(lambda: len(bench.engine.waiting) == 1, timeout=5000)
    assert bench.asked().k == MAX_K and bench.search.stop.took_ms == 12.0
    bench.engine.finish(ranking(5000, took_ms=80.0))
    assert bench.came[1] == (list(range(1, 5001)), True) and bench.search.stop.is_whole
    assert bench.search.stop.took_ms == 12.0  # what was waited for


def test_a_short_ranking_is_whole_at_once(bench: Bench, qtbot) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.ask()
    bench.engine.finish(ranking(30))
    assert bench.came == [(list(range(1, 31)), True)]
    qtbot.wait(200)
    assert not bench.engine.waiting


def test_what_is_asked_again_comes_whole(bench: Bench) -> None:
    """Two hundred in place of ten thousand would be a jump."""
    bench.search.go(Likeness((of(1),)))
    bench.ask()
    bench.engine.finish(ranking(FIRST_K))
    bench.ask()
    assert bench.asked().k == MAX_K
    bench.engine.finish(ranking(300))
    bench.ask(replace(WHERE, sort="time", descending=False))  # another order is none of a ranking's
    assert bench.asked().k == MAX_K
    bench.ask(replace(WHERE, class_name=None))
    assert bench.engine.waiting[-1].arguments[0].k == FIRST_K


@pytest.mark.parametrize("after", ["another search", "another filter", "all pictures", "another library"])
def test_a_late_answer_is_dropped(bench: Bench, after: str) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.ask()
    late = bench.engine.waiting.pop()
    if after == "another search":
        bench.search.go(Likeness((of(2),)))
    elif after == "another filter":
        bench.ask(Query())
    elif after == "all pictures":
        bench.search.go(None)
    else:
        bench.search.forget()
    late.done(ranking(30))
    late.failed(BUSY)
    assert not bench.came and not bench.failed and not bench.refused
    assert bench.search.stop.ranking is None


def test_the_rest_is_not_asked_for_once_the_search_has_gone(bench: Bench, qtbot) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.ask()
    bench.engine.finish(ranking(FIRST_K))
    bench.search.go(None)
    qtbot.wait(200)
    assert not bench.engine.waiting


def test_back_and_forward_with_all_pictures_among_the_stops(bench: Bench) -> None:
    search = bench.search
    one, two = Likeness((of(1),)), Likeness((of(2),))
    search.go(one)
    search.go(two)
    search.go(None)
    assert search.likeness is None and search.can_back and not search.can_forward
    search.back()
    assert search.likeness == two
    search.back()
    search.back()
    assert search.likeness is None and not search.can_back
    search.back()
    search.forward()
    assert search.likeness == one
    search.go(Likeness())  # the last example was taken out
    assert search.likeness is None and not search.can_forward
    search.forget()
    assert not search.can_back and search.likeness is None


def test_what_was_shown_is_there_on_the_way_back_under_the_same_filter(bench: Bench) -> None:
    search = bench.search
    ids = np.arange(9)
    search.keep(ids, WHERE)
    search.go(Likeness((of(1),)))
    assert search.kept_ids(WHERE) is None
    bench.ask()
    bench.engine.finish(ranking(30))
    search.set_level("near_identical")
    search.go(None)
    assert search.kept_ids(WHERE) is ids  # as they were before the search
    search.back()
    assert search.kept_ids(WHERE) is not None and search.kept_ids(WHERE).tolist() == [1, 2]
    assert search.kept_ids(replace(WHERE, sort="time")).tolist() == [1, 2]
    assert search.kept_ids(replace(WHERE, text="x")) is None
    search.back()
    assert search.kept_ids(WHERE) is ids
    assert search.kept_ids(replace(WHERE, sort="time")) is None  # here the order counts
    search.forward()
    search.forget_kept()
    assert search.kept_ids(WHERE) is not None  # what is on the screen is read again by itself
    search.back()
    assert search.kept_ids(WHERE) is None


def test_one_list_of_all_pictures_is_kept_and_not_one_for_each_stop(bench: Bench) -> None:
    bench.search.keep(np.arange(9), WHERE)
    bench.search.go(Likeness((of(1),)))
    bench.search.go(None)
    assert len(bench.search.kept_ids(WHERE)) == 9
    bench.search.keep(np.arange(8), WHERE)
    bench.search.back()
    bench.search.back()
    assert bench.search.kept_ids(WHERE) is None


def test_levels_narrow_what_is_shown(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),)))
    assert len(bench.search.shown_ids()) == 0
    bench.ask()
    bench.engine.finish(ranking(100))
    shown = {}
    for level in ("near_identical", "same_thing", "same_kind", "everything"):
        bench.search.set_level(level)
        shown[level] = len(bench.search.shown_ids())
    assert shown == {"near_identical": 2, "same_thing": 5, "same_kind": 50, "everything": 100}


def test_a_search_that_the_engine_refuses_is_taken_back(bench: Bench) -> None:
    one = Likeness((of(1),))
    bench.search.go(one)
    bench.ask()
    bench.engine.finish(ranking(30))
    bench.search.go(Likeness((of(5),)))
    bench.ask()
    bench.said.clear()
    bench.engine.fail(REFUSED)
    assert bench.refused == [REFUSED] and bench.said == ["moved"] and not bench.failed
    assert bench.search.likeness == one and bench.search.kept_ids(WHERE) is not None


def test_an_answer_that_is_there_stays_where_it_cannot_be_brought_up_to_date(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.ask()
    bench.engine.finish(ranking(30))
    bench.ask()
    bench.engine.fail(BUSY)
    assert bench.failed == [BUSY] and not bench.refused
    assert bench.search.likeness is not None and len(bench.search.shown_ids()) == 30


# Examples from outside


def test_a_picture_from_outside_is_searched_with_once_the_model_has_seen_it(bench: Bench) -> None:
    outside = Sample("x.jpg", path="/x.jpg")
    bench.search.look_at(outside, "example", "/x.jpg")
    looking = bench.call()
    assert (looking.name, looking.arguments) == ("example", ("/x.jpg",))
    bench.search.go(Likeness((of(1), outside)))
    bench.ask()
    assert bench.engine.waiting == [looking]
    vector = np.ones(3, np.float32)
    looking.done(Example(vector=vector))
    assert bench.said[-1] == "changed" and outside.example.vector is vector
    bench.engine.waiting.clear()
    bench.ask()
    assert len(bench.asked().plus) == 2


def test_a_file_that_is_in_the_library_is_known_for_what_it_is(bench: Bench) -> None:
    outside, part = Sample("x.jpg", path="/x.jpg"), Sample("y", 8, Region(0, 0, 0.5, 0.5))
    bench.search.look_at(outside, "example", "/x.jpg")
    bench.search.look_at(part, "example_of_content", 8, part.region)
    bench.engine.finish(Example(4))
    bench.engine.finish(Example(vector=np.ones(3, np.float32)))
    assert outside.content_id == 4 and part.content_id == 8


def test_one_that_cannot_be_read_is_taken_out_of_all_stops(bench: Bench) -> None:
    bad = Sample("x.jpg", path="/x.jpg")
    bench.search.look_at(bad, "example", "/x.jpg")
    bench.search.go(Likeness((bad,)))
    both = Likeness((of(1), bad))
    bench.search.go(both)
    bench.said.clear()
    bench.engine.fail(REFUSED)
    assert bench.refused == [REFUSED] and bench.said == ["moved"]
    assert bench.search.likeness == both.without(bad)
    bench.search.back()
    assert bench.search.likeness is None and not bench.search.can_back


def test_a_look_of_another_library_or_model_means_nothing(bench: Bench) -> None:
    """The vectors of two models have nothing in common, not even their length."""
    outside = Sample("x.jpg", path="/x.jpg")
    bench.search.look_at(outside, "example", "/x.jpg")
    bench.search.look_at(outside, "example", "/x.jpg")
    bench.search.forget()
    bench.engine.finish(Example(4))
    bench.engine.fail(REFUSED)
    assert outside.example is None and not bench.refused


def test_the_index_opens_before_somebody_searches(bench: Bench, qtbot) -> None:
    bench.search.open("net@1")
    qtbot.waitUntil(lambda: bool(bench.engine.waiting), timeout=5000)
    assert (bench.call().name, bench.call().arguments) == ("index_state", ("net@1",))
    bench.engine.fail(BUSY)  # nobody asked for it: nothing is said
    assert not bench.failed and not bench.refused


def test_who_closes_a_search_is_put_back_where_it_began(bench: Bench) -> None:
    def leave() -> None:
        bench.search.stop.current_id, bench.search.stop.scroll_px = places.pop(0)

    places = [(41, 900), (7, 30), (8, 60)]
    bench.search.leaving.connect(leave)
    bench.search.go(Likeness((of(1),)))
    bench.search.go(Likeness((of(2),)))
    bench.search.go(None)
    assert (bench.search.stop.current_id, bench.search.stop.scroll_px) == (41, 900)


def test_of_a_group_no_more_are_asked_for_than_it_has(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),), most=30))
    bench.ask()
    assert bench.asked().k == 30
    bench.engine.finish(ranking(30))
    assert bench.search.stop.is_whole and bench.came == [(list(range(1, 31)), True)]
    bench.ask(replace(WHERE, class_name=None))
    assert bench.asked().k == 30


def test_words_are_searched_with_in_their_space(bench: Bench) -> None:
    path = Sample("x.jpg", path="/x.jpg")
    bench.search.go(Likeness((path,)).with_words(WordQuery(("boat",), ("rain",))))
    bench.search.look_at(path, "example", "/x.jpg")
    bench.search.look_at(path, "example", "/x.jpg", words_ref="clip@1")
    assert [call.keywords for call in bench.engine.waiting] == [{}, {"model_ref": "clip@1"}]
    own, beside = Example(vector=np.ones(4, np.float32)), Example(vector=np.ones(2, np.float32))
    bench.engine.finish(own)
    bench.ask()
    assert len(bench.engine.waiting) == 1  # the model for words has not looked at it yet
    bench.engine.finish(beside)
    assert bench.said[-1] == "changed"
    bench.ask()
    query = bench.asked()
    assert [e.text for e in query.plus] == ["boat", ""] and query.plus[1] is beside and query.minus[0].text == "rain"
    # Without words it is the model's own space again.
    bench.search.go(bench.search.likeness.with_words(WordQuery()))
    bench.engine.waiting.clear()
    bench.ask()
    assert bench.asked().plus == (own,)


def test_what_is_picked_stays_picked_while_it_is_labelled(bench: Bench) -> None:
    bench.search.go(Likeness(n_apart=5))
    assert not bench.search.has_picked(WHERE)
    bench.ask()
    (call,) = bench.engine.waiting
    assert (call.name, call.arguments) == ("most_different", (Query(class_name="tench", model_ref="net@1"), 5))
    bench.engine.finish(ranking(5))
    assert bench.came == [([1, 2, 3, 4, 5], True)] and bench.search.stop.is_whole
    assert bench.search.has_picked(WHERE) and not bench.search.has_picked(replace(WHERE, text="other"))
    # Also after the person has been elsewhere, and what was hidden is no longer among them.
    bench.search.go(None)
    bench.search.forget_kept()
    bench.search.back()
    assert bench.search.has_picked(WHERE)
    assert bench.search.picked(np.array([1, 2, 4, 5, 99])).tolist() == [1, 2, 4, 5]
    assert bench.search.picked(np.array([1, 2, 3, 4, 5])).tolist() == [1, 2, 4, 5]
    assert len(bench.search.stop.ranking.scores) == 4


def test_another_model_for_words_has_found_nothing_yet(bench: Bench) -> None:
    outside = Sample("x.jpg", path="/x.jpg", example=Example(vector=np.ones(2, np.float32)))
    outside.in_words = Example(vector=np.ones(3, np.float32))
    bench.search.go(Likeness((outside,)))
    with_words = Likeness((outside,)).with_words(WordQuery(("boat",)))
    bench.search.go(with_words)
    bench.ask()
    late = bench.engine.waiting[-1]
    bench.said.clear()
    bench.search.drop_words()
    assert bench.search.likeness == Likeness((outside,)) and bench.said == ["moved"] and outside.in_words is None
    late.done(ranking(3))
    assert bench.came == [] and not bench.search.can_forward
    bench.search.drop_words()
    assert bench.said == ["moved"]  # nothing that is shown has gone
