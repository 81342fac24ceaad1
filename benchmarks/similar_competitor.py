"""What every way to search must do to be compared, and what they share: rows in a file, signs of dimensions."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.similar_data import BLOCK_ROWS

K = 50

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


class GivenUp(Exception):
    """It does not go, with the reason."""


class Competitor:
    """A way to search. `build` first; ids are places, from 0.

    Attributes
    ----------
    title
        As the table says it.
    knobs
        From the quickest to the most exact; one alone for what is exact anyway.
    limit_s
        How long building may take, for a way whose longest step cannot tell how far it is.
    """

    title: ClassVar[str]
    knobs: ClassVar[Sequence[Any]] = (None,)
    limit_s: float = 3600.0

    def needs_bytes(self, n: int, dim: int) -> int:
        """Return about how much memory it takes at most, to refuse before the machine does."""
        raise NotImplementedError

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Take all rows; `progress` is told how many are in, and raises `GivenUp` when it will take too long."""
        raise NotImplementedError

    def search(self, query: Floats, knob: Any) -> Ids:
        """Return the best `K`, best first."""
        raise NotImplementedError

    def add(self, vectors: Floats) -> None:
        """Take more, as whoever uses it would; they count on."""
        raise NotImplementedError

    def pids(self) -> Sequence[int]:
        """Return the processes that are its own, beside this one."""
        return ()

    def disk_bytes(self) -> int:
        """Return what it keeps on the disk beside the file of vectors."""
        return 0

    def close(self) -> None:
        """Let everything go."""


class FloatRows:
    """Float vectors in a file: those that a coarse stage wants rescored are read from here, and not held in memory."""

    def __init__(self, file: Path, dim: int) -> None:
        self.file, self.dim = file, dim
        self._more: Floats = np.empty((0, dim), np.float32)
        with open(file, "rb") as opened:
            self._map = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        self._rows: Floats = np.frombuffer(self._map, np.float32).reshape(-1, dim)
        self.n = len(self._rows)

    def block(self, start: int, stop: int) -> Floats:
        """Return rows in order, copied."""
        found = self._rows[start:stop].copy()
        self._let_go()
        return found

    def append(self, vectors: Floats) -> None:
        """Have more rows; a real program would write them to the file."""
        self._more = np.concatenate((self._more, vectors))

    def rescored(self, query: Floats, candidates: Ids) -> Ids:
        """Return the best `K` of the candidates by exact cosine, best first."""
        found = np.empty((len(candidates), self.dim), np.float32)
        old = candidates < self.n
        found[old] = self._rows.take(candidates[old], axis=0)
        found[~old] = self._more.take(candidates[~old] - self.n, axis=0)
        self._let_go()
        scores = found @ query
        best = np.argpartition(-scores, min(K, len(scores)) - 1)[:K]
        return candidates[best[np.argsort(-scores[best])]]

    def _let_go(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


class Signs:
    """The sign of each dimension after the mean is taken off and a random rotation, packed to bits.

    Embeddings behind a ReLU have no negative numbers: without the mean all bits were one.
    """

    def __init__(self, sample: Floats) -> None:
        dim = sample.shape[1]
        self._mean = sample.mean(axis=0)
        turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((dim, dim)))
        self._turn = turn.astype(np.float32)

    def __call__(self, vectors: Floats) -> NDArray[np.uint8]:
        """Return uint8 (n, dim / 8)."""
        return np.packbits((vectors - self._mean) @ self._turn > 0, axis=-1)


def in_blocks(rows: FloatRows, take: Callable[[int, Floats], None], progress: Callable[[int], None]) -> None:
    """Hand all rows over, block by block, and tell how far it is."""
    for start in range(0, rows.n, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, rows.n)
        take(start, rows.block(start, stop))
        progress(stop)


def sample_of(rows: FloatRows, n: int) -> Floats:
    """Return `n` rows by chance, for training."""
    some = np.sort(np.random.default_rng(0).choice(rows.n, min(n, rows.n), replace=False))
    return np.concatenate([rows.block(int(i), int(i) + 1) for i in some])
