"""Keys of the cache tell apart what differs, and packed scores come back exactly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.cache_entries import pack_scores, prediction_key, thumbnail_key, unpack_scores
from engine.schemas.prediction import Scores


def test_keys_tell_apart_what_could_change_the_numbers() -> None:
    keys = {
        prediction_key(sha, model, version, precision)
        for sha in ("0" * 64, "1" * 64)
        for model in ("a" * 64, "b" * 64)
        for version in ("v1", "v2")
        for precision in ("fp32", "int8")
    }
    assert len(keys | {thumbnail_key("0" * 64), thumbnail_key("1" * 64)}) == 18


@given(
    st.integers(0, 20), st.one_of(st.none(), st.integers(1, 1300)), st.floats(0, 1, width=32), st.binary(max_size=40)
)
def test_scores_are_packed_exactly(k: int, dim: int | None, margin: float, junk: bytes) -> None:
    rng = np.random.default_rng(k)
    scores = Scores(
        rng.integers(0, 1000, k, dtype=np.int32),
        rng.random(k, dtype=np.float32),
        margin,
        1.5,
        rng.random(dim, dtype=np.float32) if dim else None,
    )
    packed = pack_scores(scores)
    again = unpack_scores(packed)
    assert again is not None
    assert (again.class_ids == scores.class_ids).all() and (again.confidences == scores.confidences).all()
    assert again.margin == margin and again.entropy_nats == 1.5
    assert (again.embedding is None) == (dim is None) and (dim is None or (again.embedding == scores.embedding).all())
    assert unpack_scores(packed + b"x") is None and unpack_scores(packed[:-1]) is None
    unpack_scores(junk)  # rubbish is no error
