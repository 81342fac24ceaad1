"""The compact stage: a bit for each dimension, in lists around centres, scanned by FAISS.

Vectors are turned by a random rotation, and kept as the signs of what separates them from the nearest of some hundred centres
(RaBitQ: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for Approximate
Nearest Neighbor Search", SIGMOD 2024). A query asks the lists whose centres are nearest. What comes back are candidates with
estimated cosines; whoever wants the truth reads the float vectors of those.

Measured with a million vectors of 1280 dimensions (a hundred real embeddings, each multiplied to ten thousand by noise of a
tenth of its length), two cores, one query, candidates that must be read for 98 % of the best 50:

===========================================  =========  ===========  ==============
stage                                        memory     candidates   milliseconds
===========================================  =========  ===========  ==============
signs around centres, 16 of 1024 lists       181 MB     1,000        0.9
signs around centres, all lists              181 MB     1,000        30 (one core)
signs around the common mean (binary flat)   160 MB     over 10,000  14
===========================================  =========  ===========  ==============

Signs around one common mean tell the hundred photos apart and little else: with 3,000 candidates half of the best 50 are
among them. FAISS's scalar and product quantisers need two to four times the memory for the same estimate.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, LibraryError

_SEED = 7
_QUERY_BITS = 8
_TRAIN_PER_LIST = 40
_TRAIN_ROUNDS = 6
_MANY_LISTS = 128  # from here on a second core is worth its start
_ALL_CORES = faiss.omp_get_max_threads()


class CompactIndex:
    """Candidates for a vector. `candidates` and `add` may be called from several threads; they take turns.

    Parameters
    ----------
    dim
        Dimensions.
    n_lists
        Centres; about the square root of the vectors.
    """

    def __init__(self, dim: int, n_lists: int) -> None:
        self.dim = dim
        self.n_lists = n_lists
        rotation = faiss.RandomRotationMatrix(dim, dim)
        rotation.init(_SEED)
        centres = faiss.IndexFlatIP(dim)
        lists = faiss.IndexIVFRaBitQ(centres, dim, n_lists, faiss.METRIC_INNER_PRODUCT)
        self._take(faiss.IndexPreTransform(rotation, lists))
        self._kept_alive = (rotation, centres, lists)

    def _take(self, index: faiss.IndexPreTransform) -> None:
        self._index = index
        self._rotation = faiss.downcast_VectorTransform(index.chain.at(0))
        self._lists = faiss.downcast_index(index.index)
        self._lists.qb = _QUERY_BITS
        self._lock = threading.Lock()
        self._list_of = np.empty(0, dtype=np.uint16)
        self._n_listed = 0

    @property
    def n(self) -> int:
        """Vectors held."""
        return int(self._lists.ntotal)

    def train(self, sample: Iterable[NDArray[np.float32]], n: int) -> None:
        """Find the centres, with a fixed seed.

        Parameters
        ----------
        sample
            Blocks of float32 (m, dim), `n` rows in all, at least a few for each list. One copy of them is in memory.
        """
        _use_cores(_ALL_CORES)
        turned, at = np.empty((n, self.dim), dtype=np.float32), 0
        for block in sample:
            turned[at : at + len(block)] = self._rotation.apply(np.ascontiguousarray(block))
            at += len(block)
        self._lists.cp.niter = _TRAIN_ROUNDS
        self._lists.cp.max_points_per_centroid = _TRAIN_PER_LIST
        self._lists.cp.min_points_per_centroid = 1
        self._lists.cp.seed = _SEED
        self._lists.train(turned)

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Hold more vectors, float32 (n, dim); their numbers go on where the last ended."""
        _use_cores(_ALL_CORES if len(vectors) >= _MANY_LISTS else 1)
        turned = self._rotation.apply(np.ascontiguousarray(vectors))
        _, nearest = self._lists.quantizer.search(turned, 1)
        numbers = np.arange(self.n, self.n + len(vectors), dtype=np.int64)
        with self._lock:
            self._lists.add_core(len(turned), faiss.swig_ptr(turned), faiss.swig_ptr(numbers), faiss.swig_ptr(nearest))
            self._note_lists(nearest[:, 0])

    def candidates(
        self, vector: NDArray[np.float32], k: int, n_probe: int, allowed: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the best by estimate.

        Parameters
        ----------
        vector
            float32 (dim,), L2 norm 1.
        n_probe
            How many lists are looked through, the nearest first.
        allowed
            A bit for each number (`numpy.packbits`, little), or None for all.

        Returns
        -------
        tuple
            Numbers int64 (m,) and estimated cosines float32 (m,), best first, m <= k.
        """
        _use_cores(_ALL_CORES if n_probe >= _MANY_LISTS else 1)
        turned = self._rotation.apply(np.ascontiguousarray(vector[None, :], dtype=np.float32))
        selector = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(8 * len(allowed), faiss.swig_ptr(allowed))
        wanted = faiss.IVFRaBitQSearchParameters(nprobe=min(n_probe, self.n_lists), qb=_QUERY_BITS, sel=selector)
        with self._lock:
            self._lists.parallel_mode = 1 if n_probe >= _MANY_LISTS else 0
            cosines, numbers = self._lists.search(turned, max(1, min(k, self.n)), params=wanted)
        found = numbers[0] >= 0
        return numbers[0][found], cosines[0][found]

    def candidates_of_many(
        self, vectors: NDArray[np.float32], k: int, n_probe: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return for each vector, float32 (m, dim), the best k by estimate, -1 where there are fewer; both (m, k)."""
        _use_cores(_ALL_CORES)
        turned = self._rotation.apply(np.ascontiguousarray(vectors, dtype=np.float32))
        wanted = faiss.IVFRaBitQSearchParameters(nprobe=min(n_probe, self.n_lists), qb=_QUERY_BITS)
        with self._lock:
            self._lists.parallel_mode = 0
            cosines, numbers = self._lists.search(turned, max(1, min(k, self.n)), params=wanted)
        return numbers, cosines

    def list_ranks(self, vector: NDArray[np.float32], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each number the place of its list among all, by nearness to the vector, from 0."""
        _use_cores(1)
        turned = self._rotation.apply(np.ascontiguousarray(vector[None, :], dtype=np.float32))
        _, order = self._lists.quantizer.search(turned, self.n_lists)
        ranks = np.empty(self.n_lists, dtype=np.int64)
        ranks[order[0]] = np.arange(self.n_lists)
        return ranks[self._list_of[numbers]]

    def save(self, path: Path) -> None:
        """Write to a file. Raises OSError."""
        with self._lock:
            try:
                faiss.write_index(self._index, str(path))
            except RuntimeError as error:
                raise OSError(f"the index could not be written: {error}") from error

    @classmethod
    def load(cls, path: Path, dim: int) -> CompactIndex:
        """Read what `save` wrote; the caller knows that nobody has changed it since.

        Raises
        ------
        LibraryError
            INDEX_DAMAGED when it is something else after all.
        """
        try:
            index = faiss.read_index(str(path))
            lists = faiss.downcast_index(index.index) if isinstance(index, faiss.IndexPreTransform) else None
        except RuntimeError as error:
            raise _not_ours(path) from error
        if not isinstance(lists, faiss.IndexIVFRaBitQ) or lists.d != dim:
            raise _not_ours(path)
        self = cls.__new__(cls)
        self.dim, self.n_lists = dim, int(lists.nlist)
        self._take(index)
        self._list_of = np.zeros(self.n, dtype=np.uint16)
        for number in range(self.n_lists):
            size = lists.invlists.list_size(number)
            if size:
                members = faiss.rev_swig_ptr(lists.invlists.get_ids(number), size)
                self._list_of[members] = number
        self._n_listed = self.n
        return self

    def _note_lists(self, lists: NDArray[np.int64]) -> None:
        until = self._n_listed + len(lists)
        if until > len(self._list_of):
            grown = np.empty(until + until // 8 + 1024, dtype=np.uint16)
            grown[: self._n_listed] = self._list_of[: self._n_listed]
            self._list_of = grown
        self._list_of[self._n_listed : until] = lists
        self._n_listed = until


def _use_cores(n: int) -> None:
    """Set how many threads FAISS uses for what this thread asks next.

    A second one for a millisecond's work waits for a core that others use, and spins meanwhile: at a million vectors, beside other
    work, it made 20 ms of 95 % of the queries into 100.
    """
    faiss.omp_set_num_threads(n)


def _not_ours(path: Path) -> LibraryError:
    return LibraryError(
        ErrorCode.INDEX_DAMAGED,
        f"The search index {path} cannot be read.",
        way_out="It is made again from the library by itself.",
        path=str(path),
    )
