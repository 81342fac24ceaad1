"""A home folder with a library of many made-up items, their thumbnails in the cache, and the model built.

Rows are those of `tests.synthetic_library`, but of the default model, so that the window shows them as its own answers.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from benchmarks.engines import built_model, library_of
from engine.cache import ByteCache
from engine.cache_entries import thumbnail_key
from engine.settings import cache_dir, load
from tests import synthetic_library

N_PICTURES = 2000
_BATCH = 500


def make(home: Path, models: Path, n_items: int, *, with_thumbnails: bool = True, with_vectors: bool = True) -> Path:
    """Make the library of `home`, with `n_items`; returns its path."""
    manifest = built_model(models).manifest
    path = library_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mock.patch.object(synthetic_library, "manifest", lambda: manifest):
        synthetic_library.build(path, n_items, with_vectors=with_vectors)
    if with_thumbnails:
        cache = ByteCache(cache_dir(load()) / "store", 16 << 30)
        try:
            fill(cache, n_items)
        finally:
            cache.close()
    return path


def copied(home: Path, target: Path) -> Path:
    """Return a copy of a home that may be changed: the library is copied, thumbnails only add to those there are."""
    library = library_of(home)
    copy = library_of(target)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(library, copy)
    os.environ["LIGHTDESK_HOME"] = str(home)
    store = cache_dir(load())
    os.environ["LIGHTDESK_HOME"] = str(target)
    shutil.copytree(store, cache_dir(load()))
    return target


def fill(cache: ByteCache, n: int) -> None:
    """Store a thumbnail for each item; `N_PICTURES` different ones in turn."""
    pictures = _pictures(min(n, N_PICTURES))
    batch: dict[str, bytes] = {}
    for number in range(1, n + 1):
        batch[thumbnail_key(sha256_of(number))] = pictures[number % len(pictures)]
        if len(batch) == _BATCH or number == n:
            cache.set_many(batch)
            batch = {}


def sha256_of(number: int) -> str:
    """Return the content of the item with this id."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def _pictures(n: int) -> list[bytes]:
    """Return JPEGs that take as long to decode as those of photos do: noise and shapes."""
    rng = np.random.default_rng(7)
    grounds: list[np.ndarray[Any, Any]] = [
        cv2.GaussianBlur(rng.integers(0, 255, (192, 256, 3), dtype=np.uint8), (0, 0), 1 + i % 5) for i in range(40)
    ]
    pictures = []
    for i in range(n):
        picture = grounds[i % len(grounds)].copy()
        color = tuple(int(c) for c in rng.integers(0, 255, 3))
        cv2.circle(picture, (int(rng.integers(256)), int(rng.integers(192))), int(rng.integers(20, 90)), color, -1)
        if i % 3 == 0:
            picture = np.ascontiguousarray(picture.transpose(1, 0, 2))
        pictures.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return pictures
