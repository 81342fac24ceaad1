"""kill -9 at random moments: the library ends up as after an undisturbed run, and hardly anything is done twice.

The child notes each picture that it asks the model about. An item that was in flight when its process died is
counted by the library (`n_crashes`): only so often may it have been asked about again.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.library import database, upkeep
from engine.service import Engine
from engine.settings import load
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not Windows'"),
]
KILLS = int(os.environ.get("LIGHTDESK_SOAK_KILLS", "6"))
# The most that may be between claim and commit, see engine/pipeline/runner.py.
IN_FLIGHT = 96
CHILD = """
import os, sys, time
from pathlib import Path
from engine.pipeline.lane import Lane
from engine.pipeline.trial import Trial
from engine.service import Engine
from engine.settings import load

log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
infer = Lane.infer
def noted(lane, batch):
    os.write(log, b"".join(os.fsencode(prepared.ticket.found.path) + b"\\n" for prepared in batch))
    return infer(lane, batch)
Lane.infer = noted
survivors = Trial.survivors
def told(trial, paths):
    print("trying", flush=True)
    return survivors(trial, paths)
Trial.survivors = told

engine = Engine(load({"model": "fake", "decode_threads": 1}))
engine.start()
print("opened", flush=True)
for folder in sys.argv[2:]:
    engine.submit([folder])
    print("submitted", flush=True)
while engine.model_state().phase != "ready":
    time.sleep(0.01)
print("ready", flush=True)
time.sleep(60)
"""


@dataclass(frozen=True)
class Kill:
    """When a process is killed: so long after it has said a word, having been given these folders first."""

    word: str
    delay_s: float
    folders: tuple[str, ...] = ()


def heard(child: subprocess.Popen[bytes], word: str, so_far: bytearray, limit_s: float) -> bool:
    """Read what the child says until it says that word."""
    assert child.stdout is not None
    until_s = time.monotonic() + limit_s
    while word.encode() not in so_far.splitlines():
        if not select.select([child.stdout], [], [], max(0.0, until_s - time.monotonic()))[0]:
            return False
        part = os.read(child.stdout.fileno(), 4096)
        assert part, "the process has died by itself"
        so_far += part
    return True


def run_and_kill(kill: Kill, log: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(log), *kill.folders]
    said = bytearray()
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as child:
        try:
            if kill.word == "trying":
                # One that has no suspects to try never says so.
                heard(child, "ready", said, 60)
                heard(child, "trying", said, 1)
            else:
                assert heard(child, kill.word, said, 60)
            time.sleep(kill.delay_s)
        finally:
            child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL


def moments(first: str, second: str, rng: random.Random) -> list[Kill]:
    """During the scan, in the middle, during the trial of suspects, with a second job, and anywhere."""
    kills = [
        Kill("submitted", rng.uniform(0.0, 0.1), (first,)),
        Kill("ready", rng.uniform(0.2, 0.5)),
        Kill("trying", rng.uniform(0.0, 0.3)),
        Kill("ready", rng.uniform(0.05, 0.4), (second,)),
        Kill("trying", rng.uniform(0.3, 0.8)),
        Kill("ready", rng.uniform(0.05, 0.6)),
    ]
    while len(kills) < KILLS:
        kills.append(Kill(rng.choice(["opened", "ready", "trying"]), rng.uniform(0.0, 0.6)))
    return kills[:KILLS]


def test_kill_at_any_moment(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("LIGHTDESK_SOAK_SEED", "5")))
    first = str(folder_of(tmp_path / "first", 60 * KILLS + 300))
    second = str(folder_of(tmp_path / "second", 150, seed=100_000))
    log = tmp_path / "asked"
    for kill in moments(first, second, rng):
        run_and_kill(kill, log)
    engine = Engine(load({"model": "fake"}))
    engine.start()
    view = engine.view()
    try:
        until_s = time.monotonic() + 240
        while [job.state for job in view.jobs()] != ["done", "done"]:
            assert time.monotonic() < until_s, view.jobs()
            time.sleep(0.1)
    finally:
        view.close()
        engine.close()

    assert upkeep.check(engine.library_path).ok
    assert whole_library(engine.library_path) == undisturbed([first, second], tmp_path / "other.sqlite")

    conn = database.connect(engine.library_path, read_only=True)
    crashes = {
        os.fsdecode(path): n for path, n in conn.execute("SELECT path, n_crashes FROM job_items").fetchall()
    }
    conn.close()
    asked = Counter(log.read_bytes().decode().splitlines())
    again = {path: n for path, n in asked.items() if n > 1}
    too_often = {path: (n, crashes[path]) for path, n in again.items() if n > 1 + crashes[path]}
    assert not too_often, "asked about again without having been in flight"
    n_again = sum(asked.values()) - len(asked)
    assert n_again <= KILLS * IN_FLIGHT
    print(f"{KILLS} kills: {sum(crashes.values())} in flight, {n_again} asked about again, of {len(asked)}")
    # The test itself has to see something: pictures were in flight, and some were answered before each kill.
    assert sum(crashes.values()) > 0 and len(asked) > 100
