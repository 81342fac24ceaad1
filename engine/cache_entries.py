"""What lies in the cache: the keys, and how a prediction is packed."""

from __future__ import annotations

import struct

import numpy as np

from engine.schemas.prediction import Scores

_SCORES = struct.Struct("<BHff")


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
        (
            head,
            scores.class_ids.astype("<i4").tobytes(),
            scores.confidences.astype("<f4").tobytes(),
            embedding.astype("<f4").tobytes(),
        )
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
