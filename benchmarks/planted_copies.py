"""A library of made-up pictures with their thumbnails in the cache, one in twenty an edited copy of another: how long a whole
search takes, and what it finds.

Each picture is two cuts of photos beside each other, so that there are a hundred thousand different ones of a hundred photos;
one in a hundred is black. Fingerprints and thumbnails are those of the pictures. Embeddings are made up, of 200 kinds, those of copies a
little off their originals': the neighbours of a picture are others of its kind, as with a network's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.edited_copies import EDITS
from benchmarks.photos import originals
from engine.backends.ort import available_cores
from engine.cache import ByteCache
from engine.ingest.derive import perceptual_hash, small, thumbnail, thumbnail_pixels
from engine.schemas.frame import Frame
from engine.search import duplicates
from engine.search.groups import near_groups

Pixels = NDArray[np.uint8]

_SEED = 2024
_DIMENSIONS = 1280
_N_KINDS = 200
_SIDE_PX = 256
_SHARE_PLANTED, _SHARE_BLACK = 0.05, 0.01
_N_LATER = 1000
_BATCH = 500
_CACHE_BYTES = 4 << 30
_SHAPES = ((256, 192), (192, 256), (256, 170))


def measure(photos: Path, scratch: Path, n_items: int) -> dict[str, Any]:
    """Return the seconds of a search, with thumbnails and without any, and which of the copies it finds."""
    n = n_items - int(n_items * _SHARE_PLANTED)
    first = int(n * _SHARE_BLACK)  # before it, all is black
    sources = first + np.sort(np.random.default_rng(_SEED).choice(n - first, n_items - n, replace=False))
    cache = ByteCache(scratch / "thumbnails", _CACHE_BYTES)
    try:
        items = _made(_bases(photos), first, n, sources, cache)
        with ThreadPoolExecutor(available_cores()) as pool:

            def look(content_id: int) -> Pixels | None:
                data = cache.get(str(content_id))
                return None if data is None else thumbnail_pixels(data)

            def searched(thumbnails: duplicates.Thumbnails | None, **known: Any) -> tuple[Any, float]:
                began_s = time.perf_counter()
                pairs = duplicates.found(items, thumbnails, run_all=pool.map, **known)
                assert pairs is not None
                near_groups(pairs)
                return pairs, time.perf_counter() - began_s

            _, blind_s = searched(None)
            pairs, seconds = searched(look)
            is_new = np.zeros(n_items, dtype=bool)
            is_new[-_N_LATER:] = True
            _, later_s = searched(look, known=pairs, is_new=is_new)
    finally:
        cache.close()
    group_of = {member: number for number, group in enumerate(near_groups(pairs)) for member in group.members}
    together = [group_of.get(int(a), -1) == group_of.get(n + i, -2) for i, a in enumerate(sources)]
    return {
        "n_items": n_items,
        "seconds": round(seconds, 1),
        "seconds_without_thumbnails": round(blind_s, 1),
        "recall": round(float(np.mean(together)), 4),
        "seconds_for_1000_more": round(later_s, 2),
    }


def _bases(photos: Path) -> list[Pixels]:
    bases = []
    for file in originals(photos):
        with Image.open(file) as opened:
            opened.thumbnail((_SIDE_PX, _SIDE_PX))
            bases.append(np.asarray(opened.convert("RGB")))
    return bases


def _made(bases: Sequence[Pixels], first: int, n: int, sources: NDArray[np.intp], cache: ByteCache) -> duplicates.Items:
    """Make the pictures, keep their thumbnails, and return what the search knows of them."""

    def one(number: int) -> tuple[bytes, int]:
        pixels = _picture(bases, number if number < n else int(sources[number - n]))
        if number < first:
            pixels[:] = 0
        if number >= n:
            rng = np.random.default_rng((_SEED, number))
            for name in rng.choice(list(EDITS), size=int(rng.integers(1, 3)), replace=False):
                pixels = np.ascontiguousarray(EDITS[str(name)](pixels, rng))
        frame = small(Frame(pixels, pixels.shape[1], pixels.shape[0], "image/jpeg"), side=_SIDE_PX)
        return thumbnail(frame), perceptual_hash(frame)

    n_items = n + len(sources)
    hashes = np.empty(n_items, np.int64)
    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, n_items, _BATCH):
            made = list(pool.map(one, range(start, min(start + _BATCH, n_items))))
            cache.set_many({str(start + i): tile for i, (tile, _) in enumerate(made)})
            hashes[start : start + len(made)] = [number for _, number in made]
    return duplicates.Items(np.arange(n_items), hashes, np.ones(n_items, dtype=bool), _embeddings(n, sources))


def _embeddings(n: int, sources: NDArray[np.intp]) -> NDArray[np.float32]:
    rng = np.random.default_rng(_SEED)
    kinds = np.maximum(rng.normal(0, 1, (_N_KINDS, _DIMENSIONS)), 0).astype(np.float32)
    vectors = np.empty((n + len(sources), _DIMENSIONS), np.float32)
    for start in range(0, n, 8192):
        stop = min(start + 8192, n)
        noise = np.maximum(rng.standard_normal((stop - start, _DIMENSIONS), np.float32), 0)
        vectors[start:stop] = kinds[rng.integers(0, _N_KINDS, stop - start)] + 1.5 * noise
    vectors[n:] = vectors[sources] * (1 + 0.1 * rng.standard_normal((len(sources), _DIMENSIONS), np.float32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _picture(bases: Sequence[Pixels], number: int) -> Pixels:
    """Return the picture of that number: two cuts of photos, one beside or above the other."""
    rng = np.random.default_rng((_SEED, number))
    width, height = _SHAPES[int(rng.integers(len(_SHAPES)))]
    seam = float(rng.uniform(0.3, 0.7))
    if rng.random() < 0.5:
        left = round(seam * width)
        return np.hstack([_cut(bases, rng, left, height), _cut(bases, rng, width - left, height)])
    top = round(seam * height)
    return np.vstack([_cut(bases, rng, width, top), _cut(bases, rng, width, height - top)])


def _cut(bases: Sequence[Pixels], rng: np.random.Generator, width: int, height: int) -> Pixels:
    base = bases[int(rng.integers(len(bases)))]
    share = float(rng.uniform(0.4, 0.8))
    h, w = max(8, int(base.shape[0] * share)), max(8, int(base.shape[1] * share))
    y, x = int(rng.integers(0, base.shape[0] - h + 1)), int(rng.integers(0, base.shape[1] - w + 1))
    part = base[y : y + h, x : x + w]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_AREA))
