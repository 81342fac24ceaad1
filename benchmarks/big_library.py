"""A home folder with a library of many items, and the model built.

Rows are those of `tests.synthetic_library`, but of the default model, so that the window shows them as its own answers:
predictions, vectors and labels are made up. Where photos are given, every item is a file that lies on the disk and has the
content, size and time that its row tells, with its thumbnail in the cache: photos made small, repeated with a few
bytes appended.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from unittest import mock

from benchmarks.engines import built_model, library_of
from benchmarks.photos import made_small, originals
from engine.cache import ByteCache
from engine.cache_entries import thumbnail_key
from engine.ingest.decode import decode
from engine.ingest.derive import THUMBNAIL_SIDE, small, thumbnail
from engine.library import database
from engine.settings import cache_dir, image_limits, load
from tests import synthetic_library

PHOTO_SIDE_PX = 320
_BATCH = 500


def make(home: Path, models: Path, n_items: int, *, photos: Path | None, with_vectors: bool = True) -> Path:
    """Make the library of `home`, with `n_items`; returns its path. Without `photos` there are rows only."""
    manifest = built_model(models).manifest
    path = library_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mock.patch.object(synthetic_library, "manifest", lambda: manifest):
        synthetic_library.build(path, n_items, with_vectors=with_vectors)
    if photos is not None:
        cache = ByteCache(store_of(home), 16 << 30)
        try:
            _lay_down(path, home / "photos", photos, cache)
        finally:
            cache.close()
    return path


def store_of(home: Path) -> Path:
    """Return the cache folder of a home."""
    os.environ["LIGHTDESK_HOME"] = str(home)
    return cache_dir(load()) / "store"


def copied(home: Path, target: Path, *, with_thumbnails: bool = True) -> Path:
    """Return a copy of a home that may be changed: library and cache are copied, the photos stay where they are."""
    library = library_of(home)
    copy = library_of(target)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(library, copy)
    if with_thumbnails:
        shutil.copytree(store_of(home), store_of(target))
    return target


def _lay_down(library: Path, folder: Path, photos: Path, cache: ByteCache) -> None:
    """Write a file for each row, a thumbnail for each file, and into the row what the file is."""
    limits = image_limits(load())
    pictures = []
    for photo in originals(photos):
        data = made_small(photo, PHOTO_SIDE_PX)
        frame = decode(data, short_side=THUMBNAIL_SIDE, limits=limits, name=photo.name)
        pictures.append((data, thumbnail(small(frame)), frame.width, frame.height))
    conn = database.connect(library)
    try:
        conn.execute("PRAGMA synchronous = OFF")
        for source_id, name in conn.execute("SELECT id, path FROM sources").fetchall():
            conn.execute("UPDATE sources SET path = ? WHERE id = ?", (_in(folder, name), source_id))
        rows = conn.execute("SELECT id, path, mtime_ns FROM files ORDER BY id").fetchall()
        conn.execute("BEGIN IMMEDIATE")
        thumbnails: dict[str, bytes] = {}
        for content_id, path, mtime_ns in rows:
            data, tile, width, height = pictures[content_id % len(pictures)]
            data += content_id.to_bytes(8, "big")  # after the end of a JPEG: another content, the same picture
            file, sha256 = _in(folder, path), hashlib.sha256(data)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as out:
                out.write(data)
            os.utime(file, ns=(mtime_ns, mtime_ns))
            conn.execute("UPDATE files SET path = ?, size_bytes = ? WHERE id = ?", (file, len(data), content_id))
            conn.execute(
                "UPDATE contents SET sha256 = ?, size_bytes = ?, width = ?, height = ? WHERE id = ?",
                (sha256.digest(), len(data), width, height, content_id),
            )
            thumbnails[thumbnail_key(sha256.hexdigest())] = tile
            if len(thumbnails) == _BATCH or content_id == len(rows):
                cache.set_many(thumbnails)
                thumbnails = {}
        conn.execute("COMMIT")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        conn.close()


def _in(folder: Path, path: bytes) -> bytes:
    """Return where a path of the made-up library lies below `folder`."""
    return os.path.join(os.fsencode(folder), path.lstrip(b"/"))
