"""What a model says of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP_K_STORED = 20


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The kept part of one answer of a network.

    Attributes
    ----------
    class_ids
        int32, (k,), indices into the model's labels, best first, k <= 20.
    confidences
        float32, (k,), probabilities, descending.
    margin
        Probability of the best class minus that of the second.
    entropy_nats
        Shannon entropy of the whole distribution, natural logarithm.
    embedding
        float32, (dim,), L2 norm 1, or None where the model has none.
    """

    class_ids: NDArray[np.int32]
    confidences: NDArray[np.float32]
    margin: float
    entropy_nats: float
    embedding: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One row of top-k, named."""

    class_id: int
    class_name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """A stored prediction, best class first."""

    model_ref: str
    top: tuple[ClassScore, ...]
    margin: float
    entropy_nats: float
    device: str
    inference_ms: float
    cached: bool
    predicted_at: str
