"""Outputs become scores, and scores the one result record."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.errors import DeviceError, ErrorCode, FileError
from engine.postprocess import failure_record, success_record, to_scores
from engine.schemas.library import Detail
from engine.schemas.model import OutputSpec
from engine.schemas.prediction import ClassScore, Prediction

SPEC = OutputSpec(scores="p", scores_are="probabilities", embedding="e", embedding_dim=3)
LOGITS = OutputSpec(scores="p", scores_are="logits", embedding=None, embedding_dim=0)


def probabilities(n: int, n_classes: int) -> np.ndarray:
    raw = np.random.default_rng(5).exponential(size=(n, n_classes)) ** 4
    return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)


def test_scores_agree_with_the_plain_computation() -> None:
    scores = probabilities(7, 1000)
    embedding = np.random.default_rng(6).normal(size=(7, 3)).astype(np.float32)
    for i, got in enumerate(to_scores([scores, embedding], SPEC)):
        order = sorted(range(1000), key=lambda c: (-scores[i, c], c))[:20]
        assert got.class_ids.tolist() == order
        assert got.class_ids.dtype == np.int32 and got.confidences.dtype == np.float32
        assert got.confidences.tolist() == scores[i, order].tolist()
        assert got.margin == pytest.approx(scores[i, order[0]] - scores[i, order[1]], abs=1e-6)
        assert got.entropy_nats == pytest.approx(-sum(p * np.log(p) for p in scores[i] if p > 0), abs=1e-3)
        assert got.embedding is not None
        assert np.allclose(got.embedding, embedding[i] / np.linalg.norm(embedding[i]), atol=1e-6)


def test_equal_scores_come_in_the_order_of_their_classes() -> None:
    got = to_scores([np.full((1, 4), 0.25, np.float32)], SPEC, k=4)[0]
    assert got.class_ids.tolist() == [0, 1, 2, 3]
    assert got.margin == 0.0
    assert got.entropy_nats == pytest.approx(np.log(4), abs=1e-5)


def test_logits_of_any_size_get_a_softmax() -> None:
    got = to_scores([np.array([[1000.0, 999.0, -1000.0]], np.float32)], LOGITS)[0]
    assert got.class_ids.tolist() == [0, 1, 2]
    assert got.confidences.tolist() == pytest.approx([0.731059, 0.268941, 0.0], abs=1e-5)
    assert got.embedding is None


def test_a_certain_answer_has_no_entropy_and_one_class_is_enough() -> None:
    certain = to_scores([np.array([[0.0, 1.0]], np.float32)], SPEC)[0]
    assert (certain.margin, certain.entropy_nats) == (1.0, 0.0)
    alone = to_scores([np.array([[1.0]], np.float32)], SPEC)[0]
    assert alone.class_ids.tolist() == [0] and alone.margin == 1.0


def test_a_zero_embedding_stays_finite() -> None:
    got = to_scores([probabilities(1, 4), np.zeros((1, 3), np.float32)], SPEC)[0]
    assert got.embedding is not None and np.isfinite(got.embedding).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_never_a_result(bad: float) -> None:
    scores = probabilities(2, 4)
    scores[1, 2] = bad
    with pytest.raises(DeviceError) as caught:
        to_scores([scores], SPEC)
    assert caught.value.code is ErrorCode.INFERENCE_FAILED


def test_scores_do_not_hold_the_batch_in_memory() -> None:
    got = to_scores([probabilities(8, 1000), np.ones((8, 3), np.float32)], SPEC)[0]
    assert got.embedding is not None
    for kept in (got.class_ids, got.confidences, got.embedding):
        assert kept.base is None or kept.base.nbytes <= 2 * kept.nbytes


DETAIL = Detail(
    content_id=1,
    sha256="ab" * 32,
    name="cat.jpg",
    kind="image",
    content_type="image/jpeg",
    width=640,
    height=480,
    size_bytes=1,
    files=(),
    label=None,
    predictions=(),
)
PREDICTION = Prediction(
    model_ref="efficientnet-lite0@1",
    top=(
        ClassScore(281, "tabby, tabby cat", 0.87312345),
        ClassScore(282, "tiger cat", 0.1),
        ClassScore(285, "x", 0.01),
    ),
    margin=0.77,
    entropy_nats=0.4,
    device="cpu",
    inference_ms=5.123456,
    cached=False,
    predicted_at="2026-11-23T19:00:00+00:00",
)


def test_success_record_is_the_documented_one() -> None:
    record = success_record(DETAIL, PREDICTION, top_k=2)
    at = datetime.fromisoformat(record["data"].pop("timestamp"))
    assert at.utcoffset() is not None and abs((datetime.now(UTC) - at).total_seconds()) < 60
    first = {"class_id": 281, "class_name": "tabby, tabby cat", "confidence": 0.8731}
    assert record == {
        "success": True,
        "data": {
            "prediction": first,
            "top_predictions": [first, {"class_id": 282, "class_name": "tiger cat", "confidence": 0.1}],
            "metadata": {
                "filename": "cat.jpg",
                "content_type": "image/jpeg",
                "sha256": "ab" * 32,
                "width": 640,
                "height": 480,
                "model": "efficientnet-lite0",
                "version": "1",
                "device": "cpu",
                "cached": False,
                "inference_ms": pytest.approx(5.123, abs=1e-3),
            },
        },
    }
    # The order of the keys is part of the document too.
    assert list(record["data"]["metadata"])[:3] == ["filename", "content_type", "sha256"]


def test_a_name_that_is_not_utf8_can_still_be_printed() -> None:
    record = success_record(DETAIL, PREDICTION, top_k=1, path="/pictures/caf\udce9.jpg")
    json.dumps(record, ensure_ascii=False).encode("utf-8")
    assert record["data"]["metadata"]["filename"].startswith("caf")


def test_failure_record_has_code_message_and_details() -> None:
    error = FileError(
        ErrorCode.UNREADABLE_IMAGE, "a.jpg cannot be read.", way_out="Export it again.", path="a.jpg", limit=None
    )
    record = failure_record(error)
    assert json.loads(json.dumps(record)) == {
        "success": False,
        "error": {
            "code": "UNREADABLE_IMAGE",
            "message": "a.jpg cannot be read.",
            "details": {"path": "a.jpg", "way_out": "Export it again."},
        },
    }
