"""Find similar through all that there is: the real window, engine and library, with the fake model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.app import Program
from tests.desktop.real_program import drop
from tests.images import encoded, folder_of, picture

N = 40


@pytest.fixture
def full(program: Program, qtbot, tmp_path: Path) -> Program:
    drop(program, folder_of(tmp_path / "photos", N))
    qtbot.waitUntil(lambda: program.window.grid.count() == N, timeout=30_000)
    qtbot.waitUntil(lambda: not program.window.activity.open_jobs(), timeout=10_000)
    qtbot.waitUntil(lambda: program.window._facets.n_all == N, timeout=10_000)
    program.window.activateWindow()
    program.window.grid.setFocus()
    return program


def find(qtbot, program: Program, content_id: int) -> list[int]:
    window = program.window
    window.grid.set_current(content_id)
    QTest.keyClick(window.grid, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: window.exploring.stands and window.similar.stop.is_whole, timeout=15_000)
    ids: list[int] = window.grid._selection.ids.tolist()
    return ids


def drop_on_search(program: Program, path: Path) -> None:
    window = program.window
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    at = window.filters.search.mapTo(window, QPoint(9, 9))
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(at, copy, mime, left, none))
    QApplication.sendEvent(window, QDragMoveEvent(at, copy, mime, left, none))
    QApplication.sendEvent(window, QDropEvent(QPointF(at), copy, mime, left, none))


def test_a_picture_is_most_like_itself_and_all_others_follow(full: Program, qtbot) -> None:
    ids = find(qtbot, full, 7)
    marks = full.window.grid.marks
    scores = [marks.score_at(place) for place in range(len(ids))]
    assert ids[0] == 7 and sorted(ids) == list(range(1, N + 1))
    assert scores[0] == pytest.approx(1.0, abs=1e-5) and scores == sorted(scores, reverse=True)
    assert full.window.similar_bar.count.text() == f"{N} of {N}"


def test_labels_of_all_found_are_one_step_back(full: Program, qtbot) -> None:
    window = full.window
    find(qtbot, full, 7)
    window.label_these()
    QTest.keyClicks(QApplication.focusWidget(), "gull")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window._facets.n_labelled == N, timeout=10_000)
    qtbot.waitUntil(window.actions_by_name["undo"].isEnabled, timeout=5000)
    window.undo()
    qtbot.waitUntil(lambda: window._facets.n_labelled == 0, timeout=10_000)
    assert window.exploring.stands


def test_what_is_hidden_or_comes_is_followed(full: Program, qtbot, tmp_path: Path) -> None:
    window = full.window
    second = find(qtbot, full, 7)[1]
    window.grid.set_current(second)
    QTest.keyClick(window.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: window.grid.count() == N - 1, timeout=10_000)
    assert not window.grid.shows(second)
    new = tmp_path / "new.jpg"
    new.write_bytes(encoded(picture(10_000), "JPEG"))
    drop(full, new)
    qtbot.waitUntil(lambda: window.grid.count() == N, timeout=10_000)
    assert window.grid._selection.ids[0] == 7
    qtbot.waitUntil(window.actions_by_name["undo"].isEnabled, timeout=5000)
    window.undo()
    qtbot.waitUntil(lambda: window.grid.shows(second), timeout=10_000)


def test_files_that_are_in_the_library_and_such_that_are_not(full: Program, qtbot, tmp_path: Path) -> None:
    window = full.window
    copy = tmp_path / "elsewhere.jpg"
    shutil.copyfile(tmp_path / "photos" / "0004.jpg", copy)
    drop_on_search(full, copy)
    qtbot.waitUntil(lambda: window.exploring.stands and window.similar.stop.is_whole, timeout=15_000)
    first = int(window.grid._selection.ids[0])
    assert window.similar.likeness.plus[0].content_id == first  # known by what it is, wherever it lies
    qtbot.waitUntil(lambda: window.grid.row_of(first) is not None, timeout=5000)
    assert window.grid.row_of(first).name == "0004.jpg"
    other = tmp_path / "other.jpg"
    other.write_bytes(encoded(picture(77_000), "JPEG"))
    drop_on_search(full, other)
    qtbot.waitUntil(lambda: window.similar.likeness.plus[0].name == "other.jpg", timeout=5000)
    qtbot.waitUntil(lambda: window.similar.stop.is_whole, timeout=15_000)
    assert window.grid.count() == N and window._facets.n_all == N  # and not taken in
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    drop_on_search(full, bad)
    qtbot.waitUntil(window.banner.isVisible, timeout=10_000)
    assert "bad.jpg" in window.banner.accessibleName() and window.similar.likeness.plus[0].name == "other.jpg"


def test_a_part_of_a_picture(full: Program, qtbot) -> None:
    window = full.window
    window.grid.set_current(7)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.large.has_image, timeout=10_000)
    QTest.keyClick(window.large, Qt.Key.Key_P)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.similar.stop.is_whole, timeout=15_000)
    assert window.grid.count() == N and window.similar.likeness.plus[0].region is not None
