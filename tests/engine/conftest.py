"""The small library that tests of the rooms start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.library.small_library import SmallLibrary, made
from tests.engine.space_ground import Ground, small_limits


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallLibrary]:
    """An empty library with one model."""
    library = made(tmp_path / "small.lightdesk")
    yield library
    library.conn.close()


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A library of vectors whose spaces behave as those of a million do."""
    small_limits(monkeypatch)
    made = Ground(tmp_path)
    yield made
    for space in made.opened:
        space.close()
