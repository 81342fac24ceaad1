"""Folders that may not be written, are deleted in use, or hold a damaged model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cache import thumbnail_key
from engine.errors import LightdeskError
from engine.service import Engine
from engine.settings import load
from tests.faults.conftest import Gate, Mounts, Watched, until
from tests.faults.test_full_disk import digest_of
from tests.images import folder_of


def test_cache_folder_deleted_in_the_middle(
    home: Path, start: Callable[..., Watched], gate: Gate, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 120)
    now = start()
    gate.let(40)
    job_id = now.engine.submit([str(folder)])
    until(lambda: now.engine.info().contents >= 30)
    early = digest_of(now, "0000.jpg")
    assert now.engine._cache.get(thumbnail_key(early)) is not None
    shutil.rmtree(home / "cache")
    gate.open()
    now.until_done(job_id)
    assert now.engine.info().predictions == 120 and now.failures() == []
    assert now.engine._cache.get(thumbnail_key(digest_of(now, "0119.jpg"))) is not None
    assert now.engine._cache.get(thumbnail_key(early)) is None
    assert now.engine.thumbnail(early) is not None  # made again, and kept
    assert now.engine._cache.get(thumbnail_key(early)) is not None


def test_cache_folder_without_the_right_to_write(
    mounts: Mounts, start: Callable[..., Watched], tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    mounts.write_protect(tmp_path / "cache")
    now = start(cache_dir=tmp_path / "cache")
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 60))])
    now.until_done(job_id)
    assert now.engine.info().predictions == 60
    assert now.failures() == ["PERMISSION_DENIED"]
    assert now.engine.thumbnail(digest_of(now, "0000.jpg")) is not None


def test_library_folder_without_the_right_to_write(
    mounts: Mounts, start: Callable[..., Watched], tmp_path: Path
) -> None:
    """A new library is refused with the reason; one that is there can be looked at, and written when it may be again."""
    place = tmp_path / "place"
    library = place / "library.sqlite"
    first = start(library=library)
    folder = folder_of(tmp_path / "photos", 5)
    first.until_done(first.engine.submit([str(folder)]))
    first.close()
    mounts.write_protect(place)
    refused = Engine(load({"model": "fake", "library": place / "new.sqlite"}))
    with pytest.raises(LightdeskError) as caught:
        refused.start()
    refused.close()
    assert caught.value.code == "PERMISSION_DENIED" and caught.value.way_out and str(place) in caught.value.message
    looking = Engine(load({"model": "fake", "library": library}))
    looking.start()
    try:
        assert looking.read_only and looking.info().contents == 5
        with pytest.raises(LightdeskError) as caught:
            looking.submit([str(folder)])
        assert caught.value.code == "LIBRARY_READ_ONLY" and caught.value.way_out
    finally:
        looking.close()
    mounts.pull(place)
    again = start(library=library)
    folder_of(folder, 8)
    again.until_done(again.engine.submit([str(folder)]))
    assert again.engine.info().contents == 8
