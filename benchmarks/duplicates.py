"""Near-duplicates: how many edited copies are found among photos that nothing was fitted on, what is taken for a copy and is
none, and how long 100,000 items take.

The photos are every second one of the folder given. Each is edited by what `edited_copies` does, alone and combined, and has
hard company: the next shots of a burst and the same picture with a thing changed in it. All goes through the decode, the
model and the search as files would, and the groups that come out are counted: a copy counts as found where it is in the
group of its photo, and each pair of a group counts for the precision. "Thing changed" holds retouched pictures too, of which
one may argue.
"""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from benchmarks.edited_copies import copies, encoded, next_shot, with_a_thing_changed
from benchmarks.engines import built_model
from benchmarks.photos import originals
from engine.backends.opening import open_session
from engine.ingest.decode import decode
from engine.ingest.derive import perceptual_hash, small, thumbnail
from engine.preprocess import Preprocessor
from engine.schemas.files import ImageLimits
from engine.search import duplicates
from engine.search.groups import near_groups

_SIDE_PX = 800
_OTHERS = ("next shot", "next shot", "thing changed")
_N_PHOTOS = 12
_N_COMBINED = 3
_SEED = 2024
_BATCH = 16
_DIMENSIONS = 1280
_SHARE_PLANTED = 0.05
_LIMITS = ImageLimits(10**9, 10**9)


def measure(
    photos: Path, _scratch: Path, models: Path, *, n_items: int = 100_000, n_photos: int = _N_PHOTOS
) -> dict[str, Any]:
    """Return recall, precision and seconds."""
    return {"held_out": _held_out(photos, models, n_photos), "planted": _planted(n_items)}


def _held_out(photos: Path, models: Path, n_photos: int) -> dict[str, Any]:
    files = originals(photos)[1::2]
    files = files[:: max(1, len(files) // n_photos)][:n_photos]
    rng = np.random.default_rng(_SEED)
    # What it is of (the photo, and which picture of it), what was done to it, and its bytes.
    pictures: list[tuple[tuple[int, int], str, bytes]] = []
    for number, file in enumerate(files):
        pictures.append(((number, 0), "original", file.read_bytes()))
        with Image.open(io.BytesIO(pictures[-1][2])) as opened:
            opened.thumbnail((_SIDE_PX, _SIDE_PX))
            pixels = np.asarray(opened.convert("RGB"))
        pictures += [((number, 0), name, data) for name, data in copies(pixels, rng, _N_COMBINED)]
        others = [next_shot(pixels, rng), next_shot(pixels, rng), with_a_thing_changed(pixels, rng)]
        pictures += [((number, 1 + i), _OTHERS[i], encoded(other, rng, "JPEG")) for i, other in enumerate(others)]
    hashes, thumbnails, vectors = _ingested([data for _, _, data in pictures], models)
    # In no order that helps.
    order = rng.permutation(len(pictures))
    places = {int(place): content_id for content_id, place in enumerate(order)}
    items = duplicates.Items(
        np.arange(len(order)), hashes[order], np.ones(len(order), dtype=bool), np.ascontiguousarray(vectors[order])
    )
    began_s = time.perf_counter()
    pairs = duplicates.found(items, lambda content_id: simplejpeg.decode_jpeg(thumbnails[order[content_id]]))
    assert pairs is not None
    groups = near_groups(pairs)
    seconds = time.perf_counter() - began_s
    group_of = {member: number for number, group in enumerate(groups) for member in group.members}
    hits: dict[str, list[bool]] = {}
    source = {key: place for place, (key, name, _) in enumerate(pictures) if name == "original"}
    for place, (key, name, _) in enumerate(pictures):
        if name not in ("original", *_OTHERS):
            home = group_of.get(places[source[key]], -1)
            kind = name if name.count("+") < 2 else "combined"
            hits.setdefault(kind, []).append(home >= 0 and group_of.get(places[place]) == home)
    right = wrong = 0
    strangers = dict.fromkeys(("next shot", "thing changed", "other photo"), 0)
    for group in groups:
        keys = [pictures[order[member]][0] for member in group.members]
        home = max(sorted({*keys}), key=keys.count)
        for member in group.members:
            key, name, _ = pictures[order[member]]
            if key != home:
                strangers[name if key[0] == home[0] and name in _OTHERS else "other photo"] += 1
        same = sum(a == b for i, a in enumerate(keys) for b in keys[:i])
        right += same
        wrong += len(keys) * (len(keys) - 1) // 2 - same
    all_hits = [hit for one in hits.values() for hit in one]
    return {
        "n_photos": len(files),
        "n_pictures": len(pictures),
        "n_copies": len(all_hits),
        "recall": round(float(np.mean(all_hits)), 4),
        "precision": round(right / max(right + wrong, 1), 4),
        "n_wrong_pairs": wrong,
        "n_strangers_in_groups": strangers,
        "recall_by_edit": {kind: round(float(np.mean(one)), 3) for kind, one in sorted(hits.items())},
        "seconds": round(seconds, 1),
    }


def _ingested(
    files: list[bytes], models: Path
) -> tuple[NDArray[np.int64], list[bytes], NDArray[np.float32]]:
    model = built_model(models)
    session = open_session(model, device="cpu", cpu_threads=2)
    preprocessor = Preprocessor(model.manifest.input)
    hashes, thumbnails, vectors, batch = [], [], [], []
    for number, data in enumerate(files):
        frame = decode(data, short_side=max(preprocessor.short_side, 256), limits=_LIMITS, name=f"picture {number}")
        reduced = small(frame)
        hashes.append(perceptual_hash(reduced))
        thumbnails.append(thumbnail(reduced))
        batch.append(preprocessor(frame))
        if len(batch) == _BATCH or number == len(files) - 1:
            vectors.append(np.asarray(session.run(np.stack(batch))[1], dtype=np.float32))
            batch = []
    found = np.concatenate(vectors)
    return np.array(hashes, np.int64), thumbnails, found / np.linalg.norm(found, axis=1, keepdims=True)


def _planted(n_items: int) -> dict[str, Any]:
    """Time a whole search among made-up pictures, one in twenty a copy: fingerprint and embedding a little off."""
    rng = np.random.default_rng(_SEED)
    n_copies = int(n_items * _SHARE_PLANTED)
    n = n_items - n_copies
    kinds = np.maximum(rng.normal(0, 1, (200, _DIMENSIONS)), 0).astype(np.float32)
    vectors = np.empty((n_items, _DIMENSIONS), np.float32)
    for start in range(0, n, 8192):
        stop = min(start + 8192, n)
        noise = np.maximum(rng.standard_normal((stop - start, _DIMENSIONS), np.float32), 0)
        vectors[start:stop] = kinds[rng.integers(0, len(kinds), stop - start)] + 1.5 * noise
    hashes = rng.integers(-(2**63), 2**63, n_items, dtype=np.int64)
    sources = np.sort(rng.choice(n, n_copies, replace=False))
    copies_at = np.arange(n, n_items)
    vectors[n:] = vectors[sources] * (1 + 0.1 * rng.standard_normal((n_copies, _DIMENSIONS), np.float32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes[n:] = hashes[sources]
    for _ in range(4):
        hashes[n:] ^= np.left_shift(np.int64(1), rng.integers(0, 64, n_copies))
    # A crowd of black frames, which are all the same.
    crowd = rng.choice(sources[0], min(1000, int(sources[0])), replace=False) if sources[0] > 1 else np.zeros(0, np.intp)
    hashes[crowd] = 0
    items = duplicates.Items(np.arange(n_items), hashes, np.ones(n_items, dtype=bool), vectors)
    began_s = time.perf_counter()
    pairs = duplicates.found(items, None)
    assert pairs is not None
    groups = near_groups(pairs)
    seconds = time.perf_counter() - began_s
    group_of = {member: number for number, group in enumerate(groups) for member in group.members}
    together = [
        group_of.get(int(a), -1) == group_of.get(int(b), -2) for a, b in zip(sources, copies_at, strict=True)
    ]
    is_new = np.zeros(n_items, dtype=bool)
    is_new[-1000:] = True
    began_s = time.perf_counter()
    duplicates.found(items, None, known=pairs, is_new=is_new)
    return {
        "n_items": n_items,
        "seconds": round(seconds, 1),
        "recall": round(float(np.mean(together)), 4),
        "seconds_for_1000_more": round(time.perf_counter() - began_s, 2),
        "n_cores_used_by_opencv": cv2.getNumThreads(),
    }
