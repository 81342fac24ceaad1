"""Two processes on one library: what one of them stores, the window of the other shows within two seconds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.app import Program
from engine.library import migrations
from tests.desktop.real_program import closed, opened
from tests.images import folder_of

ROOT = Path(__file__).resolve().parents[2]
_WITHIN_S = 2.0
_N_ROUNDS = 3
# Takes in each file that is named to it, and says when its prediction was committed.
_OTHER = """
import sys, time
from engine.events import PredictionsStored
from engine.service import Engine
from engine.settings import load

engine = Engine(load({"model": "fake"}))
engine.events.subscribe(lambda event: told.append(time.perf_counter()) if isinstance(event, PredictionsStored) else None)
engine.start()
while engine.model_state().phase != "ready":
    time.sleep(0.01)
print("ready", flush=True)
for line in sys.stdin:
    told = []
    engine.wait(engine.submit([line.rstrip("\\n")]))
    print(*told, flush=True)
engine.close()
"""
Store = Callable[[Path], float]


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """Let another process take a file in; returns when it was committed (`time.perf_counter`, which all share)."""
    with subprocess.Popen(
        [sys.executable, "-c", _OTHER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "ready\n"

        def store(file: Path) -> float:
            assert other.stdin is not None and other.stdout is not None
            other.stdin.write(f"{file}\n")
            other.stdin.flush()
            (committed_s,) = other.stdout.readline().split()
            return float(committed_s)

        yield store
    assert other.returncode == 0


def _sees_in_time(qtbot, program: Program, store: Store, photos: list[Path]) -> None:
    """Store photo after photo, each just after the window has seen the one before.

    So each waits for a whole beat of the window's watch, which is the longest that there is; a photo at any moment
    would often be seen soon by one that beats too slowly.
    """
    window, seen_after_s = program.window, []

    def shown(n: int) -> bool:
        rows = [window.grid._rows.get(i) for i in window.grid._visible_ids()]
        tiles = len(rows) == n and all(row is not None and row.top1 for row in rows)
        return tiles and window.grid.visible_share_with_thumbnails() == 1.0 and window._facets.n_all == n

    for n, photo in enumerate(photos, 1):
        committed_s = store(photo)
        qtbot.waitUntil(lambda n=n: shown(n), timeout=20_000)
        seen_after_s.append(time.perf_counter() - committed_s)
    _any_phase, *whole_beats = seen_after_s
    # The middle one: the machine may once have been busy with something else.
    assert sorted(whole_beats)[_N_ROUNDS // 2] < _WITHIN_S, seen_after_s


def test_a_window_shows_what_another_process_stores(store: Store, program: Program, qtbot, tmp_path: Path) -> None:
    photos = sorted(folder_of(tmp_path / "photos", 1 + _N_ROUNDS).iterdir())
    _sees_in_time(qtbot, program, store, photos)


def test_a_window_that_may_only_read_shows_it_as_well(
    store: Store, qtbot, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner has no right to write; root, who may run the tests, has every right."""
    monkeypatch.setattr(migrations, "open_library", lambda _path, *, create: not create)
    program, (engine,) = opened(qtbot, home, phase="absent")
    try:
        qtbot.waitUntil(lambda: "read only" in program.window.windowTitle())
        assert engine.read_only
        _sees_in_time(qtbot, program, store, sorted(folder_of(tmp_path / "photos", 1 + _N_ROUNDS).iterdir()))
    finally:
        closed(program)
