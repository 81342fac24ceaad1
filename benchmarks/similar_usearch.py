"""usearch: graphs over half floats, bytes and bits. Where the numbers are coarse, exact cosines follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from usearch.index import Index

from benchmarks.similar_competitor import Competitor, FloatRows, Floats, Ids, K, Signs, in_blocks, sample_of


class _Graph(Competitor):
    knobs: ClassVar[Sequence[Any]] = (64, 128, 256, 512, 1024, 2048, 4096)
    _kind: ClassVar[str]
    _metric: ClassVar[str] = "cos"
    _bytes_of_ten_dims: ClassVar[int]
    _rescored: ClassVar[bool] = True

    def needs_bytes(self, n: int, dim: int) -> int:
        """Numbers and links."""
        return n * (dim * self._bytes_of_ten_dims // 10 + 300) + 500_000_000

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Link each to its neighbours."""
        self._rows, self._n = rows, 0
        self._prepare(rows)
        self._index = Index(ndim=rows.dim, metric=self._metric, dtype=self._kind)
        in_blocks(rows, lambda _start, block: self._take(block), progress)

    def _prepare(self, rows: FloatRows) -> None:
        pass

    def _as_held(self, vectors: Floats) -> np.ndarray[Any, Any]:
        return vectors

    def _take(self, block: Floats) -> None:
        self._index.add(np.arange(self._n, self._n + len(block)), self._as_held(block))
        self._n += len(block)

    def search(self, query: Floats, knob: Any) -> Ids:
        """As many candidates as it looks at, then cosines; without them, its own answer."""
        self._index.expansion_search = knob
        found = self._index.search(self._as_held(query), knob if self._rescored else K).keys.astype(np.int64)
        return self._rows.rescored(query, found) if self._rescored else found

    def add(self, vectors: Floats) -> None:
        """Link more."""
        self._take(vectors)
        self._rows.append(vectors)


class HalfFloats(_Graph):
    """Two bytes a dimension."""

    title = "usearch, HNSW over float16"
    _kind, _bytes_of_ten_dims, _rescored = "f16", 20, False


class Bytes(_Graph):
    """A byte a dimension."""

    title = "usearch, HNSW over int8, rescored"
    _kind, _bytes_of_ten_dims = "i8", 10


class Bits(_Graph):
    """A bit a dimension."""

    title = "usearch, HNSW over bits, rescored"
    _kind, _bytes_of_ten_dims, _metric = "b1", 2, "hamming"

    def _prepare(self, rows: FloatRows) -> None:
        self._signs = Signs(sample_of(rows, 5000))

    def _as_held(self, vectors: Floats) -> np.ndarray[Any, Any]:
        return self._signs(vectors)
