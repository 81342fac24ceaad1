"""What stands out, coverage and words in the window, over the fake engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolTip

from desktop.ui.insight_watch import InsightWatch
from desktop.ui.word_query import WordQuery
from desktop.ui.words_dialog import WordsDialog
from engine.events import JobChanged
from engine.schemas.insight import AnalysisState
from engine.schemas.library import Query
from engine.schemas.words import WordsState
from tests.desktop.conftest import Shown, on_first
from tests.desktop.fake_engine import MODEL_REF
from tests.desktop.fake_insights import WORDS
from tests.desktop.ui.words_records import preparing

Show = Callable[..., Shown]
Key = Qt.Key
CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


class Hands:
    def __init__(self, qtbot, shown: Shown) -> None:
        self.qtbot, self.shown, self.window, self.engine = qtbot, shown, shown.window, shown.engine
        self.grid, self.bar, self.filters = shown.window.grid, shown.window.similar_bar, shown.window.filters

    def key(self, which: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.keyClick(QApplication.focusWidget() or self.window, which, held)

    def ids(self) -> list[int]:
        return self.grid._selection.ids.tolist()

    def until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=5000)

    def sort(self, name: str) -> None:
        self.filters.sort.setCurrentIndex(self.filters.sort.findText(name))

    def front(self) -> None:
        """The window has the keys again after a dialog."""
        self.window.activateWindow()
        self.until(self.window.isActiveWindow)

    def compared(self) -> None:
        """All pictures have been compared with each other."""
        self.engine.set_analysis(AnalysisState(MODEL_REF, "ready", 60, 60))

    def with_model(self, n_prepared: int = 60) -> None:
        """There is a model for words."""
        self.engine.words = WordsState(WORDS.ref, WORDS.title, WORDS.dim, WORDS.added_at, (), n_prepared)
        self.window.words.open()
        self.until(lambda: self.window.words.has_model)

    def type(self, text: str) -> None:
        self.filters.search.setFocus()
        self.filters.search.selectAll()
        self.qtbot.keyClicks(self.filters.search, text)

    def plus(self) -> list[str | int | None]:
        """What was asked for last, of what is to be alike."""
        return [e.text or e.content_id for e in self.shown.calls("similar")[-1][0].plus]

    def minus(self) -> list[str | int | None]:
        return [e.text or e.content_id for e in self.shown.calls("similar")[-1][0].minus]


@pytest.fixture
def hands(show: Show, qtbot) -> Hands:
    shown = show(60)
    on_first(qtbot, shown)
    return Hands(qtbot, shown)


# What stands out


def test_an_order_begins_the_comparing_and_shows_what_is_known(hands: Hands) -> None:
    assert hands.shown.calls("analyse") == []
    hands.sort("Outliers")
    hands.until(lambda: hands.shown.calls("analyse") == [(MODEL_REF,)])
    hands.until(lambda: hands.window.activity.analysis.text() == "Comparing pictures: 0 of 60")
    hands.engine.set_analysis(AnalysisState(MODEL_REF, "building", 30, 60))
    hands.until(lambda: "30 of 60" in hands.window.activity.analysis.text())
    hands.compared()
    hands.until(lambda: not hands.window.activity.analysis.isVisible())
    # Those that stand out most are at the end of the fake's ascending order, and first here.
    hands.until(lambda: hands.ids()[-12:] == list(range(60, 0, -5)))


def test_each_has_its_reason_in_the_inspector_and_the_tooltip(hands: Hands) -> None:
    line = hands.window.inspector.insight
    hands.compared()
    hands.grid.set_current(5)
    hands.until(line.isVisible)
    assert line.text() == "Unlike all others: its nearest is only 0.31 alike"
    hands.grid.set_current(6)
    hands.until(lambda: not line.isVisible())
    hands.sort("Uniqueness")
    hands.until(lambda: line.isVisible() and line.text().startswith("Its nearest is"))
    hands.sort("Name")
    hands.until(lambda: not line.isVisible())
    # Over a tile.
    hands.grid.set_current(5)
    place = hands.grid._selection.place_of(5)
    at = hands.grid._rect(place).center()
    viewport = hands.grid.viewport()
    hands.until(lambda: hands.grid.row_of(5) is not None)
    QApplication.sendEvent(viewport, QHelpEvent(QHelpEvent.Type.ToolTip, at, viewport.mapToGlobal(at)))
    hands.until(lambda: "Unlike all others" in QToolTip.text())
    QToolTip.hideText()


def test_the_reason_is_one_of_a_single_picture(hands: Hands) -> None:
    hands.compared()
    hands.grid.set_current(5)
    hands.until(hands.window.inspector.insight.isVisible)
    hands.key(Key.Key_Right, SHIFT)
    hands.until(lambda: not hands.window.inspector.insight.isVisible())


def test_a_click_on_the_reason_finds_what_is_like_it(hands: Hands) -> None:
    hands.compared()
    hands.grid.set_current(10)
    hands.until(hands.window.inspector.insight.isVisible)
    hands.qtbot.mouseClick(hands.window.inspector.insight, Qt.MouseButton.LeftButton)
    hands.until(lambda: hands.ids()[:1] == [10] and hands.bar.isVisible())
    assert hands.plus() == [10]


def test_only_outliers_and_only_mistakes_by_key(hands: Hands) -> None:
    hands.compared()
    hands.key(Key.Key_O)
    hands.until(lambda: hands.ids() == list(range(5, 61, 5)))
    assert hands.filters.only.currentText() == "Outliers"
    hands.key(Key.Key_O)
    hands.until(lambda: len(hands.ids()) == 60)
    hands.engine.label([3, 4], "banjo")
    hands.key(Key.Key_O, SHIFT)
    hands.until(lambda: hands.ids() == [3, 4])
    # Put right, it is none any more, and goes at once.
    top = hands.engine.contents[3].top[0].class_name
    hands.engine.label([3], top)
    hands.until(lambda: hands.ids() == [4])


def test_what_was_compared_once_goes_on_when_the_library_is_opened(hands: Hands) -> None:
    hands.compared()
    hands.window.watch._settle.setInterval(20)
    hands.window.watch.open(MODEL_REF, can_write=True)
    assert isinstance(hands.window.watch, InsightWatch)
    hands.until(lambda: hands.shown.calls("analyse") == [(MODEL_REF,)])


# What labels cover


def test_coverage_and_a_class_of_it(hands: Hands) -> None:
    hands.engine.label([1], "tench")
    hands.key(Key.Key_C, SHIFT)
    view = hands.window.coverage
    hands.until(lambda: view.isVisible() and len(view.classes.rows) == 7)
    assert not hands.window.inspector.isVisible() and view.classes.hasFocus()
    assert hands.shown.calls("coverage") == [(Query(model_ref=MODEL_REF),)]
    first = view.classes.rows[0].class_name
    hands.key(Key.Key_Return)
    hands.until(lambda: hands.grid.isVisible() and 0 < len(hands.ids()) < 60)
    assert hands.filters.class_name.chosen() == first
    assert hands.engine.contents[1].label is not None and hands.shown.calls("accept") == []


def test_a_group_of_it_shows_its_pictures(hands: Hands) -> None:
    hands.key(Key.Key_C, SHIFT)
    view = hands.window.coverage
    hands.until(lambda: len(view.clusters.rows) == 2)
    hands.key(Key.Key_Tab)
    hands.key(Key.Key_Right)
    hands.key(Key.Key_Return)
    hands.until(lambda: hands.grid.isVisible() and len(hands.ids()) == 30)
    assert hands.ids()[0] == 2 and hands.plus() == [2] and hands.bar.isVisible()
    # The way back leads to all pictures.
    hands.key(Key.Key_Escape)
    hands.until(lambda: len(hands.ids()) == 60)


def test_picks_are_labelled_one_by_one_and_stay(hands: Hands) -> None:
    hands.engine.label([60, 59], "tench")
    hands.key(Key.Key_C, SHIFT)
    view = hands.window.coverage
    hands.until(lambda: view.pick.isEnabled() and bool(view.classes.rows))
    view.number.setValue(8)
    hands.qtbot.mouseClick(view.pick, Qt.MouseButton.LeftButton)
    hands.until(lambda: hands.ids() == list(range(58, 50, -1)))
    assert hands.grid.marks.score_at(0) is None and hands.bar.picked.isVisible()
    assert hands.filters.by_likeness.isVisible() and hands.filters.by_likeness.currentText() == "Difference"
    hands.grid.setFocus()
    hands.key(Key.Key_Home)
    hands.key(Key.Key_Return)  # takes the first prediction
    hands.until(lambda: hands.engine.contents[58].label is not None)
    hands.engine.events.publish(JobChanged(preparing("done", "ingest")))
    hands.window.browser.show_now()
    hands.qtbot.wait(50)
    assert hands.ids() == list(range(58, 50, -1)) and len(hands.shown.calls("most_different")) == 1
    # What is removed from the library is not among them any more.
    hands.grid.set_current(57)
    hands.key(Key.Key_Delete)
    hands.until(lambda: hands.ids() == [58, 56, 55, 54, 53, 52, 51])
    hands.window.compare()  # there is nothing to compare with, and that is said
    assert "Choose two pictures" in hands.window.activity.message.text()
    # Back and forward lead to the same ones.
    hands.window.go_back()
    hands.until(lambda: len(hands.ids()) == 59)
    hands.window.go_forward()
    hands.until(lambda: hands.ids() == [58, 56, 55, 54, 53, 52, 51])
    assert len(hands.shown.calls("most_different")) == 1


def test_when_all_is_labelled_nothing_is_picked_and_that_is_said(hands: Hands) -> None:
    hands.engine.label(list(hands.engine.contents), "tench")
    hands.window.exploring.pick(5)
    hands.until(lambda: hands.window.nothing.isVisible())
    assert "have a label" in hands.window.nothing.title.text()


def test_coverage_is_marked_and_not_changed_when_labels_move(hands: Hands) -> None:
    hands.key(Key.Key_C, SHIFT)
    view = hands.window.coverage
    hands.until(lambda: bool(view.classes.rows))
    hands.engine.label([5], "banjo")
    hands.until(lambda: "have changed since" in view.state.text())
    assert len(hands.shown.calls("coverage")) == 1 and view.isVisible()
    hands.qtbot.mouseClick(view.again, Qt.MouseButton.LeftButton)
    hands.until(lambda: any(row.n_labelled for row in view.classes.rows))


def test_keys_for_pictures_do_nothing_while_none_is_seen(hands: Hands) -> None:
    hands.key(Key.Key_C, SHIFT)
    hands.until(lambda: bool(hands.window.coverage.classes.rows))
    for key in (Key.Key_X, Key.Key_Delete, Key.Key_Backspace, Key.Key_1):
        hands.key(key)
    hands.qtbot.wait(30)
    assert all(not hands.shown.calls(name) for name in ("reject", "hide", "clear_label", "accept"))
    hands.key(Key.Key_Escape)
    hands.until(hands.grid.isVisible)


def test_the_filter_bar_moves_what_is_covered_and_the_panel_leaves(hands: Hands) -> None:
    hands.key(Key.Key_C, SHIFT)
    hands.until(lambda: len(hands.window.coverage.classes.rows) == 7)
    hands.filters.class_name.choose("banjo")
    hands.until(lambda: len(hands.shown.calls("coverage")) == 2)
    hands.until(lambda: [row.class_name for row in hands.window.coverage.classes.rows] == ["banjo"])
    assert hands.window.coverage.isVisible()
    hands.window.panel.choose(("class", "tench"))
    hands.until(hands.grid.isVisible)
    hands.window.panel.choose(("coverage", None))
    hands.until(hands.window.coverage.isVisible)


# Words


def test_words_find_pictures(hands: Hands) -> None:
    hands.with_model()
    hands.type("img 20 -17")
    hands.until(hands.window.word_choice.isVisible)
    hands.key(Key.Key_Return, CTRL)
    hands.until(lambda: hands.bar.isVisible() and len(hands.ids()) == 60)
    assert hands.plus() == ["img 20"] and hands.minus() == ["17"]
    assert hands.bar.words.query == WordQuery(("img 20",), ("17",)) and hands.filters.search.text() == ""
    hands.until(hands.grid.hasFocus)
    assert not hands.window.word_choice.isVisible()
    # Pictures beside words, and other words in the place of these.
    hands.grid.set_current(7)
    hands.key(Key.Key_F, SHIFT)
    hands.until(lambda: hands.plus() == ["img 20", 7])
    hands.type("boat")
    hands.key(Key.Key_Return, CTRL)
    hands.until(lambda: hands.plus() == ["boat", 7])
    assert hands.minus() == []
    # One history for all.
    hands.window.go_back()
    hands.until(lambda: hands.bar.words.query == WordQuery(("img 20",), ("17",)) and hands.grid.hasFocus())
    hands.key(Key.Key_Escape)
    hands.until(lambda: not hands.bar.isVisible() and len(hands.ids()) == 60)


def test_without_a_model_it_is_explained(hands: Hands) -> None:
    hands.type("boat")
    hands.until(hands.window.word_choice.isVisible)
    assert "add a model" in hands.window.word_choice.words.text()
    hands.key(Key.Key_Return, CTRL)
    (dialog,) = hands.window.findChildren(WordsDialog)
    assert dialog.isVisible() and not dialog.isModal()
    assert hands.shown.calls("similar") == [] and hands.filters.search.text() == "boat"
    hands.window.show_words()
    assert hands.window.findChildren(WordsDialog) == [dialog]


def test_a_model_is_added_and_searched_with(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: str(tmp_path))
    hands.window.show_words()
    dialog = next(iter(hands.window.findChildren(WordsDialog)))
    hands.qtbot.mouseClick(dialog.choose, Qt.MouseButton.LeftButton)
    hands.until(lambda: hands.window.words.has_model)
    assert hands.shown.calls("add_words") == [(tmp_path,)] and "• the pictures are cropped" in dialog.assumed.text()
    assert "is there" in hands.window.activity.message.text()
    dialog.close()
    hands.front()
    hands.type("img 9")
    hands.key(Key.Key_Return, CTRL)
    hands.until(lambda: hands.bar.isVisible() and hands.ids()[0] == 9)


def test_the_note_and_the_list_follow_what_is_prepared(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.ui.window_insights._CALM_MS", 50)
    hands.with_model(20)
    hands.type("img 9")
    hands.key(Key.Key_Return, CTRL)
    hands.until(lambda: hands.bar.isVisible())
    n_asked = len(hands.shown.calls("similar"))
    hands.window.words._rest.setInterval(20)
    hands.window.words._rest.start()
    hands.engine.words = WordsState(WORDS.ref, WORDS.title, WORDS.dim, WORDS.added_at, (), 40)
    hands.engine.set_job(preparing().job)
    hands.until(lambda: bool(hands.window.activity.open_jobs()))
    hands.until(lambda: hands.window.words.state.n_prepared == 40)
    hands.until(lambda: len(hands.shown.calls("similar")) > n_asked)


def test_words_are_typed_anew_in_their_place(hands: Hands) -> None:
    hands.with_model()
    hands.type("img 9 -rain")
    hands.key(Key.Key_Return, CTRL)
    hands.until(lambda: hands.bar.words.isVisible() and hands.grid.hasFocus())
    hands.bar.words.setFocus()
    hands.key(Key.Key_Return)
    field = hands.bar.words.field
    assert field.hasFocus() and field.text() == "img 9 -rain"
    hands.qtbot.keyClicks(field, "img 12")
    # What is found stays in sight meanwhile: the search field with its names is elsewhere.
    assert len(hands.ids()) == 60
    hands.key(Key.Key_Return)
    hands.until(lambda: hands.bar.words.query == WordQuery(("img 12",)))
    assert hands.plus() == ["img 12"] and not hands.shown.calls("accept")
    hands.bar.words.setFocus()
    hands.key(Key.Key_F2)
    hands.key(Key.Key_Escape)
    hands.until(lambda: not field.isVisible() and hands.grid.hasFocus())
    hands.bar.words.setFocus()
    hands.key(Key.Key_Delete)
    hands.until(lambda: not hands.bar.isVisible())


def test_another_library_knows_nothing_of_this_one(hands: Hands) -> None:
    hands.with_model()
    hands.compared()
    hands.grid.set_current(5)
    hands.until(hands.window.inspector.insight.isVisible)
    hands.window.show_words()
    (dialog,) = hands.window.findChildren(WordsDialog)
    hands.window.library_leaving()
    assert not dialog.isVisible()
    assert not hands.window.words.has_model and not hands.window.inspector.insight.isVisible()
    assert len(hands.window.coverage.classes.rows) == 0 and not hands.window.activity.analysis.isVisible()
