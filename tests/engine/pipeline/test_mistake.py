"""A bug of ours, wherever it strikes, ends in words that name the file and the log with its traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.backends.fake import FakeSession
from engine.events import EngineFailed
from engine.library import ingest
from engine.pipeline import loading, scanning
from engine.pipeline.preparing import Preparer
from engine.service import Engine
from engine.settings import load
from tests.faults.conftest import Watched
from tests.images import folder_of
from tests.waiting import until


def bug(*_arguments: object, **_options: object) -> Any:
    raise IndexError("planted")


def names_the_log(text: str, home: Path) -> bool:
    return "mistake in Lightdesk" in text and str(home / "data" / "lightdesk.log") in text


@pytest.mark.parametrize(
    ("room", "name"),
    [(Preparer, "prepare"), (FakeSession, "run"), (ingest, "store")],
    ids=["preparing", "inference", "storing"],
)
@pytest.mark.parametrize("urgent", [False, True], ids=["bulk", "express"])
def test_a_bug_with_one_file(
    start: Callable[..., Watched],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    room: Any,
    name: str,
    urgent: bool,
) -> None:
    now = start()
    path = folder_of(tmp_path / "photos", 1) / "0000.jpg"
    monkeypatch.setattr(room, name, bug)
    job = now.engine.wait(now.engine.submit([str(path)], urgent=urgent), 30)
    assert (job.state, job.n_failed) == ("done", 1)
    view = now.engine.view()
    (problem,) = view.problems()
    view.close()
    assert (problem.code, problem.path) == ("INTERNAL", str(path))
    assert names_the_log(problem.way_out, home)
    if room is not FakeSession:  # its answer belongs to a batch
        assert problem.message.find(str(path)) >= 0 and "IndexError" in problem.message
    assert "planted" in caplog.text, "the traceback is in the log"


def test_a_bug_of_a_scan(
    start: Callable[..., Watched], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = start()
    monkeypatch.setattr(scanning, "walk", bug)
    now.engine.submit([str(folder_of(tmp_path / "photos", 1))])
    until(lambda: bool(now.failures()))
    (failed,) = [event for event in now.told if isinstance(event, EngineFailed)]
    assert failed.code == "INTERNAL" and names_the_log(failed.message, home)


def test_a_bug_while_the_model_is_loaded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "open_pipeline", bug)
    engine = Engine(load({"model": "fake"}))
    engine.start()
    try:
        until(lambda: engine.model_state().phase == "failed")
        assert names_the_log(engine.model_state().message, home)
    finally:
        engine.close()
