"""The settings that bound what is taken, through a whole engine: as given, as the default, and with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.events import Event, PreflightCounted
from engine.schemas.library import Problem, Query
from engine.service import Engine
from engine.settings import load
from tests.images import encoded, folder_of, picture


def dropped(folder: Path, **settings: Any) -> tuple[list[str], list[Problem], list[Event]]:
    """Drop a folder; returns the names that are shown, the problems, and what was told."""
    engine = Engine(load({"model": "fake", **settings}))
    told: list[Event] = []
    engine.events.subscribe(told.append)
    engine.start()
    try:
        engine.wait(engine.submit([str(folder)]), 30)
        view = engine.view()
        tiles = view.tiles(view.ids(Query()).tolist(), engine.model_ref)
        problems = view.problems()
        view.close()
    finally:
        engine.close()
    return sorted(tile.name for tile in tiles), problems, told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small picture, one of many bytes (1.2 MB), and one of many pixels (1.2 million)."""
    folder = folder_of(tmp_path / "photos", 1)
    (folder / "heavy.jpg").write_bytes(encoded(picture(1), "JPEG") + bytes(1_200_000))
    (folder / "wide.jpg").write_bytes(encoded(picture(2, (1200, 1000)), "JPEG", quality=50))
    assert (folder / "wide.jpg").stat().st_size < 1_000_000
    return folder


def test_as_it_is_installed_all_are_taken(folder: Path) -> None:
    shown, problems, _ = dropped(folder)
    assert shown == ["0000.jpg", "heavy.jpg", "wide.jpg"] and problems == []


@pytest.mark.parametrize(
    ("setting", "refused", "code"),
    [("max_file_mb", "heavy.jpg", "FILE_TOO_LARGE"), ("max_megapixels", "wide.jpg", "TOO_MANY_PIXELS")],
)
def test_a_limit_refuses_what_is_above_it_and_names_itself(folder: Path, setting: str, refused: str, code: str) -> None:
    shown, (problem,), _ = dropped(folder, **{setting: 1})
    assert refused not in shown and len(shown) == 2
    assert problem.code == code and problem.path == str(folder / refused)
    assert setting in problem.way_out
    # Raised, as the way out says, it lets the file through when the folder is dropped again.
    shown, problems, _ = dropped(folder, **{setting: 2})
    assert refused in shown and problems == []


def test_hidden_files_are_taken_where_they_are_asked_for(folder: Path) -> None:
    (folder / ".hidden.jpg").write_bytes(encoded(picture(3), "JPEG"))
    (folder / ".private").mkdir()
    (folder / ".private" / "within.jpg").write_bytes(encoded(picture(4), "JPEG"))
    (folder / "._0000.jpg").write_bytes(b"what macOS puts beside a picture")

    def counted(told: list[Event]) -> int:
        return [event.preflight.n_images for event in told if isinstance(event, PreflightCounted)][-1]

    shown, problems, told = dropped(folder)
    assert shown == ["0000.jpg", "heavy.jpg", "wide.jpg"] and counted(told) == 3
    shown, problems, told = dropped(folder, include_hidden=True)
    assert shown == [".hidden.jpg", "0000.jpg", "heavy.jpg", "wide.jpg", "within.jpg"] and counted(told) == 5
    assert problems == []
