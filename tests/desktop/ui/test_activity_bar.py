"""The bottom: a line for each job, the last word, the badge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressBar, QPushButton, QWidget

from desktop.ui.activity_bar import ActivityBar, duration
from engine.schemas.device import DeviceReport, ModelState
from engine.schemas.insight import AnalysisState
from engine.schemas.job import Job, JobProgress, Preflight
from engine.schemas.similar import IndexState
from tests.desktop.ui.on_screen import shown
from tests.desktop.ui.records import AT, HEBREW

JOB = Job(1, "ingest", "running", "Photos", "net@3", False, 10_000, 2500, 3, 7, AT)


@pytest.fixture
def bar(qtbot) -> ActivityBar:
    bar = ActivityBar()
    bar.setMinimumWidth(900)
    shown(qtbot, bar, 900, 60)
    return bar


def plain(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "").replace("\u200b", "").replace("  \N{MIDDLE DOT}  ", " | ")


def line(bar: ActivityBar, job_id: int = 1) -> str:
    return plain(bar._lines[job_id].text.text())


def buttons(bar: ActivityBar) -> dict[str, QPushButton]:
    return {b.accessibleName(): b for b in bar.findChildren(QPushButton) if b.isVisible() and b is not bar.badge}


def test_a_line_says_what_how_far_how_fast_and_how_long(bar: ActivityBar) -> None:
    bar.show_job(JobProgress(JOB, 143.2, 52.4))
    assert line(bar) == "Photos | 2,510 of 10,000 | 143 img/s | 52 s left | 3 problems"
    meter = bar.findChild(QProgressBar)
    assert (meter.value(), meter.maximum()) == (2510, 10_000) and "Photos" in meter.accessibleName()


@pytest.mark.parametrize(
    ("job", "progress", "said"),
    [
        (replace(JOB, scanning=True, n_failed=1), (4.04, 9.0), "Photos | 2,508 of 10,000+ | 4.0 img/s | 1 problem"),
        (replace(JOB, scanning=True, n_total=0, n_done=0, n_failed=0, n_skipped=0), (None, None), "Photos | looking for pictures\N{HORIZONTAL ELLIPSIS}"),
        (replace(JOB, state="queued", n_done=0, n_failed=0, n_skipped=0), (None, None), "Photos | 0 of 10,000 | waiting"),
        (replace(JOB, state="paused", n_failed=0), (143.0, 9.0), "Photos | 2,507 of 10,000 | paused"),
        (replace(JOB, title="a\udce9\n\u202eb", n_failed=0), (None, None), "a\\xe9\N{SYMBOL FOR NEWLINE}b | 2,507 of 10,000"),
    ],
)  # fmt: skip
def test_states_have_words(bar: ActivityBar, job: Job, progress: tuple, said: str) -> None:
    bar.show_job(JobProgress(job, *progress))
    assert line(bar) == said


def test_why_a_job_stands_still_is_read_in_full(bar: ActivityBar) -> None:
    reason = f"The folder /media/ada/{'x' * 200} is not there; the drive may have been unplugged."
    bar.show_job(JobProgress(replace(JOB, state="paused", pause_code="SOURCE_OFFLINE", pause_reason=reason)))
    shown_reason = bar._lines[1].reason
    assert plain(shown_reason.text()) == reason == shown_reason.accessibleName()
    assert shown_reason.heightForWidth(700) > 2 * bar.fontMetrics().height()
    assert bar.width() == 900
    bar.show_job(JobProgress(JOB))
    assert not shown_reason.isVisible()


def test_pause_resume_and_cancel_by_mouse_and_keys(bar: ActivityBar, qtbot) -> None:
    said: list[tuple[str, int]] = []
    for name in ("pause", "resume", "cancel"):
        getattr(bar, f"{name}Requested").connect(lambda job_id, name=name: said.append((name, job_id)))
    bar.show_job(JobProgress(JOB))
    pause = buttons(bar)["Pause: Photos"]
    room = pause.minimumWidth()
    buttons(bar)["Pause: Photos"].click()
    bar.show_job(JobProgress(replace(JOB, state="paused")))
    resume = buttons(bar)["Resume: Photos"]
    # Wide enough for both words: it does not jump away from under the mouse.
    assert resume is pause and room >= resume.sizeHint().width()
    resume.setFocus()
    qtbot.keyClick(resume, Qt.Key.Key_Space)
    buttons(bar)["Cancel: Photos"].click()
    assert said == [("pause", 1), ("resume", 1), ("cancel", 1)]


def test_many_jobs_do_not_push_the_pictures_out(bar: ActivityBar) -> None:
    for job_id in range(1, 8):
        bar.show_job(JobProgress(replace(JOB, id=job_id)))
    assert len(bar.findChildren(QProgressBar)) == 7
    assert sum(meter.isVisible() for meter in bar.findChildren(QProgressBar)) == 4
    assert bar.more.text() == "and 3 more jobs"
    bar.show_job(JobProgress(replace(JOB, id=1, state="done")))
    bar.show_job(JobProgress(replace(JOB, id=2, state="done")))
    assert bar.more.text() == "and one more job"
    bar.forget(bar.open_jobs())
    assert not bar.more.isVisible() and bar.open_jobs() == frozenset()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "done", "n_failed": 1}, "Photos: 2,500 done; one file could not be used, see Problems."),
        ({"state": "done", "n_failed": 1234}, "Photos: 2,500 done; 1,234 files could not be used, see Problems."),
        ({"state": "done", "n_failed": 0}, ""),
        ({"state": "cancelled"}, "Photos: cancelled after 2,500."),
        ({"state": "failed", "pause_reason": "No model."}, "Photos: ended after 2,500. No model."),
    ],
)
def test_the_end_of_a_job_is_said_once(bar: ActivityBar, changes: dict, said: str) -> None:
    bar.show_job(JobProgress(JOB))
    bar.show_job(JobProgress(replace(JOB, **changes)))
    assert plain(bar.message.text()) == said and bar.open_jobs() == frozenset()
    bar.say("later")
    bar.show_job(JobProgress(replace(JOB, **changes)))
    assert bar.message.text() == "later"


@pytest.mark.parametrize(
    ("preflight", "said"),
    [
        (Preflight(1, 1, 0, 0, 0, finished=True), "Found 1 image."),
        (Preflight(1, 1200, 2, 20, 0), "Found so far: 1,200 images (20 known already); 2 videos kept for a later version\N{HORIZONTAL ELLIPSIS}"),
        (Preflight(1, 5, 1, 0, 7, {"UNSUPPORTED_FORMAT": 4, "EMPTY_FILE": 3}, finished=True), "Found 5 images; 1 video kept for a later version; 7 skipped (3 empty, 4 not an image)."),
        (Preflight(1, 0, 0, 0, 2, {"PERMISSION_DENIED": 2}, finished=True), "Found 0 images; 2 skipped (not permitted to read)."),
    ],
)  # fmt: skip
def test_preflight_line(bar: ActivityBar, preflight: Preflight, said: str) -> None:
    bar.show_preflight(preflight)
    assert bar.message.text() == said == bar.message.accessibleName()


def test_a_word_fades(bar: ActivityBar, qtbot, monkeypatch) -> None:
    bar._fade.setInterval(30)
    bar.say("for a while")
    assert bar.message.text() == "for a while"
    qtbot.waitUntil(lambda: bar.message.text() == "", timeout=5000)
    assert bar.message.accessibleName() == "" and not bar._fade.isActive()


def test_a_long_badge_and_a_long_word_share_a_narrow_window(bar: ActivityBar) -> None:
    report = DeviceReport("cuda", "CUDA: NVIDIA H100 80GB HBM3", "auto", "ONNX Runtime")
    bar.show_model(ModelState("ready", "efficientnet-lite0@1", device=report))
    bar.show_job(JobProgress(replace(JOB, title=f"{HEBREW} {'long ' * 60}"), 3.0, 9000.0))
    bar.say("word " * 80 + "x" * 300)
    QApplication.sendPostedEvents()
    assert bar.minimumSizeHint().width() <= 900 and bar.width() == 900
    for widget in bar.findChildren(QWidget):
        if widget.isVisible() and widget.parentWidget() is not None:
            assert widget.mapTo(bar, widget.rect().topRight()).x() < 900


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59.4, "59 s"), (61, "1 min"), (89 * 60, "89 min"), (3 * 3600 + 120, "3 h 2 min")],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_every_code_that_a_scan_gives_has_words(bar: ActivityBar) -> None:
    assert bar._reason_words("UNSUPPORTED_FORMAT") == "not an image"
    assert bar._reason_words("anything") == "unreadable"


def test_the_search_index_is_spoken_of_while_it_is_made(bar: ActivityBar) -> None:
    bar.show_index(IndexState("net@3", "ready", 5))
    assert not bar.index.isVisible()
    bar.show_index(IndexState("net@3", "building", 5, 0.42))
    assert bar.index.isVisible() and bar.index.text() == "Making the search index 42%"
    bar.show_index(IndexState("net@3", "building", 5, 0.5, "The file <x> was damaged: it is made anew."))
    assert bar.message.accessibleName() == "The file <x> was damaged: it is made anew."
    assert "made anew" in bar.index.toolTip() and "made anew" in bar.index.accessibleName()
    bar.say("")
    bar.show_index(IndexState("net@3", "building", 5, 0.6, "The file <x> was damaged: it is made anew."))
    assert bar.message.text() == ""  # said once
    bar.show_index(IndexState("net@3", "absent", 5, 0.0, "The disk is full."))
    assert bar.index.text() == "No search index" and bar.message.accessibleName() == "The disk is full."
    bar.reset()
    assert not bar.index.isVisible() and bar.message.text() == ""


def test_comparing_pictures_is_spoken_of_while_it_goes_on(bar: ActivityBar) -> None:
    bar.show_analysis(AnalysisState("net@3", "absent"))
    assert not bar.analysis.isVisible()
    bar.show_analysis(AnalysisState("net@3", "building", 1234, 50_000))
    assert bar.analysis.isVisible() and bar.analysis.text() == "Comparing pictures: 1,234 of 50,000"
    assert "goes on after a restart" in bar.analysis.toolTip() and bar.message.text() == ""
    bar.show_analysis(AnalysisState("net@3", "building", 0, 50_000, "The search index comes first."))
    assert bar.analysis.toolTip().startswith("The search index comes first.")
    bar.show_analysis(AnalysisState("net@3", "ready", 50_000, 50_000))
    assert not bar.analysis.isVisible()
    bar.show_analysis(AnalysisState("net@3", "absent", note="The disk is full."))
    assert bar.analysis.isVisible() and bar.message.accessibleName() == "The disk is full."
    bar.reset()
    assert not bar.analysis.isVisible()
