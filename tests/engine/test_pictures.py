"""Pictures to look at: from the cache, else from whichever file still has the content."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from engine.cache_entries import thumbnail_key
from engine.errors import ErrorCode, FileError
from engine.service import Engine
from tests.images import encoded, picture


@pytest.fixture
def photo(engine: Engine, tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(picture(3, (1200, 900)), "JPEG", quality=92))
    engine.wait(engine.submit([str(path)]), 30)
    return path


def sha256_of(engine: Engine) -> str:
    view = engine.view()
    try:
        detail = view.detail(1, engine.model_ref)
        assert detail is not None
        return detail.sha256
    finally:
        view.close()


def forget(engine: Engine, sha256: str) -> None:
    """Lose a thumbnail from the cache."""
    with engine._cache._used() as store:
        store.delete(thumbnail_key(sha256))


def refused(call: object) -> FileError:
    with pytest.raises(FileError) as caught:
        call()  # type: ignore[operator]
    return caught.value


def test_thumbnail_is_made_again_where_the_cache_has_lost_it(engine: Engine, photo: Path) -> None:
    sha256 = sha256_of(engine)
    kept = engine.thumbnail(sha256)
    assert kept is not None
    forget(engine, sha256)
    made = engine.thumbnail(sha256)
    assert made is not None
    height, width, _, _ = simplejpeg.decode_jpeg_header(made)
    assert (width, height) == (256, 192)
    difference = simplejpeg.decode_jpeg(made).astype(np.int16) - simplejpeg.decode_jpeg(kept)
    assert np.abs(difference).mean() < 6
    assert engine._cache.has(thumbnail_key(sha256))


def test_another_file_of_the_same_content_stands_in(engine: Engine, photo: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(photo, tmp_path / "copy.jpg"))
    engine.wait(engine.submit([str(copy)]), 30)
    photo.unlink()
    frame = engine.preview(1, 400)
    assert frame.pixels.shape == (300, 400, 3) and (frame.width, frame.height) == (1200, 900)
    assert engine.exif(1) == {}


def test_file_with_other_contents_is_never_shown_for_it(engine: Engine, photo: Path) -> None:
    photo.write_bytes(encoded(picture(9), "JPEG"))
    error = refused(lambda: engine.preview(1, 400))
    assert error.code is ErrorCode.FILE_CHANGED and str(photo) in error.message and error.way_out
    forget(engine, sha256_of(engine))
    assert engine.thumbnail(sha256_of(engine)) is None


def test_content_without_any_file(engine: Engine, photo: Path) -> None:
    photo.unlink()
    assert refused(lambda: engine.preview(1, 400)).code is ErrorCode.FILE_NOT_FOUND
    error = refused(lambda: engine.exif(77))
    assert error.code is ErrorCode.FILE_NOT_FOUND and error.way_out
    assert engine.thumbnail("00" * 32) is None
