"""The compact stage on the disk, so that a start need not build it: two files, and a small one that vouches for them.

The small one is put in place last, in one step, and names the others with their sha256. A kill at any moment leaves the old
state or the new one; what is half written is never named, and is swept away by the next save.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, LibraryError
from engine.search.compact_index import CompactIndex

_VERSION = 1
_MANIFEST = "index.json"
_READ_BYTES = 1 << 20
_LEFT_BEHIND_S = 3600.0


@dataclass(frozen=True, slots=True)
class SpaceName:
    """Which vectors: those of one model version in one library."""

    library_id: str
    model_ref: str
    dim: int


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A compact stage over the first `compact.n` vectors of a space.

    Attributes
    ----------
    content_ids
        int64 (compact.n,), by place.
    chain
        The library's chain after them.
    n_trained
        How many vectors there were when the centres were found.
    """

    content_ids: NDArray[np.int64]
    compact: CompactIndex
    chain: int
    n_trained: int


def save(folder: Path, name: SpaceName, snapshot: Snapshot) -> None:
    """Write a snapshot in place of the one that is there. Raises OSError, and then the old one stays."""
    folder.mkdir(parents=True, exist_ok=True)
    before = _named(folder)
    mark = uuid.uuid4().hex[:12]
    contents, compact = folder / f"contents-{mark}", folder / f"compact-{mark}"
    manifest = folder / f"manifest-{mark}"
    try:
        snapshot.compact.save(compact)
        n = snapshot.compact.n
        contents.write_bytes(np.ascontiguousarray(snapshot.content_ids[:n], dtype="<i8").tobytes())
        manifest.write_text(
            json.dumps(
                {
                    "version": _VERSION,
                    "library_id": name.library_id,
                    "model_ref": name.model_ref,
                    "dim": name.dim,
                    "n": n,
                    "chain": snapshot.chain,
                    "n_trained": snapshot.n_trained,
                    "files": {file.name: _sha256(file) for file in (contents, compact)},
                }
            ),
            "utf-8",
        )
        for file in (contents, compact, manifest):
            _sync(file)
        os.replace(manifest, folder / _MANIFEST)
    except BaseException:
        for file in (contents, compact, manifest):
            file.unlink(missing_ok=True)
        raise
    _sweep(folder, before)


def load(folder: Path, name: SpaceName) -> Snapshot | None:
    """Read a snapshot; None where there is none.

    Raises
    ------
    LibraryError
        INDEX_DAMAGED, with the reason: damaged, cut short, of another library or model, or written by a newer program.
    """
    while (text := _manifest(folder)) is not None:
        try:
            return _loaded(folder, name, text)
        except LibraryError:
            if _manifest(folder) == text:
                raise  # else another process has put a newer one in its place meanwhile
    return None


def _manifest(folder: Path) -> str | None:
    try:
        return (folder / _MANIFEST).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(folder, f"cannot be read ({error})") from error


def _loaded(folder: Path, name: SpaceName, text: str) -> Snapshot:
    try:
        said = json.loads(text)
        version = int(said["version"])
        found = SpaceName(str(said["library_id"]), str(said["model_ref"]), int(said["dim"]))
        n, chain, n_trained = int(said["n"]), int(said["chain"]), int(said["n_trained"])
        files = {str(key): str(value) for key, value in said["files"].items()}
        contents, compact = sorted(files, reverse=True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(folder, "is damaged") from error
    if version != _VERSION:
        raise _unusable(folder, "was written by a newer Lightdesk" if version > _VERSION else "is of an older kind")
    if found != name:
        raise _unusable(folder, f"belongs to other vectors ({found.model_ref} of another library or size)")
    if any(Path(file).name != file for file in files):
        raise _unusable(folder, "is damaged")
    try:
        intact = all(_sha256(folder / file) == digest for file, digest in files.items())
        content_ids = np.fromfile(folder / contents, dtype="<i8") if intact else np.empty(0, dtype="<i8")
    except OSError as error:
        raise _unusable(folder, f"cannot be read ({error.strerror})") from error
    if not intact or len(content_ids) != n:
        raise _unusable(folder, "is damaged")
    index = CompactIndex.load(folder / compact, name.dim)
    if index.n != n:
        raise _unusable(folder, "is damaged")
    return Snapshot(content_ids.astype(np.int64), index, chain, n_trained)


def remove(folder: Path) -> None:
    """Forget what is there. Raises OSError."""
    before = _named(folder)
    manifest = folder / _MANIFEST
    if manifest.is_dir():
        shutil.rmtree(manifest)
    else:
        manifest.unlink(missing_ok=True)
    _sweep(folder, before)


def _named(folder: Path) -> tuple[str, ...]:
    """Return the files that the present snapshot consists of."""
    try:
        return tuple(str(file) for file in json.loads(_manifest(folder) or "{}")["files"])
    except (LibraryError, ValueError, KeyError, TypeError):
        return ()


def _sweep(folder: Path, replaced: tuple[str, ...]) -> None:
    """Remove what was replaced, and what a killed process has left half written; another may be writing now."""
    present = _named(folder)
    long_ago_s = time.time() - _LEFT_BEHIND_S
    for pattern in ("contents-*", "compact-*", "manifest-*"):
        for file in folder.glob(pattern):
            try:
                if file.name not in present and (file.name in replaced or file.stat().st_mtime < long_ago_s):
                    file.unlink(missing_ok=True)
            except OSError:  # another process reads it (Windows), or has removed it: the next save looks again
                pass


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as opened:
        while data := opened.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


def _sync(file: Path) -> None:
    with open(file, "rb+") as opened:
        os.fsync(opened.fileno())


def _unusable(folder: Path, reason: str) -> LibraryError:
    return LibraryError(
        ErrorCode.INDEX_DAMAGED,
        f"The search index in {folder} {reason}.",
        way_out="It is made again from the library by itself; until then similar pictures are found more slowly.",
        path=str(folder),
    )
