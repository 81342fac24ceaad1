"""From one library to another: what was typed goes to the first, and nothing of it stands in the second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt

from desktop.app import Program
from engine.errors import ErrorCode, LibraryError
from engine.schemas.job import Job
from engine.schemas.settings import Settings
from tests.desktop.conftest import Shown
from tests.desktop.fake_engine import AT, MODEL_REF, FakeEngine

Show = Callable[..., Shown]


class Gate:
    """Holds the opening of the next library until it is let go."""

    def __init__(self, shown: Shown) -> None:
        self.first, self._shown = shown.engine, shown
        self.second: FakeEngine | None = None
        self._open = threading.Event()
        shown.program._make_engine = self._make  # type: ignore[method-assign]

    def _make(self, settings: Settings) -> FakeEngine:
        assert self._open.wait(10)
        self.second = FakeEngine(settings, n=2)
        return self.second

    def let_go(self, qtbot) -> FakeEngine:
        self._open.set()
        qtbot.waitUntil(lambda: self._shown.window.grid.count() == 2, timeout=5000)
        assert self.second is not None
        return self.second

    def calls(self, engine: FakeEngine, name: str) -> list[tuple]:
        return [call[1:] for call in engine.calls if call[0] == name]


@pytest.fixture
def shown(show: Show, qtbot) -> Shown:
    shown = show(9)
    shown.window.grid.setFocus()
    qtbot.keyClick(shown.window.grid, Qt.Key.Key_Home)
    return shown


@pytest.fixture
def gate(shown: Shown) -> Iterator[Gate]:
    gate = Gate(shown)
    yield gate
    gate._open.set()


def test_what_was_typed_goes_to_the_library_it_was_typed_in(shown: Shown, gate: Gate, qtbot, tmp_path: Path) -> None:
    window = shown.window
    window.accept_first()
    note = window.inspector.note
    qtbot.waitUntil(note.isVisible)
    note.setFocus()
    qtbot.keyClicks(note, "by the lake")
    window.inspector.field.setFocus()
    qtbot.keyClicks(window.inspector.field, "zebra")
    shown.program.open_library(tmp_path / "b.lightdesk")
    assert (
        window.inspector.field.text() == "" and window.inspector.note.text() != "by the lake"
    ) or not note.isVisible()
    second = gate.let_go(qtbot)
    assert gate.calls(gate.first, "note") == [((1,),)] and gate.calls(gate.first, "label") == [((1,),)]
    assert gate.calls(second, "note") == gate.calls(second, "label") == []


def test_nothing_of_the_first_library_is_left(shown: Shown, gate: Gate, qtbot, tmp_path: Path) -> None:
    window = shown.window
    window.accept_first()
    qtbot.waitUntil(lambda: window.actions_by_name["undo"].isEnabled())
    qtbot.waitUntil(lambda: window.panel.model().rowCount() > 5)
    gate.first.set_job(Job(7, "ingest", "running", "A's photos", MODEL_REF, False, 9, 3, 0, 0, AT))
    qtbot.waitUntil(lambda: 7 in window.activity.open_jobs())
    window.banner.show_notice("of the first library")
    shown.program.open_library(tmp_path / "b.lightdesk")
    assert window.panel.model().rowCount() <= 2 and window.grid.count() == 0
    assert not window.actions_by_name["undo"].isEnabled() and window.actions_by_name["undo"].text() == "Undo"
    assert window.activity.open_jobs() == frozenset() and window.banner.isHidden()
    window.rescan()
    second = gate.let_go(qtbot)
    assert gate.calls(gate.first, "submit") == gate.calls(second, "submit") == []


def test_a_job_with_a_number_of_the_first_library_is_told(shown: Shown, gate: Gate, qtbot, tmp_path: Path) -> None:
    done = Job(7, "ingest", "done", "photos", MODEL_REF, False, 9, 7, 2, 0, AT)
    gate.first.set_job(done)
    qtbot.waitUntil(lambda: "2 files could not be used" in shown.window.activity.message.accessibleName())
    shown.program.open_library(tmp_path / "b.lightdesk")
    second = gate.let_go(qtbot)
    assert shown.window.activity.message.text() == ""
    second.set_job(done)
    qtbot.waitUntil(lambda: "2 files could not be used" in shown.window.activity.message.accessibleName())


def test_answers_for_the_first_library_come_too_late(shown: Shown, gate: Gate, qtbot, tmp_path: Path) -> None:
    told: list[object] = []
    going = threading.Event()
    shown.program._aside(lambda: going.wait(5), told.append, told.append)
    shown.program._aside(lambda: 1, told.append)
    qtbot.waitUntil(lambda: told == [1])
    shown.program.open_library(tmp_path / "b.lightdesk")
    going.set()
    gate.let_go(qtbot)
    for thread in shown.program.engine._asides:
        thread.join(2)
    qtbot.wait(50)
    assert told == [1]


def test_counts_that_could_not_be_read_are_read_again(shown: Shown, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.desktop.fake_view import FakeView

    real, failures = FakeView.facets, [1, 2]

    def busy(view: FakeView, *arguments: object) -> object:
        if failures:
            failures.pop()
            raise LibraryError(ErrorCode.LIBRARY_BUSY, "Locked.")
        return real(view, *arguments)

    monkeypatch.setattr(FakeView, "facets", busy)
    shown.engine.add(3)
    shown.window.library_changed()
    qtbot.waitUntil(lambda: shown.window._facets.n_all == 12, timeout=8000)
    assert failures == []


def test_a_model_saved_before_can_still_be_chosen(shown: Shown, qtbot) -> None:
    shown.program.settings = replace(shown.program.settings, model="b@2")  # saved, for the next start
    shown.program.use_model("b@2")
    qtbot.waitUntil(lambda: shown.engine.settings.model == "b@2", timeout=5000)
    qtbot.waitUntil(lambda: shown.window.grid.count() == 9, timeout=5000)


def test_a_model_that_cannot_be_saved_is_not_opened(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_values: object) -> None:
        raise LibraryError(ErrorCode.DISK_FULL, "The disk is full.")

    monkeypatch.setattr("engine.settings.change", full)
    engine = shown.engine
    shown.program.use_model("b@2")
    assert shown.engine is engine and not engine.closed and "disk is full" in shown.window.banner.text.text()


def test_the_start_goes_on_with_the_last_library(home: Path, tmp_path: Path) -> None:
    kept = QSettings(str(home / "kept.ini"), QSettings.Format.IniFormat)
    last = tmp_path / "last.lightdesk"
    kept.setValue("recent", [str(last), "/other.lightdesk"])

    def starts_with(settings: Settings) -> Path | None:
        program = Program(settings, [], make_engine=FakeEngine, state=kept)
        library = program.settings.library
        program.close()
        program.window.deleteLater()
        return library

    assert starts_with(Settings()) is None, "its drive is away"
    last.touch()
    assert starts_with(Settings()) == last
    assert starts_with(Settings(library=tmp_path / "asked.lightdesk")) == tmp_path / "asked.lightdesk"
