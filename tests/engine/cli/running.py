"""Runs the command line as a person or a script does."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.library import jobs, migrations
from engine.settings import library_path, load

ROOT = Path(__file__).resolve().parents[3]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and names of POSIX")


def environment(**more: str) -> dict[str, str]:
    """An environment without a display, on the fake model."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    return {**kept, "LIGHTDESK_MODEL": "fake", **more}


def command(*arguments: str, module: str = "engine.cli") -> list[str]:
    """The command as a list."""
    return [sys.executable, "-m", module, *arguments]


# Root may read and write everything, and is who runs the tests in many containers: this gives it up first.
_GIVE_UP = """
import ctypes, os, sys
if os.geteuid() == 0:
    for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        if ctypes.CDLL(None).prctl(24, right, 0, 0, 0):  # PR_CAPBSET_DROP
            sys.exit("root cannot give its rights up here")
os.execv(sys.argv[1], sys.argv[1:])
"""


def heeding_permissions(*arguments: str) -> list[str]:
    """The command as a list; it may do no more than the permissions of the files allow. Linux."""
    return [sys.executable, "-c", _GIVE_UP, *command(*arguments)]


def run(
    *arguments: str, module: str = "engine.cli", as_list: list[str] | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own."""
    return subprocess.run(
        as_list or command(*arguments, module=module),
        capture_output=True,
        encoding="utf-8",
        env=environment(**more),
        timeout=120,
        check=False,
    )


@contextlib.contextmanager
def started(arguments: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that a failing test does not leave behind."""
    with subprocess.Popen(arguments, **options) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


@contextlib.contextmanager
def classifying(folder: Path, variables: Mapping[str, str] = {}, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """`lightdesk classify FOLDER --json` at work in a process of its own.

    Read its output with `readline` and `read`, not with `communicate`, which forgets what `readline` has taken from
    the pipe already.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    wanted = command("classify", str(folder), "--json")
    with started(wanted, text=True, env=environment(**variables), **pipes) as child:
        yield child


def job_states() -> list[str]:
    """The states of the jobs in the usual library, the newest first."""
    conn = migrations.open_for_reading(library_path(load()))
    try:
        return [job.state for job in jobs.listed(conn)]
    finally:
        conn.close()


def records(text: str) -> list[dict[str, Any]]:
    """The records of an output."""
    return [json.loads(line) for line in text.splitlines()]


def name_of(record: dict[str, Any]) -> str:
    """The file that a record is about."""
    if record["success"]:
        return str(record["data"]["metadata"]["filename"])
    return str(record["error"]["details"]["filename"])
