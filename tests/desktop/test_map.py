"""The map in the window: by keyboard over the fake engine, and over the real one with the fake model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.app import Program
from desktop.ui.map_page import MapPage
from engine.schemas.map import MapState
from tests.desktop.conftest import Shown
from tests.desktop.fake_engine import MODEL_REF
from tests.desktop.real_program import drop
from tests.images import folder_of

Show = Callable[..., Shown]
Key, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def key(key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press where the keys go."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, held)


def on_map(page: MapPage) -> list[int]:
    return sorted(page.canvas.scene().points.content_ids.tolist())


def turned(qtbot, window, n: int) -> MapPage:
    """Go to the map by its key."""
    window.grid.setFocus()
    key(Key.Key_M)
    page = window.map.page
    qtbot.waitUntil(lambda: page.canvas.count() == n, timeout=20_000)
    assert window.middle.currentWidget() is page and page.canvas.hasFocus()
    assert window.actions_by_name["toggle_map"].isChecked()
    return page


def test_nothing_is_computed_before_the_map_is_seen(qtbot, show: Show) -> None:
    shown = show(12)
    assert shown.calls("open_map") == []
    turned(qtbot, shown.window, 12)
    assert shown.calls("open_map") == [(MODEL_REF,)]
    key(Key.Key_M)
    assert shown.window.middle.currentWidget() is shown.window.grid and shown.window.grid.hasFocus()
    assert not shown.window.actions_by_name["toggle_map"].isChecked()
    turned(qtbot, shown.window, 12)
    assert len(shown.calls("open_map")) == 1


def test_walking_selecting_and_looking_by_keyboard(qtbot, show: Show) -> None:
    shown = show(30)
    window = shown.window
    page = turned(qtbot, window, 30)
    key(Key.Key_Right)
    first = window.grid.current_id()
    assert first is not None and first == page.current_id()
    qtbot.waitUntil(lambda: window.inspector.title.text() == f"IMG_{first:05d}.jpg", timeout=20_000)
    key(Key.Key_Right, SHIFT)
    key(Key.Key_Down, SHIFT)
    assert len(window.grid.selected_ids()) == 3
    key(Key.Key_Space)
    assert window.middle.currentWidget() is window.large
    key(Key.Key_Space)
    assert window.middle.currentWidget() is page and page.canvas.hasFocus() and len(page.marked()) == 3
    scale = page.canvas._camera.scale
    key(Key.Key_Plus, CTRL)
    assert page.canvas._camera.scale > scale
    key(Key.Key_Minus, CTRL)
    key(Key.Key_A, CTRL)
    assert len(window.grid.selected_ids()) == 30
    key(Key.Key_Escape)
    assert len(window.grid.marked()) == 0
    assert window.grid.tile_side == 160


def test_labels_go_to_what_is_selected_and_recolour(qtbot, show: Show) -> None:
    shown = show(30)
    window = shown.window
    page = turned(qtbot, window, 30)
    page.colouring.setCurrentIndex(2)
    qtbot.waitUntil(lambda: page.canvas.scene().colours.kind == "label", timeout=20_000)
    page.canvas.setFocus()
    key(Key.Key_Right)
    current = window.grid.current_id()
    key(Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.canvas.scene().colours.legend) == 2, timeout=20_000)
    scene = page.canvas.scene()
    labelled = scene.points.content_ids[scene.colours.groups == 1]
    assert labelled.tolist() == [current] and page.canvas.hasFocus()
    key(Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: len(page.canvas.scene().colours.legend) == 1, timeout=20_000)
    key(Key.Key_L)
    QTest.keyClicks(QApplication.focusWidget(), "banjo")
    key(Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.canvas.scene().colours.legend) == 2, timeout=20_000)
    assert page.canvas.hasFocus()


def test_the_filter_is_the_maps_too_and_hidden_pictures_vanish(qtbot, show: Show) -> None:
    shown = show(30)
    window = shown.window
    page = turned(qtbot, window, 30)
    key(Key.Key_Slash)
    QTest.keyClicks(window.filters.search, "IMG_0001")
    key(Key.Key_Return)
    qtbot.waitUntil(lambda: on_map(page) == list(range(10, 20)), timeout=20_000)
    key(Key.Key_Right)
    gone = window.grid.current_id()
    key(Key.Key_Delete)
    qtbot.waitUntil(lambda: on_map(page) == [i for i in range(10, 20) if i != gone], timeout=20_000)
    window.clear_filter()
    qtbot.waitUntil(lambda: page.canvas.count() == 29, timeout=20_000)
    key(Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: page.canvas.count() == 30, timeout=20_000)


def test_a_filter_that_finds_nothing_and_back(qtbot, show: Show) -> None:
    shown = show(12)
    window = shown.window
    page = turned(qtbot, window, 12)
    key(Key.Key_Slash)
    QTest.keyClicks(window.filters.search, "nowhere")
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.nothing, timeout=20_000)
    window.clear_filter()
    qtbot.waitUntil(lambda: window.middle.currentWidget() is page, timeout=20_000)


def test_progress_cancel_and_what_is_said(qtbot, show: Show) -> None:
    shown = show(12)
    window = shown.window
    shown.engine.map_state = MapState(MODEL_REF, "making", "", 0, 0.1)
    window.grid.setFocus()
    key(Key.Key_M)
    state = window.map.page.state
    qtbot.waitUntil(lambda: state.isVisible() and state.bar.value() == 100, timeout=20_000)
    shown.engine.set_map(MapState(MODEL_REF, "making", "draft", 12, 0.3))
    qtbot.waitUntil(lambda: window.map.page.canvas.count() == 12 and state.bar.value() == 300, timeout=20_000)
    QTest.keyClick(state.button, Key.Key_Space)
    qtbot.waitUntil(lambda: shown.calls("cancel_map") == [(MODEL_REF,)], timeout=20_000)
    shown.engine.set_map(MapState(MODEL_REF, "cancelled", "draft", 12))
    qtbot.waitUntil(lambda: "cancelled" in state.title.text(), timeout=20_000)
    QTest.keyClick(state.button, Key.Key_Return)
    qtbot.waitUntil(lambda: shown.calls("make_map") == [(MODEL_REF,)], timeout=20_000)
    shown.engine.set_map(MapState(MODEL_REF, "ready", "real", 12))
    qtbot.waitUntil(lambda: not state.isVisible(), timeout=20_000)
    assert shown.calls("accept") == [] and window.middle.currentWidget() is window.map.page
    shown.engine.set_map(replace(shown.engine.map_state, is_outgrown=True))
    qtbot.waitUntil(lambda: "anew" in state.title.text(), timeout=20_000)


def test_another_library_forgets_the_map(qtbot, show: Show, tmp_path: Path) -> None:
    shown = show(12)
    window = shown.window
    page = turned(qtbot, window, 12)
    key(Key.Key_A, CTRL)
    shown.program.open_library(tmp_path / "other.lightdesk")
    assert page.canvas.count() == 0
    qtbot.waitUntil(lambda: shown.calls("open_map") == [(MODEL_REF,)], timeout=20_000)  # of the new engine
    qtbot.waitUntil(lambda: page.canvas.count() == 12, timeout=20_000)
    assert len(page.marked()) == 0 and window.map.is_on


def test_the_real_engine_makes_the_map_and_follows_what_comes(qtbot, program: Program, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 36)
    window = program.window
    drop(program, folder)
    qtbot.waitUntil(lambda: window.grid.count() == 36, timeout=60_000)
    page = turned(qtbot, window, 36)
    qtbot.waitUntil(lambda: "neighbours" in page.canvas.scene().points.layout, timeout=60_000)
    qtbot.waitUntil(lambda: not page.state.isVisible(), timeout=60_000)
    before = page.canvas.scene().points
    folder_of(folder, 40)
    drop(program, folder)
    qtbot.waitUntil(lambda: page.canvas.count() == 40, timeout=60_000)
    after = page.canvas.scene().points
    np.testing.assert_array_equal(after.places[: len(before.places)], before.places)
    window.grid.set_marked(np.array([3, 4]), 4)
    window.hide_selected()
    qtbot.waitUntil(lambda: page.canvas.count() == 38, timeout=60_000)
    assert 3 not in on_map(page) and page.current_id() not in (None, 3, 4)


@pytest.mark.slow
def test_the_next_time_it_is_there_at_once(qtbot, home: Path, tmp_path: Path) -> None:
    from tests.desktop.real_program import closed, opened

    folder = folder_of(tmp_path / "photos", 60)
    layouts = []
    for number in range(2):
        program, _engines = opened(qtbot, home, *([folder] if not number else []))
        window = program.window
        qtbot.waitUntil(lambda: window.grid.count() == 60, timeout=60_000)
        if not number:
            turned(qtbot, window, 60)
        page = window.map.page
        # Left with the map, the window begins with it.
        assert page.isVisible() and window.filters.view.is_map and window.actions_by_name["toggle_map"].isChecked()
        qtbot.waitUntil(lambda: page.canvas.count() == 60, timeout=20_000)
        qtbot.waitUntil(lambda: "neighbours" in page.canvas.scene().points.layout, timeout=60_000)
        if not number:
            index = home.rglob("map")
            qtbot.waitUntil(lambda: any(file.is_file() for file in index), timeout=60_000)
        layouts.append(page.canvas.scene().points.places)
        closed(program)
    np.testing.assert_array_equal(*layouts)
