"""A drop on a library that is larger than the screen, in the order 'As added': the new pictures come last, out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.app import Program
from tests.desktop.conftest import Shown, on_first
from tests.desktop.real_program import drop
from tests.images import encoded, folder_of, picture

N = 300


@pytest.fixture
def full(program: Program, qtbot, tmp_path: Path) -> Program:
    """A window at the top of a few hundred pictures."""
    grid = program.window.grid
    drop(program, folder_of(tmp_path / "photos", N))
    qtbot.waitUntil(lambda: grid.count() == N, timeout=30_000)
    qtbot.waitUntil(lambda: not program.window.activity.open_jobs(), timeout=10_000)
    grid.go_to_start()
    assert program.window.query().sort == "added" and not program.window.query().descending
    assert len(grid._visible_ids()) < N // 3
    return program


def name_of_current(program: Program) -> str:
    current = program.window.grid.current_id()
    row = program.window.grid._rows.get(current) if current is not None else None
    return row.name if row is not None else ""


def test_the_grid_goes_to_the_first_picture_of_a_drop(full: Program, qtbot, tmp_path: Path) -> None:
    grid = full.window.grid
    new = tmp_path / "new.jpg"
    new.write_bytes(encoded(picture(10_000), "JPEG"))
    drop(full, new)
    qtbot.waitUntil(lambda: name_of_current(full) == "new.jpg", timeout=10_000)
    assert grid.current_id() in grid._visible_ids() and grid.current_place() == N
    qtbot.waitUntil(lambda: full.window.inspector.title.text() == "new.jpg", timeout=5000)
    # A folder: to its first, and not on with each that comes.
    folder = folder_of(tmp_path / "more", 100, seed=20_000)
    drop(full, folder)
    qtbot.waitUntil(lambda: grid.count() == N + 101, timeout=20_000)
    assert grid.current_place() == N + 1 and grid.current_id() in grid._visible_ids()


def test_it_goes_to_a_picture_that_was_there_before(full: Program, qtbot, tmp_path: Path) -> None:
    known = tmp_path / "photos" / f"{N // 2:04}.jpg"
    drop(full, known)
    qtbot.waitUntil(lambda: name_of_current(full) == known.name, timeout=10_000)
    assert full.window.grid.current_id() in full.window.grid._visible_ids()


def test_who_has_chosen_several_is_left_alone(full: Program, qtbot, tmp_path: Path) -> None:
    grid = full.window.grid
    grid.select_all()
    chosen, top = grid.current_id(), grid.verticalScrollBar().value()
    drop(full, folder_of(tmp_path / "more", 3, seed=20_000))
    qtbot.waitUntil(lambda: grid.count() == N + 3, timeout=10_000)
    qtbot.wait(300)
    assert grid.current_id() == chosen and grid.verticalScrollBar().value() == top


def test_it_goes_to_the_end_of_twenty_thousand(show, qtbot) -> None:
    shown: Shown = show(20_000)
    on_first(qtbot, shown)
    shown.window.submit(["/new.jpg", "/newer.jpg"])
    qtbot.waitUntil(lambda: shown.window.grid.current_id() == 20_001, timeout=5000)
    assert 20_001 in shown.window.grid._visible_ids()
