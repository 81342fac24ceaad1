"""kill -9 at random moments: the library ends up as after an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.library import database, upkeep
from engine.service import Engine
from engine.settings import load
from tests.images import folder_of

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("LIGHTDESK_SOAK_KILLS", "6"))
CHILD = """
import sys, time
from engine.service import Engine
from engine.settings import load
engine = Engine(load({"model": "fake", "decode_threads": 1}))
engine.start()
if sys.argv[1] == "first":
    engine.submit([sys.argv[2]])
print("going", flush=True)
time.sleep(60)
"""


def test_kill_at_any_moment(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 60 * KILLS + 200)
    rng = random.Random(5)
    for i in range(KILLS):
        command = [sys.executable, "-c", CHILD, "first" if i == 0 else "next", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rng.uniform(0.05, 0.6))
            child.send_signal(signal.SIGKILL)
    engine = Engine(load({"model": "fake"}))
    engine.start()
    until_s = time.monotonic() + 120
    view = engine.view()
    while any(job.state == "running" for job in view.jobs()):
        assert time.monotonic() < until_s, view.jobs()
        time.sleep(0.1)
    assert [job.state for job in view.jobs()] == ["done"]
    view.close()
    engine.close()
    assert upkeep.check(engine.library_path).ok
    conn = database.connect(engine.library_path, read_only=True)
    counts = upkeep.info(conn, engine.library_path)
    conn.close()
    n = len(list(folder.iterdir()))
    assert (counts.contents, counts.files, counts.predictions, counts.embeddings, counts.problems) == (n, n, n, n, 0)
