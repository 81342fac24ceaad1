"""Bytes by key on disk, bounded, shared by processes, safe to delete at any time.

Thumbnails and packed predictions. A failing cache costs time, never a result: every operation
answers as if nothing were stored, and the failure is logged once a minute.
"""

from __future__ import annotations

import logging
import sqlite3
import struct
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import diskcache
import numpy as np

from engine.schemas.prediction import Scores

log = logging.getLogger(__name__)
_FAILURES = (sqlite3.Error, OSError, diskcache.Timeout)
_SCORES = struct.Struct("<BHff")


class _ByteDisk(diskcache.Disk):
    """Holds bytes under text keys, and nothing that would have to be unpickled."""

    def put(self, key: Any) -> tuple[Any, bool]:
        if not isinstance(key, str):
            raise TypeError("cache keys are text")
        return key, True

    def get(self, key: Any, raw: Any) -> Any:
        if not raw:
            raise sqlite3.DatabaseError("the cache holds a key that is not plain text")
        return key

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:
        if not isinstance(value, bytes) or read:
            raise TypeError("cache values are bytes")
        return super().store(value, read, key)

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> Any:
        # 1 is raw, 2 a binary file; anything else (text, pickle) was not written by us.
        if mode not in (1, 2) or read:
            raise sqlite3.DatabaseError("the cache holds a value that is not plain bytes")
        return super().fetch(mode, filename, value, read)


class ByteCache:
    """A bounded store of bytes in a folder.

    Parameters
    ----------
    folder
        Made when missing, also when it is deleted while in use.
    size_limit_bytes
        Beyond it the least recently stored entries go.

    Notes
    -----
    Safe to call from any thread and by several processes.
    """

    def __init__(self, folder: Path, size_limit_bytes: int) -> None:
        self._folder = folder
        self._size_limit_bytes = size_limit_bytes
        self._lock = threading.Lock()
        self._cache: diskcache.Cache | None = None
        self._last_complaint_s = 0.0

    def get(self, key: str) -> bytes | None:
        """Return the bytes stored under `key`, or None."""
        value = self._attempt(lambda cache: cache.get(key))
        return value if isinstance(value, bytes) else None

    def has(self, key: str) -> bool:
        """Tell whether something is stored under `key`."""
        return bool(self._attempt(lambda cache: key in cache))

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Store several entries in one transaction."""

        def store(cache: diskcache.Cache) -> None:
            with cache.transact(retry=True):
                for key, value in values.items():
                    cache.set(key, value)

        if values:
            self._attempt(store)

    def set(self, key: str, value: bytes) -> None:
        """Store one entry."""
        self.set_many({key: value})

    def remove_many(self, keys: Iterable[str]) -> None:
        """Forget entries."""
        self._attempt(lambda cache: [cache.delete(key) for key in keys])

    def close(self) -> None:
        """Close the files; a later call opens them again."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None

    def _open(self) -> diskcache.Cache:
        with self._lock:
            if self._cache is None or not Path(self._cache.directory, "cache.db").exists():
                # Thumbnails stay inside the database: one file is quicker than 100,000 small ones.
                self._cache = diskcache.Cache(
                    str(self._folder),
                    disk=_ByteDisk,
                    size_limit=self._size_limit_bytes,
                    eviction_policy="least-recently-stored",
                    disk_min_file_size=1 << 18,
                    cull_limit=64,
                    statistics=0,
                    timeout=5,
                )
            return self._cache

    def _attempt(self, work: Any) -> Any:
        for last in (False, True):
            try:
                return work(self._open())
            except _FAILURES as error:
                with self._lock:
                    self._cache = None
                if last:
                    self._complain(error)
        return None

    def _complain(self, error: Exception) -> None:
        now_s = time.monotonic()
        if now_s - self._last_complaint_s > 60 or not self._last_complaint_s:
            self._last_complaint_s = now_s
            log.warning("The cache in %s cannot be used for now: %s", self._folder, error)


def thumbnail_key(sha256_hex: str) -> str:
    """Key of the 256-pixel thumbnail of a content."""
    return f"t1:{sha256_hex}"


def prediction_key(sha256_hex: str, model_sha256: str, preprocessing_version: str, precision: str) -> str:
    """Key of a packed prediction: everything that could change the numbers is in it."""
    return f"p1:{model_sha256[:16]}:{preprocessing_version}:{precision}:{sha256_hex}"


def pack_scores(scores: Scores) -> bytes:
    """Pack scores into bytes with a fixed layout, little-endian."""
    embedding = scores.embedding if scores.embedding is not None else np.empty(0, np.float32)
    head = _SCORES.pack(len(scores.class_ids), len(embedding), scores.margin, scores.entropy_nats)
    return b"".join(
        (head, scores.class_ids.astype("<i4").tobytes(), scores.confidences.astype("<f4").tobytes(), embedding.astype("<f4").tobytes())
    )


def unpack_scores(data: bytes) -> Scores | None:
    """Undo `pack_scores`; None when the bytes have another length than they announce."""
    if len(data) < _SCORES.size:
        return None
    k, dim, margin, entropy_nats = _SCORES.unpack_from(data)
    if len(data) != _SCORES.size + 8 * k + 4 * dim:
        return None
    at = _SCORES.size
    class_ids = np.frombuffer(data, "<i4", k, at).astype(np.int32)
    confidences = np.frombuffer(data, "<f4", k, at + 4 * k).astype(np.float32)
    embedding = np.frombuffer(data, "<f4", dim, at + 8 * k).astype(np.float32) if dim else None
    return Scores(class_ids, confidences, margin, entropy_nats, embedding)
