"""Filters and order: what they say, what they show, and that they fit."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from desktop.ui.filter_bar import FilterBar
from engine.schemas.library import ClassCount, Facets, Query, Source
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import AT, HEBREW

LONG = "German short-haired pointer, a dog that is very good at pointing at things in the grass"


def facets(*classes: str, n_sources: int = 3) -> Facets:
    return Facets(
        n_all=100,
        n_labelled=0,
        n_unlabelled=100,
        n_rejected=0,
        n_problems=0,
        sources=tuple(Source(i, f"/media/card{i}/DCIM", "DCIM", 5, AT) for i in range(1, n_sources + 1)),
        classes=tuple(ClassCount(name, 3) for name in classes or ("tench", "black swan", LONG, HEBREW)),
    )


class Filters:
    """A bar in a window as narrow as the program's, and what it said."""

    def __init__(self, qtbot, width: int = 1320) -> None:
        self.bar = FilterBar()
        self.window = QWidget()
        self.window.setMinimumSize(900, 60)
        layout = QVBoxLayout(self.window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        self.bar.show_facets(facets())
        self.bar.show_models([("Net", "efficientnet-lite0@1"), ("Other", "b@2")], "efficientnet-lite0@1")
        self.n_changes = 0
        self.bar.changed.connect(self._count)
        shown(qtbot, self.window, width, 60)

    def _count(self) -> None:
        self.n_changes += 1

    def fields(self) -> list[QWidget]:
        bar = self.bar
        return [
            bar.search, bar.class_name, bar.source, bar.labelled, bar.only, bar.low, bar.high,
            bar.clear_button, bar.count, bar.sort, bar.direction, bar.view, bar.model,
        ]  # fmt: skip


@pytest.fixture
def filters(qtbot) -> Filters:
    return Filters(qtbot)


def test_without_a_filter_all_passes(filters: Filters) -> None:
    assert filters.bar.query("net@3") == Query(model_ref="net@3")
    assert not filters.bar.is_filtering() and not filters.bar.clear_button.isEnabled()


def test_every_control_is_in_the_query(filters: Filters, qtbot) -> None:
    bar = filters.bar
    bar.search.setText("  IMG ")
    bar.class_name.choose("tench")
    bar.source.setCurrentIndex(2)
    bar.labelled.setCurrentIndex(bar.labelled.findText("Rejected"))
    bar.only.setCurrentIndex(bar.only.findText("Outliers"))
    bar.low.setValue(80)
    bar.high.setValue(20)
    bar.sort.setCurrentIndex(bar.sort.findText("Margin"))
    bar.direction.click()
    assert bar.query("m") == Query(
        2, "tench", 0.2, 0.8, "rejected", "IMG", only="outliers", sort="margin", descending=True, model_ref="m"
    )
    qtbot.waitUntil(lambda: filters.n_changes >= 1, timeout=2000)
    bar.clear_button.click()
    assert bar.query("m") == Query(sort="margin", descending=True, model_ref="m")


def test_order_alone_is_no_filter(filters: Filters) -> None:
    filters.bar.sort.setCurrentIndex(2)
    filters.bar.direction.click()
    assert not filters.bar.is_filtering() and filters.n_changes == 2


def test_typing_is_told_once_it_rests(filters: Filters, qtbot) -> None:
    qtbot.keyClicks(filters.bar.search, "swan")
    assert filters.n_changes == 0
    qtbot.waitUntil(lambda: filters.n_changes == 1, timeout=2000)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("search", lambda bar: bar.search.setText("x")),
        ("class_name", lambda bar: bar.class_name.choose("tench")),
        ("source", lambda bar: bar.source.setCurrentIndex(1)),
        ("labelled", lambda bar: bar.labelled.setCurrentIndex(1)),
        ("low", lambda bar: bar.low.setValue(10)),
        ("high", lambda bar: bar.high.setValue(90)),
    ],
)
def test_what_filters_is_seen(filters: Filters, qtbot, name: str, change) -> None:
    field = getattr(filters.bar, name)
    before = field.grab().toImage()
    change(filters.bar)
    qtbot.waitUntil(lambda: field.property("active") is True, timeout=2000)
    # A frame and a ground of its own, not the text alone.
    at = (field.width() // 2, field.height() - 2)
    assert field.grab().toImage().pixelColor(*at) != before.pixelColor(*at)
    assert filters.bar.clear_button.isEnabled()
    filters.bar.clear()
    assert field.property("active") is False


@pytest.mark.parametrize("filtering", [False, True])
@pytest.mark.parametrize("width", [900, 1000, 1150, 1320, 2000])
def test_it_fits_and_nothing_overlaps(filters: Filters, qtbot, width: int, filtering: bool) -> None:
    filters.window.resize(width, 60)
    if filtering:
        filters.bar.class_name.choose(LONG)
        filters.bar.labelled.setCurrentIndex(2)
        filters.bar.low.setValue(35)
        filters.bar.show_count(12, 100_000)
        qtbot.waitUntil(lambda: filters.bar.clear_button.isEnabled(), timeout=2000)
    qtbot.waitUntil(lambda: filters.bar.width() == width, timeout=2000)
    QApplication.sendPostedEvents()
    fields = [field for field in filters.fields() if field.isVisible()]
    for left, right in pairwise(fields):
        assert left.geometry().right() < right.geometry().left(), (left.accessibleName(), right.accessibleName())
    assert fields[-1].geometry().right() < width
    assert {field.height() for field in fields if field not in (filters.bar.count, filters.bar.clear_button, filters.bar.direction)} == {26}
    for field in fields:
        assert field.width() >= field.minimumSizeHint().width() or field in (filters.bar.search, filters.bar.low, filters.bar.high)
    if filtering:
        assert "12 of 100,000" in filters.bar.count.text()


@pytest.mark.parametrize("width", [900, 1024, 1320, 2000])
def test_nothing_moves_aside_when_a_filter_is_set(filters: Filters, qtbot, width: int) -> None:
    bar = filters.bar
    filters.window.resize(width, 60)
    bar.show_count(123_456, 123_456)
    qtbot.waitUntil(lambda: bar.width() == width, timeout=2000)
    QApplication.sendPostedEvents()
    before = [field.geometry() for field in filters.fields() if field.isVisible()]
    bar.labelled.setCurrentIndex(2)
    bar.show_count(100_000, 123_456)
    QApplication.sendPostedEvents()
    assert "100,000 of 123,456" in bar.count.text() and bar.clear_button.isEnabled()
    assert [field.geometry() for field in filters.fields() if field.isVisible()] == before
    # In the narrowest window such long numbers have no room.
    assert bar.count.isVisible() == (width > 900)
    assert bar.count.width() >= bar.count.sizeHint().width()


def test_bare_percentages_are_the_last_to_lose_their_word(filters: Filters, qtbot) -> None:
    for width in range(2000, 900, -40):
        filters.window.resize(width, 60)
        qtbot.waitUntil(lambda width=width: filters.bar.width() == width, timeout=2000)
        model, order, confidence = (caption.isVisible() for caption in filters.bar._captions)
        assert model <= order <= confidence
        assert confidence or width < 1320
    assert [caption.text() for caption in filters.bar._captions] == ["Model", "Order", "Confidence"]


def test_a_source_that_filters_never_hides(filters: Filters, qtbot) -> None:
    filters.window.resize(900, 60)
    filters.bar.source.setCurrentIndex(1)
    filters.bar.low.setValue(35)
    filters.bar.show_count(12, 100)
    qtbot.waitUntil(lambda: filters.bar.clear_button.isEnabled(), timeout=2000)
    assert filters.bar.source.isVisible()


def test_what_filters_has_room_and_the_model_gives_it(filters: Filters, qtbot) -> None:
    bar = filters.bar
    for width in (900, 1400):
        filters.window.resize(width, 60)
        bar.set_only("outliers")
        bar.source.setCurrentIndex(1)
        qtbot.waitUntil(lambda width=width: bar.width() == width, timeout=2000)
        QApplication.sendPostedEvents()
        assert bar.only.isVisible() and bar.source.isVisible() and bar.model.isVisible() == (width > 900)
        fields = [field for field in filters.fields() if field.isVisible()]
        for left, right in pairwise(fields):
            assert left.geometry().right() < right.geometry().left(), (width, left.accessibleName())
        assert fields[-1].geometry().right() < width and bar.search.width() >= bar.search.minimumWidth()
    bar.clear()
    filters.window.resize(900, 60)
    qtbot.waitUntil(lambda: bar.width() == 900, timeout=2000)
    assert bar.model.isVisible()


def test_sources_of_one_name_are_told_apart(filters: Filters) -> None:
    texts = [filters.bar.source.itemText(row) for row in range(filters.bar.source.count())]
    assert texts == ["All sources", "DCIM \N{EN DASH} card1", "DCIM \N{EN DASH} card2", "DCIM \N{EN DASH} card3"]
    assert filters.bar.source.itemData(1, Qt.ItemDataRole.ToolTipRole) == "/media/card1/DCIM"


def test_a_source_that_is_gone_is_said(filters: Filters) -> None:
    filters.bar.source.setCurrentIndex(3)
    assert filters.bar.show_facets(facets(n_sources=3)) is False
    assert filters.bar.show_facets(facets(n_sources=2)) is True
    assert filters.bar.query("").source_id is None


def test_place_and_clear_do_not_emit(filters: Filters, qtbot) -> None:
    filters.bar.set_place(2, "tench")
    filters.bar.clear()
    qtbot.wait(250)
    assert filters.n_changes == 0


def test_models_can_be_chosen(filters: Filters, qtbot) -> None:
    with qtbot.waitSignal(filters.bar.modelChosen, timeout=1000) as said:
        filters.bar.model.setFocus()
        qtbot.keyClick(filters.bar.model, Qt.Key.Key_Down)
    assert said.args == ["b@2"]
    assert "efficientnet-lite0@1" in filters.bar.model.toolTip()


def test_every_control_has_a_name_a_tooltip_and_is_reached_by_tab(filters: Filters, qtbot) -> None:
    filters.bar.labelled.setCurrentIndex(1)
    filters.bar.search.setFocus()
    seen: list[QWidget] = []
    while (now := QApplication.focusWidget()) not in seen:
        seen.append(now)
        qtbot.keyClick(now, Qt.Key.Key_Tab)
    for field in [*filters.fields(), filters.bar.view.grid, filters.bar.view.map]:
        if field in (filters.bar.count, filters.bar.view):
            continue
        assert field.accessibleName() and field.toolTip(), field
        assert field in seen or getattr(field, "lineEdit", lambda: None)() in seen, field.accessibleName()
    assert filters.bar.class_name.line().accessibleName()


def test_orders_by_what_stands_out_begin_with_what_does_most(filters: Filters) -> None:
    bar = filters.bar
    for text, sort in (("Outliers", "outlier"), ("Uniqueness", "unique"), ("Likely mistakes", "mistake")):
        bar.sort.setCurrentIndex(bar.sort.findText(text))
        assert bar.query("m") == Query(sort=sort, descending=True, model_ref="m")
    assert filters.n_changes == 3 and not bar.is_filtering()
    # The other way round stays where a person has chosen it.
    bar.direction.click()
    bar.sort.setCurrentIndex(bar.sort.findText("Uniqueness"))
    assert bar.query("m") == Query(sort="unique", model_ref="m")
    bar.sort.setCurrentIndex(bar.sort.findText("Name"))
    assert bar.query("m") == Query(sort="name", model_ref="m")
    # As it was kept from the start before, whichever way that was.
    for descending in (False, True):
        bar.set_order("outlier", descending)
        assert bar.query("m").descending is descending


def test_what_stands_out_gives_way_in_a_narrow_window_but_not_while_it_filters(filters: Filters, qtbot) -> None:
    filters.window.resize(900, 60)
    qtbot.waitUntil(lambda: filters.bar.width() == 900, timeout=2000)
    assert not filters.bar.only.isVisible()
    filters.bar.set_only("mistakes")
    assert filters.n_changes == 1 and filters.bar.is_filtering()
    qtbot.waitUntil(filters.bar.only.isVisible, timeout=2000)
    assert filters.bar.model.geometry().right() < 900
    filters.bar.clear()
    qtbot.waitUntil(lambda: not filters.bar.only.isVisible(), timeout=2000)
