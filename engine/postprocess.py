"""From the network's outputs to scores, and from scores to the result record that every surface returns."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError, ErrorCode, LightdeskError
from engine.schemas.library import Detail
from engine.schemas.model import OutputSpec
from engine.schemas.prediction import TOP_K_STORED, Prediction, Scores

# What float32 arithmetic may leave outside 0..1.
_ROUNDING = 1e-3


def to_scores(outputs: Sequence[NDArray[Any]], spec: OutputSpec, k: int = TOP_K_STORED) -> list[Scores]:
    """Reduce a batch of outputs to the part that is kept.

    Parameters
    ----------
    outputs
        Scores float32 (n, classes), then the embedding float32 (n, dim) where the model has one.
    spec
        Whether the scores still need a softmax.
    k
        Classes kept.

    Returns
    -------
    list of Scores
        One a row; arrays of their own, so that the batch can go.

    Raises
    ------
    DeviceError
        INFERENCE_FAILED when the numbers are not finite (a broken model or driver) or are no
        probabilities where the manifest says so: never a result.
    """
    scores = np.asarray(outputs[0], dtype=np.float32)
    raw = np.asarray(outputs[1], dtype=np.float32) if spec.embedding is not None and len(outputs) > 1 else None
    _refuse_nonsense(scores, raw, spec)
    if spec.scores_are == "logits":
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
    k = min(k, scores.shape[1])
    kept = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < scores.shape[1] else np.argsort(-scores, axis=1)
    confidences = np.take_along_axis(scores, kept, axis=1)
    # Equal scores by class number, so that the same picture always gives the same order.
    order = np.lexsort((kept, -confidences), axis=1)
    kept = np.take_along_axis(kept, order, axis=1).astype(np.int32)
    confidences = np.take_along_axis(confidences, order, axis=1)
    margins = confidences[:, 0] - confidences[:, 1] if k > 1 else confidences[:, 0]
    entropies = -(scores * np.log(np.maximum(scores, 1e-30))).sum(axis=1)
    embeddings: NDArray[np.float32] | None = None
    if raw is not None:
        embeddings = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)
    return [
        Scores(
            kept[i].copy(),
            confidences[i].copy(),
            float(margins[i]),
            float(max(entropies[i], 0.0)),
            None if embeddings is None else embeddings[i].copy(),
        )
        for i in range(len(scores))
    ]


def _refuse_nonsense(scores: NDArray[np.float32], embeddings: NDArray[np.float32] | None, spec: OutputSpec) -> None:
    finite = bool(np.isfinite(scores).all() and (embeddings is None or np.isfinite(embeddings).all()))
    if not finite:
        raise DeviceError(
            ErrorCode.INFERENCE_FAILED,
            "The model returned numbers that are not finite.",
            way_out="Run `lightdesk doctor`; choose the device cpu in the settings meanwhile.",
        )
    if spec.scores_are == "probabilities" and scores.size:
        low, high = float(scores.min()), float(scores.max())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise DeviceError(
                ErrorCode.INFERENCE_FAILED,
                f"The model returned scores from {low:.3g} to {high:.3g}, which are no probabilities.",
                way_out='If they are logits, write scores_are = "logits" in its manifest.',
            )


def success_record(detail: Detail, prediction: Prediction, *, top_k: int, path: str | None = None) -> dict[str, Any]:
    """Return the result record of one image, as documented in docs/result-record.md.

    Parameters
    ----------
    path
        The file asked for, where several files have this content; otherwise the first.
    """
    name, _, version = prediction.model_ref.partition("@")
    top = [
        {"class_id": s.class_id, "class_name": s.class_name, "confidence": round(s.confidence, 4)}
        for s in prediction.top[:top_k]
    ]
    return {
        "success": True,
        "data": {
            "prediction": dict(top[0]),
            "top_predictions": top,
            "metadata": {
                "filename": printable_name(path) if path is not None else detail.name,
                "content_type": detail.content_type,
                "sha256": detail.sha256,
                "width": detail.width,
                "height": detail.height,
                "model": name,
                "version": version,
                "device": prediction.device,
                "cached": prediction.cached,
                "inference_ms": round(prediction.inference_ms, 3),
            },
            "timestamp": now_text(),
        },
    }


def failure_record(error: LightdeskError) -> dict[str, Any]:
    """Return the record of a failure: a code of the closed list, a message, JSON-safe details."""
    details = {key: _json_safe(value) for key, value in error.details.items() if value is not None}
    if error.way_out:
        details["way_out"] = _encodable(error.way_out)
    message = _encodable(error.message)
    return {"success": False, "error": {"code": str(error.code), "message": message, "details": details}}


def _json_safe(value: Any) -> Any:
    """Return the value, or text where JSON could not hold it."""
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, dict):
        return {_encodable(str(key)): _json_safe(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(part) for part in value]
    return None if value is None else _encodable(os.fsdecode(value) if isinstance(value, bytes) else str(value))


def printable_name(path: str) -> str:
    """Return the file's name, without its folder, as text that can be encoded."""
    return _encodable(os.path.basename(path))


def _encodable(text: str) -> str:
    """Return text that UTF-8 can hold: bytes of a name that are no text become ``\\xNN``."""
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # surrogates that stand for no byte: from a list somebody typed, never from a disk
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def now_text() -> str:
    """Return the time now in UTC with its offset, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
