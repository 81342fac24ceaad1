"""A search by example beside the rest of the window: filters, new pictures, steps, other libraries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from engine.events import LibraryChanged, PredictionsStored
from engine.schemas.similar import MAX_K
from tests.desktop.conftest import Shown, on_first
from tests.desktop.ui.search_hands import ALT, SHIFT, Hands, Key, urls


def test_filters_hold_and_ask_again(hands: Hands) -> None:
    hands.find(20)
    filters = hands.window.filters
    assert filters.by_likeness.isVisible() and not filters.by_likeness.isEnabled() and not filters.sort.isVisible()
    assert filters.by_likeness.currentText() == "Likeness" and not filters.direction.isEnabled()
    hands.window.panel.choose(("class", "tench"))
    hands.qtbot.waitUntil(lambda: len(hands.ids()) < 20, timeout=5000)
    (query,) = hands.shown.calls("similar")[-1]
    assert query.where.class_name == "tench" and query.k == 200
    assert filters.count.text() == f"{len(hands.ids())} of 60" and hands.ids()[0] == 21  # the nearest of them
    hands.window.clear_filter()
    hands.qtbot.waitUntil(lambda: len(hands.ids()) == 60, timeout=5000)
    hands.key(Key.Key_Escape)
    assert filters.sort.isVisible() and not filters.by_likeness.isVisible() and filters.direction.isEnabled()


def test_pictures_that_come_do_not_make_it_jump(show: Callable[..., Shown], qtbot) -> None:
    shown = show(600)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    hands.find(300)
    hands.key(Key.Key_PageDown)
    hands.key(Key.Key_PageDown)
    current = hands.grid.current_id()
    y = hands.grid._rect(hands.grid.current_place()).top()
    hands.key(Key.Key_Right, SHIFT)
    chosen = sorted(hands.grid.selected_ids())
    for _ in range(4):
        shown.engine.events.publish(PredictionsStored(9, shown.engine.add(3)))
        qtbot.wait(60)
    qtbot.waitUntil(lambda: len(hands.ids()) == 612, timeout=10_000)
    assert sorted(hands.grid.selected_ids()) == chosen and current in chosen
    place = hands.grid._selection.place_of(current)
    assert abs(hands.grid._rect(place).top() - y) <= hands.grid._layout.shape.height
    assert all(k == MAX_K for _plus, _minus, k in hands.asked()[2:])  # never the first screen in place of all


def test_what_is_hidden_vanishes_and_undo_brings_it_back(hands: Hands) -> None:
    hands.find(20)
    hands.grid.set_current(21)
    hands.key(Key.Key_Delete)
    hands.qtbot.waitUntil(lambda: 21 not in hands.ids(), timeout=5000)
    assert len(hands.ids()) == 59 and hands.window.exploring.stands
    hands.qtbot.waitUntil(lambda: hands.window.actions_by_name["undo"].isEnabled(), timeout=5000)
    hands.window.undo()
    hands.qtbot.waitUntil(lambda: 21 in hands.ids(), timeout=5000)


def test_what_was_hidden_meanwhile_does_not_come_back_by_going_back(hands: Hands) -> None:
    hands.find(20)
    hands.grid.set_current(30)
    hands.key(Key.Key_F)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)
    hands.grid.set_current(21)
    hands.key(Key.Key_Delete)
    hands.qtbot.waitUntil(lambda: 21 not in hands.ids(), timeout=5000)
    seen: list[bool] = []
    hands.window.browser.idsCame.connect(lambda ids, _query: seen.append(21 in ids))
    hands.key(Key.Key_Left, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    hands.key(Key.Key_Escape)
    hands.qtbot.waitUntil(lambda: hands.ids()[:2] == [1, 2], timeout=5000)
    assert seen and not any(seen)


def test_another_library_forgets_it_all(hands: Hands, tmp_path: Path) -> None:
    hands.find(20)
    hands.find(21)
    hands.shown.program.open_library(tmp_path / "other.lightdesk")
    hands.qtbot.waitUntil(lambda: hands.window.windowTitle().startswith("other"), timeout=5000)
    hands.qtbot.waitUntil(lambda: hands.grid.count() == 60, timeout=5000)
    assert not hands.window.exploring.stands and not hands.bar.isVisible() and not hands.search.can_back
    assert hands.window.filters.sort.isVisible() and hands.grid.marks.score_at(0) is None


def test_a_vector_of_the_model_before_is_never_searched_with(hands: Hands) -> None:
    """The library stays the same when the model changes: a look that ends late must find nobody."""
    gate, begun = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        if name == "example":
            begun.set()
            gate.wait(5)

    hands.shown.engine.before = wait
    hands.drag(urls("/elsewhere/x.jpg"), hands.window.filters.search)
    assert begun.wait(5)
    hands.window.library_leaving()
    hands.window.library_opened(Path("/fake/library.lightdesk"), "b@2", read_only=False)
    gate.set()
    hands.qtbot.wait(200)
    assert not hands.shown.calls("similar") and not hands.window.exploring.stands


def test_commits_of_others_are_asked_for(hands: Hands) -> None:
    hands.find(20)
    hands.shown.engine.add(4)
    hands.shown.engine.events.publish(LibraryChanged())
    hands.qtbot.waitUntil(lambda: len(hands.ids()) == 64, timeout=5000)
