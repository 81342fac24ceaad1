"""A picture that takes the process down: the second time it goes to quarantine, with its name, and the rest goes on.

A real crash in real processes: `sitecustomize` plants a decoder that kills its process at one picture, in the
program and in the child it tries suspects in alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.service import Engine
from engine.settings import load
from tests.images import folder_of

ROOT = Path(__file__).resolve().parents[3]
PLANT = """
import os, signal
import engine.ingest.decode as room
decode = room.decode
def deadly(data, **options):
    if data.endswith(b"deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(data, **options)
room.decode = deadly
"""
RUN = """
import sys
from engine.service import Engine
from engine.settings import load
engine = Engine(load({"model": "fake"}))
engine.start()
if len(sys.argv) > 1:
    engine.submit([sys.argv[1]])
import time
until = time.monotonic() + 40
view = engine.view()
while time.monotonic() < until and not (view.jobs() and all(job.state == "done" for job in view.jobs())):
    time.sleep(0.02)
view.close()
engine.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not Windows'")
def test_a_deadly_picture_goes_to_quarantine(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 12)
    deadly = folder / "0005.jpg"
    deadly.write_bytes(deadly.read_bytes() + b"deadly")
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "sitecustomize.py").write_text(PLANT)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'plant'}{os.pathsep}{ROOT}"}

    def run(*arguments: str) -> int:
        command = [sys.executable, "-c", RUN, *arguments]
        return subprocess.run(command, env=environment, timeout=60, check=False).returncode

    assert run(str(folder)) == -9  # the first time it takes the program down
    assert run() == 0  # the second time only the child that tried it
    engine = Engine(load({"model": "fake"}), adopt_jobs=False)
    engine.start()
    view = engine.view()
    (problem,) = view.problems()
    assert (problem.code, os.path.basename(problem.path)) == ("QUARANTINED", "0005.jpg")
    (job,) = view.jobs()
    assert (job.state, job.n_done, job.n_failed) == ("done", 11, 1)
    view.close()
    # Dropped again it is refused before it is opened.
    again = engine.wait(engine.submit([str(folder)]), 20)
    assert (again.n_done, again.n_failed) == (11, 1)
    engine.close()
