"""Where the window goes by itself: to what was dropped, to the start of an order, to what was found; and read only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from engine.schemas.job import Job
from tests.desktop.conftest import Shown
from tests.desktop.fake_engine import AT, MODEL_REF

Show = Callable[..., Shown]


def visible(shown: Shown) -> list[int]:
    return shown.window.grid._visible_ids()


def test_a_photo_dropped_into_a_full_library_is_seen(show: Show, qtbot) -> None:
    shown = show(300)
    shown.window.submit(["/one.jpg"])
    qtbot.waitUntil(lambda: shown.window.grid.current_id() == 301, timeout=5000)
    assert 301 in visible(shown)
    qtbot.waitUntil(lambda: "IMG_00301" in shown.window.inspector.title.text(), timeout=5000)


def test_of_a_folder_the_first_is_seen_and_only_once(show: Show, qtbot) -> None:
    shown = show(300)
    shown.window.submit([f"/{i}.jpg" for i in range(50)])
    qtbot.waitUntil(lambda: shown.window.grid.current_id() == 301, timeout=5000)
    qtbot.keyClick(shown.window.grid, Qt.Key.Key_Home)
    shown.engine.add(5)
    shown.window.library_changed()
    qtbot.waitUntil(lambda: shown.window.grid.count() == 355, timeout=5000)
    assert shown.window.grid.current_id() == 1


@pytest.mark.parametrize("busy", ["typing", "several"])
def test_who_is_at_work_is_left_there(show: Show, qtbot, busy: str) -> None:
    shown = show(300)
    grid = shown.window.grid
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    if busy == "typing":
        shown.window.type_label()
    else:
        qtbot.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    current = grid.current_id()
    shown.window.submit(["/one.jpg"])
    qtbot.waitUntil(lambda: grid.count() == 301, timeout=5000)
    qtbot.wait(100)
    assert grid.current_id() == current and 301 not in visible(shown)


def test_what_another_job_brings_moves_nothing(show: Show, qtbot) -> None:
    from engine.events import PredictionsStored

    shown = show(300)
    new = shown.engine.add(1)
    shown.engine.events.publish(PredictionsStored(99, new))
    qtbot.waitUntil(lambda: shown.window.grid.count() == 301, timeout=5000)
    qtbot.wait(50)
    assert shown.window.grid.current_id() is None and visible(shown)[0] == 1


def test_a_new_order_begins_at_its_beginning(show: Show, qtbot) -> None:
    shown = show(300)
    window, grid = shown.window, shown.window.grid
    qtbot.keyClick(grid, Qt.Key.Key_End)
    window.filters.direction.setChecked(True)
    qtbot.waitUntil(lambda: int(grid._selection.ids[0]) == 300, timeout=5000)
    assert grid.current_id() == 300 and grid.current_place() == 0 and visible(shown)[0] == 300
    qtbot.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    window.filters.direction.setChecked(False)
    qtbot.waitUntil(lambda: int(grid._selection.ids[0]) == 1, timeout=5000)
    assert sorted(grid.selected_ids()) == [299, 300] and visible(shown)[0] == 1


def test_the_order_is_kept(show: Show, qtbot) -> None:
    first = show(9)
    filters = first.window.filters
    filters.sort.setCurrentIndex(filters.sort.findData("confidence"))
    filters.direction.setChecked(True)
    first.window.close()
    query = show(9).window.query()
    assert (query.sort, query.descending) == ("confidence", True)


def test_enter_in_the_search_goes_to_what_was_found(show: Show, qtbot) -> None:
    shown = show(60)
    window = shown.window
    window.search()
    qtbot.keyClicks(window.filters.search, "IMG_00042")
    qtbot.keyClick(window.filters.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.grid, timeout=5000)
    assert window.grid.count() == 1


def test_a_library_that_can_only_be_read_offers_no_steps(show: Show, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.desktop.fake_engine import FakeEngine

    made = FakeEngine.__init__

    def read_only(engine: FakeEngine, *arguments: object, **named: object) -> None:
        made(engine, *arguments, **named)  # type: ignore[arg-type]
        engine.read_only = True

    monkeypatch.setattr(FakeEngine, "__init__", read_only)
    shown = show(5)
    window = shown.window
    qtbot.keyClick(window.grid, Qt.Key.Key_Home)
    assert "can only be read" in window.banner.text.text() and "read only" in window.windowTitle()
    enabled = {name for name, action in window.actions_by_name.items() if action.isEnabled()}
    writing = {
        "accept_first",
        "reject",
        "clear_label",
        "hide_selected",
        "type_label",
        "undo",
        "redo",
        "paste",
        "rescan",
    }
    assert not enabled & writing and {"search", "select_all", "copy_record", "show_doctor"} <= enabled
    for key in (Qt.Key.Key_Return, Qt.Key.Key_X, Qt.Key.Key_1, Qt.Key.Key_Delete):
        qtbot.keyClick(window.grid, key)
    window.submit(["/a.jpg"])
    window.panel.removeSourceRequested.emit(1)
    qtbot.wait(100)
    asked = {call[0] for call in shown.engine.calls} & {"accept", "reject", "hide", "submit", "remove_source"}
    assert asked == set() and "can only be read" in window.activity.message.text()


def test_the_job_of_another_program_moves_on(show: Show, qtbot) -> None:
    shown = show(1)
    job = Job(7, "ingest", "running", "photos", MODEL_REF, False, 1000, 13, 0, 0, AT)
    for n_done in (13, 900):
        shown.engine.job_rows[7] = replace(job, n_done=n_done)
        shown.window.library_changed()
        line = shown.window.activity._lines
        qtbot.waitUntil(lambda n=n_done: 7 in line and f"{n:,} of 1,000" in line[7].text.accessibleName(), timeout=5000)


def test_samples_are_photos_and_nothing_else(show: Show, qtbot) -> None:
    shown = show()
    shown.window.try_samples()
    qtbot.waitUntil(lambda: bool(shown.calls("submit")))
    ((photos,),) = shown.calls("submit")
    assert 4 <= len(photos) <= 6 and all(Path(photo).suffix == ".jpg" and Path(photo).is_file() for photo in photos)
