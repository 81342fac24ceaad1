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
_TOLD = re.compile(r"first click (accepted|answered)")
_CLICK_EVERY_MS = 20
_ON_ALL_PICTURES = ("60", "80")  # the row of the panel that is chosen already
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
    # From outside: the system knows when a process began to a hundredth of a second only, counted from a start of the
    # machine that is rounded to a whole one.
    began_s = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "desktop"], env=environment, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        guard = threading.Timer(_LIMIT_S, process.kill)
        guard.start()
        clicks = _clicking(variables)
        said = []
        try:
            assert process.stderr is not None
            for line in process.stderr:
                now_s = time.perf_counter()
                said.append(line)
                if (found := _TOLD.search(line)) and found[1] == ("answered" if clicks else "accepted"):
                    time.sleep(1.0)  # the engine opens behind it: not killed in the middle of that
                    return round((now_s - began_s) * 1000)
        finally:
            guard.cancel()
            process.terminate()
            if clicks:
                clicks.kill()
                clicks.wait()
    raise SystemExit("The program ended before it took a click:\n" + "".join(said[-20:]))


def _on_xvfb() -> str:
    return (
        f"xcb on Xvfb, {'clicked by xdotool' if shutil.which('xdotool') else 'painted and waiting; xdotool is missing'}"
    )


def _clicking(variables: dict[str, str]) -> subprocess.Popen[bytes] | None:
    """Click again and again where the window will be, as an impatient person; None where nothing can click."""
    program = shutil.which("xdotool")
    if program is None or "DISPLAY" not in variables:
        return None
    click = ["click", "--repeat", "100000", "--delay", str(_CLICK_EVERY_MS), "1"]
    return subprocess.Popen([program, "mousemove", *_ON_ALL_PICTURES, *click], env=os.environ | variables)


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
            yield _on_xvfb(), {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()
