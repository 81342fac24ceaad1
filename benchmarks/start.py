"""From the start of the process to the first click accepted, with a large library; on a screen of Xvfb where there is one."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import big_library
from desktop.app import TRACE_VARIABLE

_TIMES = 5
_LIMIT_S = 60.0
_TOLD = re.compile(r"first click accepted (\d+) ms")
_FORWARDED = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR")


def measure(scratch: Path, models: Path, *, big_home: Path) -> dict[str, Any]:
    """Return milliseconds of `_TIMES` starts, the first of which may find the disk's cache cold."""
    home = big_library.copied(big_home, scratch / "home")
    with _screen() as (platform, variables):
        times_ms = [_start(home, models, variables) for _ in range(_TIMES)]
    return {
        "platform": platform,
        "first_click_ms": times_ms,
        "median_ms": statistics.median(times_ms),
        "max_ms": max(times_ms),
    }


def _start(home: Path, models: Path, variables: dict[str, str]) -> int:
    environment = {name: os.environ[name] for name in _FORWARDED if name in os.environ}
    environment |= {"LIGHTDESK_HOME": str(home), "LIGHTDESK_MODELS_DIR": str(models), TRACE_VARIABLE: "1"} | variables
    with subprocess.Popen(
        [sys.executable, "-m", "desktop"], env=environment, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        guard = threading.Timer(_LIMIT_S, process.kill)
        guard.start()
        said = []
        try:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                if found := _TOLD.search(line):
                    time.sleep(1.0)  # the engine opens behind it: not killed in the middle of that
                    return int(found[1])
        finally:
            guard.cancel()
            process.terminate()
    raise SystemExit("The program ended before it took a click:\n" + "".join(said[-20:]))


@contextmanager
def _screen() -> Iterator[tuple[str, dict[str, str]]]:
    """Give a screen without a window manager; Qt's offscreen one where Xvfb is not installed."""
    program = shutil.which("Xvfb")
    if program is None:
        yield "offscreen (Xvfb is not installed)", {"QT_QPA_PLATFORM": "offscreen"}
        return
    read_end, write_end = os.pipe()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [program, "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
            pass_fds=(write_end,), stderr=subprocess.DEVNULL, cwd=folder,
        ) as server,
    ):  # fmt: skip
        os.close(write_end)
        try:
            with os.fdopen(read_end, encoding="ascii") as told:
                number = told.readline().strip()  # comes when the server takes clients
            if not number:
                yield "offscreen (Xvfb did not start)", {"QT_QPA_PLATFORM": "offscreen"}
                return
            yield "xcb on Xvfb", {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()
