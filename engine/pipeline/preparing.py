"""One file made ready for the model: read, identified, looked up, decoded, thumbnail made."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from engine.cache import ByteCache
from engine.cache_entries import prediction_key, unpack_scores
from engine.errors import ErrorCode, FileError
from engine.ingest.decode import decode
from engine.ingest.derive import THUMBNAIL_SIDE, perceptual_hash, sharpness, small, thumbnail
from engine.ingest.reading import printable, read_file, source_is_gone
from engine.library import ingest
from engine.library.database import Connection, translated
from engine.library.records import Known, NewContent
from engine.pipeline.scanning import QUARANTINED, QUARANTINED_WAY_OUT
from engine.preprocess import Preprocessor
from engine.schemas.files import FoundFile, ImageLimits, LoadedFile
from engine.schemas.model import ModelManifest
from engine.schemas.prediction import Scores

_PRECISION = "fp32"
_CHANGED_TRIES = 5
_CHANGED_WAIT_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A file on its way: where it came from and for which job, if any."""

    found: FoundFile
    job_id: int | None
    seq: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What the next stage needs. `pixels` is None where no inference is needed."""

    ticket: Ticket
    sha256: bytes
    cache_key: str
    size_bytes: int
    mtime_ns: int
    content: NewContent | int
    pixels: NDArray[Any] | None
    cached_scores: Scores | None
    thumbnail: bytes | None


class Preparer:
    """Prepares files for one model. One for each decode thread: it owns a connection."""

    def __init__(
        self,
        reader: Connection,
        store: ByteCache,
        manifest: ModelManifest,
        model_id: int,
        preprocessor: Preprocessor,
        limits: ImageLimits,
    ) -> None:
        self._reader = reader
        self._store = store
        self._manifest = manifest
        self._model_id = model_id
        self._preprocessor = preprocessor
        self._limits = limits

    def _cache_key(self, sha256: bytes) -> str:
        """Key under which the prediction of a content is cached."""
        return prediction_key(sha256.hex(), self._manifest.sha256, self._preprocessor.version, _PRECISION)

    def prepare(self, ticket: Ticket) -> Prepared:
        """Raises FileError; SOURCE_OFFLINE where the dropped folder itself is out of reach."""
        loaded = self._read(ticket.found)
        key = self._cache_key(loaded.sha256)
        with translated(self._reader.filename):
            known = ingest.find(self._reader, loaded.sha256, self._model_id)
        if known is not None and known.has_prediction:
            return Prepared(
                ticket, loaded.sha256, key, loaded.size_bytes, loaded.mtime_ns, known.content_id, None, None, None
            )
        try:
            return self._decoded(ticket, loaded, key, known)
        except Exception as error:
            # OpenCV has an exception of its own for it.
            if isinstance(error, MemoryError) or "nsufficient memory" in str(error):
                raise _too_large_for_memory(ticket.found.path) from error
            raise

    def _read(self, found: FoundFile) -> LoadedFile:
        """Read a file that may be written to meanwhile, or whose folder may go away and come back."""
        was_missing = False
        n_changed = 0
        while True:
            try:
                return read_file(found.path, self._limits)
            except FileError as error:
                if error.code is ErrorCode.FILE_NOT_FOUND and found.root != found.path:
                    if is_away(found.root):
                        raise offline(found.root) from error
                    if was_missing:
                        raise
                    was_missing = True  # the folder may have been away a moment ago: one more look
                elif error.code is ErrorCode.FILE_CHANGED and n_changed < _CHANGED_TRIES - 1:
                    n_changed += 1
                    time.sleep(_CHANGED_WAIT_S)
                else:
                    raise

    def _decoded(self, ticket: Ticket, loaded: LoadedFile, key: str, known: Known | None) -> Prepared:
        name = printable(ticket.found.path)
        frame = decode(
            loaded.data, short_side=max(self._preprocessor.short_side, THUMBNAIL_SIDE), limits=self._limits, name=name
        )
        reduced = small(frame)
        content = NewContent(
            loaded.sha256,
            "image",
            frame.content_type,
            frame.width,
            frame.height,
            loaded.size_bytes,
            perceptual_hash(reduced),
            sharpness(reduced),
        )
        packed = self._store.get(key)
        scores = unpack_scores(packed) if packed is not None else None
        return Prepared(
            ticket,
            loaded.sha256,
            key,
            loaded.size_bytes,
            loaded.mtime_ns,
            known.content_id if known is not None else content,
            self._preprocessor(frame) if scores is None else None,
            scores,
            thumbnail(reduced),
        )

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()


def is_away(root: str) -> bool:
    """Tell whether a dropped folder, in which a scan has found something, is out of reach.

    An empty one counts as away: that is what is left of a folder on which something was mounted.
    """
    if source_is_gone(root):
        return True
    try:
        if not os.path.isdir(root):
            return False
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def offline(root: str) -> FileError:
    """Return the error of a dropped folder that is out of reach."""
    return FileError(
        ErrorCode.SOURCE_OFFLINE,
        f"The folder {printable(root)} cannot be reached, or is empty now.",
        way_out="Connect the drive again, or put the files back; the job then goes on by itself.",
        path=printable(root),
    )


def _too_large_for_memory(path: str) -> FileError:
    return FileError(
        ErrorCode.TOO_MANY_PIXELS,
        f"{printable(path)} needs more memory than there is.",
        way_out="Close other programs or make the picture smaller, then retry.",
        path=printable(path),
    )


def quarantined(path: str) -> FileError:
    """Return the refusal of a file that took a process down twice."""
    return FileError(
        ErrorCode.QUARANTINED,
        f"{printable(path)}: {QUARANTINED}",
        way_out=QUARANTINED_WAY_OUT,
        path=printable(path),
    )
