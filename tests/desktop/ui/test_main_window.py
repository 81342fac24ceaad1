"""How the window's parts are wired: each control reaches the engine or the place it names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton

from engine.errors import ErrorCode, LibraryError, ModelError
from engine.schemas.job import Job, JobProgress
from engine.schemas.settings import Settings
from tests.desktop.conftest import Shown, on_first
from tests.desktop.fake_engine import AT, MODEL_REF, FakeEngine

Show = Callable[..., Shown]


def test_every_signal_of_the_parts_is_heard(show: Show) -> None:
    """A signal that nobody listens to is a control that does nothing."""
    window = show(1).window
    unheard = []
    for part in (window.inspector, window.problems, window.activity, window.panel, window.filters, window.grid,
                 window.empty, window.nothing, window.closed):  # fmt: skip
        meta = part.metaObject()
        for i in range(meta.methodOffset(), meta.methodCount()):
            method = meta.method(i)
            name = bytes(method.name().data()).decode()
            if method.methodType() == method.MethodType.Signal and not part.isSignalConnected(method):
                unheard.append(f"{type(part).__name__}.{name}")
    # Of use to benchmarks and to whoever embeds the grid; the window needs them not.
    assert set(unheard) <= {"AssetGrid.zoomChanged"}


def test_note_is_kept_for_the_picture_it_was_written_for(show: Show, qtbot) -> None:
    shown = show(3)
    on_first(qtbot, shown)
    first = shown.window.grid.current_id()
    shown.window.accept_first()
    note = shown.window.inspector.note
    qtbot.waitUntil(note.isVisible)
    note.setFocus()
    qtbot.keyClicks(note, "left ear hidden")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown.calls("note") == [((first,),)])


def test_files_and_the_record_can_be_reached_from_the_inspector(show: Show, qtbot, monkeypatch) -> None:
    shown = show(3)
    revealed: list[str] = []
    monkeypatch.setattr("desktop.ui.reveal.reveal", lambda path: revealed.append(path) or True)
    on_first(qtbot, shown)
    inspector = shown.window.inspector
    qtbot.waitUntil(lambda: any(b.isVisible() for b in inspector.files.findChildren(QToolButton)))
    next(b for b in inspector.files.findChildren(QToolButton) if b.isVisible()).click()
    assert revealed == ["/photos/IMG_00001.jpg"]
    inspector.copy_button.click()
    qtbot.waitUntil(lambda: '"success": true' in QGuiApplication.clipboard().text())


def test_escape_in_the_label_field_gives_the_keys_back_to_the_pictures(show: Show, qtbot) -> None:
    shown = show(3)
    on_first(qtbot, shown)
    qtbot.keyClick(shown.window.grid, Qt.Key.Key_L)
    field = shown.window.inspector.field
    assert QApplication.focusWidget() is field
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is shown.window.grid


def test_selection_is_summed_up(show: Show, qtbot) -> None:
    shown = show(5)
    on_first(qtbot, shown)
    shown.window.select_all()
    inspector = shown.window.inspector
    qtbot.waitUntil(lambda: inspector.title.text() == "5 selected")
    qtbot.waitUntil(lambda: inspector.state.text() == "None has a label")
    shown.window.reject()
    qtbot.waitUntil(lambda: "All rejected" in inspector.state.text())
    assert shown.calls("reject") == [((1, 2, 3, 4, 5),)]


def test_large_preview_says_where_among_the_others_it_is(show: Show, qtbot) -> None:
    shown = show(9)
    window = shown.window
    on_first(qtbot, shown)
    window.toggle_preview()
    qtbot.waitUntil(lambda: "1 of 9" in window.large.accessibleDescription())
    window.grid.step(3)
    qtbot.waitUntil(lambda: "4 of 9" in window.large.accessibleDescription())


def test_large_preview_goes_when_nothing_is_left(show: Show, qtbot) -> None:
    shown = show(1)
    window = shown.window
    on_first(qtbot, shown)
    window.toggle_preview()
    window.hide_selected()
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.empty)


def test_nothing_of_one_library_is_shown_in_another(show: Show, qtbot, tmp_path: Path, monkeypatch) -> None:
    """Contents of two libraries have the same numbers."""
    shown = show(6)
    window = shown.window
    on_first(qtbot, shown)
    qtbot.waitUntil(lambda: window.grid.visible_share_with_thumbnails() == 1.0)
    window.select_all()
    add = FakeEngine.add
    monkeypatch.setattr(FakeEngine, "add", lambda engine, n: add(engine, n, "/elsewhere"))
    shown.program.open_library(tmp_path / "other.lightdesk")
    qtbot.waitUntil(lambda: window.windowTitle().startswith("other"))
    qtbot.waitUntil(lambda: window.grid.count() == 6)
    qtbot.waitUntil(lambda: all(window.grid._rows.get(i) for i in window.grid._visible_ids()))
    ids = window.grid._visible_ids()
    assert [window.grid._rows.get(i).sha256 for i in ids] == [shown.engine.contents[i].sha256 for i in ids]
    assert window.grid.current_id() is None and window.grid.n_selected() == 0
    assert not window.inspector.body.isVisible()


def test_opening_does_not_flash_the_drop_zone_of_an_empty_library(show: Show, qtbot) -> None:
    shown = show(4)
    turned = QSignalSpy(shown.window.middle.turned)
    shown.program.open_library(None)
    qtbot.waitUntil(lambda: shown.calls("start") != [] and shown.window.grid.count() == 4)
    pages = [turned.at(i)[0] for i in range(turned.count())]
    assert shown.window.empty not in pages


def test_page_of_a_library_that_did_not_open_keeps_nothing_of_the_one_before(show: Show, qtbot, tmp_path) -> None:
    shown = show(3)
    window = shown.window
    on_first(qtbot, shown)
    error = LibraryError(ErrorCode.LIBRARY_FOREIGN, "x is a database of another program.", way_out="Choose another.")
    window.library_failed(error)
    assert window.middle.currentWidget() is window.closed
    assert window.grid.count() == 0 and window.grid.current_id() is None
    assert not window.inspector.isVisible()


@pytest.mark.parametrize("name", ["Up", "Down", "Left", "Right"])
def test_arrows_step_while_the_picture_is_large(show: Show, qtbot, name: str) -> None:
    shown = show(9)
    window = shown.window
    on_first(qtbot, shown)
    window.grid.step(4)
    window.toggle_preview()
    qtbot.keyClick(window.large, getattr(Qt.Key, f"Key_{name}"))
    assert window.grid.current_place() == (5 if name in ("Down", "Right") else 3)


def test_keys_do_nothing_to_pictures_that_are_not_shown(show: Show, qtbot) -> None:
    shown = show(3)
    on_first(qtbot, shown)
    shown.engine.add_problem("/photos/broken.jpg")
    qtbot.waitUntil(lambda: shown.window.panel._rows.place_of(("problems", None)) > 0)
    shown.window.panel.choose(("problems", None))
    shown.window.reject()
    shown.window.accept_kth(2)
    shown.window.hide_selected()
    qtbot.wait(100)
    assert not shown.calls("reject") and not shown.calls("accept") and not shown.calls("hide")


def test_model_that_is_not_there_has_a_way_back(show: Show, qtbot) -> None:
    error = ModelError(ErrorCode.MODEL_NOT_FOUND, "There is no model 'mine'.", way_out="Choose another.")
    shown = show(2, error=error, settings=replace(Settings(), model="mine"))
    page = shown.window.closed
    qtbot.waitUntil(lambda: shown.window.middle.currentWidget() is page)
    assert "model" in page.title.text()
    button = next(b for b in page.findChildren(QPushButton) if "standard model" in b.text())
    button.click()
    qtbot.waitUntil(lambda: shown.window.grid.count() == 2)
    assert shown.program.settings.model == Settings().model


def test_numbers_of_a_job_are_shown_a_few_times_a_second_and_never_lost(show: Show, qtbot) -> None:
    shown = show(1)
    activity = shown.window.activity
    texts: list[str] = []
    n, began_s = 0, time.monotonic()
    while time.monotonic() < began_s + 1.1:
        n += 1
        job = Job(7, "ingest", "running", "Holiday", MODEL_REF, False, 1000, n, 0, 0, AT)
        activity.show_job(JobProgress(job))
        text = activity._lines[7].text.text()
        texts += [text] if not texts or texts[-1] != text else []
        qtbot.wait(5)
    assert "1 of 1,000" in texts[0] and n > 20
    assert 3 <= len(texts) <= 7  # every 200 ms
    qtbot.waitUntil(lambda: f"{n} of 1,000" in activity._lines[7].text.text())
    activity.show_job(JobProgress(replace(job, state="paused", pause_reason="The disk is full.")))
    assert "paused" in activity._lines[7].text.text()  # another state waits for nothing
