"""The child process in which what may crash is tried."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine.doctor import child
from engine.doctor.child import ask


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a module for a child to run."""

    def make(body: str) -> str:
        (tmp_path / "probing.py").write_text("import json, os, signal, sys, time\n" + textwrap.dedent(body))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "probing"

    return make


def test_a_child_answers(probe: Any) -> None:
    module = probe("print('chatter'); print(json.dumps({'got': json.loads(sys.argv[1]), 'x': os.environ['X']}))")
    assert ask(module, {"a": "ä"}, timeout_s=20, X="1").facts == {"got": {"a": "ä"}, "x": "1"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_is_contained(probe: Any) -> None:
    assert "SIGSEGV" in ask(probe("os.kill(os.getpid(), signal.SIGSEGV)"), {}, timeout_s=20).failure


def test_other_ends_of_a_child(probe: Any) -> None:
    assert ask(probe("sys.exit('the reason')"), {}, timeout_s=20).failure == "the reason"
    assert ask(probe("os._exit(3)"), {}, timeout_s=20).failure == "it ended with code 3"
    assert ask(probe("print('no json')"), {}, timeout_s=20).failure == "it gave no answer"
    assert ask(probe(""), {}, timeout_s=20).failure == "it gave no answer"
    assert "within 0 s" in ask(probe("time.sleep(60)"), {}, timeout_s=0.4).failure


def test_a_child_takes_no_modules_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert ask("engine.doctor.loading", {}, timeout_s=60).facts is not None
    assert Path(__file__).resolve().parents[3] == child._MODULES_ROOT
