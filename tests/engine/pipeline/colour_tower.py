"""A tower that needs no network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import LightdeskError
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame

LIMITS = ImageLimits(10**9, 10**9)
WITHIN_S = 20.0


@dataclass
class ColourTower:
    """The mean colour as a vector; it can be held up, and fail on purpose."""

    best_batch: int = 3
    max_concurrency: int = 2
    short_side: int = 16
    gate: threading.Event = field(default_factory=threading.Event)
    refuses: Callable[[NDArray[Any]], LightdeskError | None] = lambda _item: None
    n_calls: int = 0
    closed: bool = False

    def prepare(self, frame: Frame) -> NDArray[Any]:
        return frame.pixels.mean(axis=(0, 1)).astype(np.float32) + 1

    def embed_items(self, items: NDArray[Any]) -> NDArray[np.float32]:
        self.gate.wait(WITHIN_S)
        self.n_calls += 1
        for item in items:
            if (error := self.refuses(item)) is not None:
                raise error
        return np.asarray(items / np.linalg.norm(items, axis=1, keepdims=True), np.float32)

    def close(self) -> None:
        self.closed = True
