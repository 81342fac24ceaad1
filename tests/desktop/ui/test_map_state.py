"""What is said while there is no map."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.ui.map_state import MapState
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import error


@pytest.fixture
def state(qtbot) -> Iterator[MapState]:
    state = MapState()
    shown(qtbot, state)
    yield state


def test_progress_can_be_cancelled(state: MapState, qtbot) -> None:
    state.show_progress(0.4, over_a_map=False)
    assert state.bar.value() == 400 and state.bar.isVisible() and "Making the map" in state.accessibleName()
    with qtbot.waitSignal(state.cancelRequested, timeout=20_000):
        QTest.keyClick(state.button, Qt.Key.Key_Space)
    first = state.text.text()
    state.show_progress(0.5, over_a_map=True)
    assert state.text.text() != first


def test_a_failure_has_its_reason_and_a_way_on(state: MapState, qtbot) -> None:
    state.show_failure(error("The disk is full.", "Make room."))
    assert state.text.text() == "The disk is full. Make room." and not state.bar.isVisible()
    with qtbot.waitSignal(state.retryRequested, timeout=20_000):
        QTest.mouseClick(state.button, Qt.MouseButton.LeftButton)


def test_what_was_cancelled_can_be_made(state: MapState, qtbot) -> None:
    state.show_cancelled(over_a_map=False)
    assert not state.later.isVisible()
    with qtbot.waitSignal(state.retryRequested, timeout=20_000):
        QTest.mouseClick(state.button, Qt.MouseButton.LeftButton)


def test_nothing_has_no_button_and_progress_has_one_again(state: MapState) -> None:
    state.show_nothing()
    assert not state.button.isVisible() and not state.bar.isVisible() and state.isVisible()
    state.show_progress(0.0, over_a_map=False)
    assert state.button.isVisible() and state.bar.isVisible()


def test_an_offer_can_be_declined(state: MapState, qtbot) -> None:
    state.show_outgrown()
    assert "anew" in state.title.text() and not state.bar.isVisible()
    with qtbot.waitSignal(state.retryRequested, timeout=20_000):
        QTest.keyClick(state.button, Qt.Key.Key_Space)
    for offer in (state.show_outgrown, lambda: state.show_cancelled(over_a_map=True)):
        offer()
        with qtbot.waitSignal(state.laterRequested, timeout=20_000):
            QTest.keyClick(state.later, Qt.Key.Key_Space)
        state.show_progress(0.1, over_a_map=True)
        assert not state.later.isVisible()


def test_too_few_are_waited_for_without_a_button(state: MapState) -> None:
    state.show_outgrown()
    state.show_few("")
    assert "three pictures" in state.text.text() and not state.button.isVisible() and not state.later.isVisible()
    state.show_few("It gives no vectors.")
    assert state.text.text() == "It gives no vectors."
