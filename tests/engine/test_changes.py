"""What people change: durable when it returns, told of, and undone after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import LightdeskError
from engine.events import Event, LabelsChanged, LibraryChanged
from engine.schemas.library import Label, Query
from engine.service import Engine
from engine.settings import load
from tests.images import folder_of

_LABELS_AND_DIES = """
import os, signal, sys
from engine.service import Engine
from engine.settings import load
engine = Engine(load({"model": "fake"}))
engine.start()
engine.label([1, 2], "Cat")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def filled(engine: Engine, tmp_path: Path) -> Engine:
    engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 4))]), 30)
    return engine


def label_of(engine: Engine, content_id: int) -> Label | None:
    view = engine.view()
    try:
        detail = view.detail(content_id, engine.model_ref)
        assert detail is not None
        return detail.label
    finally:
        view.close()


def test_each_step_says_who_and_is_told_of(filled: Engine) -> None:
    told: list[Event] = []
    filled.events.subscribe(told.append)
    command = filled.label([1, 3], "Cat")
    assert command.n_items == 2 and command.by == filled.user_name
    label = label_of(filled, 3)
    assert label is not None and (label.class_name, label.set_by_person) == ("Cat", True)
    assert LabelsChanged((1, 3)) in told


def test_accepting_takes_the_class_of_that_rank(filled: Engine) -> None:
    filled.accept([1], 3)
    view = filled.view()
    detail = view.detail(1, filled.model_ref)
    view.close()
    assert detail is not None and detail.label is not None
    assert detail.label.class_name == detail.predictions[0].top[2].class_name


def test_hiding_shows_less_and_undo_brings_it_back(filled: Engine) -> None:
    told: list[Event] = []
    filled.events.subscribe(told.append)
    view = filled.view()
    filled.hide([2])
    assert view.ids(Query()).tolist() == [1, 3, 4]
    assert LibraryChanged() in told
    undone = filled.undo()
    assert undone is not None and undone.kind == "hide"
    assert view.ids(Query()).tolist() == [1, 2, 3, 4]
    view.close()


def test_undo_and_redo_go_on_after_a_restart(filled: Engine) -> None:
    filled.label([1], "Cat")
    filled.reject([1])
    filled.close()
    again = Engine(load({"model": "fake"}))
    again.start()
    try:
        again.undo()
        label = label_of(again, 1)
        assert label is not None and label.class_name == "Cat"
        again.undo()
        assert label_of(again, 1) is None
        assert again.undo() is None
        again.redo()
        label = label_of(again, 1)
        assert label is not None and label.class_name == "Cat"
    finally:
        again.close()


def shown(engine: Engine) -> int:
    view = engine.view()
    try:
        return len(view.ids(Query()))
    finally:
        view.close()


@pytest.mark.parametrize("restarted", [False, True])
def test_a_removed_source_that_is_dropped_again(home: Path, tmp_path: Path, restarted: bool) -> None:
    """What is shown follows each key, however often the folder was taken out and dropped."""
    folder = folder_of(tmp_path / "photos", 4)
    engine = Engine(load({"model": "fake"}))
    engine.start()

    def step(key: str) -> tuple[str | None, int]:
        """Press a key, maybe in a program started anew; returns the step that it turned, and how many are shown."""
        nonlocal engine
        if restarted:
            engine.close()
            engine = Engine(load({"model": "fake"}))
            engine.start()
        if key == "drop":
            engine.wait(engine.submit([str(folder)]), 30)
            return None, shown(engine)
        turned = engine.remove_source(1) if key == "remove" else getattr(engine, key)()
        return turned and turned.title, shown(engine)

    remove, show = "remove the source photos", "show the source photos again"
    try:
        for key, expected in (
            ("drop", (None, 4)),
            ("remove", (remove, 0)),
            ("drop", (None, 4)),
            ("redo", (None, 4)),  # there is nothing to do again: the drop was the last step
            ("undo", (show, 0)),
            ("undo", (remove, 4)),
            ("undo", (None, 4)),
            ("redo", (remove, 0)),
            ("redo", (show, 4)),
            ("redo", (None, 4)),
            ("drop", (None, 4)),  # nothing to bring back is no step
            ("undo", (show, 0)),
            ("drop", (None, 4)),
            ("redo", (None, 4)),
            ("undo", (show, 0)),
        ):
            assert step(key) == expected, key
    finally:
        engine.close()


def test_a_label_is_on_the_disk_when_the_call_returns(filled: Engine) -> None:
    filled.close()
    done = subprocess.run([sys.executable, "-c", _LABELS_AND_DIES], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    again = Engine(load({"model": "fake"}))
    again.start()
    try:
        assert again.info().labels == 2
    finally:
        again.close()


def test_name_beside_labels(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Engine(load({"model": "fake", "user_name": "Ada"})).user_name == "Ada"

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert Engine(load({"model": "fake"})).user_name == "unknown"


def test_nothing_can_be_changed_before_the_library_is_open(home: Path) -> None:
    with pytest.raises(LightdeskError):
        Engine(load({"model": "fake"})).label([1], "Cat")
