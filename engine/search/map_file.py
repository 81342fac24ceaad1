"""A map on the disk, so that it is laid out once: one file, with a sum of its bytes, put in place in one step.

A kill at any moment leaves the file that was there, or the new one. Several processes may write it: each file is whole, and
the last one stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, LibraryError
from engine.schemas.map import Projection
from engine.search import projection as projections

_VERSION = 1
_NAME, _PART = "map", "map-part-"
_HEAD = struct.Struct("<6sHI")  # magic, version, length of what is said of it
_MAGIC = b"LDMAP\n"
_SUM_BYTES = 32
_LEFT_BEHIND_S = 3600.0

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MapOwner:
    """Whose map: a model version's in one library."""

    library_id: str
    model_ref: str
    dim: int


@dataclass(frozen=True, slots=True)
class MapMark:
    """Which layout a map is of.

    Attributes
    ----------
    n_laid
        How many contents there were when it was laid out.
    laid_chain
        The library's chain after them.
    """

    seed: int
    n_laid: int
    laid_chain: int


@dataclass(frozen=True, slots=True, eq=False)
class KeptMap:
    """The first n contents of a space with their places.

    Attributes
    ----------
    content_ids
        int64, (n,), in the order of the space.
    places
        float32, (n, 2).
    chain
        The library's chain after them.
    """

    mark: MapMark
    content_ids: NDArray[np.int64]
    places: NDArray[np.float32]
    projection: Projection
    chain: int


@dataclass(frozen=True, slots=True)
class _Said:
    """The beginning of a file; all but the version is empty where that is another."""

    version: int
    ends_at: int
    owner: MapOwner
    mark: MapMark
    n: int
    chain: int


def save(folder: Path, owner: MapOwner, kept: KeptMap) -> None:
    """Write a map in place of the one that is there. Raises OSError, and then the old one stays."""
    folder.mkdir(parents=True, exist_ok=True)
    said = json.dumps(
        {
            "library_id": owner.library_id,
            "model_ref": owner.model_ref,
            "dim": owner.dim,
            "seed": kept.mark.seed,
            "n_laid": kept.mark.n_laid,
            "laid_chain": kept.mark.laid_chain,
            "n": len(kept.content_ids),
            "chain": kept.chain,
        }
    ).encode()
    digest = hashlib.sha256()
    part = folder / f"{_PART}{uuid.uuid4().hex[:12]}"
    try:
        with open(part, "wb") as out:
            for data in (
                _HEAD.pack(_MAGIC, _VERSION, len(said)) + said,
                np.ascontiguousarray(kept.content_ids, "<i8").tobytes(),
                np.ascontiguousarray(kept.places, "<f4").tobytes(),
                projections.to_bytes(kept.projection),
            ):
                digest.update(data)
                out.write(data)
            out.write(digest.digest())
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, folder / _NAME)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sweep(folder)


def load(folder: Path, owner: MapOwner) -> KeptMap | None:
    """Read a map; None where there is none.

    Raises
    ------
    LibraryError
        INDEX_DAMAGED, with the reason: damaged, cut short, of another library or model, or written by a newer program.
    """
    try:
        data = (folder / _NAME).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(folder, f"cannot be read ({error.strerror or error})") from error
    said = _said(data)
    if said is None:
        raise _unusable(folder, "is damaged")
    if said.version != _VERSION:
        raise _unusable(
            folder, "was written by a newer Lightdesk" if said.version > _VERSION else "is of an older kind"
        )
    whole = memoryview(data)[:-_SUM_BYTES]
    if hashlib.sha256(whole).digest() != data[-_SUM_BYTES:]:
        raise _unusable(folder, "is damaged")
    if said.owner != owner:
        raise _unusable(folder, "belongs to other pictures")
    n, begin = said.n, said.ends_at
    content_ids = np.frombuffer(whole, "<i8", n, begin).astype(np.int64)
    places = np.frombuffer(whole, "<f4", 2 * n, begin + 8 * n).reshape(n, 2).astype(np.float32)
    projection = projections.from_bytes(bytes(whole[begin + 16 * n :]))
    if projection is None:
        raise _unusable(folder, "is of an older kind")
    return KeptMap(said.mark, content_ids, places, projection, said.chain)


def mark_of(folder: Path) -> MapMark | None:
    """Tell which layout lies there, without reading the whole; None where there is none, or nothing can be told."""
    try:
        with open(folder / _NAME, "rb") as opened:
            said = _said(opened.read(1 << 16))
    except OSError:
        return None
    return said.mark if said is not None and said.version == _VERSION else None


def signature(folder: Path) -> Signature | None:
    """Return what changes with each `save` by whichever process; None where there is no map."""
    try:
        found = (folder / _NAME).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def remove(folder: Path) -> None:
    """Forget the map that is there. Raises OSError."""
    (folder / _NAME).unlink(missing_ok=True)


def _said(data: bytes) -> _Said | None:
    """Return what a file's beginning says of it; None where it is none of ours, or damaged there."""
    if len(data) < _HEAD.size:
        return None
    magic, version, length = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        return None
    if version != _VERSION:
        return _Said(version, 0, MapOwner("", "", 0), MapMark(0, 0, 0), 0, 0)
    try:
        words = json.loads(data[_HEAD.size : _HEAD.size + length])
        owner = MapOwner(str(words["library_id"]), str(words["model_ref"]), int(words["dim"]))
        mark = MapMark(int(words["seed"]), int(words["n_laid"]), int(words["laid_chain"]))
        return _Said(version, _HEAD.size + length, owner, mark, int(words["n"]), int(words["chain"]))
    except (ValueError, KeyError, TypeError):
        return None


def _sweep(folder: Path) -> None:
    """Remove what a killed process has left half written; another may be writing now."""
    long_ago_s = time.time() - _LEFT_BEHIND_S
    for part in folder.glob(f"{_PART}*"):
        try:
            if part.stat().st_mtime < long_ago_s:
                part.unlink(missing_ok=True)
        except OSError:  # another process has removed it, or reads it (Windows): the next save looks again
            pass


def _unusable(folder: Path, reason: str) -> LibraryError:
    return LibraryError(
        ErrorCode.INDEX_DAMAGED,
        f"The map in {folder} {reason}.",
        way_out="It is made again from the library by itself.",
        path=str(folder),
    )
