"""The driver is asked through its own library, which here is one of ours."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from engine.backends import nvidia
from engine.backends.nvidia import Driver, ask_driver


class Library:
    """The few functions of libcuda that are used."""

    def __init__(
        self, *, names: tuple[bytes, ...] = (), init: int = 0, version: int = 13000, name_error: int = 0
    ) -> None:
        self._names = names
        self._init = init
        self._version = version
        self._name_error = name_error

    def cuDriverGetVersion(self, version: Any) -> int:
        version._obj.value = self._version
        return 0

    def cuInit(self, flags: int) -> int:
        return self._init

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = len(self._names)
        return 0

    def cuDeviceGet(self, device: Any, ordinal: int) -> int:
        device._obj.value = ordinal
        return 0

    def cuDeviceGetName(self, buffer: Any, length: int, device: ctypes.c_int) -> int:
        buffer.value = self._names[device.value][: length - 1]
        return self._name_error


@pytest.mark.parametrize(
    ("library", "driver"),
    [
        (None, None),
        (Library(names=(b"NVIDIA H100", b"NVIDIA L4")), Driver(13000, ("NVIDIA H100", "NVIDIA L4"))),
        (Library(names=(b"NVIDIA \xff",)), Driver(13000, ("NVIDIA \ufffd",))),
        (Library(names=(b"x",), name_error=1), Driver(13000, ("NVIDIA GPU",))),
        (Library(init=100), Driver(13000, ())),
        (Library(init=803, version=12020), Driver(12020, (), 803)),
    ],
)
def test_answers(monkeypatch: pytest.MonkeyPatch, library: Library | None, driver: Driver | None) -> None:
    monkeypatch.setattr(nvidia, "load_driver_library", lambda: library)
    assert ask_driver() == driver


def test_no_library_is_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_name: str) -> None:
        raise OSError("cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert ask_driver() is None
