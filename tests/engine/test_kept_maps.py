"""The file of a map: kept, spoilt, written by several processes."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine import maps
from engine.search import map_file
from tests.engine.map_ground import REF, Ground, N, ground, places, quick
from tests.waiting import until

__all__ = ["ground", "quick"]  # the fixtures


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b"LDMAP\n" + b"\x63\x00" + file.read_bytes()[8:]),
        lambda file: file.write_bytes(os.urandom(5000)),
        lambda file: file.write_bytes(b""),
        lambda file: file.unlink(),
    ],
    ids=["cut short", "newer", "something else", "empty", "deleted"],
)
def test_a_file_that_cannot_be_used_is_made_again(
    ground: Ground, spoil: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    before = ground.ready()
    until(lambda: ground.n_kept() == N)
    ground.close()
    spoil(ground.folder / "map")
    with caplog.at_level(logging.CRITICAL):
        again = ground.ready()
    np.testing.assert_array_equal(places(again), places(before))
    until(lambda: ground.n_kept() == N)


def test_deleted_while_it_is_in_use_it_is_written_again(ground: Ground) -> None:
    opened = ground.ready()
    until(lambda: ground.n_kept() == N)
    shutil.rmtree(ground.folder)
    until(lambda: ground.n_kept() == N)
    assert opened.state.phase == "ready"


def test_a_library_that_went_another_way(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    """A backup was put back: the same numbers are other pictures."""
    opened = ground.ready()
    until(lambda: ground.n_kept() == N)
    with caplog.at_level(logging.CRITICAL):
        ground.change(f"DELETE FROM vector_rows WHERE position >= 60; DELETE FROM vectors_{ground.model_id} WHERE rowid > 60")
        ground.add(N + 1, N + 40)
        until(lambda: opened.state.n == 100 and opened.state.phase == "ready")
    assert opened.state.layout.split()[3] != str(N)
    assert len(opened.points(np.arange(61, N + 1)).content_ids) == 0
    until(lambda: ground.n_kept() == 100)
    ground.close()
    # Also while nobody looked.
    ground.change(f"DELETE FROM vector_rows WHERE position >= 60; DELETE FROM vectors_{ground.model_id} WHERE rowid > 60")
    ground.add(61, N)
    ground.said.clear()
    again = ground.ready()
    assert ground.said[0].phase == "making" and not ground.said[0].layout  # what was kept is not even shown
    assert len(again.points(np.arange(N + 1, N + 41)).content_ids) == 0


def test_a_folder_that_cannot_be_written_leaves_the_map(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    ground.folder.parent.write_bytes(b"in the way")
    with caplog.at_level(logging.CRITICAL):
        opened = ground.ready()
        assert len(places(opened)) == N
        ground.folder.parent.unlink()
        until(lambda: ground.n_kept() == N)


# Several processes


def test_what_another_lays_out_anew_is_taken_over(ground: Ground) -> None:
    one, other = ground.ready(), ground.ready()
    ground.add(N + 1, N + 60)
    for each in (one, other):
        until(lambda: each.state.n == N + 60)
    other.make()
    until(lambda: other.state.layout.split()[3] == str(N + 60) and other.state.phase == "ready")
    until(lambda: one.state.layout == other.state.layout)
    np.testing.assert_array_equal(places(one, N + 60), places(other, N + 60))
    # And what the one writes from now on is the new one, too.
    ground.add(N + 61, N + 70)
    until(lambda: ground.n_kept() == N + 70)
    kept = ground.kept()
    assert kept is not None and kept.mark.n_laid == N + 60


def test_who_has_not_seen_the_new_one_yet_does_not_write_the_old_one_over_it(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ground.ready()
    until(lambda: ground.n_kept() == N)
    monkeypatch.setattr(one, "_look_at_file", lambda *_arguments: None)
    ground.add(N + 1, N + 60)
    until(lambda: one.state.n == N + 60 and ground.n_kept() == N + 60)
    other = ground.ready(N + 60)
    other.make()
    until(lambda: (kept := ground.kept()) is not None and kept.mark.n_laid == N + 60)
    other.close()
    tried, real = threading.Event(), map_file.mark_of
    monkeypatch.setattr(maps.map_file, "mark_of", lambda folder: (tried.set(), real(folder))[1])
    ground.add(N + 61, N + 70)
    assert tried.wait(60)
    until(lambda: one.state.n == N + 70)
    one.close()
    kept = ground.kept()
    assert kept is not None and kept.mark.n_laid == N + 60


_OTHER = """
import sys, time
from pathlib import Path
from engine import maps
from engine.maps import SpaceMap
from tests.engine.map_ground import REF, read
maps._SAVE_EVERY_S = maps._LOOK_S = 0.02
opened = SpaceMap(Path(sys.argv[1]), REF, Path(sys.argv[2]), read=read)
opened.start()
while opened.state.phase != "ready" or opened.state.n < int(sys.argv[3]):
    time.sleep(0.01)
print(opened.state.layout, flush=True)
sys.stdin.readline()
opened.close()
"""


@pytest.mark.slow
def test_two_processes_begin_at_once_and_follow_what_a_third_stores(ground: Ground) -> None:
    root = Path(__file__).resolve().parents[2]
    others = [
        subprocess.Popen(
            [sys.executable, "-c", _OTHER, str(ground.library), str(ground.folder), str(N + 50)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    opened = ground.ready()
    for first in range(N + 1, N + 51, 5):
        ground.add(first, first + 4)
    until(lambda: opened.state.n == N + 50)
    layouts = {process.stdout.readline().strip() for process in others}  # type: ignore[union-attr]
    assert all(layout.startswith(f"{REF} neighbours") for layout in layouts)
    for process in others:
        process.communicate("\n")
        assert process.returncode == 0
    until(lambda: ground.n_kept() == N + 50)
