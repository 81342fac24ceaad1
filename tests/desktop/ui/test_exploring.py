"""Find similar in the window, over the fake engine: keys, bar, wells, drops, history, filters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from desktop.ui.drag_out import mime_of
from desktop.ui.likeness import MOST_EXAMPLES
from engine.errors import ErrorCode, FileError, UsageError
from engine.events import LibraryChanged, PredictionsStored
from engine.schemas.similar import MAX_K, Region
from tests.desktop.conftest import Shown, on_first

Show = Callable[..., Shown]
Key = Qt.Key
NONE, SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
LEFT = Qt.MouseButton.LeftButton


class Hands:
    """A window with pictures, and what a person does to it."""

    def __init__(self, qtbot, shown: Shown) -> None:
        self.qtbot, self.shown, self.window = qtbot, shown, shown.window
        self.grid, self.bar, self.search = shown.window.grid, shown.window.similar_bar, shown.window.similar

    def key(self, which: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.keyClick(QApplication.focusWidget() or self.window, which, held)

    def ids(self) -> list[int]:
        return self.grid._selection.ids.tolist()

    def find(self, content_id: int) -> None:
        self.grid.set_current(content_id)
        self.grid.setFocus()
        self.key(Key.Key_F)
        self.settled()
        assert self.ids()[0] == content_id

    def settled(self) -> None:
        """Wait for the ranking that was asked for."""
        self.qtbot.waitUntil(lambda: self.search.stop.likeness is None or self.search.stop.is_whole, timeout=5000)

    def asked(self) -> list[tuple[list[int | None], list[int | None], int]]:
        """Plus, minus and k of all that was asked of the engine."""
        return [
            ([e.content_id for e in query.plus], [e.content_id for e in query.minus], query.k)
            for (query,) in self.shown.calls("similar")
        ]

    def drag(self, mime: QMimeData, over: QWidget | None, *, drop: bool = True) -> bool:
        """Drag something in and to the middle of a widget (None: of the window); says whether it would be taken."""
        at = over.mapTo(self.window, over.rect().center()) if over is not None else self.window.rect().center()
        copy = Qt.DropAction.CopyAction
        enter = QDragEnterEvent(QPoint(5, 5), copy, mime, LEFT, NONE)
        enter.ignore()
        QApplication.sendEvent(self.window, enter)
        move = QDragMoveEvent(at, copy, mime, LEFT, NONE)
        QApplication.sendEvent(self.window, move)
        taken = enter.isAccepted() and move.isAccepted()
        if drop:
            QApplication.sendEvent(self.window, QDropEvent(QPointF(at), copy, mime, LEFT, NONE))
        return taken


@pytest.fixture
def hands(show: Show, qtbot) -> Hands:
    shown = show(60)
    on_first(qtbot, shown)
    return Hands(qtbot, shown)


def urls(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


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


def test_a_large_ranking_comes_in_two_parts_and_nothing_jumps(show: Show, qtbot) -> None:
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
    assert hands.bar.plus.accessibleDescription().startswith("IMG_00030.jpg, example 2 of 2")
    assert hands.bar.minus.accessibleDescription().startswith("IMG_00040.jpg, example 1 of 1")
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


def test_a_side_says_when_it_is_full(show: Show, qtbot) -> None:
    shown = show(60)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    hands.find(20)
    hands.window.select_all()
    hands.key(Key.Key_F, SHIFT)
    hands.settled()
    assert len(hands.asked()[-1][0]) == MOST_EXAMPLES and str(MOST_EXAMPLES) in hands.window.activity.message.text()


# Back and forward, and out


def test_back_and_forward_as_in_a_browser(hands: Hands) -> None:
    hands.find(20)
    hands.grid.set_current(30)
    hands.key(Key.Key_F)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)
    hands.key(Key.Key_Left, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    assert hands.grid.current_id() == 30  # where the person was in it
    hands.bar.back_button.click()
    hands.qtbot.waitUntil(lambda: hands.ids() == list(range(1, 61)), timeout=5000)
    assert hands.grid.current_id() == 20 and not hands.bar.isVisible()
    hands.key(Key.Key_Right, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    hands.bar.forward_button.click()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)
    assert not hands.bar.forward_button.isEnabled()
    hands.key(Key.Key_Escape)
    hands.qtbot.waitUntil(lambda: hands.ids() == list(range(1, 61)), timeout=5000)
    hands.key(Key.Key_Left, ALT)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)


def test_the_buttons_of_the_mouse_go_back_and_forward(hands: Hands) -> None:
    hands.find(20)
    for button, first in ((Qt.MouseButton.BackButton, 1), (Qt.MouseButton.ForwardButton, 20)):
        at = QPointF(50, 50)
        where = QPointF(hands.grid.viewport().mapToGlobal(at))
        press = QMouseEvent(QMouseEvent.Type.MouseButtonPress, at, where, button, button, NONE)
        QApplication.sendEvent(hands.grid.viewport(), press)
        hands.qtbot.waitUntil(lambda first=first: hands.ids()[0] == first, timeout=5000)


def test_escape_puts_the_person_back_where_they_were(show: Show, qtbot) -> None:
    shown = show(900)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    hands.grid.set_current(500)
    top = hands.grid.verticalScrollBar().value()
    assert top > 0
    hands.find(500)
    assert hands.grid.verticalScrollBar().value() == 0
    hands.key(Key.Key_PageDown)
    shown.engine.before = lambda name: threading.Event().wait(1.0) and None if name == "ids" else None
    hands.key(Key.Key_Escape)
    # At once: what was shown is kept.
    assert len(hands.ids()) == 900 and hands.grid.current_id() == 500
    assert hands.grid.verticalScrollBar().value() == top and not hands.bar.isVisible()
    assert not hands.grid.marks.score_at(0)


def test_escape_in_a_field_leaves_the_field_alone(hands: Hands) -> None:
    hands.find(20)
    hands.key(Key.Key_Slash)
    hands.key(Key.Key_Escape)
    assert hands.window.exploring.stands and QApplication.focusWidget() is hands.grid
    hands.bar.plus.setFocus()
    hands.key(Key.Key_Escape)
    assert not hands.window.exploring.stands


def test_a_list_of_all_pictures_that_comes_late_is_not_shown_in_a_search(hands: Hands) -> None:
    gate = threading.Event()
    hands.shown.engine.before = lambda name: gate.wait(5) and None if name == "ids" else None
    hands.window.browser.show_now()
    hands.grid.set_current(20)
    hands.key(Key.Key_F)
    hands.qtbot.wait(100)
    hands.shown.engine.before = lambda name: None
    gate.set()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 20, timeout=5000)
    hands.qtbot.wait(200)
    assert hands.ids()[0] == 20


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


# The rest of the window goes on


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


def test_pictures_that_come_do_not_make_it_jump(show: Show, qtbot) -> None:
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


# From outside


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "outside.png"
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(path))
    return path


def test_a_file_dropped_on_the_search_field_is_looked_for_and_not_taken_in(hands: Hands, photo: Path) -> None:
    overlay = hands.window._overlay
    assert hands.drag(urls(str(photo)), hands.window.filters.search, drop=False)
    assert overlay.isVisible() and overlay.words() == "Drop to find similar pictures"
    assert hands.drag(urls(str(photo)), None, drop=False) and "add to the library" in overlay.words()
    QApplication.sendEvent(hands.window, QDragLeaveEvent())
    hands.drag(urls(str(photo)), hands.window.filters.search)
    assert not overlay.isVisible()
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 3, timeout=5000)
    assert hands.shown.calls("example") == [(str(photo),)] and not hands.shown.calls("submit")
    sample = hands.search.likeness.plus[0]
    hands.qtbot.waitUntil(lambda: sample.image is not None, timeout=5000)
    assert sample.image.pixelColor(5, 5).name() == "#ff0000" and sample.name == "outside.png"


def test_a_file_of_the_library_is_known_for_what_it_is(hands: Hands) -> None:
    hands.drag(urls("/photos/IMG_00040.jpg"), hands.window.filters.search)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 40, timeout=5000)
    assert hands.asked() == [([40], [], 200)]


def test_a_file_that_cannot_be_read_ends_the_search_it_began(hands: Hands) -> None:
    def refuse(name: str) -> None:
        if name == "example":
            raise FileError(ErrorCode.UNREADABLE_IMAGE, "/x.jpg is damaged.", way_out="Take another.")

    hands.shown.engine.before = refuse
    hands.drag(urls("/x.jpg"), hands.window.filters.search)
    hands.qtbot.waitUntil(hands.window.banner.isVisible, timeout=5000)
    assert "is damaged" in hands.window.banner.text.text()
    assert not hands.window.exploring.stands and hands.ids() == list(range(1, 61))


def test_a_picture_pasted_in_the_search_field_is_looked_for_and_text_is_text(hands: Hands) -> None:
    clipboard, field = QGuiApplication.clipboard(), hands.window.filters.search
    clipboard.setText("IMG_0001")
    hands.key(Key.Key_Slash)
    hands.key(Key.Key_V, CTRL)
    assert field.text() == "IMG_0001" and not hands.window.exploring.stands
    field.clear()
    image = QImage(8, 6, QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 0, 255, 0))  # what is transparent is white
    image.setPixelColor(0, 0, QColor(10, 20, 30))
    clipboard.setImage(image)
    hands.key(Key.Key_V, CTRL)
    hands.qtbot.waitUntil(lambda: bool(hands.ids()) and hands.ids()[0] == 5, timeout=5000)
    ((pixels,),) = hands.shown.calls("example_of_pixels")
    assert pixels.shape == (6, 8, 3) and pixels.dtype == np.uint8
    assert pixels[0, 0].tolist() == [10, 20, 30] and pixels[3, 3].tolist() == [255, 255, 255]
    assert field.text() == "" and not hands.shown.calls("submit")


def test_tiles_and_files_fall_into_the_wells(hands: Hands, photo: Path) -> None:
    hands.find(20)
    assert hands.drag(mime_of(["/photos/IMG_00030.jpg"], [30]), hands.bar.plus)
    hands.settled()
    assert hands.asked()[-1] == ([20, 30], [], 200)
    assert hands.drag(urls(str(photo)), hands.bar.minus)
    hands.qtbot.waitUntil(lambda: hands.asked()[-1] == ([20, 30], [None], 200), timeout=5000)
    assert not hands.shown.calls("submit")


def test_tiles_dropped_anywhere_else_in_the_window_do_nothing(hands: Hands) -> None:
    own = mime_of(["/photos/IMG_00030.jpg"], [30])
    assert not hands.drag(own, None, drop=False)
    assert hands.window._overlay.isVisible() and not hands.window._overlay._veiled
    hands.drag(own, None)
    hands.qtbot.wait(60)
    assert not hands.shown.calls("submit") and not hands.window.exploring.stands
    assert hands.drag(own, hands.window.filters.search)
    hands.qtbot.waitUntil(lambda: hands.ids()[0] == 30, timeout=5000)


def test_a_picture_is_pasted_into_the_well_that_has_the_keys(hands: Hands) -> None:
    hands.find(20)
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    QGuiApplication.clipboard().setImage(image)
    hands.bar.minus.setFocus()
    hands.key(Key.Key_V, CTRL)
    hands.qtbot.waitUntil(lambda: hands.asked()[-1] == ([20], [None], 200), timeout=5000)
    assert not hands.shown.calls("submit")
    hands.grid.setFocus()
    hands.key(Key.Key_V, CTRL)
    hands.qtbot.waitUntil(lambda: len(hands.shown.calls("submit")) == 1, timeout=5000)  # elsewhere it is taken in


# Parts, and side by side


def test_a_part_of_the_large_picture_is_looked_for(hands: Hands) -> None:
    hands.grid.set_current(20)
    hands.key(Key.Key_Space)
    large = hands.window.large
    hands.qtbot.waitUntil(lambda: large.has_image, timeout=5000)
    large.part_button.click()
    assert hands.window.large_part.isVisible()
    hands.key(Key.Key_Escape)
    assert not hands.window.large_part.isVisible() and hands.window.middle.currentWidget() is large
    hands.key(Key.Key_P)
    hands.key(Key.Key_Right)
    hands.key(Key.Key_Return)
    hands.qtbot.waitUntil(lambda: bool(hands.shown.calls("similar")), timeout=5000)
    ((content_id, region),) = hands.shown.calls("example_of_content")
    assert content_id == 20 and region == Region(*[pytest.approx(v) for v in (0.32, 0.3, 0.4, 0.4)])
    assert hands.window.middle.currentWidget() is hands.grid
    hands.settled()
    sample = hands.search.likeness.plus[0]
    assert sample.content_id == 20 and sample.region == region and sample.image is not None
    assert not hands.shown.calls("accept")  # Enter meant the part


def test_by_key_a_part_is_marked_in_the_inspector_where_the_grid_is_seen(hands: Hands) -> None:
    hands.qtbot.waitUntil(lambda: hands.window.inspector.preview.has_image, timeout=5000)
    hands.key(Key.Key_P)
    assert QApplication.focusWidget() is hands.window.inspector_part
    hands.grid.setFocus()
    assert not hands.window.inspector_part.isVisible()  # the person went elsewhere
    hands.key(Key.Key_P)
    hands.grid.step(1)
    assert not hands.window.inspector_part.isVisible()  # it would be a part of another picture


def test_the_picture_that_is_looked_for_beside_those_that_are_found(hands: Hands) -> None:
    hands.find(20)
    hands.key(Key.Key_Right)
    hands.key(Key.Key_C)
    compared = hands.window.compared
    assert hands.window.middle.currentWidget() is compared
    hands.qtbot.waitUntil(lambda: "IMG_00020" in compared.left.title.text(), timeout=5000)
    hands.qtbot.waitUntil(lambda: "IMG_00019" in compared.right.title.text(), timeout=5000)
    assert compared.right.title.text().startswith("0.98") and "2 of 60" in compared.right.title.text()
    hands.qtbot.waitUntil(lambda: compared.right.view.has_image and compared.left.view.has_image, timeout=5000)
    hands.key(Key.Key_Right)
    hands.qtbot.waitUntil(lambda: "IMG_00021" in compared.right.title.text(), timeout=5000)
    assert "IMG_00020" in compared.left.title.text()
    hands.key(Key.Key_2)  # steps go to the one on the right
    hands.qtbot.waitUntil(lambda: hands.shown.calls("accept") == [((21,), 2)], timeout=5000)
    hands.key(Key.Key_Escape)
    assert hands.window.middle.currentWidget() is hands.grid and hands.window.exploring.stands
    assert hands.grid.current_id() == 21


def test_two_chosen_pictures_side_by_side(hands: Hands) -> None:
    hands.key(Key.Key_C)
    assert hands.window.middle.currentWidget() is hands.grid
    assert "two pictures" in hands.window.activity.message.text()
    hands.key(Key.Key_Right, SHIFT)
    hands.key(Key.Key_C)
    compared = hands.window.compared
    assert hands.window.middle.currentWidget() is compared
    hands.qtbot.waitUntil(lambda: "IMG_00001" in compared.left.title.text(), timeout=5000)
    hands.qtbot.waitUntil(lambda: "IMG_00002" in compared.right.title.text(), timeout=5000)
    hands.key(Key.Key_C)
    assert hands.window.middle.currentWidget() is hands.grid


def test_a_library_that_can_only_be_read_can_be_searched(show: Show, qtbot, monkeypatch, photo: Path) -> None:
    from tests.desktop.fake_engine import FakeEngine

    made = FakeEngine.__init__

    def read_only(engine: FakeEngine, *arguments: object, **named: object) -> None:
        made(engine, *arguments, **named)  # type: ignore[arg-type]
        engine.read_only = True

    monkeypatch.setattr(FakeEngine, "__init__", read_only)
    shown = show(30)
    on_first(qtbot, shown)
    hands = Hands(qtbot, shown)
    assert not hands.drag(urls(str(photo)), None, drop=False)
    assert hands.drag(urls(str(photo)), hands.window.filters.search)
    qtbot.waitUntil(lambda: hands.ids()[0] == 3, timeout=5000)
    hands.find(20)
    assert not hands.window.actions_by_name["label_these"].isEnabled() and not hands.bar.label_button.isEnabled()
