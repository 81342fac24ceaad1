"""Folders that may not be written, are deleted in use, or hold a damaged model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from engine.cache_entries import thumbnail_key
from engine.errors import LightdeskError
from engine.library.writer import Writer
from engine.service import Engine
from engine.settings import load
from tests.faults.conftest import Gate, Mounts, Watched, until
from tests.faults.test_full_disk import digest_of
from tests.faults.whole_library import undisturbed, whole_library
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
    mounts: Mounts, start: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cache._REST_S", 0.2)
    (tmp_path / "cache").mkdir()
    mounts.write_protect(tmp_path / "cache")
    now = start(cache_dir=tmp_path / "cache")
    job_id = now.engine.submit([str(folder_of(tmp_path / "photos", 60))])
    now.until_done(job_id)
    assert now.engine.info().predictions == 60
    assert now.failures() == ["PERMISSION_DENIED"]
    digest = digest_of(now, "0000.jpg")
    assert now.engine.thumbnail(digest) is not None and now.engine._cache.get(thumbnail_key(digest)) is None
    mounts.pull(tmp_path / "cache")  # the right comes back

    def kept() -> bool:
        now.engine.thumbnail(digest)
        return now.engine._cache.get(thumbnail_key(digest)) is not None

    until(kept)
    assert now.engine._cache.write_trouble is None
    more = folder_of(tmp_path / "more", 1, seed=500)
    (more / "0000.jpg").rename(more / "later.jpg")
    now.until_done(now.engine.submit([str(more)]))
    assert now.engine._cache.get(thumbnail_key(digest_of(now, "later.jpg"))) is not None
    assert now.failures() == ["PERMISSION_DENIED"]


def test_library_that_may_not_be_written_for_a_while(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQLite says is planted: a file that is open for writing keeps that right on this system."""
    folder = folder_of(tmp_path / "photos", 120)
    now = start()
    gate.let(40)
    job_id = now.engine.submit([str(folder)])
    until(lambda: now.engine.info().contents >= 30 and not now.engine.wait(job_id, 0).scanning)
    real = Writer._begin

    def refused(writer: Writer, first: Any) -> None:
        raise apsw.ReadOnlyError("attempt to write a readonly database")

    monkeypatch.setattr(Writer, "_begin", refused)
    gate.open()
    until(lambda: now.shown(job_id) == ("paused", "LIBRARY_READ_ONLY"))
    stored = now.engine.info().contents
    assert stored < 120
    with pytest.raises(LightdeskError) as caught:  # a person is told at once, and does not wait
        now.engine.submit([str(folder)])
    assert caught.value.code == "LIBRARY_READ_ONLY" and caught.value.way_out
    assert now.shown(job_id) == ("paused", "LIBRARY_READ_ONLY") and now.engine.info().contents == stored
    monkeypatch.setattr(Writer, "_begin", real)
    now.until_done(job_id)
    assert now.failures() == ["LIBRARY_READ_ONLY"]
    now.close()
    assert gate.n_answered == 120  # what waited was kept
    assert whole_library(now.engine.library_path) == undisturbed([str(folder)], tmp_path / "other.sqlite")


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
