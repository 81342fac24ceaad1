"""Attempts at a model: told of once, silent then, ended by success, by closing and by a bug."""

from __future__ import annotations

import threading

import pytest

from engine.errors import ErrorCode, LightdeskError, ModelError
from engine.pipeline import attempts
from engine.pipeline.attempts import until_ready


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FIRST_REST_S", 0.01)


class Model:
    """Fails in turn with these, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.silent: list[bool] = []
        self.told: list[LightdeskError] = []
        self.closing = threading.Event()

    def make_ready(self, silent: bool) -> None:
        self.silent.append(silent)
        if self._errors:
            raise self._errors.pop(0)

    def run(self) -> None:
        until_ready(self.make_ready, failed=self.told.append, closing=self.closing)


def damaged(name: str = "a.onnx") -> ModelError:
    return ModelError(ErrorCode.MODEL_DAMAGED, f"{name} is damaged.", way_out="Copy it again.")


def test_one_cause_is_told_once_and_another_anew() -> None:
    model = Model(damaged(), damaged(), damaged("b.onnx"))
    model.run()
    assert [error.message for error in model.told] == ["a.onnx is damaged.", "b.onnx is damaged."]
    assert model.silent == [False, True, True, True]


def test_a_bug_is_told_and_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    model = Model(ZeroDivisionError())
    model.run()
    (error,) = model.told
    assert error.code is ErrorCode.INTERNAL and "could not be loaded" in error.message and error.way_out
    assert model.silent == [False] and "ZeroDivisionError" in caplog.text


def test_closing_ends_the_rest_and_tells_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FIRST_REST_S", 60.0)
    model = Model(*[damaged()] * 9)
    thread = threading.Thread(target=model.run)
    thread.start()
    model.closing.set()
    thread.join(5)
    assert not thread.is_alive() and len(model.silent) <= 1
