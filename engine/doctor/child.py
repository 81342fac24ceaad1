"""Runs a probe in a process of its own: a driver that crashes or hangs takes only the child down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MODULES_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `facts` from a child that lived, else `failure` in one sentence."""

    facts: dict[str, Any] | None
    failure: str = ""


def ask(module: str, question: dict[str, Any], *, timeout_s: float, **environment: str) -> Answer:
    """Run ``python -m module`` with a JSON argument; its last line of output is its JSON answer."""
    # Not in the person's current folder: Python would take modules from there.
    search = os.pathsep.join(filter(None, (str(_MODULES_ROOT), os.environ.get("PYTHONPATH", ""))))
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, json.dumps(question)],
            cwd=_MODULES_ROOT,
            env={**os.environ, "PYTHONPATH": search, "PYTHONIOENCODING": "utf-8", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, f"it did not answer within {timeout_s:.0f} s")
    except OSError as error:
        return Answer(None, f"it could not be started ({error.strerror})")
    if done.returncode != 0:
        return Answer(None, _reason(done.returncode, done.stderr))
    try:
        facts = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return Answer(None, "it gave no answer")
    return Answer(facts)


def _reason(code: int, stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else ""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"it crashed ({name}){f': {last}' if last else ''}"
    return last or f"it ended with code {code}"
