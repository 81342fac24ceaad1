"""Outputs become scores, and scores the one result record."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.errors import DeviceError, ErrorCode, FileError
from engine.postprocess import failure_record, printable_name, success_record, to_scores
from engine.schemas.library import Detail
from engine.schemas.model import OutputSpec
from engine.schemas.prediction import ClassScore, Prediction

# A busy machine is no failure.
unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


# What holds for every record

# What a file may be called: any text, bytes that are no UTF-8 (Python's surrogates for them), and what only a typed
# list can hold, other surrogates.
_CHARACTERS = (
    st.characters(codec="utf-8", exclude_characters="\0/")
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, exclude_categories=())
    | st.sampled_from("\ud800\udfff\x1b\x85\u2028\u202e\n")
)
# Joined, since a text's alphabet is one range to hypothesis: the few odd ones would hardly ever come.
names = st.lists(_CHARACTERS, min_size=1, max_size=20).map("".join)
texts = st.text(st.characters(codec="utf-8"), max_size=40)
confidences = st.floats(0, 1, width=32)


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    top = draw(st.lists(confidences, min_size=1, max_size=20))
    return Prediction(
        model_ref=f"{draw(st.from_regex('[a-z0-9-]{1,20}', fullmatch=True))}@{draw(st.from_regex('[0-9.]{1,5}', fullmatch=True))}",
        top=tuple(ClassScore(i, draw(texts), confidence) for i, confidence in enumerate(sorted(top, reverse=True))),
        margin=draw(confidences),
        entropy_nats=draw(st.floats(0, 10)),
        device=draw(st.sampled_from(("cpu", "cuda", "fake"))),
        inference_ms=draw(st.floats(0, 1e6)),
        cached=draw(st.booleans()),
        predicted_at="2026-11-23T19:00:00+00:00",
    )


@unhurried
@given(predictions(), st.integers(1, 20), names, st.integers(1, 65_535), st.integers(1, 65_535))
def test_any_success_is_the_documented_record(
    prediction: Prediction, top_k: int, name: str, width: int, height: int
) -> None:
    detail = dataclasses.replace(DETAIL, width=width, height=height)
    record = success_record(detail, prediction, top_k=top_k, path=f"/photos/{name}")
    text = json.dumps(record, allow_nan=False, ensure_ascii=False)
    text.encode("utf-8")
    assert json.loads(text) == record
    assert list(record) == ["success", "data"] and record["success"] is True
    data = record["data"]
    assert list(data) == ["prediction", "top_predictions", "metadata", "timestamp"]
    assert list(data["metadata"]) == [
        *("filename", "content_type", "sha256", "width", "height"),
        *("model", "version", "device", "cached", "inference_ms"),
    ]
    assert data["prediction"] == data["top_predictions"][0]
    assert len(data["top_predictions"]) == min(top_k, len(prediction.top))
    for score, stored in zip(data["top_predictions"], prediction.top, strict=False):
        assert list(score) == ["class_id", "class_name", "confidence"]
        assert score["confidence"] == round(score["confidence"], 4) and 0 <= score["confidence"] <= 1
        assert abs(score["confidence"] - stored.confidence) <= 0.00005 + 1e-9
        assert len(repr(score["confidence"]).partition(".")[2]) <= 4 or "e-" in repr(score["confidence"])
    meta = data["metadata"]
    assert (meta["width"], meta["height"], meta["cached"]) == (width, height, prediction.cached)
    assert f"{meta['model']}@{meta['version']}" == prediction.model_ref
    at = datetime.fromisoformat(data["timestamp"])
    assert at.utcoffset() == timedelta(0) and data["timestamp"].endswith("+00:00")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", data["timestamp"])


@unhurried
@given(names)
def test_any_name_can_be_written_and_a_readable_one_is_left_alone(name: str) -> None:
    written = printable_name(f"/photos/{name}")
    written.encode("utf-8")
    if not any("\ud800" <= c <= "\udfff" for c in name):
        assert written == name


details = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names | st.builds(Path, names) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@unhurried
@given(st.sampled_from(ErrorCode), names, names, st.dictionaries(st.from_regex("[a-z_]{1,8}", fullmatch=True), details))
def test_any_failure_is_the_documented_record(code: ErrorCode, message: str, way_out: str, facts: dict) -> None:
    error = FileError(code, message, way_out=way_out)
    error.details = facts
    record = failure_record(error)
    text = json.dumps(record, allow_nan=False, ensure_ascii=False)
    text.encode("utf-8")
    assert json.loads(text) == record
    assert list(record) == ["success", "error"] and record["success"] is False
    assert list(record["error"]) == ["code", "message", "details"]
    assert record["error"]["code"] == code.value
    assert set(record["error"]["details"]) == {k for k, v in facts.items() if v is not None} | {"way_out"}
