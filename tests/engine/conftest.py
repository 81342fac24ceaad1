"""The small library that tests of the rooms start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.library.small_library import SmallLibrary, made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallLibrary]:
    """An empty library with one model."""
    library = made(tmp_path / "small.lightdesk")
    yield library
    library.conn.close()
