"""FAISS: flat, bits, product quantisation in lists, a graph. Where a stage is coarse, exact cosines follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import faiss
import numpy as np

from benchmarks.similar_competitor import Competitor, FloatRows, Floats, Ids, K, Signs, in_blocks, sample_of

_EACH_LIST = 40  # training vectors
_LEAST_TRAINING = 10_000  # FAISS asks for 39 times the 256 centroids of a byte
_ROUNDS = 10  # of k-means


class Flat(Competitor):
    """All floats in memory."""

    title = "FAISS, flat"

    def needs_bytes(self, n: int, dim: int) -> int:
        """The floats, which are copied when the room for them grows."""
        return 8 * n * dim

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Read them."""
        self._index = faiss.IndexFlatIP(rows.dim)
        in_blocks(rows, lambda _start, block: self._index.add(block), progress)

    def search(self, query: Floats, knob: Any) -> Ids:
        """Its own answer."""
        return self._index.search(query[None, :], K)[1][0]

    def add(self, vectors: Floats) -> None:
        """Add more."""
        self._index.add(vectors)


class Binary(Competitor):
    """One bit for each dimension, all looked at, and exact cosines of what comes first."""

    title = "FAISS, binary flat, rescored"
    knobs: ClassVar[Sequence[Any]] = (250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)

    def needs_bytes(self, n: int, dim: int) -> int:
        """The bits, which are copied when the room for them grows, and candidates."""
        return n * dim // 4 + 500_000_000

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Take the signs."""
        self._rows = rows
        self._signs = Signs(sample_of(rows, 5000))
        self._index = faiss.IndexBinaryFlat(rows.dim)
        in_blocks(rows, lambda _start, block: self._index.add(self._signs(block)), progress)

    def search(self, query: Floats, knob: Any) -> Ids:
        """Candidates by the number of unequal bits, then cosines."""
        return self._rows.rescored(query, self._index.search(self._signs(query[None, :]), knob)[1][0])

    def add(self, vectors: Floats) -> None:
        """Add more."""
        self._index.add(self._signs(vectors))
        self._rows.append(vectors)


class _Lists(Competitor):
    """Product quantisation in lists, with exact cosines of what comes first. The knob is lists and candidates."""

    knobs: ClassVar[Sequence[Any]] = (
        (16, 500), (16, 1000), (32, 1000), (32, 2000), (64, 2000), (64, 4000), (128, 4000), (128, 8000), (256, 8000),
        (256, 16_000), (512, 16_000), (1024, 16_000), (1024, 32_000),
    )  # fmt: skip
    _description: ClassVar[str]

    def needs_bytes(self, n: int, dim: int) -> int:
        """Codes, numbers and the training sample."""
        return n * (dim // 8 + 16) * 2 + 40 * round(n**0.5) * dim * 12 + 500_000_000

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Train on a sample, then add all."""
        self._rows = rows
        n_lists = max(16, int(rows.n**0.5))
        self._index = faiss.index_factory(
            rows.dim, self._description.format(lists=n_lists), faiss.METRIC_INNER_PRODUCT
        )
        self._index.pq.cp.niter = _ROUNDS
        self._index.cp.niter = _ROUNDS
        self._index.train(sample_of(rows, max(_LEAST_TRAINING, _EACH_LIST * n_lists)))
        in_blocks(rows, lambda _start, block: self._index.add(block), progress)

    def search(self, query: Floats, knob: Any) -> Ids:
        """Candidates by their codes, then cosines."""
        self._index.nprobe, n_candidates = min(knob[0], self._index.nlist), knob[1]
        found = self._index.search(query[None, :], min(n_candidates, self._index.ntotal))[1][0]
        return self._rows.rescored(query, found[found >= 0])

    def add(self, vectors: Floats) -> None:
        """Add more."""
        self._index.add(vectors)
        self._rows.append(vectors)


class IvfPq(_Lists):
    """A byte for each eight dimensions: as much memory as a bit for each."""

    title = "FAISS, IVF-PQ (160 bytes), rescored"
    _description = "IVF{lists},PQ160x8"


class IvfPqFast(_Lists):
    """Four bits for each four dimensions, compared in vector registers."""

    title = "FAISS, IVF-PQ fast scan (160 bytes), rescored"
    _description = "IVF{lists},PQ320x4fs"


class Hnsw(Competitor):
    """A graph over half floats."""

    title = "FAISS, HNSW over float16"
    knobs: ClassVar[Sequence[Any]] = (64, 128, 256, 512, 1024, 2048, 4096)

    def needs_bytes(self, n: int, dim: int) -> int:
        """Half floats, which are copied when the room for them grows, and links."""
        return n * (4 * dim + 400)

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Link each to its neighbours."""
        self._index = faiss.IndexHNSWSQ(
            rows.dim, faiss.ScalarQuantizer.QT_fp16, 32, faiss.METRIC_INNER_PRODUCT
        )
        self._index.hnsw.efConstruction = 100
        self._index.train(sample_of(rows, 1000))
        in_blocks(rows, lambda _start, block: self._index.add(block), progress)

    def search(self, query: Floats, knob: Any) -> Ids:
        """Its own answer."""
        self._index.hnsw.efSearch = knob
        found = self._index.search(query[None, :], K)[1][0]
        return np.asarray(found[found >= 0])

    def add(self, vectors: Floats) -> None:
        """Link more."""
        self._index.add(vectors)
