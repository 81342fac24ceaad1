"""The reason for using the CPU is one sentence that says what to do."""

from __future__ import annotations

import pytest

from engine.backends.fallback import after_trying, before_trying
from engine.backends.nvidia import Driver
from engine.schemas.device import DeviceChoice

GOOD = Driver(13000, ("NVIDIA H100",))


def before(
    driver: Driver | None, *, asked: DeviceChoice = "auto", compiled: bool = True, cuda_major: int = 13
) -> tuple[bool, str | None]:
    return before_trying(driver, asked=asked, compiled=compiled, cuda_major=cuda_major)


def test_a_good_driver_is_tried() -> None:
    assert before(GOOD) == (True, None)
    assert before(Driver(13010, ("NVIDIA H100", "NVIDIA L4")), asked="cuda") == (True, None)
    # A driver that does not tell its version gets its chance.
    assert before(Driver(0, ("NVIDIA H100",))) == (True, None)


@pytest.mark.parametrize("driver", [None, Driver(13000, ())])
def test_nobody_is_told_of_a_gpu_that_is_not_there(driver: Driver | None) -> None:
    assert before(driver) == (False, None)
    try_it, reason = before(driver, asked="cuda")
    assert not try_it and reason is not None and "CPU is used" in reason


@pytest.mark.parametrize(
    ("driver", "compiled", "words"),
    [
        (Driver(12040, ("NVIDIA T4",)), True, "CUDA 12.4, needed is 13"),
        (Driver(0, (), 803), True, "error 803"),
        (GOOD, False, "built without CUDA"),
    ],
)
def test_what_can_be_known_beforehand_is_not_tried(driver: Driver, compiled: bool, words: str) -> None:
    for asked in ("auto", "cuda"):
        try_it, reason = before(driver, asked=asked, compiled=compiled)  # type: ignore[arg-type]
        assert not try_it
        assert reason is not None and words in reason and "CPU is used" in reason and reason.endswith(".")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            [
                "Failed to load libcublasLt.so.13: libcublasLt.so.13: cannot open shared object file: No such file",
                "Failed to load libcublas.so.13: libcublas.so.13: cannot open shared object file: No such file",
            ],
            "libcublasLt.so.13 is missing",
        ),
        (["Failed to load /opt/x/nvidia/cu13/lib/libcurand.so.10: file too short"], "libcurand.so.10 is missing"),
        (
            [
                "[E:onnxruntime:Default, provider_bridge_ort.cc:2458 operator()] FAIL : Failed to load library "
                "/x/libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: "
                "No such file or directory"
            ],
            "libcudnn.so.9 is missing",
        ),
        (
            [
                'Error loading "C:\\x\\onnxruntime_providers_cuda.dll" which depends on "cublasLt64_13.dll" which is missing. (Error 126)'
            ],
            "cublasLt64_13.dll is missing",
        ),
        (
            ["CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0"],
            "driver is too old",
        ),
        (["CUDA failure 2: out of memory ; GPU=0 ; hostname=x"], "too little free memory"),
        (["Failed to allocate memory for requested buffer of size 8388608"], "too little free memory"),
        (["CUDA failure 209: no kernel image is available for execution on the device"], "GPU is too old"),
        (["CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED ; GPU=0"], "cuDNN"),
        (["something nobody foresaw"], "lightdesk doctor"),
        ([], "lightdesk doctor"),
    ],
)
def test_what_the_runtime_said_becomes_one_sentence(said: list[str], words: str) -> None:
    sentence = after_trying(said)
    assert words in sentence
    assert sentence.startswith("CUDA could not start") and "the CPU is used" in sentence
    assert "\n" not in sentence and len(sentence) < 200
