"""The bar of a search: what it says at each moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.ui.likeness import LEVELS, Likeness, Sample
from desktop.ui.similar_bar import SimilarBar
from desktop.ui.similar_search import FIRST_K, SimilarSearch
from desktop.ui.word_query import WordQuery
from engine.schemas.library import Query
from engine.schemas.similar import Cuts, Example, Ranking
from tests.desktop.ui.held_ports import HeldEngine
from tests.desktop.ui.on_screen import color_of, picture

RANKING = Ranking(np.arange(300), np.linspace(1, 0.1, 300), 1_000_000, Cuts(1, 12, 90), "", 13.6)


def of(content_id: int, **changes: object) -> Sample:
    values = {"content_id": content_id, "image": picture(color_of(content_id)), "example": Example(content_id)}
    return Sample(f"{content_id}.jpg", **(values | changes))


class Bench:
    def __init__(self, qtbot) -> None:
        self.engine = HeldEngine()
        self.parent = QWidget()
        self.search = SimilarSearch(self.engine, self.parent)
        self.bar = SimilarBar()
        for widget in (self.parent, self.bar):
            qtbot.addWidget(widget)
        self.bar.resize(1200, 64)

    def answer(self, ranking: Ranking = RANKING) -> None:
        self.search.ask(Query(), lambda _ids, _whole: self.bar.show_search(self.search), lambda _error: None)
        self.engine.finish(ranking)


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


def test_it_is_there_while_a_search_stands(bench: Bench) -> None:
    bench.bar.show_search(bench.search)
    assert not bench.bar.isVisible()
    bench.search.go(Likeness((of(1),), (of(2),)))
    bench.bar.show_search(bench.search)
    assert not bench.bar.isVisible()  # what comes at once is not announced
    bench.answer()
    assert bench.bar.isVisible()
    assert (bench.bar.count.text(), bench.bar.note.text()) == ("300 of 1,000,000", "14 ms")
    assert "example 1 of 1" in bench.bar.plus.accessibleDescription()
    assert "2.jpg" in bench.bar.minus.accessibleDescription()
    assert "falls apart after 12" in bench.bar.curve.accessibleDescription()
    bench.search.go(None)
    bench.bar.show_search(bench.search)
    assert not bench.bar.isVisible()


def test_what_takes_long_is_said(bench: Bench, qtbot) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.bar.show_search(bench.search)
    qtbot.waitUntil(bench.bar.isVisible, timeout=5000)
    assert bench.bar.count.text() == "Searching…" and not bench.bar.slider.isEnabled()
    assert not bench.bar.label_button.isEnabled() and bench.bar.curve.accessibleDescription() == ""
    bench.search.go(Likeness((of(1, example=None),)))
    bench.bar.show_search(bench.search)
    qtbot.waitUntil(lambda: bench.bar.count.text() == "Looking at the picture…", timeout=5000)
    bench.search.go(None)
    bench.bar.show_search(bench.search)
    qtbot.wait(350)
    assert not bench.bar.isVisible()  # nothing is announced any more


def test_the_slider_names_its_levels_and_asks_for_them(bench: Bench, qtbot) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.answer()
    asked: list[str] = []
    bench.bar.levelChosen.connect(asked.append)
    names = []
    for level in LEVELS:
        bench.search.set_level(level)
        bench.bar.show_search(bench.search)
        names.append((bench.bar.level.text(), bench.bar.label_button.text()))
    assert not asked  # what is shown is not what a person moved
    assert names == [
        ("Near identical", "Label this as…"),
        ("Same thing", "Label these 12 as…"),
        ("Same kind", "Label these 90 as…"),
        ("Everything", "Label these 300 as…"),
    ]
    qtbot.keyClick(bench.bar.slider, Qt.Key.Key_Left)
    bench.bar.step_level(-1)
    bench.bar.step_level(1)
    assert asked == ["same_kind", "same_thing", "same_kind"]


def test_these_are_all_of_them_or_cannot_be_labelled(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),)))
    first = replace(RANKING, content_ids=np.arange(FIRST_K), scores=np.linspace(1, 0.5, FIRST_K))
    bench.answer(first)
    assert not bench.bar.label_button.isEnabled()
    bench.answer()
    assert bench.bar.label_button.isEnabled()
    bench.bar.can_label = False
    bench.bar.show_search(bench.search)
    assert not bench.bar.label_button.isEnabled()


def test_never_more_are_found_than_were_searched(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.answer(replace(RANKING, n_searched=297))  # three came in between
    assert bench.bar.count.text() == "300 of 300"


def test_a_space_without_pictures_says_why_nothing_is_found(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.answer(Ranking(np.empty(0, np.int64), np.empty(0), 0, Cuts(0, 0, 0)))
    assert "looked at by the model" in bench.bar.count.text() and not bench.bar.label_button.isEnabled()


def test_notes_are_shown_in_full_at_least_in_the_tooltip(bench: Bench) -> None:
    bench.search.go(Likeness((of(1),)))
    bench.answer(replace(RANKING, note="The search index is being made. " * 9))
    assert bench.bar.note.isVisible() and "14 ms" in bench.bar.note.text()
    assert bench.bar.note.toolTip().startswith("The search index is being made. " * 9)
    bench.answer()
    assert bench.bar.note.text() == "14 ms"


def test_back_and_forward_are_offered_where_there_is_a_way(bench: Bench) -> None:
    pressed: list[str] = []
    bench.bar.backRequested.connect(lambda: pressed.append("back"))
    bench.bar.forwardRequested.connect(lambda: pressed.append("forward"))
    bench.bar.closeRequested.connect(lambda: pressed.append("close"))
    bench.search.go(Likeness((of(1),)))
    bench.answer()
    assert bench.bar.back_button.isEnabled() and not bench.bar.forward_button.isEnabled()
    bench.bar.back_button.click()
    bench.bar.close_button.click()
    bench.search.go(Likeness((of(2),)))
    bench.search.back()
    bench.answer()
    bench.bar.forward_button.click()
    assert pressed == ["back", "close", "forward"]


@pytest.mark.parametrize("n", [1, 24])
def test_it_fits_into_the_narrowest_window(bench: Bench, n: int) -> None:
    samples = tuple(of(i) for i in range(1, n + 1))
    bench.search.go(Likeness(samples, tuple(of(i) for i in range(30, 30 + n))))
    bench.answer()
    assert bench.bar.minimumSizeHint().width() <= 900


@pytest.mark.parametrize("width", [900, 1100, 1400])
def test_what_is_said_is_seen_at_any_width(bench: Bench, qtbot, width: int) -> None:
    bar, big = bench.bar, replace(RANKING, n_searched=123_456, cuts=Cuts(1, 12, 290))
    bar.n_all = 123_456
    bar.resize(width, 64)
    bench.search.go(Likeness((of(1), of(2)), (of(3),)).with_words(WordQuery(("red car at night", "wet street"), ("blue",))))
    bench.answer(replace(big, note="The search index is being made: the library itself was searched."))
    places = []
    for level in LEVELS:
        bench.search.set_level(level)
        bar.show_search(bench.search)
        qtbot.wait(20)
        assert bar.width() == width and bar.minimumSizeHint().width() <= width
        assert bar.count.shown_text() == bar.count.text()
        assert bar.note.shown_text().startswith("The search index")
        assert bar.label_button.accessibleName().startswith("Label th")
        places.append((bar.slider.geometry(), bar.count.geometry()))
    assert len(set(map(str, places))) == 1  # nothing moves aside while one slides
    assert bar.curve.isVisible() or width == 900  # it is the first to give way
    bench.search.go(Likeness((of(1),)))
    bench.answer()
    qtbot.wait(20)
    assert bar.curve.isVisible()  # there is room for it again


def test_words_stand_beside_the_pictures(bench: Bench) -> None:
    bench.bar.n_all = 1200
    bench.search.go(Likeness((of(1),), (of(2),)).with_words(WordQuery(("red car",), ("rain",))))
    bench.answer(replace(RANKING, n_searched=900))
    assert bench.bar.words.isVisible() and bench.bar.words.query == WordQuery(("red car",), ("rain",))
    assert "example 1 of 1" in bench.bar.plus.accessibleDescription()
    assert bench.bar.note.text() == "900 of 1,200 prepared for search with words  ·  14 ms"
    bench.answer(replace(RANKING, n_searched=1200))
    assert bench.bar.note.text() == "14 ms"
    bench.search.go(bench.search.likeness.with_words(WordQuery()))
    bench.answer(replace(RANKING, n_searched=900))
    assert not bench.bar.words.isVisible() and bench.bar.note.text() == "14 ms"


def test_words_without_a_prepared_picture(bench: Bench) -> None:
    bench.bar.n_all = 1200
    bench.search.go(Likeness().with_words(WordQuery(("red car",))))
    bench.answer(replace(RANKING, content_ids=np.empty(0, np.int64), scores=np.empty(0), n_searched=0))
    assert "prepared for search with words yet" in bench.bar.count.text()


def test_picks_are_like_nothing(bench: Bench) -> None:
    bench.search.go(Likeness(n_apart=50))
    bench.answer(replace(RANKING, content_ids=np.arange(50), scores=np.linspace(1, 0.1, 50), cuts=Cuts(50, 50, 50)))
    bar = bench.bar
    assert bar.isVisible() and bar.picked.isVisible() and bar.count.text() == "50 pictures"
    for widget in (bar.plus, bar.minus, bar.curve, bar.slider, bar.level, bar.label_button, bar.words):
        assert not widget.isVisible()
    bench.search.go(Likeness((of(1),)))
    bench.answer()
    assert not bar.picked.isVisible() and bar.plus.isVisible() and bar.slider.isVisible()
    bench.search.go(Likeness(n_apart=1))
    bench.answer(replace(RANKING, content_ids=np.arange(1), scores=np.ones(1), cuts=Cuts(1, 1, 1)))
    assert bar.count.text() == "1 picture"
