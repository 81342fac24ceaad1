"""The left side: counts to choose from."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QVBoxLayout, QWidget

from desktop.ui.library_panel import ALL, COVERAGE, DUPLICATES, PROBLEMS, LibraryPanel
from engine.schemas.library import ClassCount, Facets, Source
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import AT, HEBREW, PIZZA

FACETS = Facets(
    n_all=100,
    n_labelled=1,
    n_unlabelled=99,
    n_rejected=0,
    n_problems=2,
    sources=(Source(1, "/photos", "photos", 90, AT), Source(2, "/b/photos", "photos", 10, AT), Source(3, "", "Single files", 1, AT)),
    classes=tuple(ClassCount(name, n) for name, n in (("tench", 1), ("Zebra", 7), ("banjo", 7), ("apiary", 1))),
)  # fmt: skip


class Panel:
    def __init__(self, qtbot) -> None:
        self.panel = LibraryPanel()
        self.field = QLineEdit()
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        layout.addWidget(self.field)
        layout.addWidget(self.panel)
        self.said: list[tuple] = []
        self.panel.chosen.connect(lambda *key: self.said.append(key))
        self.panel.show_facets(FACETS)
        shown(qtbot, self.window, 220, 420)

    def texts(self) -> list[str]:
        model = self.panel.model()
        role = Qt.ItemDataRole.AccessibleTextRole
        return [model.index(row, 0).data(role) for row in range(model.rowCount())]

    def row(self, text: str):
        model = self.panel.model()
        return next(model.index(r, 0) for r in range(model.rowCount()) if model.index(r, 0).data() == text)


@pytest.fixture
def shown_panel(qtbot) -> Panel:
    return Panel(qtbot)


def test_all_is_there_with_its_count_most_first(shown_panel: Panel) -> None:
    assert shown_panel.texts() == [
        "All pictures, 100", "Duplicates", "Coverage", "Problems, 2",
        "Sources", "photos \N{EN DASH} /photos, 90", "photos \N{EN DASH} b, 10", "Single files, 1",
        "Classes", "banjo, 7", "Zebra, 7", "apiary, 1", "tench, 1",
    ]  # fmt: skip


def test_how_many_duplicates_there_are_is_said_once_it_is_known(shown_panel: Panel) -> None:
    assert "Duplicates" in shown_panel.texts(), "nobody has looked"
    shown_panel.panel.show_duplicates(1204)
    assert "Duplicates, 1,204" in shown_panel.texts()
    shown_panel.panel.show_duplicates(0)
    assert "Duplicates, 0" in shown_panel.texts()
    shown_panel.panel.show_facets(Facets(0, 0, 0, 0, 0))
    assert not any(text.startswith("Duplicates") for text in shown_panel.texts()), "nothing is there twice"


def test_keys_choose_and_pass_over_headings(shown_panel: Panel, qtbot) -> None:
    panel = shown_panel.panel
    panel.setFocus()
    for _ in range(6):
        qtbot.keyClick(panel, Qt.Key.Key_Down)
    assert shown_panel.said == [DUPLICATES, COVERAGE, PROBLEMS, ("source", 1), ("source", 2), ("source", 3)]
    qtbot.keyClick(panel, Qt.Key.Key_Z)
    assert shown_panel.said[-1] == ("class", "Zebra")
    qtbot.keyClick(panel, Qt.Key.Key_Home)
    assert shown_panel.said[-1] == ALL


def test_a_click_chooses_and_leaves_the_keys_where_they_were(shown_panel: Panel, qtbot) -> None:
    shown_panel.field.setFocus()
    where = shown_panel.panel.visualRect(shown_panel.row("banjo")).center()
    qtbot.mouseClick(shown_panel.panel.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert shown_panel.said == [("class", "banjo")] and shown_panel.field.hasFocus()


def test_headings_cannot_be_chosen(shown_panel: Panel, qtbot) -> None:
    where = shown_panel.panel.visualRect(shown_panel.row("Classes")).center()
    qtbot.mouseClick(shown_panel.panel.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert shown_panel.said == []


def test_counts_move_under_the_choice(shown_panel: Panel) -> None:
    panel = shown_panel.panel
    panel.choose(("class", "tench"))
    shown_panel.said.clear()
    moved = tuple(ClassCount(name, n) for name, n in (("tench", 9), ("new", 8), ("Zebra", 7)))
    panel.show_facets(replace(FACETS, n_all=120, classes=moved))
    assert panel.currentIndex().data() == "tench" and "tench, 9" in shown_panel.texts()
    assert shown_panel.said == []


def test_a_class_that_nothing_has_stays_while_it_is_chosen(shown_panel: Panel) -> None:
    panel = shown_panel.panel
    panel.choose(("class", "tench"))
    panel.show_facets(replace(FACETS, classes=()))
    assert shown_panel.texts()[-2:] == ["Classes", "tench, 0"] and panel.currentIndex().data() == "tench"
    panel.show_choice(ALL)
    assert "tench, 0" not in shown_panel.texts()
    panel.show_choice(("class", "from the filter"))
    assert panel.currentIndex().data() == "from the filter"
    assert shown_panel.said == [("class", "tench")]


def test_problems_stay_while_they_are_looked_at(shown_panel: Panel) -> None:
    shown_panel.panel.choose(PROBLEMS)
    shown_panel.panel.show_facets(replace(FACETS, n_problems=0))
    assert "Problems, 0" in shown_panel.texts()
    shown_panel.panel.show_choice(ALL)
    assert not any(text.startswith("Problems") for text in shown_panel.texts())


@pytest.mark.parametrize("new_rows", [False, True])
def test_the_place_stays_when_counts_move(shown_panel: Panel, qtbot, new_rows: bool) -> None:
    def many(n: int, more: int) -> Facets:
        return replace(FACETS, classes=tuple(ClassCount(f"class {i:04d}", 5000 - i + more) for i in range(n)))

    panel = shown_panel.panel
    panel.show_facets(many(1000, 0))
    panel.scrollTo(shown_panel.row("class 0500"), panel.ScrollHint.PositionAtTop)
    y = panel.verticalScrollBar().value()
    assert y > 1000
    panel.show_facets(many(1010 if new_rows else 1000, 1))
    qtbot.wait(30)  # a list that lays itself out later would move now
    assert panel.verticalScrollBar().value() == y
    assert panel.currentIndex().data() == "All pictures"


def test_a_thousand_classes_and_three_hundred_sources_are_quick(shown_panel: Panel) -> None:
    sources = tuple(Source(i, f"/{i}/DCIM", "DCIM", i, AT) for i in range(1, 301))
    started_s = time.process_time()
    for step in range(10):
        classes = tuple(ClassCount(f"class {i}", i * step % 97) for i in range(1000))
        shown_panel.panel.show_facets(replace(FACETS, sources=sources, classes=classes))
        shown_panel.panel.grab()
    assert time.process_time() - started_s < 5.0  # of work; a third of a second
    assert len(shown_panel.texts()) == 4 + 301 + 1001


def test_names_of_all_kinds_are_painted_in_both_directions(shown_panel: Panel) -> None:
    names = (f"{PIZZA} {HEBREW}", "x" * 300, "<b>bold</b>", "a & b")
    sources = (Source(1, "/a\udce9\nb", "a\\xe9b", 1, AT),)
    shown_panel.panel.show_facets(replace(FACETS, sources=sources, classes=tuple(ClassCount(n, 123_456) for n in names)))
    left = shown_panel.panel.grab().toImage()
    shown_panel.panel.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    right = shown_panel.panel.grab().toImage()
    row = shown_panel.panel.visualRect(shown_panel.row("All pictures"))
    ink = lambda image, xs: sum(image.pixelColor(x, row.center().y()) != image.pixelColor(2, 2) for x in xs)  # noqa: E731
    assert left != right and ink(right, range(row.width() - 40, row.width())) > 0
    tip = shown_panel.row("a\\xe9b").data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "/a\\xe9\N{SYMBOL FOR NEWLINE}b"
    assert "&lt;b&gt;" in shown_panel.row("<b>bold</b>").data(Qt.ItemDataRole.ToolTipRole)


def test_a_source_can_be_removed_by_mouse_and_keys(shown_panel: Panel, qtbot) -> None:
    panel = shown_panel.panel
    removed: list[int] = []
    panel.removeSourceRequested.connect(removed.append)
    panel.choose(("source", 3))
    panel.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_Delete)
    assert removed == [3]

    def menu_at(text: str, reason: QContextMenuEvent.Reason) -> QMenu | None:
        at = panel.visualRect(shown_panel.row(text)).center()
        QApplication.sendEvent(panel.viewport(), QContextMenuEvent(reason, at, panel.viewport().mapToGlobal(at)))
        menu = QApplication.activePopupWidget()
        return menu if isinstance(menu, QMenu) else None

    menu = menu_at("Single files", QContextMenuEvent.Reason.Mouse)
    assert menu is not None
    menu.actions()[0].trigger()
    menu.close()
    assert removed == [3, 3]
    assert menu_at("banjo", QContextMenuEvent.Reason.Mouse) is None
    panel.choose(("class", "banjo"))
    qtbot.keyClick(panel, Qt.Key.Key_Delete)
    assert removed == [3, 3]


def test_choosing_by_the_window_says_nothing(shown_panel: Panel) -> None:
    shown_panel.panel.show_choice(("source", 2))
    shown_panel.panel.show_choice(ALL)
    assert shown_panel.said == [] and shown_panel.panel.currentIndex().data() == "All pictures"
