"""Vectors in tight groups, which is what search is hard on: each group around a direction, differing by noise only."""

from __future__ import annotations

import numpy as np


def clouds(n: int, dim: int, n_groups: int, noise: float, seed: int) -> np.ndarray:
    """Return float32 (n, dim), L2 norm 1."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_groups, dim)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    found = centres[rng.integers(0, n_groups, n)]
    found = found + rng.standard_normal((n, dim), dtype=np.float32) * np.float32(noise / dim**0.5)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
