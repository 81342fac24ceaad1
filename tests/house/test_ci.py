"""`.ci/run` does what it says, and what needs rights is not left out there in silence."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.test_leaks import ROOT, child

# Skipped where nothing may be mounted.
_MOUNTS = "tests/faults/test_places.py::test_cache_folder_without_the_right_to_write"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell's script")


def playing(folder: Path, **programs: str) -> str:
    """A PATH on which these programs only play at being themselves: the lines of a shell that each runs."""
    folder.mkdir()
    for name, lines in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{lines}\n", "utf-8")
        (folder / name).chmod(0o755)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


def test_ci_runs_all_tests_and_says_so_to_them(tmp_path: Path) -> None:
    path = playing(
        tmp_path / "bin",
        **{
            "dpkg-query": "echo install ok installed",
            "make": 'echo "make $*, CI=$LIGHTDESK_TESTS_CI, in $PWD"; exit 7',
        },
    )
    kept = {name: value for name, value in os.environ.items() if name != "LIGHTDESK_TESTS_CI"}
    command = [ROOT / ".ci/run"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**kept, "PATH": path}, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == f"make test-all, CI=1, in {ROOT}\n", done.stderr
    assert done.returncode == 7  # a failure of the tests is one of the whole


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("1", "1 failed")])
def test_a_test_without_its_rights_is_skipped_for_a_person_and_fails_for_ci(
    ci: str, outcome: str, tmp_path: Path
) -> None:
    path = playing(tmp_path / "bin", mount="exit 1", unshare="exit 1")
    done = child(
        "-q",
        "-p",
        "no:pytest-qt",
        "-o",
        "addopts=-ra",
        "-W",
        "ignore::pytest.PytestConfigWarning",
        _MOUNTS,
        PATH=path,
        LIGHTDESK_TESTS_CI=ci,
    )
    assert done.returncode == int(bool(ci)) and outcome in done.stdout, done.stdout + done.stderr
    assert "nothing may be mounted here" in done.stdout
    assert ("Let .ci/run be root" in done.stdout) is bool(ci)
