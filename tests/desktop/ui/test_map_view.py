"""The page of the map: its parts, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from desktop.ui import theme
from desktop.ui.map_view import MapView
from engine.schemas.map import MapColours, MapGroup
from tests.desktop.ui.held_ports import HeldReads, HeldThumbnails
from tests.desktop.ui.map_hands import at, click, cloud, lattice, two_kinds
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import error


@pytest.fixture
def view(qtbot, qapp) -> Iterator[MapView]:
    reads, thumbnails = HeldReads(), HeldThumbnails()
    view = MapView(reads, thumbnails)
    shown(qtbot, view, 800, 560)
    yield view
    reads.close()
    thumbnails.instant = False


def show(qtbot, view: MapView, n: int = 5) -> None:
    with qtbot.waitSignal(view.canvas.sceneChanged, timeout=20_000):
        view.show_map(lattice(n), two_kinds(n * n))


def test_an_empty_page_has_no_tools_and_no_legend(view: MapView) -> None:
    assert not view.tools["lasso"].isVisible() and not view.legend.isVisible()
    view.show_nothing()
    assert view.state.isVisible() and "Nothing" in view.state.title.text()


def test_a_map_has_tools_and_a_legend_with_its_colouring(view: MapView, qtbot) -> None:
    show(qtbot, view)
    assert view.tools["lasso"].isVisible() and view.legend.isVisible() and view.legend.model().rowCount() == 2
    assert view.colour_kind() == "class"
    with qtbot.assertNotEmitted(view.colourChosen):
        view.show_colours(MapColours("label", np.zeros(25, np.uint16), (MapGroup("", 25, "unlabelled"),)))
        qtbot.waitUntil(lambda: view.legend.model().rowCount() == 1, timeout=20_000)
    assert view.colour_kind() == "label"


def test_another_colouring_is_asked_for(view: MapView, qtbot) -> None:
    show(qtbot, view)
    with qtbot.waitSignal(view.colourChosen, timeout=20_000) as asked:
        view.colouring.setCurrentIndex(1)
    assert asked.args == ["confidence"]


def test_progress_lies_in_the_middle_of_an_empty_page_and_below_a_map(view: MapView, qtbot) -> None:
    view.show_progress(0.1)
    middle = view.state.geometry().center()
    assert abs(middle.x() - 400) <= 2 and abs(middle.y() - 280) <= 2
    show(qtbot, view)
    view.show_progress(0.5)
    assert view.state.geometry().top() > 280 and view.rect().contains(view.state.geometry())
    view.show_done()
    assert not view.state.isVisible()


def test_cancel_and_retry_are_asked_for(view: MapView, qtbot) -> None:
    view.show_progress(0.1)
    with qtbot.waitSignal(view.cancelRequested, timeout=20_000):
        QTest.mouseClick(view.state.button, Qt.MouseButton.LeftButton)
    view.show_cancelled()
    with qtbot.waitSignal(view.makeRequested, timeout=20_000):
        QTest.mouseClick(view.state.button, Qt.MouseButton.LeftButton)
    view.show_failure(error("No room.", ""))
    assert view.state.text.text() == "No room."


def test_the_tools_change_what_a_drag_does(view: MapView, qtbot) -> None:
    show(qtbot, view)
    assert view.canvas.tool == "move" and view.tools["move"].isChecked()
    QTest.mouseClick(view.tools["rectangle"], Qt.MouseButton.LeftButton)
    assert view.canvas.tool == "rectangle" and not view.tools["move"].isChecked()
    assert all(button.accessibleName() for button in view.tools.values())


def test_choosing_in_the_legend_picks_and_selects(view: MapView, qtbot) -> None:
    show(qtbot, view)
    view.legend.selectionModel().select(view.legend.model().index(1, 0), view.legend.selectionModel().SelectionFlag.Select)
    assert view.canvas._picked.tolist() == [False, True]
    view.legend.setFocus()
    QTest.keyClick(view.legend, Qt.Key.Key_Return)
    assert sorted(view.marked().tolist()) == list(range(101, 125, 2))


def test_what_is_chosen_is_told_and_taken_over(view: MapView, qtbot) -> None:
    show(qtbot, view)
    with qtbot.waitSignals([view.currentChanged, view.selectionChanged], timeout=20_000):
        click(view.canvas, at(view.canvas, 117))
    assert view.current_id() == 117 and view.marked().tolist() == [117]
    view.set_selection(np.array([100, 124]), 124)
    assert view.marked().tolist() == [100, 124] and view.current_id() == 124
    view.select_all()
    assert len(view.marked()) == 25


def test_a_filter_that_leaves_nothing_keeps_the_selection_for_later(view: MapView, qtbot) -> None:
    show(qtbot, view)
    view.set_selection(np.array([100, 124]), 124)
    view.show_map(cloud(0), two_kinds(0))
    assert view.canvas.count() == 0 and view.state.isVisible() and sorted(view.marked().tolist()) == [100, 124]
    show(qtbot, view)
    view.show_done()
    assert sorted(view.marked().tolist()) == [100, 124] and view.canvas._selection.n_marked == 2


def test_another_library(view: MapView, qtbot) -> None:
    show(qtbot, view)
    view.select_all()
    view.show_progress(0.5)
    view.reset()
    assert view.canvas.count() == 0 and len(view.marked()) == 0 and not view.state.isVisible()
    assert not view.legend.isVisible()


def test_it_changes_clothes(view: MapView, qtbot, qapp) -> None:
    show(qtbot, view)
    theme.apply(qapp, "dark")
    raised = theme.color("raised").name()
    qtbot.waitUntil(lambda: raised in view.styleSheet(), timeout=20_000)


def test_the_keys_go_to_the_points(view: MapView) -> None:
    view.setFocus()
    assert view.canvas.hasFocus()


def test_nothing_leaves_what_is_selected_and_says_nothing_of_it(view: MapView, qtbot) -> None:
    show(qtbot, view)
    view.set_selection(np.array([103, 104]), 104)
    with qtbot.assertNotEmitted(view.selectionChanged), qtbot.assertNotEmitted(view.currentChanged):
        view.show_nothing()
    assert sorted(view.marked().tolist()) == [103, 104]
    assert not view.tools["lasso"].isVisible() and not view.legend.isVisible()


def test_how_many_have_no_place_is_said_below_the_legend(view: MapView, qtbot) -> None:
    show(qtbot, view)
    assert not view.missing.isVisible()
    view.show_missing(1234)
    assert view.missing.isVisible() and "1,234" in view.missing.text()
    assert view.rect().contains(view._key.geometry()) and view._key.rect().contains(view.missing.geometry())
    view.show_missing(0)
    assert not view.missing.isVisible()


def test_it_can_be_made_anew_and_the_offer_declined(view: MapView, qtbot) -> None:
    show(qtbot, view)
    anew = next(button for button in view._bar.findChildren(QToolButton) if "anew" in button.toolTip())
    with qtbot.waitSignal(view.makeRequested, timeout=20_000):
        QTest.mouseClick(anew, Qt.MouseButton.LeftButton)
    view.show_outgrown()
    with qtbot.waitSignal(view.laterRequested, timeout=20_000):
        QTest.mouseClick(view.state.later, Qt.MouseButton.LeftButton)


def test_the_legend_leaves_a_narrow_map_free_until_it_is_asked_for(view: MapView, qtbot) -> None:
    show(qtbot, view)
    for width, seen in ((800, True), (500, False), (800, True), (500, False)):
        view.resize(width, 560)
        assert view.legend.isVisible() == seen == view.fold.isChecked()
    view.fold.click()
    for width in (480, 800, 500):
        view.resize(width, 560)
        assert view.legend.isVisible()


def test_the_legend_folds_and_leaves_room(view: MapView, qtbot) -> None:
    show(qtbot, view)
    height = view._key.height()
    view.fold.setFocus()
    QTest.keyClick(view.fold, Qt.Key.Key_Space)
    assert not view.legend.isVisible() and view._key.height() < height and view.colouring.isVisible()
    show(qtbot, view, 4)
    assert not view.legend.isVisible()
    QTest.keyClick(view.fold, Qt.Key.Key_Return)
    assert view.legend.isVisible() and view.rect().contains(view._key.geometry())
