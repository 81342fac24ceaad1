"""Find similar in the window, over the fake engine: from keys and menus to a ranking, both sides, narrow and wide."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from desktop.ui.likeness import MOST_EXAMPLES
from engine.errors import ErrorCode, UsageError
from engine.schemas.similar import MAX_K
from tests.desktop.conftest import Shown, on_first
from tests.desktop.ui.search_hands import LEFT, NONE, SHIFT, Hands, Key

# From a key to a ranking


def test_f_shows_what_is_like_the_current_picture(hands: Hands) -> None:
    assert not hands.bar.isVisible()
    hands.find(20)
    assert hands.ids()[:5] == [20, 19, 21, 18, 22] and len(hands.ids()) == 60
    assert hands.asked() == [([20], [], 200)]  # fewer than a screen holds: that is all of it
    assert hands.bar.isVisible() and (hands.bar.count.text(), hands.bar.note.text()) == ("60 of 60", "12 ms")
    assert hands.grid.current_id() == 20 and hands.grid.current_place() == 0
    assert "Likeness 1.00" in hands.grid.accessibleDescription()
    assert hands.grid.marks.score_at(1) == pytest.approx(1 - 1 / 60)


def test_all_that_are_chosen_are_looked_for(hands: Hands) -> None:
    hands.key(Key.Key_Right, SHIFT)
    hands.key(Key.Key_Right, SHIFT)
    hands.key(Key.Key_F)
    hands.settled()
    assert hands.asked() == [([1, 2, 3], [], 200)] and hands.ids()[0] == 2


def test_the_menu_of_a_tile_finds_similar(hands: Hands) -> None:
    at = hands.grid._rect(7).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, hands.grid.viewport().mapToGlobal(at))
    hands.qtbot.mouseClick(hands.grid.viewport(), Qt.MouseButton.RightButton, NONE, at)
    QApplication.sendEvent(hands.grid.viewport(), event)
    menu = next(menu for menu in hands.window.findChildren(QMenu) if menu.isVisible())
    offered = [action.text() for action in menu.actions()]
    assert offered[:4] == ["Find similar", "More like this too", "Not like this", "Compare side by side"]
    menu.actions()[0].trigger()
    menu.close()
    hands.settled()
    assert hands.asked() == [([8], [], 200)]


def test_a_large_ranking_comes_in_two_parts_and_nothing_jumps(show: Callable[..., Shown], qtbot) -> None:
    shown = show(900)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    lists: list[int] = []
    shown.window.browser.idsCame.connect(lambda ids, _query: lists.append(len(ids)))
    hands.grid.set_current(400)
    hands.key(Key.Key_F)
    qtbot.waitUntil(lambda: lists == [200], timeout=5000)
    assert not hands.bar.label_button.isEnabled()  # two hundred are not all of them
    hands.key(Key.Key_PageDown)
    current, top = hands.grid.current_id(), hands.grid.verticalScrollBar().value()
    assert top > 0
    qtbot.waitUntil(lambda: lists == [200, 900], timeout=5000)
    assert (hands.grid.current_id(), hands.grid.verticalScrollBar().value()) == (current, top)
    assert [k for _plus, _minus, k in hands.asked()] == [200, MAX_K] and hands.bar.label_button.isEnabled()


def test_what_takes_long_is_spoken_of_and_the_pictures_stay_meanwhile(hands: Hands) -> None:
    gate = threading.Event()
    hands.shown.engine.before = lambda name: gate.wait(5) and None if name == "similar" else None
    hands.grid.set_current(20)
    hands.key(Key.Key_F)
    hands.qtbot.waitUntil(hands.bar.isVisible, timeout=5000)
    assert hands.bar.count.text() == "Searching…" and hands.ids()[0] == 1 and not hands.bar.slider.isEnabled()
    gate.set()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    assert hands.bar.slider.isEnabled() and "60 of 60" in hands.bar.count.text()


def test_a_picture_that_cannot_be_searched_with_leaves_all_as_it_was(hands: Hands) -> None:
    def refuse(name: str) -> None:
        if name == "similar":
            raise UsageError(ErrorCode.INVALID_ARGUMENT, "Picture 1 has no vector yet.", way_out="Wait.")

    hands.shown.engine.before = refuse
    hands.key(Key.Key_F)
    hands.qtbot.waitUntil(hands.window.banner.isVisible, timeout=5000)
    assert "has no vector" in hands.window.banner.text.text()
    assert not hands.window.exploring.stands and not hands.bar.isVisible() and hands.ids() == list(range(1, 61))


def test_the_note_of_a_ranking_is_shown(hands: Hands) -> None:
    hands.shown.engine.ranking_note = "The search index is being made: the library itself was searched."
    hands.find(20)
    assert hands.bar.note.isVisible() and "library itself" in hands.bar.note.text()
    hands.shown.engine.ranking_note = ""
    hands.find(21)
    assert hands.bar.note.text() == "12 ms"


# Both sides


def test_more_and_less_like_what_is_chosen(hands: Hands) -> None:
    hands.find(20)
    hands.grid.set_current(30)
    hands.key(Key.Key_F, SHIFT)
    hands.settled()
    hands.grid.set_current(40)
    hands.key(Key.Key_N)
    hands.settled()
    assert hands.asked()[-2:] == [([20, 30], [], 200), ([20, 30], [40], 200)]
    for well, words in (
        (hands.bar.plus, "IMG_00030.jpg, example 2 of 2"),
        (hands.bar.minus, "IMG_00040.jpg, example 1 of 1"),
    ):
        # Names of what has not been on the screen come a little later.
        hands.qtbot.waitUntil(lambda well=well, words=words: well.accessibleDescription().startswith(words))
    # One that goes over to the other side is on one side only.
    hands.grid.set_current(30)
    hands.key(Key.Key_N)
    hands.settled()
    assert hands.asked()[-1] == ([20], [40, 30], 200)


def test_unlike_needs_something_to_be_like_first(hands: Hands) -> None:
    hands.key(Key.Key_N)
    assert not hands.window.exploring.stands and "Find something similar first" in hands.window.activity.message.text()
    hands.key(Key.Key_F, SHIFT)  # the first of "more like this" is a search of its own
    hands.settled()
    assert hands.asked() == [([1], [], 200)]


def test_examples_are_taken_out_by_key_and_the_last_one_ends_the_search(hands: Hands) -> None:
    hands.find(20)
    hands.grid.set_current(30)
    hands.key(Key.Key_N)
    hands.settled()
    hands.bar.minus.setFocus()
    hands.key(Key.Key_Delete)
    hands.settled()
    assert hands.asked()[-1] == ([20], [], 200)
    assert not hands.shown.calls("hide")  # the key meant the example, not a picture
    hands.bar.plus.setFocus()
    hands.key(Key.Key_Backspace)
    hands.qtbot.waitUntil(lambda: hands.ids() == list(range(1, 61)), timeout=5000)
    assert not hands.bar.isVisible() and not hands.shown.calls("clear_label")


def test_a_side_says_when_it_is_full(show: Callable[..., Shown], qtbot) -> None:
    shown = show(60)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    hands.find(20)
    hands.window.select_all()
    hands.key(Key.Key_F, SHIFT)
    hands.settled()
    assert len(hands.asked()[-1][0]) == MOST_EXAMPLES and str(MOST_EXAMPLES) in hands.window.activity.message.text()


# Narrow and wide


def test_levels_by_key_and_by_slider(hands: Hands) -> None:
    hands.find(20)
    for n in (9, 4, 1, 1):
        hands.key(Key.Key_Period)
        assert len(hands.ids()) == n
    assert hands.bar.level.text() == "Near identical" and hands.bar.count.text().startswith("1 of 60")
    for n in (4, 9, 60):
        hands.key(Key.Key_Comma)
        assert len(hands.ids()) == n
    hands.bar.slider.setFocus()
    hands.key(Key.Key_Left)
    assert len(hands.ids()) == 9 and hands.bar.level.text() == "Same kind"
    assert len(hands.shown.calls("similar")) == 1  # nothing is asked for it
    assert "Same kind" in hands.bar.slider.accessibleDescription()


def test_the_level_stays_while_the_search_is_refined_and_not_for_another(hands: Hands) -> None:
    hands.find(20)
    hands.key(Key.Key_Period)
    hands.grid.set_current(21)
    hands.key(Key.Key_F, SHIFT)
    hands.settled()
    assert len(hands.ids()) == 9
    hands.grid.set_current(21)
    hands.key(Key.Key_F)
    hands.settled()
    hands.qtbot.waitUntil(lambda: len(hands.ids()) == 60, timeout=5000)


def test_a_level_that_leaves_nothing_says_so_and_leads_back(hands: Hands, monkeypatch) -> None:
    from engine.schemas.similar import Cuts
    from tests.desktop import fake_engine

    monkeypatch.setattr(fake_engine, "Cuts", lambda _near, same, kind: Cuts(0, same, kind))
    hands.find(20)
    hands.bar.slider.setValue(0)
    window = hands.window
    assert window.middle.currentWidget() is window.nothing and "that much alike" in window.nothing.title.text()
    window.nothing.clearRequested.emit()
    hands.qtbot.waitUntil(lambda: len(hands.ids()) == 60, timeout=5000)
    assert window.middle.currentWidget() is window.grid and window.exploring.stands


def test_a_click_on_the_curve_goes_to_that_rank(hands: Hands) -> None:
    hands.find(20)
    at = QPoint(round(hands.bar.curve.x_of(30)), 10)
    hands.qtbot.mouseClick(hands.bar.curve, LEFT, NONE, at)
    assert abs(hands.grid.current_place() - 30) <= 1


def test_one_label_for_all_that_are_found_is_one_step(hands: Hands) -> None:
    hands.find(20)
    hands.key(Key.Key_Period)
    hands.key(Key.Key_Period)
    assert hands.bar.label_button.text() == "Label these 4 as…"
    hands.bar.label_button.click()
    field = hands.window.inspector.field
    assert QApplication.focusWidget() is field
    hands.qtbot.keyClicks(field, "gull")
    hands.key(Key.Key_Return)
    hands.qtbot.waitUntil(lambda: bool(hands.shown.calls("label")), timeout=5000)
    assert hands.shown.calls("label") == [((20, 19, 21, 18),)]
    hands.qtbot.waitUntil(lambda: hands.window.actions_by_name["undo"].isEnabled(), timeout=5000)
    hands.window.undo()
    hands.qtbot.waitUntil(lambda: hands.shown.engine.contents[20].label is None, timeout=5000)
    hands.settled()
    assert sorted(hands.ids()) == [18, 19, 20, 21]  # the search stands
