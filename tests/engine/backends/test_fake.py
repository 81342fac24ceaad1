"""The fake model answers from the pixels alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backends.base import Session
from engine.backends.opening import open_session, warm
from engine.preprocess import Preprocessor
from engine.registry.catalogue import Registry
from engine.schemas.model import Model


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Registry(tmp_path).ensure("fake", lambda _message, _fraction: None)


@pytest.fixture
def session(model: Model) -> Session:
    return open_session(model, device="auto", cpu_threads=0)


def pictures(model: Model, n: int) -> np.ndarray:
    shape = Preprocessor(model.manifest.input).item_shape
    return np.random.default_rng(1).integers(0, 256, (n, *shape), dtype=np.uint8)


def test_equal_pictures_get_equal_answers_in_any_batch(model: Model, session: Session) -> None:
    batch = pictures(model, 5)
    together = session.run(batch)
    again = open_session(model, device="cpu", cpu_threads=1)
    for i in range(5):
        for whole, alone in zip(together, again.run(batch[i : i + 1]), strict=True):
            assert np.allclose(whole[i], alone[0], atol=1e-5)


def test_answers_have_the_manifest_s_shapes(model: Model, session: Session) -> None:
    scores, embedding = session.run(pictures(model, 3))
    assert scores.shape == (3, len(model.manifest.labels))
    assert embedding.shape == (3, model.manifest.output.embedding_dim)
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_different_pictures_get_different_answers(model: Model, session: Session) -> None:
    _, embedding = session.run(pictures(model, 8))
    assert len({row.tobytes() for row in embedding}) == 8


def test_it_says_that_it_is_a_fake(model: Model, session: Session) -> None:
    assert session.report.device == "fake"
    assert session.report.fallback_reason is None
    assert warm(session, Preprocessor(model.manifest.input).item_shape, np.dtype(np.uint8), (1, 2)) >= 0
