"""What the window keeps of search with words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from PySide6.QtCore import QObject

from desktop.ui.words_desk import WordsDesk
from engine.schemas.words import WordsState
from tests.desktop.ui.held_ports import HeldEngine
from tests.desktop.ui.records import error
from tests.desktop.ui.words_records import NONE, READY, preparing

FOLDER = Path("/models/clip")


class Kept:
    def __init__(self) -> None:
        self.engine, self.parent = HeldEngine(), QObject()
        self.desk = WordsDesk(self.engine, self.parent)
        self.said: list[str] = []
        self.prepared: list[bool] = []
        self.desk.said.connect(self.said.append)
        self.desk.prepared.connect(lambda: self.prepared.append(True))

    def asked(self, name: str = "words_state") -> int:
        return sum(call[0] == name for call in self.engine.calls)

    def open(self, state: WordsState = NONE) -> None:
        self.desk.open()
        self.engine.answer("words_state", state)

    def adding(self) -> tuple:
        """Arguments of the call that adds, still on its way."""
        return next(call.arguments for call in self.engine.waiting if call.name == "add_words")


@pytest.fixture
def kept(qtbot) -> Kept:
    return Kept()


def test_read_when_a_library_is_opened(kept: Kept) -> None:
    assert not kept.desk.has_model
    kept.open(READY)
    assert kept.desk.has_model and kept.desk.state == READY
    # Another one: the answer about the one before does not count.
    kept.desk._rest.stop()
    kept.desk.refresh()
    kept.desk.open()
    kept.engine.finish(READY)
    assert not kept.desk.has_model
    kept.engine.finish(NONE)
    assert kept.desk.state == NONE


def test_adding_shows_how_far_it_is(kept: Kept, qtbot) -> None:
    kept.open()
    kept.desk.add(FOLDER)
    folder, progress, stopped = kept.adding()
    assert folder == FOLDER and not stopped() and kept.desk.adding is not None
    thread = Thread(target=progress, args=("Trying the image tower", 0.6))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: kept.desk.adding.fraction == 0.6, timeout=5000)
    kept.desk.add(Path("/another"))  # not two at once
    assert kept.asked("add_words") == 1
    kept.engine.answer("add_words", READY)
    assert kept.desk.adding is None and kept.desk.state == READY and "Clip in miniature" in kept.said[0]
    progress("late", 0.9)
    qtbot.wait(20)
    assert kept.desk.adding is None


def test_adding_can_be_stopped(kept: Kept, qtbot) -> None:
    kept.open()
    kept.desk.add(FOLDER)
    _, progress, stopped = kept.adding()
    kept.desk.stop_adding()
    assert stopped() and kept.desk.adding.stopping
    progress("Reading", 0.2)
    qtbot.wait(20)
    assert kept.desk.adding.stopping  # and not as if nothing had been said
    kept.engine.answer("add_words", None)
    assert kept.desk.adding is None and not kept.desk.has_model and kept.said == []
    kept.desk.add(FOLDER)
    assert not kept.adding()[2]()


def test_trouble_stays_until_the_next_step(kept: Kept, qtbot) -> None:
    kept.open()
    kept.desk.add(FOLDER)
    kept.engine.answer("add_words", error())
    assert kept.desk.error is not None and kept.desk.adding is None
    late = kept.engine.calls[-1][2]
    kept.desk.add(FOLDER)
    assert kept.desk.error is None
    late("Of the one before", 0.9)
    qtbot.wait(20)
    assert kept.desk.adding is not None and "before" not in kept.desk.adding.message


def test_leaving_a_library_stops_what_is_being_added_to_it(kept: Kept) -> None:
    kept.open()
    kept.desk.add(FOLDER)
    stopped = kept.adding()[2]
    kept.desk.forget()
    assert stopped() and kept.desk.adding is None
    kept.engine.answer("add_words", READY)
    assert not kept.desk.has_model and kept.said == []


def test_the_job_that_prepares_is_followed(kept: Kept, qtbot) -> None:
    kept.open(READY)
    kept.desk._rest.setInterval(60)
    kept.desk.show_job(preparing(kind="ingest"))
    assert kept.desk.job is None
    kept.desk.show_job(preparing())
    assert kept.desk.job is not None
    for name in ("pause", "resume"):
        getattr(kept.desk, name)()
        assert kept.engine.calls[-1] == (name, 9)
    # However often a job moves, it is counted now and then.
    for _ in range(50):
        kept.desk.show_job(preparing())
    assert kept.asked() <= 2
    qtbot.waitUntil(lambda: kept.asked() == 2, timeout=5000)
    kept.engine.answer("words_state", replace(READY, n_prepared=900))
    assert kept.prepared == [True] and kept.desk.state.n_prepared == 900
    kept.desk.show_job(preparing("done"))
    assert kept.desk.job is None
    qtbot.waitUntil(lambda: kept.asked() == 3, timeout=5000)
    kept.engine.answer("words_state", replace(READY, n_prepared=900))
    assert kept.prepared == [True]  # nothing more


def test_jobs_that_were_open_before(kept: Kept) -> None:
    kept.open(READY)
    kept.desk.show_open([preparing("paused", "ingest", 1).job, preparing("paused").job])
    assert kept.desk.job is not None and kept.desk.job.id == 9
    kept.desk.show_open([])
    assert kept.desk.job is None
    kept.desk.pause()
    assert not kept.asked("pause")


def test_prepare_now(kept: Kept) -> None:
    kept.open(READY)
    kept.desk._rest.stop()
    kept.desk.prepare()
    kept.engine.answer("prepare_words", "clip@1")
    assert kept.asked() == 2
    kept.desk.prepare()
    kept.engine.answer("prepare_words", error())
    assert kept.desk.error is not None
