"""The legend: what it lists, what can be chosen, and by keys too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.map_legend import MapLegend
from desktop.ui.map_palette import colours_of
from engine.schemas.map import MapColours, MapGroup
from tests.desktop.ui.on_screen import painted, shown

COLOURS = MapColours(
    "class", np.zeros(0, np.uint16), (MapGroup("tench", 1234), MapGroup("banjo", 5), MapGroup("", 77, "other"))
)


@pytest.fixture
def legend(qtbot) -> Iterator[MapLegend]:
    legend = MapLegend()
    legend.show_colours(COLOURS)
    shown(qtbot, legend, 210, 120)
    yield legend


def choose(legend: MapLegend, *rows: int) -> None:
    legend.clearSelection()
    for row in rows:
        legend.selectionModel().select(legend.model().index(row, 0), legend.selectionModel().SelectionFlag.Select)


def test_each_group_has_a_line_with_its_name_number_and_colour(legend: MapLegend) -> None:
    said = [legend.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(3)]
    assert said == ["tench: 1,234", "banjo: 5", "Other classes: 77"]
    assert legend.accessibleName() == "Legend: Class"
    seen = painted(legend)
    assert all(color.name() in seen for color in colours_of(COLOURS, legend.palette()))


def test_choosing_picks_groups(legend: MapLegend, qtbot) -> None:
    with qtbot.waitSignal(legend.picked, timeout=20_000) as picked:
        choose(legend, 1)
    assert picked.args == [[1]] and legend.chosen() == [1]
    with qtbot.waitSignal(legend.picked, timeout=20_000) as picked:
        QTest.keyClick(legend, Qt.Key.Key_Escape)
    assert picked.args == [[]]


def test_enter_selects_the_points_of_what_is_chosen(legend: MapLegend, qtbot) -> None:
    choose(legend, 0, 2)
    with qtbot.waitSignal(legend.selectRequested, timeout=20_000) as asked:
        QTest.keyClick(legend, Qt.Key.Key_Return)
    assert asked.args == [[0, 2]]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_its_keys_are_its_own_while_something_is_chosen(legend: MapLegend, key: Qt.Key) -> None:
    def is_taken() -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(legend, event)
        return event.isAccepted()

    assert not is_taken()
    choose(legend, 1)
    assert is_taken()


def test_the_choice_stays_while_the_groups_are_the_same(legend: MapLegend) -> None:
    choose(legend, 1)
    legend.show_colours(MapColours("class", np.zeros(3, np.uint16), COLOURS.legend))
    assert legend.chosen() == [1]
    legend.show_colours(MapColours("class", np.zeros(3, np.uint16), COLOURS.legend[:2]))
    assert legend.chosen() == [] and legend.model().rowCount() == 2


def test_its_colours_follow_the_theme(legend: MapLegend, qapp, qtbot) -> None:
    before = painted(legend)
    theme.apply(qapp, "dark")
    colors = [color.name() for color in colours_of(COLOURS, legend.palette())]
    qtbot.waitUntil(lambda: all(color in painted(legend) for color in colors), timeout=20_000)
    assert colors[0] not in before
