"""A disk that is full: of the library the job waits, of the cache only the thumbnails do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from engine.cache_entries import thumbnail_key
from engine.library import upkeep
from engine.library.database import connect
from tests.faults.conftest import Gate, Mounts, Watched, until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import folder_of

_CHUNK = 64 * 1024


def fill(disk: Path) -> Path:
    """Leave not a byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (_CHUNK, 512, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def test_library_on_a_full_disk_pauses_and_goes_on(
    mounts: Mounts, start: Callable[..., Watched], gate: Gate, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 200)
    disk = mounts.small_disk(tmp_path / "disk", 16_000)
    now = start(library=disk / "library.sqlite")
    gate.let(40)
    job_id = now.engine.submit([str(folder)])
    until(lambda: now.engine.info().contents >= 30 and not now.engine.wait(job_id, 0).scanning)
    ballast = fill(disk)
    gate.open()
    until(lambda: now.shown(job_id) == ("paused", "DISK_FULL"))
    stored = now.engine.info().contents
    assert stored < 200
    # It keeps saying so, once, and is not beaten by waiting.
    until(lambda: gate.n_answered > stored)
    assert now.shown(job_id) == ("paused", "DISK_FULL")
    assert now.failures() == ["DISK_FULL"]
    ballast.unlink()
    now.until_done(job_id)
    assert now.shown(job_id)[0] == "done"
    now.close()
    assert gate.n_answered == 200  # what waited was kept, not asked of the model again
    assert upkeep.check(now.engine.library_path).ok
    assert whole_library(now.engine.library_path) == undisturbed([str(folder)], tmp_path / "other.sqlite")


_CLOSES_ON_A_FULL_DISK = """
import sys, time
from pathlib import Path
from engine.backends.fake import FakeSession
from engine.service import Engine
from engine.settings import load
run = FakeSession.run
FakeSession.run = lambda self, batch: time.sleep(0.05) or run(self, batch)
engine = Engine(load({"model": "fake", "library": Path(sys.argv[1])}))
engine.start()
job_id = engine.submit([sys.argv[2]])
while engine.info().contents < 30 or engine.wait(job_id, 0).scanning:
    time.sleep(0.02)
print("fill", flush=True)
while not any(progress.job.pause_code == "DISK_FULL" for progress in engine.progress()):
    time.sleep(0.02)
began_s = time.monotonic()
engine.close()
print(time.monotonic() - began_s, flush=True)
"""


def test_closing_on_a_full_disk_is_quick_and_the_next_start_goes_on(
    mounts: Mounts, start: Callable[..., Watched], tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 300)
    disk = mounts.small_disk(tmp_path / "disk", 16_000)
    library = disk / "library.sqlite"
    command = [sys.executable, "-c", _CLOSES_ON_A_FULL_DISK, str(library), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "fill\n"
        ballast = fill(disk)
        closed_in_s = float(child.stdout.readline())
    assert child.returncode == 0
    assert closed_in_s < 6.0  # two seconds, on a machine with nothing else to do
    ballast.unlink()
    now = start(library=library)
    now.until_done(1)
    now.close()
    assert whole_library(library) == undisturbed([str(folder)], tmp_path / "other.sqlite")


def test_cache_on_a_full_disk_costs_thumbnails_only(
    mounts: Mounts, start: Callable[..., Watched], gate: Gate, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("engine.cache._REST_S", 0.2)
    folder = folder_of(tmp_path / "photos", 120)
    disk = mounts.small_disk(tmp_path / "disk", 8_000)
    now = start(cache_dir=disk / "cache")
    gate.let(40)
    job_id = now.engine.submit([str(folder)])
    until(lambda: now.engine.info().contents >= 30)
    early = digest_of(now, "0000.jpg")
    ballast = fill(disk)
    gate.open()
    now.until_done(job_id)
    assert now.engine.info().predictions == 120
    assert now.failures() == ["DISK_FULL"]
    late = digest_of(now, "0119.jpg")
    cache = now.engine._cache
    assert cache.get(thumbnail_key(late)) is None
    assert cache.get(thumbnail_key(early)) is not None  # what was there can still be read
    assert now.engine.thumbnail(late) is not None  # made again from the file
    ballast.unlink()

    def kept() -> bool:
        now.engine.thumbnail(late)
        return cache.get(thumbnail_key(late)) is not None

    until(kept)


def digest_of(now: Watched, name: str) -> str:
    conn = connect(now.engine.library_path, read_only=True)
    try:
        return conn.execute("SELECT hex(sha256) FROM contents WHERE name = ?", (name,)).fetchall()[0][0].lower()
    finally:
        conn.close()
