"""What the engine says of itself has its place in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QPushButton

from engine.errors import ErrorCode, LibraryError, ModelError
from engine.schemas.device import ModelState
from engine.schemas.job import Preflight
from engine.schemas.similar import IndexState
from tests.desktop.conftest import Shown
from tests.desktop.fake_engine import MODEL_REF, REPORT
from tests.desktop.ui.words_records import preparing

Show = Callable[..., Shown]


def test_a_job_has_its_line_and_words_follow_theirs(show: Show) -> None:
    window = show(3).window
    window.show_job(preparing(kind="ingest", job_id=4))
    assert window.activity.open_jobs() == {4} and window.words.job is None
    window.show_job(preparing())
    assert window.activity.open_jobs() == {4, 9} and window.words.job is not None
    window.show_job(preparing("done"))
    assert window.activity.open_jobs() == {4} and window.words.job is None


def test_a_drop_is_counted(show: Show) -> None:
    window = show(3).window
    window.show_preflight(Preflight(1, 2, 0, 0, 0, finished=True))
    assert window.activity.message.text() == "Found 2 images."


def test_why_the_gpu_is_not_used_is_said_once(show: Show) -> None:
    window = show(3).window
    fallen = ModelState("ready", MODEL_REF, device=replace(REPORT, fallback_reason="No GPU was found."))
    window.show_model(fallen)
    assert window.banner.isVisible() and "No GPU was found." in window.banner.text.text()
    window.banner.dismiss()
    window.show_model(fallen)
    assert not window.banner.isVisible()


def test_only_the_index_of_the_model_that_is_looked_with(show: Show) -> None:
    window = show(3).window
    window.show_index(IndexState("other@2", "building", 5, 0.4))
    assert not window.activity.index.isVisible()
    window.show_index(IndexState(MODEL_REF, "building", 5, 0.4))
    assert window.activity.index.isVisible()


def test_an_error_leads_to_the_doctor_where_the_doctor_can_help(show: Show, qtbot) -> None:
    window = show(3).window

    def ways() -> list[str]:
        return [button.text() for button in window.banner.findChildren(QPushButton) if button.isVisible()]

    window.show_error(ModelError(ErrorCode.MODEL_DAMAGED, "The model is damaged.", way_out="Build it again."))
    assert "The model is damaged" in window.banner.text.text() and ways() == ["Doctor…"]
    window.banner.dismiss()
    window.show_error(LibraryError(ErrorCode.DISK_FULL, "The disk is full.", way_out="Free some space."))
    assert "The disk is full" in window.banner.text.text()
    qtbot.waitUntil(lambda: ways() == [], timeout=5000)
