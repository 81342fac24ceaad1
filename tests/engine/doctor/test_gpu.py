"""The GPU, as it would be on machines we do not have."""

from __future__ import annotations

from typing import Any

import pytest

from engine.doctor import gpu, loading
from engine.doctor.report import Finding
from engine.settings import load
from tests.engine.doctor.findings import states, texts

LIBRARIES = [
    {"name": name, "needed": name in loading.library_names(), "where": "the system", "reason": ""}
    for name in (*loading.library_names(), *loading.more_names())
]
H100 = {"name": "NVIDIA H100", "memory_bytes": 80_000_000_000, "compute_capability": "9.0"}
DRIVER = {"found": True, "cuda": 13000, "error": "", "code": 0, "gpus": [H100]}
NO_DRIVER = {"found": False, "cuda": 0, "error": "", "gpus": []}


def judged(
    driver: dict[str, Any], libraries: Any = LIBRARIES, device: str = "auto", has_card: bool = False
) -> list[Finding]:
    settings = load({"device": device})
    return list(gpu.judged({"driver": driver, "libraries": libraries}, settings, has_card=has_card))


def without(*missing: str) -> list[dict[str, Any]]:
    return [
        {**library, "where": None, "reason": "cannot open"} if library["name"] in missing else library
        for library in LIBRARIES
    ]


def test_a_machine_where_all_is_there() -> None:
    found = judged(DRIVER)
    assert {f.state for f in found} == {"ok", "note"}
    assert "CUDA 13.0" in texts(found) and "NVIDIA H100, 80.0 GB, compute capability 9.0" in texts(found)
    assert set(loading.library_names()) <= set(states(found))


@pytest.mark.parametrize("i", range(len(loading.library_names())))
def test_the_first_missing_library_is_the_one_that_fails(i: int) -> None:
    missing = loading.library_names()[i:]
    found = judged(DRIVER, without(*missing))
    assert [f.name for f in found if f.state == "fail"] == [missing[0]]
    assert "lightdesk[cuda]" in next(f for f in found if f.state == "fail").way_out


def test_missing_libraries_do_not_matter_where_the_cpu_is_chosen() -> None:
    assert "fail" not in states(judged(DRIVER, without("libcudnn.so.9"), device="cpu")).values()


def test_no_driver_and_no_card() -> None:
    found = judged(NO_DRIVER, without(*loading.library_names()[2:]))
    assert set(states(found).values()) == {"note"}
    assert f"the first one missing is {loading.library_names()[2]}" in texts(found)


def test_no_driver_though_there_is_a_card_or_cuda_was_asked_for() -> None:
    assert states(judged(NO_DRIVER, has_card=True))["NVIDIA driver"] == "warn"
    assert states(judged(NO_DRIVER, device="cuda"))["NVIDIA driver"] == "fail"
    assert states(judged(NO_DRIVER, device="cuda", has_card=True))["NVIDIA driver"] == "fail"


def test_a_driver_that_is_too_old_or_does_not_start() -> None:
    old = judged({**DRIVER, "cuda": 12040})
    assert states(old)["NVIDIA driver"] == "fail" and "CUDA 12.4 only" in texts(old)
    broken = judged({**DRIVER, "error": "system not yet initialized", "code": 802, "gpus": []}, has_card=True)
    assert states(broken)["NVIDIA driver"] == "fail" and "not yet initialized" in texts(broken)
    no_device = judged({**DRIVER, "error": "no device", "code": 100, "gpus": []})
    assert states(no_device)["NVIDIA driver"] == "note"


def test_a_gpu_that_is_too_old() -> None:
    found = judged({**DRIVER, "gpus": [{**H100, "name": "GTX 1080", "compute_capability": "6.1"}]})
    assert states(found)["GPU"] == "warn"


def test_parts_that_not_every_cudnn_has_do_not_matter() -> None:
    found = judged(DRIVER, without(*loading.more_names()))
    assert "fail" not in states(found).values() and states(found)[loading.more_names()[0]] == "note"
