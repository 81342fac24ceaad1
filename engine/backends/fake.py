"""A session that answers from the pixels alone: deterministic, cheap, no file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.schemas.device import DeviceReport
from engine.schemas.model import ModelManifest

_CELLS = 4


class FakeSession:
    """Equal pictures get equal answers; different ones nearly always different answers."""

    max_concurrency = 2
    best_batch = 8
    pads = False

    def __init__(self, manifest: ModelManifest) -> None:
        self.report = DeviceReport("fake", "Fake model", "cpu", "none")
        rng = np.random.default_rng(7)
        n_features = _CELLS * _CELLS * 3
        self._to_classes = rng.normal(size=(n_features, len(manifest.labels))).astype(np.float32)
        self._to_embedding = rng.normal(size=(n_features, manifest.output.embedding_dim)).astype(np.float32)

    def run(self, batch: NDArray[Any]) -> list[NDArray[Any]]:
        """Project the means of a 4 x 4 grid of cells. `batch` is uint8 (n, side, side, 3)."""
        n, side = batch.shape[:2]
        cell = side // _CELLS
        whole = batch[:, : _CELLS * cell, : _CELLS * cell].reshape(n, _CELLS, cell, _CELLS, cell, 3)
        means = whole.mean(axis=(2, 4), dtype=np.float32)
        features = (means.reshape(n, -1) - np.float32(127)) / np.float32(64)
        # Row by row: the product of a whole batch may round otherwise than that of one picture.
        logits = np.stack([row @ self._to_classes for row in features])
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        embeddings = np.stack([row @ self._to_embedding for row in features])
        return [scores / scores.sum(axis=1, keepdims=True), embeddings]

    def close(self) -> None:
        """Nothing is held."""
