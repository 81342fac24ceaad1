"""Devices on trial: what is said of one that works, answers wrongly, falls back or crashes."""

from __future__ import annotations

from typing import Any

import pytest

from engine.doctor import inference
from engine.doctor.child import Answer
from engine.settings import load
from tests.engine.doctor.findings import states, texts

TRIAL = {
    "model": "m@1",
    "device": "cuda",
    "title": "CUDA: NVIDIA H100",
    "runtime": "ONNX Runtime 1",
    "fallback_reason": None,
    "finite": True,
    "max_difference": 1e-6,
    "same_top1": True,
    "images_per_s": [{"batch": 1, "threads": 1, "images_per_s": 900.0}],
}


def test_a_device_that_works() -> None:
    found = list(inference.judged("cuda", TRIAL, "", needed=True))
    assert states(found) == {"CUDA": "ok", "CUDA self-test": "ok", "CUDA speed": "ok"}
    assert "900 img/s at batch 1" in texts(found)


@pytest.mark.parametrize("change", [{"max_difference": 0.2}, {"same_top1": False}, {"finite": False}])
def test_a_device_that_answers_wrongly(change: dict[str, Any]) -> None:
    assert states(inference.judged("cuda", {**TRIAL, **change}, "", needed=True))["CUDA self-test"] == "fail"
    assert states(inference.judged("cuda", {**TRIAL, **change}, "", needed=False))["CUDA self-test"] == "note"


def test_a_device_that_falls_back_or_crashes() -> None:
    reason = "CUDA could not start because libx.so is missing, so the CPU is used; install it with: pip install x"
    (found,) = inference.judged("cuda", {**TRIAL, "fallback_reason": reason}, "", needed=True)
    assert found.state == "fail" and "libx.so" in found.text and found.way_out == "Install it with: pip install x"
    (found,) = inference.judged("cuda", None, "it crashed (SIGSEGV)", needed=True)
    assert found.state == "fail" and "SIGSEGV" in found.text


def test_the_trial_runs_under_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_module: str, question: dict[str, Any], **_: Any) -> Answer:
        asked.append(question)
        return Answer(None, "not tried")

    monkeypatch.setattr(inference, "ask", answer)
    list(inference.examine(load({"model": "fake", "device": "cuda", "cpu_threads": 3, "gpu_memory_mb": 1234})))
    assert [(q["device"], q["cpu_threads"], q["gpu_memory_mb"]) for q in asked] == [("cpu", 3, 1234), ("cuda", 3, 1234)]


def test_an_unknown_model_is_a_finding() -> None:
    found = list(inference.examine(load({"model": "nonsense"})))
    assert states(found)["model"] == "fail" and "efficientnet-lite0@1" in texts(found)
