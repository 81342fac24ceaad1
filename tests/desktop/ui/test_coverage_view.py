"""The page of coverage: what it shows when there is something, nothing, or trouble."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.ui.coverage_view import CoverageView
from engine.schemas.insight import ClassCoverage, Cluster, Coverage
from tests.desktop.ui.held_ports import HeldThumbnails
from tests.desktop.ui.on_screen import color_of, painted, shown
from tests.desktop.ui.records import error

FOUND = Coverage(
    (ClassCoverage("eel", 0, 40), ClassCoverage("tench", 3, 7)),
    (Cluster(11, 30, 0, "eel", 30), Cluster(12, 17, 3, "tench", 17)),
)


class Opened:
    def __init__(self, qtbot) -> None:
        self.thumbnails = HeldThumbnails()
        self.view = CoverageView(self.thumbnails)
        shown(qtbot, self.view, 900, 500)
        self.said: list[tuple] = []
        for name in ("classChosen", "clusterChosen", "pickRequested", "againRequested"):
            getattr(self.view, name).connect(lambda *values, name=name: self.said.append((name, *values)))


@pytest.fixture
def opened(qtbot) -> Opened:
    return Opened(qtbot)


def test_what_is_found_can_be_chosen(opened: Opened, qtbot) -> None:
    view = opened.view
    view.show_coverage(FOUND)
    view.setFocus()
    assert view.classes.hasFocus() and not view.meter.isVisible()
    assert view._classes_head.text() == "2 classes, 1 without a label"
    assert view._clusters_head.text() == "2 groups that lie together, 1 without a label"
    qtbot.keyClick(view.classes, Qt.Key.Key_Return)
    qtbot.keyClick(view.classes, Qt.Key.Key_Tab)
    assert view.clusters.hasFocus()
    qtbot.keyClick(view.clusters, Qt.Key.Key_Right)
    qtbot.keyClick(view.clusters, Qt.Key.Key_Return)
    assert opened.said == [("classChosen", "eel"), ("clusterChosen", FOUND.clusters[1])]


def test_how_many_to_pick_is_the_persons_choice(opened: Opened, qtbot) -> None:
    view = opened.view
    view.show_coverage(FOUND)
    qtbot.mouseClick(view.pick, Qt.MouseButton.LeftButton)
    view.number.setFocus()
    view.number.selectAll()
    qtbot.keyClicks(view.number, "120")
    qtbot.keyClick(view.number, Qt.Key.Key_Return)
    assert opened.said == [("pickRequested", 50), ("pickRequested", 120)]


def test_nothing_to_show(opened: Opened, qtbot) -> None:
    view = opened.view
    view.show_coverage(Coverage((), ()))
    assert view.message.isVisible() and "has not looked at any" in view.message.text() and not view.pick.isEnabled()
    qtbot.keyClick(view.number, Qt.Key.Key_Return)
    assert opened.said == []
    view.show_coverage(FOUND)
    assert not view.message.isVisible() and view.pick.isEnabled()


def test_busy_for_the_first_time_and_again(opened: Opened) -> None:
    view = opened.view
    view.show_busy(again=False)
    assert view.meter.isVisible() and view.message.isVisible() and not view.again.isEnabled()
    view.show_coverage(FOUND)
    top = view.classes.mapTo(view, view.classes.rect().topLeft()).y()
    view.show_busy(again=True)
    QApplication.processEvents()
    # What was there stays, where it was.
    assert view.meter.isVisible() and view.classes.isVisible() and tuple(view.classes.rows) == FOUND.classes
    assert view.classes.mapTo(view, view.classes.rect().topLeft()).y() == top


def test_marked_when_labels_have_moved(opened: Opened, qtbot) -> None:
    view = opened.view
    view.show_coverage(FOUND)
    assert view.state.text() == ""
    view.mark_stale()
    assert "have changed since" in view.state.text() and tuple(view.classes.rows) == FOUND.classes
    qtbot.mouseClick(view.again, Qt.MouseButton.LeftButton)
    assert opened.said == [("againRequested",)]


def test_trouble_is_said_with_a_way_out(opened: Opened) -> None:
    opened.view.show_failure(error())
    assert "The drive is gone" in opened.view.message.accessibleName()
    assert "Plug it in" in opened.view.message.accessibleName() and opened.view.again.isEnabled()


def test_pictures_in_the_middle_are_wished_for_and_painted(opened: Opened, qtbot) -> None:
    view = opened.view
    view.show_coverage(FOUND)
    view.show_keys({11: "a", 12: "b"})
    qtbot.waitUntil(lambda: {color_of(11).name(), color_of(12).name()} <= painted(view.clusters), timeout=5000)
    # What another page has wished for meanwhile is replaced when this one is seen again.
    view.hide()
    opened.thumbnails.wishes = [(5, "e")]
    view.show()
    assert opened.thumbnails.wishes == [(11, "a"), (12, "b")]


def test_one_has_words_of_its_own(opened: Opened) -> None:
    opened.view.show_coverage(Coverage(FOUND.classes[:1], FOUND.clusters[:1]))
    assert opened.view._classes_head.text() == "1 class"
    assert opened.view._clusters_head.text() == "1 group that lies together"
    opened.view.show_coverage(Coverage(FOUND.classes[1:] * 2, FOUND.clusters[1:] * 2))
    assert "those with few labels first" in opened.view._classes_head.text()
    assert "those with few labels first" in opened.view._clusters_head.text()


def test_classes_of_one_count_stand_as_in_a_dictionary(opened: Opened) -> None:
    rows = [ClassCoverage(name, n, 9) for name, n in (("Yak", 0), ("ant", 0), ("bee", 0), ("Ape", 1))]
    opened.view.show_coverage(Coverage(tuple(rows), ()))
    assert [row.class_name for row in opened.view.classes.rows] == ["ant", "bee", "Yak", "Ape"]
