"""Vectors to search among: embeddings of real photos, multiplied to any number by noise.

Nothing is kept but the real embeddings. Block `b` of a cloud follows from its seed alone, so every process makes the same
vectors, as many at a time as it has room for. Queries are made in the same way from a seed of their own: they lie
among the vectors, and none is one of them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 4
NOISES = (0.1, 0.3, 0.6)  # of a vector's norm
BLOCK_ROWS = 8192
_QUERIES, _LATER = 1_000_000_000, 2_000_000_000  # numbers of blocks that no cloud reaches
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """How many real embeddings a cloud is made of: the whole photo, and random crops of it."""

    name: str
    n_per_photo: int


SHAPES = {
    # Thousands of copies of each photo, all as near to each other as the noise makes them.
    "few": Shape("few", 1),
    "many": Shape("many", 20),
}


def real_embeddings(photos: Path, models: Path, shape: Shape) -> NDArray[np.float32]:
    """Return the default model's embeddings of photos and their crops, float32 (n, dim), L2 norm 1."""
    from benchmarks.engines import built_model
    from benchmarks.machine import cores
    from benchmarks.photos import originals
    from engine.backends.opening import open_session
    from engine.ingest.decode import decode
    from engine.preprocess import Preprocessor
    from engine.schemas.files import ImageLimits
    from engine.schemas.similar import Region

    model = built_model(models)
    preprocessor = Preprocessor(model.manifest.input)
    random = np.random.default_rng([SEED, shape.n_per_photo])
    session = open_session(model, device="cpu", cpu_threads=0)

    def embedded(file: Path, regions: list[Region]) -> NDArray[np.float32]:
        frame = decode(file.read_bytes(), short_side=10**6, limits=ImageLimits(10**9, 10**9), name=file.name)
        answer = session.run(np.stack([preprocessor(region.of(frame)) for region in regions]))[1]
        assert answer is not None
        return np.asarray(answer, dtype=np.float32)

    files = originals(photos)
    chosen_regions = []
    for _ in files:
        regions = [Region(0.0, 0.0, 1.0, 1.0)]
        for _ in range(shape.n_per_photo - 1):
            side = random.uniform(0.4, 1.0)
            regions.append(Region(random.uniform(0, 1 - side), random.uniform(0, 1 - side), side, side))
        chosen_regions.append(regions)
    with ThreadPoolExecutor(cores()) as threads:
        return _of_length_one(np.concatenate(list(threads.map(embedded, files, chosen_regions))))


def kept_embeddings(photos: Path, models: Path, shape: Shape, folder: Path) -> Path:
    """Return the file of `real_embeddings`, made where it is not there yet."""
    file = folder / f"real-{shape.name}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new.npy")
        np.save(temporary, real_embeddings(photos, models, shape))
        os.replace(temporary, file)
    return file


class Cloud:
    """`n` vectors of L2 norm 1 around real ones.

    Parameters
    ----------
    real
        float32 (m, dim), L2 norm 1.
    noise
        Length of what is added to each, as a share of its norm.
    """

    def __init__(self, real: NDArray[np.float32], n: int, noise: float) -> None:
        self.real, self.n, self.noise = real, n, noise
        self.dim = real.shape[1]

    def describe(self) -> dict[str, Any]:
        """Return what it takes to make it again."""
        return {"seed": SEED, "n": self.n, "noise": self.noise, "n_real": len(self.real)}

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the place of the first and float32 (m, dim), in order; a few are made ahead by threads."""
        starts = range(0, self.n, BLOCK_ROWS)
        with ThreadPoolExecutor(_AHEAD) as threads:
            coming: deque[tuple[int, Future[NDArray[np.float32]]]] = deque()
            for start in starts:
                size = min(BLOCK_ROWS, self.n - start)
                coming.append((start, threads.submit(self._made, start // BLOCK_ROWS, size)))
                if len(coming) > _AHEAD:
                    first, made = coming.popleft()
                    yield first, made.result()
            while coming:
                first, made = coming.popleft()
                yield first, made.result()

    def queries(self, n: int) -> NDArray[np.float32]:
        """Return `n` vectors that are made alike and not among its own."""
        return self._made(_QUERIES, n)

    def later(self, n: int) -> NDArray[np.float32]:
        """Return `n` more, to be added when it stands."""
        return self._made(_LATER, n)

    def write(self, file: Path) -> None:
        """Write all rows, float32 and nothing else, and put the file in place when it is whole."""
        temporary = file.with_name(file.name + ".new")
        with open(temporary, "wb") as opened:
            for _, block in self.blocks():
                opened.write(block.data)
        os.replace(temporary, file)

    def _made(self, block: int, size: int) -> NDArray[np.float32]:
        # Two generators, so that fewer of a block are the first of all.
        noise, choice = (np.random.default_rng([SEED, len(self.real), round(1000 * self.noise), block, i]) for i in (0, 1))
        vectors = noise.standard_normal((size, self.dim), dtype=np.float32)
        vectors *= np.float32(self.noise / self.dim**0.5)
        vectors += self.real[choice.integers(len(self.real), size=size)]
        return _of_length_one(vectors)


class Truth:
    """The exact nearest of each query, found while the vectors go by. Numbers are places in the cloud.

    Parameters
    ----------
    queries
        float32 (m, dim).
    masks
        By name, bool (n,): which vectors count. The name "all" is every one.
    """

    def __init__(self, queries: NDArray[np.float32], k: int, masks: Mapping[str, NDArray[np.bool_]] | None = None) -> None:
        self._queries, self._k = queries, k
        self._masks = dict(masks or {})
        self._best: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {
            name: (np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), -np.inf, np.float32))
            for name in ("all", *self._masks)
        }

    def take(self, first: int, vectors: NDArray[np.float32]) -> None:
        """Compare the next vectors."""
        scores = np.ascontiguousarray((vectors @ self._queries.T).T)
        for name, (numbers, best) in self._best.items():
            within = None if name == "all" else self._masks[name][first : first + len(vectors)]
            columns = slice(None) if within is None else np.flatnonzero(within)
            inside = scores[:, columns]
            for i in np.flatnonzero(inside.max(axis=1, initial=-np.inf) > best[:, -1]).tolist():
                better = np.flatnonzero(inside[i] > best[i, -1])
                places = better if within is None else columns[better]
                both = np.concatenate((best[i], inside[i][better]))
                ids = np.concatenate((numbers[i], first + places))
                order = np.lexsort((ids, -both))[: self._k]
                best[i], numbers[i] = both[order], ids[order]

    def of(self, name: str = "all") -> NDArray[np.int64]:
        """Return int64 (m, k), best first; -1 where there are fewer."""
        return self._best[name][0]


def recall(found: NDArray[np.int64], truth: NDArray[np.int64], k: int) -> float:
    """Return which share of the true first `k` is among the first `k` found; over all queries."""
    hits = wanted = 0
    for mine, theirs in zip(found, truth, strict=True):
        right = theirs[:k][theirs[:k] >= 0]
        hits += len(np.intersect1d(mine[:k], right))
        wanted += len(right)
    return hits / wanted if wanted else 1.0


def chosen(n: int, share: float) -> NDArray[np.bool_]:
    """Return a mask over `n` that keeps just that share of them, by chance."""
    random = np.random.default_rng([SEED, round(1e6 * share)])
    mask = np.zeros(n, np.bool_)
    mask[random.choice(n, max(1, round(n * share)), replace=False)] = True
    return mask


def _of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
