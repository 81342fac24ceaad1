"""Near-duplicates: how many edited copies are found among photos that nothing was fitted on, what is taken for a copy and is
none, and how long 100,000 items take.

The photos are every second one of the folder given. Each is edited by what `edited_copies` does, alone and combined, and has
hard company: the next shots of a burst and the same picture with a thing changed in it. All goes through the decode, the
model and the search as files would, and the groups that come out are counted: a copy counts as found where it is in the
group of its photo, and each pair of a group counts for the precision, so that one stranger among 14 copies counts 14 times.
Both are told for each kind of edit as well; a wrong pair counts for the edits of both its pictures.

"Thing changed" holds retouched pictures too, of which one may argue: they count as wrong. Nothing is left out: should two
photos of a folder be the same picture, its pairs would count as wrong too, under "other photo".
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from benchmarks import planted_copies as planted
from benchmarks.edited_copies import copies, encoded, next_shot, with_a_thing_changed
from benchmarks.engines import built_model
from benchmarks.photos import originals
from engine.backends.opening import open_session
from engine.backends.ort import available_cores
from engine.ingest.decode import decode
from engine.ingest.derive import perceptual_hash, small, thumbnail
from engine.preprocess import Preprocessor
from engine.schemas.files import ImageLimits
from engine.search import duplicates
from engine.search.groups import near_groups

_SIDE_PX = 800
_OTHERS = ("next shot", "thing changed")
_N_PHOTOS = 50
_N_COMBINED = 3
_SEED = 2024
_BATCH = 16
Picture = tuple[int, int]
_LIMITS = ImageLimits(10**9, 10**9)


def measure(
    photos: Path, scratch: Path, models: Path, *, n_items: int = 100_000, n_photos: int = _N_PHOTOS
) -> dict[str, Any]:
    """Return recall, precision and seconds."""
    return {"held_out": _held_out(photos, models, n_photos), "planted": planted.measure(photos, scratch, n_items)}


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
        pictures += [((number, 1 + i), _OTHERS[i > 1], encoded(other, rng, "JPEG")) for i, other in enumerate(others)]
    hashes, thumbnails, vectors = _ingested([data for _, _, data in pictures], models)
    # In no order that helps.
    order = rng.permutation(len(pictures))
    items = duplicates.Items(
        np.arange(len(order)), hashes[order], np.ones(len(order), dtype=bool), np.ascontiguousarray(vectors[order])
    )
    began_s = time.perf_counter()
    with ThreadPoolExecutor(available_cores()) as pool:
        pairs = duplicates.found(
            items, lambda content_id: simplejpeg.decode_jpeg(thumbnails[order[content_id]]), run_all=pool.map
        )
    assert pairs is not None
    groups = near_groups(pairs)
    seconds = time.perf_counter() - began_s
    return {
        "n_photos": len(files),
        "n_pictures": len(pictures),
        **counted([pictures[place][:2] for place in order], [group.members for group in groups]),
        "seconds": round(seconds, 1),
    }


def counted(pictures: Sequence[tuple[Picture, str]], groups: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return recall and precision of groups, over all and by kind of edit.

    Parameters
    ----------
    pictures
        Of each content id which picture it shows (the number of the photo, and which shot of it) and what was done to it:
        "original", one of the other shots, or the names of edits.
    """
    source = {key: place for place, (key, name) in enumerate(pictures) if name == "original"}
    group_of = {member: number for number, members in enumerate(groups) for member in members}
    hits: dict[str, list[bool]] = {}
    for place, (key, name) in enumerate(pictures):
        if name not in ("original", *_OTHERS):
            home = group_of.get(source[key], -1)
            hits.setdefault(_kind(name), []).append(home >= 0 and group_of.get(place) == home)
    pairs: dict[str, list[bool]] = {}
    every: list[bool] = []
    strangers = dict.fromkeys((*_OTHERS, "other photo"), 0)
    for members in groups:
        keys = [pictures[member][0] for member in members]
        home_key = max(sorted({*keys}), key=keys.count)
        for key, member in zip(keys, members, strict=True):
            if key != home_key:
                name = pictures[member][1]
                strangers[name if key[0] == home_key[0] and name in _OTHERS else "other photo"] += 1
        for i, one in enumerate(members):
            for j, other in enumerate(members[:i]):
                every.append(keys[i] == keys[j])
                for kind in {_kind(pictures[one][1]), _kind(pictures[other][1])} - {*_OTHERS, "original"}:
                    pairs.setdefault(kind, []).append(every[-1])
    all_hits = [hit for one in hits.values() for hit in one]
    return {
        "n_copies": len(all_hits),
        "recall": round(float(np.mean(all_hits)), 4),
        "precision": round(float(np.mean(every)), 4) if every else 1.0,
        "n_pairs": len(every),
        "n_wrong_pairs": len(every) - sum(every),
        "n_strangers_in_groups": strangers,
        "by_edit": {
            kind: {
                "n": len(one),
                "recall": round(float(np.mean(one)), 3),
                "precision": round(float(np.mean(pairs.get(kind, [True]))), 4),
            }
            for kind, one in sorted(hits.items())
        },
    }


def _kind(name: str) -> str:
    return name if name.count("+") < 2 else "combined"


def _ingested(files: list[bytes], models: Path) -> tuple[NDArray[np.int64], list[bytes], NDArray[np.float32]]:
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
