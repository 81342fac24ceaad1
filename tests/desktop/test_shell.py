"""The window's frame over a fake engine: what is shown, what the keys do, what is asked of the engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QDialog, QLineEdit, QWidget

from desktop.ui.actions import ACTIONS
from engine.errors import ErrorCode, LibraryError, LightdeskError
from engine.events import LibraryChanged
from engine.schemas.device import DeviceReport, ModelState
from engine.schemas.job import Job, Preflight
from tests.desktop.conftest import Shown, on_first
from tests.desktop.fake_engine import AT, MODEL_REF

Show = Callable[..., Shown]


def key(qtbot, shown: Shown, which: Qt.Key, *modifiers: Qt.KeyboardModifier, text_in: QWidget | None = None) -> None:
    target = text_in or QApplication.focusWidget() or shown.window
    held = modifiers[0] if modifiers else Qt.KeyboardModifier.NoModifier
    for modifier in modifiers[1:]:
        held |= modifier
    qtbot.keyClick(target, which, held)


def drag(shown: Shown, mime: QMimeData, *, drop: bool = True) -> None:
    where, left = QPointF(300, 300), Qt.MouseButton.LeftButton
    none, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    QApplication.sendEvent(shown.window, QDragEnterEvent(where.toPoint(), copy, mime, left, none))
    if drop:
        QApplication.sendEvent(shown.window, QDropEvent(where, copy, mime, left, none))


# What is shown


def test_keys_mean_the_pictures_from_the_start(show: Show, qtbot) -> None:
    shown = show(5)
    qtbot.waitUntil(lambda: shown.window.middle.currentWidget() is shown.window.grid)
    assert QApplication.focusWidget() is shown.window.grid


def test_empty_full_filtered_to_nothing_and_back(show: Show, qtbot) -> None:
    shown = show()
    window = shown.window
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.empty)
    window.submit(["/a.jpg", "/b.jpg"])
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.grid)
    window.filters.search.setText("no such picture")
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.nothing)
    qtbot.waitUntil(lambda: "2" in window.nothing.text.text())
    window.clear_filter()
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.grid)


def test_panel_and_filters_say_the_same(show: Show, qtbot) -> None:
    shown = show(70)
    window = shown.window
    qtbot.waitUntil(lambda: window.panel.model().rowCount() > 5)
    window.panel.choose(("class", "tench"))
    qtbot.waitUntil(lambda: window.grid.count() == 10)
    assert window.filters.class_name.chosen() == "tench"
    assert window.filters.count.text() == "10 of 70"
    window.filters.class_name.setCurrentIndex(0)
    qtbot.waitUntil(lambda: window.grid.count() == 70)
    assert window.panel.currentIndex().row() == 0
    window.filters.low.setValue(80)
    qtbot.waitUntil(lambda: 0 < window.grid.count() < 70)


def test_counts_live_while_pictures_keep_coming(show: Show, qtbot) -> None:
    """Ids that are always out of date must not keep the counts from being read."""
    shown = show()
    window, stop = shown.window, time.monotonic() + 2.5
    facets: list[int] = []
    window.browser.facetsCame.connect(lambda f: facets.append(f.n_all))
    while time.monotonic() < stop:
        window.predictions_stored(shown.engine.add(1))
        qtbot.wait(10)
    assert len(facets) > 2 and max(facets) > 10


@pytest.mark.parametrize(("newest_first", "most"), [(False, 10), (True, 3)])
def test_pictures_that_come_by_themselves_do_not_make_the_screen_restless(
    show: Show, qtbot, newest_first: bool, most: int
) -> None:
    shown = show(200)
    window = shown.window
    qtbot.waitUntil(lambda: window.grid.count() == 200)
    lists: list[float] = []
    window.browser.idsCame.connect(lambda _ids, _query: lists.append(time.monotonic()))
    if newest_first:
        window.filters.direction.setChecked(True)
        qtbot.waitUntil(lambda: len(lists) == 1)
    lists.clear()
    stop = time.monotonic() + (2.2 if newest_first else 1.2)
    while time.monotonic() < stop:
        window.predictions_stored(shown.engine.add(3))
        qtbot.wait(10)
    assert (1 if newest_first else 3) < len(lists) <= most
    # A person who asks is not made to wait.
    asked_s = time.monotonic()
    window.refresh_at_once(shown.engine.add(1))
    qtbot.waitUntil(lambda: lists[-1] > asked_s, timeout=500)


def test_commit_of_another_process_is_shown(show: Show, qtbot) -> None:
    shown = show(3)
    shown.engine.add(4)
    shown.engine.events.publish(LibraryChanged())
    qtbot.waitUntil(lambda: shown.window.grid.count() == 7, timeout=2000)


def test_jobs_left_from_before_have_a_line_and_can_go_on(show: Show, qtbot) -> None:
    shown = show(1)
    job = Job(7, "ingest", "paused", "Holiday", MODEL_REF, False, 100, 40, 2, 0, AT)
    shown.engine.job_rows[7] = job
    shown.engine.events.publish(LibraryChanged())
    qtbot.waitUntil(lambda: 7 in shown.window.activity.open_jobs(), timeout=4000)
    line = shown.window.activity._lines[7]
    assert "Holiday" in line.text.text() and "42 of 100" in line.text.text() and "paused" in line.text.text()
    qtbot.mouseClick(line.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown.calls("resume") == [(7,)])
    qtbot.waitUntil(lambda: line.pause.text() == "Pause")
    qtbot.mouseClick(line.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: 7 not in shown.window.activity.open_jobs())


def test_preflight_line_names_what_was_left_out(show: Show) -> None:
    activity = show().window.activity
    counted = Preflight(1, 12, 3, 2, 4, {"UNSUPPORTED_FORMAT": 3, "PERMISSION_DENIED": 1}, True)
    text = activity.preflight_text(counted)
    assert text == (
        "Found 12 images (2 known already); 3 videos kept for a later version; "
        "4 skipped (1 not permitted to read, 3 not an image)."
    )
    assert "1 image" in activity.preflight_text(Preflight(1, 1, 0, 0, 0, {}, True))


@pytest.mark.parametrize("phase", ["absent", "building", "loading", "warming", "ready", "failed"])
def test_badge_has_a_word_for_every_phase(show: Show, phase) -> None:
    badge = show().window.activity.badge
    badge.show_state(ModelState(phase, MODEL_REF, "what", 0.4))
    assert badge.text() and "what" in badge.toolTip()


def test_fallback_is_said_in_a_sentence(show: Show, qtbot) -> None:
    shown = show()
    reason = "libcublasLt.so.13 is missing: install the CUDA libraries."
    shown.engine.set_model(ModelState("ready", MODEL_REF, device=DeviceReport("cpu", "CPU", "cuda", "x", reason)))
    qtbot.waitUntil(lambda: shown.window.banner.text.text() == reason)
    assert shown.window.banner.isVisible()
    assert reason in shown.window.activity.badge.toolTip()
    assert "fallback" in shown.window.activity.badge.text()


# Keys


def test_every_action_has_a_method_and_no_key_is_given_twice(show: Show) -> None:
    window = show().window
    keys = [k for row in ACTIONS for k in row.keys]
    assert len(keys) == len(set(keys))
    for row in ACTIONS:
        assert callable(getattr(window, row.name))


def test_labels_by_key(show: Show, qtbot) -> None:
    shown = show(9)
    on_first(qtbot, shown)
    first = shown.window.grid.current_id()
    key(qtbot, shown, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown.calls("accept") == [((first,), 1)])
    key(qtbot, shown, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: shown.calls("accept")[-1] == ((first,), 3))
    key(qtbot, shown, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: shown.calls("reject") == [((first,),)])
    key(qtbot, shown, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(shown.calls("undo")) == 1)
    qtbot.waitUntil(lambda: "reject" in shown.window.actions_by_name["redo"].text())
    key(qtbot, shown, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: len(shown.calls("redo")) == 1)
    key(qtbot, shown, Qt.Key.Key_L)
    assert QApplication.focusWidget() is shown.window.inspector.field


def test_delete_hides_a_selection_and_undo_brings_it_back(show: Show, qtbot) -> None:
    shown = show(6)
    on_first(qtbot, shown)
    key(qtbot, shown, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    key(qtbot, shown, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: shown.window.grid.count() == 0)
    qtbot.waitUntil(lambda: shown.window.actions_by_name["undo"].text() == "Undo hide 6 items")
    shown.window.undo()
    qtbot.waitUntil(lambda: shown.window.grid.count() == 6)


def test_letters_and_digits_typed_in_a_field_stay_there(show: Show, qtbot) -> None:
    shown = show(3)
    on_first(qtbot, shown)
    key(qtbot, shown, Qt.Key.Key_Slash)
    search = shown.window.filters.search
    assert QApplication.focusWidget() is search
    for letter in (Qt.Key.Key_X, Qt.Key.Key_L, Qt.Key.Key_1, Qt.Key.Key_Slash):
        key(qtbot, shown, letter)
    assert search.text() == "xl1/"
    key(qtbot, shown, Qt.Key.Key_Return)
    key(qtbot, shown, Qt.Key.Key_Delete)
    qtbot.wait(60)
    assert not shown.calls("reject") and not shown.calls("accept") and not shown.calls("hide")
    key(qtbot, shown, Qt.Key.Key_Escape)
    assert not isinstance(QApplication.focusWidget(), QLineEdit)


def test_space_shows_large_and_arrows_go_on(show: Show, qtbot) -> None:
    shown = show(9)
    window = shown.window
    on_first(qtbot, shown)
    first = window.grid.current_id()
    key(qtbot, shown, Qt.Key.Key_Space)
    assert window.middle.currentWidget() is window.large
    key(qtbot, shown, Qt.Key.Key_Right)
    assert window.grid.current_id() != first
    key(qtbot, shown, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: shown.calls("accept") == [((window.grid.current_id(),), 2)])
    key(qtbot, shown, Qt.Key.Key_Escape)
    assert window.middle.currentWidget() is window.grid


def test_copy_gives_the_record_as_json(show: Show, qtbot) -> None:
    shown = show(2)
    on_first(qtbot, shown)
    key(qtbot, shown, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: '"success": true' in QGuiApplication.clipboard().text())


def test_rescan_submits_every_source_again(show: Show, qtbot) -> None:
    shown = show(2)
    qtbot.waitUntil(lambda: shown.window._facets.n_all == 2)
    key(qtbot, shown, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: shown.calls("submit") == [(("/photos",),)])


# What comes in


def test_drop_of_anything_with_names_of_any_bytes(show: Show, qtbot) -> None:
    shown = show()
    mime = QMimeData()
    odd = QUrl.fromEncoded(b"file:///photos/caf%E9.jpg")
    mime.setUrls([QUrl.fromLocalFile("/photos/a b#1.jpg"), odd, QUrl("https://example.org/c.jpg")])
    drag(shown, mime, drop=False)
    assert shown.window._overlay.isVisible()
    QApplication.sendEvent(shown.window, QDragLeaveEvent())
    assert not shown.window._overlay.isVisible()
    drag(shown, mime)
    qtbot.waitUntil(lambda: shown.calls("submit") == [(("/photos/a b#1.jpg", "/photos/caf\udce9.jpg"),)])
    assert not shown.window._overlay.isVisible()


def test_no_field_takes_a_dropped_file_for_text(show: Show) -> None:
    window = show(1).window
    assert not [child for child in window.centralWidget().findChildren(QWidget) if child.acceptDrops()]


def test_paste_of_paths_and_of_an_image(show: Show, qtbot, tmp_path: Path) -> None:
    from dataclasses import replace

    from engine.schemas.settings import Settings

    shown = show(settings=replace(Settings(), library=tmp_path / "x.lightdesk"))
    clipboard = QGuiApplication.clipboard()
    clipboard.setText('"/photos/a.jpg"\nfile:///photos/b%20c.jpg\nsome words\n')
    shown.window.paste()
    qtbot.waitUntil(lambda: shown.calls("submit") == [(("/photos/a.jpg", "/photos/b c.jpg"),)])
    clipboard.setText("only words")
    shown.window.paste()
    assert "no image" in shown.window.activity.message.text()
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    clipboard.setImage(image)
    shown.window.paste()
    qtbot.waitUntil(lambda: len(shown.calls("submit")) == 2)
    path = Path(shown.calls("submit")[1][0][0])
    assert path.parent == tmp_path / "pasted" and QImage(str(path)).size() == image.size()


# Errors


def test_library_that_does_not_open_says_why_and_offers_ways_out(show: Show, qtbot, tmp_path: Path) -> None:
    error = LibraryError(ErrorCode.LIBRARY_DAMAGED, "The library x is damaged.", way_out="Restore a backup.")
    shown = show(2, error=error)
    window = shown.window
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.closed)
    assert "damaged" in window.closed.title.text()
    assert "Restore a backup." in window.closed.text.text()
    texts = [b.text() for b in window.closed.findChildren(QAbstractButton) if b.isVisible()]
    assert any("backup" in text for text in texts) and any("New" in text for text in texts)
    shown.program.open_library(tmp_path / "other.lightdesk")
    qtbot.waitUntil(lambda: window.middle.currentWidget() is window.grid, timeout=4000)
    assert window.windowTitle().startswith("other")
    assert window.library_menu.recent()[0].endswith("other.lightdesk")


def test_error_of_a_command_is_a_line_with_its_way_out(show: Show, qtbot) -> None:
    shown = show(2)

    def fail(name: str) -> None:
        if name == "accept":
            raise LightdeskError(ErrorCode.DISK_FULL, "The disk is full.", way_out="Free some space.")

    shown.engine.before = fail
    on_first(qtbot, shown)
    shown.window.accept_first()
    banner = shown.window.banner
    qtbot.waitUntil(banner.isVisible)
    assert banner.text.text() == "The disk is full. Free some space."
    banner.copy_button.click()
    assert QGuiApplication.clipboard().text().startswith("DISK_FULL")
    banner.close_button.click()
    assert not banner.isVisible()
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def test_problems_are_listed_retried_and_taken_off(show: Show, qtbot) -> None:
    shown = show(1)
    window = shown.window
    for name in ("a", "b"):
        shown.engine.add_problem(f"/photos/{name}.jpg")
    qtbot.waitUntil(lambda: window.problems.table.rowCount() == 2, timeout=4000)
    qtbot.waitUntil(lambda: window.panel._rows.place_of(("problems", None)) > 0, timeout=4000)
    window.panel.choose(("problems", None))
    assert window.middle.currentWidget() is window.problems
    window.problems.table.selectRow(0)
    buttons = window.problems._buttons
    buttons["copy"].click()
    assert "UNREADABLE_IMAGE" in QGuiApplication.clipboard().text()
    buttons["retry"].click()
    qtbot.waitUntil(lambda: shown.calls("retry_problems") == [([2],)])
    buttons["retry_all"].click()
    qtbot.waitUntil(lambda: shown.calls("retry_problems")[-1] == (None,))
    window.problems.table.selectRow(0)
    buttons["dismiss"].click()
    qtbot.waitUntil(lambda: window.problems.table.rowCount() == 1, timeout=4000)
    qtbot.waitUntil(lambda: window.activity.message.text().startswith("Done: dismiss_problems"), timeout=4000)


# The window does not wait


def test_slow_engine_and_slow_reads_do_not_hold_the_window(show: Show, qtbot) -> None:
    shown = show(3)
    release = threading.Event()
    shown.engine.before = lambda name: release.wait(3) and None if name in ("accept", "ids") else None
    on_first(qtbot, shown)
    started_s = time.monotonic()
    shown.window.accept_first()
    shown.window.filters.search.setText("tench")
    shown.window.clear_filter()
    qtbot.keyClick(shown.window.grid, Qt.Key.Key_Right)
    assert time.monotonic() - started_s < 0.5
    release.set()
    qtbot.waitUntil(lambda: len(shown.calls("accept")) == 1)


def test_geometry_is_kept(show: Show, qtbot) -> None:
    first = show(1)
    # Qt fits what it restores into the screen, and the one of the tests is narrow: the height tells.
    first.window.resize(1000, 611)
    first.window.close()
    assert show(1).window.height() == 611


def test_every_control_has_an_accessible_name(show: Show) -> None:
    window = show(2).window
    nameless = []
    for child in window.findChildren(QWidget):
        by_tab = child.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
        # What Qt puts inside a control speaks with the control's name.
        inner = child.objectName().startswith("qt_") or isinstance(
            child.parent(), QLineEdit | QComboBox | QAbstractSpinBox
        )
        popup = type(child.parent()).__name__ == "QFrame" and child.window() is not window
        if not by_tab or inner or popup or window.inspector.isAncestorOf(child):
            continue
        text = child.text() if isinstance(child, QAbstractButton) else ""
        if not child.accessibleName() and not text:
            nameless.append((type(child).__name__, child.objectName(), type(child.parent()).__name__))
    assert not nameless
