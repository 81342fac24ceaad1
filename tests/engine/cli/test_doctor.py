"""`lightdesk doctor`: its exit code. What programs read of it is in tests/engine/doctor."""

from __future__ import annotations

import pytest

from engine.backends import ort


def test_what_should_work_and_does_not_makes_the_exit_code(lightdesk) -> None:
    if ort.has_nvidia_driver():
        pytest.skip("there is a driver here")
    done = lightdesk("doctor", "--device", "cuda")
    assert done.code == 1 and "FAIL" in done.out
