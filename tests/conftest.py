"""What holds for every test: a home of its own, no thread left behind, no window but an offscreen one."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# Before Qt is imported anywhere: without a display it would end the process with SIGABRT, not with an exception.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
# What the tests of the terminal, of sorting and of file names expect; Qt asks for UTF-8 too.
os.environ["LC_ALL"] = "C.UTF-8"
# A variable of the person who runs the tests must not change what they say.
_FOR_TESTS = ("LIGHTDESK_SOAK_", "LIGHTDESK_TESTS_", "LIGHTDESK_SAMPLE_PHOTOS")
for _name in [name for name in os.environ if name.startswith("LIGHTDESK_") and not name.startswith(_FOR_TESTS)]:
    del os.environ[_name]

import pytest

from engine.service import Engine
from engine.settings import load

_THREADS_END_WITHIN_S = 5.0
# How tests begin that say what they lack and .ci/run must have, and what is to be done there.
_HAD_IN_CI = {
    "nothing may be mounted here": "Let .ci/run be root, or let it make namespaces.",
    "torch is not installed": "Let it be installed, as make test-all does.",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine has nothing for, and say what that is."""
    missing = {"gpu": _why_no_gpu(), "torch": _why_no_torch(), "qt": _why_no_qt()}
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Under .ci/run, fail what elsewhere is skipped for want of something that it must have: nobody reads the reasons there."""
    report = yield
    if report.skipped and os.environ.get("LIGHTDESK_TESTS_CI") and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        for beginning, advice in _HAD_IN_CI.items():
            if reason.startswith(beginning):
                report.outcome = "failed"
                report.longrepr = f"{item.nodeid}: {reason}. {advice}"
    return report


def _why_no_gpu() -> str | None:
    """Ask for the driver only: a machine that has one and where CUDA then does not start is a failure to be seen."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(library)
    except OSError:
        return f"no NVIDIA GPU here: the driver's {library} cannot be loaded"
    return None


def _why_no_torch() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed; make test-all installs it"
    return None


def _why_no_qt() -> str | None:
    """packaging/run_tests.py has looked before Qt could take the whole run down."""
    return "Qt lacks system libraries here" if os.environ.get("LIGHTDESK_TESTS_WITHOUT_QT") else None


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data, cache and settings in a folder of the test: none touches those of the person who runs it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIGHTDESK_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail where a thread outlives its test.

    Threads that Python did not start (Qt's, ONNX Runtime's) appear as dummies when they call into Python, and
    stay in the list for good: they are not counted.
    """
    before = set(threading.enumerate())
    yield
    until_s = time.monotonic() + _THREADS_END_WITHIN_S
    while leaked := [
        thread
        for thread in threading.enumerate()
        if thread not in before and not isinstance(thread, threading._DummyThread)
    ]:
        if time.monotonic() > until_s:
            pytest.fail(f"threads outlived their test: {', '.join(sorted(thread.name for thread in leaked))}")
        time.sleep(0.01)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """A started engine on the fake model."""
    engine = Engine(load({"model": "fake"}))
    engine.start()
    yield engine
    engine.close()
