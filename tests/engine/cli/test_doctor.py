"""`lightdesk doctor`: its exit code, and what programs read."""

from __future__ import annotations

import json

import pytest

from engine.backends import ort


def test_exit_code_and_json(lightdesk) -> None:
    if ort.has_nvidia_driver():
        pytest.skip("there is a driver here")
    done = lightdesk("doctor", "--json")
    assert done.code == (0 if json.loads(done.out)["ok"] else 1)
    done = lightdesk("doctor", "--device", "cuda")
    assert done.code == 1 and "FAIL" in done.out
