"""Answers which vectors of a space are nearest: a compact scan, then exact cosines of what came first.

How far a scan looks is decided anew for each query, by what it finds:

- *Which lists.* Lists are looked through from the nearest on. Where one of the best hits lies in the farther half of those,
  four times as many are taken; where none does, what is farther still is very unlikely to hold one.
- *How many candidates.* Estimates err by an amount that shows when the first exact cosines are there. Candidates are read, in
  the order of their estimates, until the next could be among the best only by an error of `_ERRORS` times that.

Few vectors, or few that a filter leaves, are compared exactly, all of them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.search.compact_index import CompactIndex
from engine.search.vector_file import VectorFile

EXACT_ROWS = 4096  # so many are read and compared as fast as a scan with its candidates
_TAIL_ROWS = 20_000
_BLOCK_ROWS = 2048
_FIRST_PROBE = 32
_PROBE_STEP = 4
_LEAST_HITS = 50  # fewer hits say little about which lists matter
_LEAST_CANDIDATES = 2048
_MOST_CANDIDATES = 65_536
_FILTERS_KEPT = 4
_FIRST_READ = 256
_ERRORS = 2.5
_STATISTIC_CANDIDATES, _STATISTIC_PROBE = 128, 16
_SINGLE = 2e-6  # what single precision may be wrong by
_DIGITS = 9  # cosines that are equal to here are equal, and ordered by content


class NotReady(Exception):
    """Too little of the space is in the index to answer for all of it."""


class DamagedRows(Exception):
    """Rows of the vector file are not what they should be; they must be written again."""

    def __init__(self, positions: NDArray[np.int64]) -> None:
        super().__init__(f"{len(positions)} damaged rows")
        self.positions = positions


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """What a search has found.

    Attributes
    ----------
    content_ids, scores
        int64 (k,) and cosines float64 (k,), best first, equal ones by content.
    n_read
        How many rows were compared exactly.
    n_covered
        How many places of the space were searched, from the first.
    """

    content_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    n_read: int
    n_covered: int


@dataclass(frozen=True, slots=True, eq=False)
class _Passing:
    """Which places a filter lets through; `few` are all of them, where they are few."""

    allowed: NDArray[np.bool_]
    n: int
    n_compact: int
    few: NDArray[np.int64] | None
    bits: NDArray[np.uint8]
    n_scanned: int
    tail: NDArray[np.int64]


class HotIndex:
    """The vectors of a space, ready to be searched. Any thread may search; one thread adds."""

    def __init__(self, file: VectorFile) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._content_of = np.empty(0, dtype=np.int64)
        self._position_of = np.empty(0, dtype=np.int32)
        self._n = 0
        self._compact: CompactIndex | None = None
        self._filters: list[_Passing] = []

    @property
    def n(self) -> int:
        """Vectors that can be found."""
        return self._n

    @property
    def compact(self) -> CompactIndex | None:
        """The compact stage, None where the space is small or it is not built yet."""
        return self._compact

    @property
    def content_ids(self) -> NDArray[np.int64]:
        """Contents by place, int64 (n,)."""
        return self._content_of[: self._n]

    def use(self, compact: CompactIndex | None) -> None:
        """Take another compact stage into use; it holds the first `compact.n` places."""
        with self._lock:
            self._compact = compact

    def extend(self, content_ids: NDArray[np.int64]) -> None:
        """Make the next places, which are in the file, findable."""
        if not len(content_ids):
            return
        until = self._n + len(content_ids)
        contents, positions = self._content_of, self._position_of
        if until > len(contents):
            contents = np.empty(until + until // 4 + 1024, dtype=np.int64)
            contents[: self._n] = self._content_of[: self._n]
        last = int(content_ids.max())
        if last >= len(positions):
            positions = np.full(last + last // 4 + 1024, -1, dtype=np.int32)
            positions[: len(self._position_of)] = self._position_of
        contents[self._n : until] = content_ids
        positions[content_ids] = np.arange(self._n, until, dtype=np.int32)
        with self._lock:
            self._content_of, self._position_of, self._n = contents, positions, until

    def is_ready(self) -> bool:
        """Tell whether a search covers all of `n`."""
        return self._n - (0 if self._compact is None else self._compact.n) <= _TAIL_ROWS

    def positions_of(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of contents, -1 where one has none."""
        with self._lock:
            known, n = self._position_of, self._n
        inside = (content_ids >= 0) & (content_ids < len(known))
        found = np.where(inside, known[np.where(inside, content_ids, 0)] if len(known) else -1, -1).astype(np.int64)
        found[found >= n] = -1
        return found

    def vectors_of(self, content_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return vectors float32 (n, dim) of contents that have one here. Raises DamagedRows."""
        try:
            return self._read(self.positions_of(content_ids))
        finally:
            self.file.let_go()

    def search(self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None) -> Nearest:
        """Return the nearest.

        Parameters
        ----------
        vector
            float32 (dim,), L2 norm 1.
        allowed
            By content id, whether it may be found; ids beyond its end may not. None for all.

        Raises
        ------
        NotReady
            Too much of the space is not in the compact stage yet.
        DamagedRows
            Write those rows again, and ask again.
        """
        try:
            return self._search(vector, k, allowed)
        finally:
            self.file.let_go()

    def neighbours(self, content_ids: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return for each of these contents its nearest others, for statistics: a few of a thousand may be missed.

        Parameters
        ----------
        content_ids
            (m,), all with a place here; some dozens at a time.

        Returns
        -------
        tuple
            int64 and float32 (m, k): contents and cosines, best first; -1 and -1.0 where there are fewer.

        Raises
        ------
        NotReady, DamagedRows
            As `search` does.
        """
        try:
            return self._neighbours(content_ids, k)
        finally:
            self.file.let_go()

    def _neighbours(self, content_ids: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        with self._lock:
            contents, n, compact = self._content_of[: self._n], self._n, self._compact
        own = self.positions_of(content_ids)
        vectors = self._read(own)
        found = np.full((len(own), k), -1, dtype=np.int64)
        cosines = np.full((len(own), k), -1.0, dtype=np.float32)
        if n <= EXACT_ROWS:
            scores = np.empty((len(own), n), dtype=np.float32)
            for at in range(0, n, _BLOCK_ROWS):
                scores[:, at : at + _BLOCK_ROWS] = vectors @ self._read(np.arange(at, min(at + _BLOCK_ROWS, n))).T
            rows = ((np.arange(n), scores[row]) for row in range(len(own)))
        elif compact is None or n - compact.n > _TAIL_ROWS:
            raise NotReady
        else:
            numbers, _ = compact.candidates_of_many(vectors, max(_STATISTIC_CANDIDATES, 4 * k), _STATISTIC_PROBE)
            tail = np.arange(compact.n, n)
            rows = (
                (some, _dots(self._read(some), vectors[row]))
                for row, some in enumerate(
                    np.concatenate((numbers[row][numbers[row] >= 0], tail)) for row in range(len(own))
                )
            )
        for row, (positions, cos) in enumerate(rows):
            other = positions != own[row]
            positions, cos = positions[other], cos[other]
            best = np.argpartition(-cos, min(k, len(cos)) - 1)[:k] if len(cos) else np.empty(0, dtype=np.int64)
            best = best[np.lexsort((contents[positions[best]], -cos[best]))]
            found[row, : len(best)] = contents[positions[best]]
            cosines[row, : len(best)] = cos[best]
        return found, cosines

    def _search(self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> Nearest:
        with self._lock:
            contents, n, compact = self._content_of[: self._n], self._n, self._compact
        n_compact = 0 if compact is None else min(compact.n, n)
        passing = None if allowed is None else self._passing(allowed, contents, n_compact)
        if passing is not None and passing.few is not None:
            return self._ordered(vector, passing.few, self._exact(vector, passing.few), k, len(passing.few), n)
        if n <= EXACT_ROWS:
            return self._ordered(vector, np.arange(n), self._exact(vector, np.arange(n)), k, n, n)
        if compact is None or n - n_compact > _TAIL_ROWS:
            raise NotReady
        positions, scores, n_read = self._scanned(compact, vector, k, passing, n_compact)
        if n > n_compact:
            tail = np.arange(n_compact, n) if passing is None else passing.tail
            positions = np.concatenate((positions, tail))
            scores = np.concatenate((scores, self._exact(vector, tail)))
            n_read += len(tail)
        return self._ordered(vector, positions, scores, k, n_read, n)

    def _scanned(
        self,
        compact: CompactIndex,
        vector: NDArray[np.float32],
        k: int,
        passing: _Passing | None,
        n_compact: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], int]:
        bits = None if passing is None else passing.bits
        n_allowed = n_compact if passing is None else passing.n_scanned
        k = min(k, n_allowed)
        reader = _Reader(self, vector, k)
        # So many lists that, on the whole, they hold some times the hits wanted.
        n_probe = max(_FIRST_PROBE, -(-compact.n_lists * 8 * k // max(1, n_allowed)))
        n_candidates = max(_LEAST_CANDIDATES, 4 * k)
        while True:
            n_probe, n_candidates = min(n_probe, compact.n_lists), min(n_candidates, n_allowed)
            numbers, estimates = compact.candidates(vector, n_candidates, n_probe, bits)
            enough = reader.read(numbers, estimates) or n_candidates >= _MOST_CANDIDATES
            if not enough and len(numbers) == n_candidates < n_allowed:
                n_candidates *= 3
                continue
            if n_probe == compact.n_lists:
                break
            best = reader.best(max(k, min(_LEAST_HITS, n_allowed)))
            if len(best) >= k and 2 * int(compact.list_ranks(vector, best).max(initial=0)) < n_probe:
                break
            n_probe *= _PROBE_STEP
        positions, scores = reader.all()
        return positions, scores, len(positions)

    def _passing(self, allowed: NDArray[np.bool_], contents: NDArray[np.int64], n_compact: int) -> _Passing:
        """Return a filter by places, which takes some milliseconds at a million: the same array again is answered for at once."""
        with self._lock:
            for kept in self._filters:
                if kept.allowed is allowed and kept.n == len(contents) and kept.n_compact == n_compact:
                    return kept
        mask = np.zeros(len(contents), dtype=np.bool_)
        known = contents < len(allowed)
        mask[known] = allowed[contents[known]]
        n_passing = int(np.count_nonzero(mask))
        made = _Passing(
            allowed,
            len(contents),
            n_compact,
            np.flatnonzero(mask) if n_passing <= EXACT_ROWS else None,
            np.packbits(mask[:n_compact], bitorder="little"),
            int(np.count_nonzero(mask[:n_compact])),
            np.flatnonzero(mask[n_compact:]) + n_compact,
        )
        with self._lock:
            self._filters = [made, *self._filters[: _FILTERS_KEPT - 1]]
        return made

    def _exact(self, vector: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = np.empty(len(positions), dtype=np.float32)
        for at in range(0, len(positions), _BLOCK_ROWS):
            scores[at : at + _BLOCK_ROWS] = _dots(self._read(positions[at : at + _BLOCK_ROWS]), vector)
        return scores

    def _read(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        vectors, whole = self.file.vectors(positions, self._content_of[positions])
        if not whole.all():
            raise DamagedRows(positions[~whole])
        return vectors

    def _ordered(
        self,
        vector: NDArray[np.float32],
        positions: NDArray[np.int64],
        scores: NDArray[np.float32],
        k: int,
        n_read: int,
        n_covered: int,
    ) -> Nearest:
        """Return the best k, by cosines in double precision, so that no order of summation shows in them."""
        if len(scores) > k:
            # All that may be as good as the last: single precision could mix them up, and equal ones go by content.
            kth = np.partition(scores, len(scores) - k)[len(scores) - k]
            best = np.flatnonzero(scores >= kth - _SINGLE)
            positions, scores = positions[best], scores[best]
        exact = np.empty(len(positions), dtype=np.float64)
        wide = vector.astype(np.float64)
        for at in range(0, len(positions), _BLOCK_ROWS):
            part = positions[at : at + _BLOCK_ROWS]
            rows = self._read(part).astype(np.float64)
            exact[at : at + _BLOCK_ROWS] = (rows @ wide) / np.linalg.norm(rows, axis=1)
        exact = np.round(exact / float(np.linalg.norm(wide)), _DIGITS)
        contents = self._content_of[positions]
        order = np.lexsort((contents, -exact))[:k]
        return Nearest(contents[order], exact[order], n_read, n_covered)


def _dots(rows: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a product for each row, on this core: a second thread for a millisecond's work costs more than it brings."""
    found: NDArray[np.float32] = np.vecdot(rows, vector)
    return found


class _Reader:
    """Reads candidates of one query in the order of their estimates, each once."""

    def __init__(self, index: HotIndex, vector: NDArray[np.float32], k: int) -> None:
        self._index, self._vector, self._k = index, vector, k
        self._positions = np.empty(0, dtype=np.int64)
        self._scores = np.empty(0, dtype=np.float32)
        self._errors = np.empty(0, dtype=np.float32)

    def read(self, numbers: NDArray[np.int64], estimates: NDArray[np.float32]) -> bool:
        """Read until the rest cannot matter; False where all were read and more of them might."""
        new = ~np.isin(numbers, self._positions, assume_unique=True)
        at, step = 0, _FIRST_READ
        while at < len(numbers):
            if len(self._scores) >= self._k and not self._may_matter(float(estimates[at])):
                return True
            part = slice(at, at + step)
            chosen = numbers[part][new[part]]
            if len(chosen):
                scores = self._index._exact(self._vector, chosen)
                self._positions = np.concatenate((self._positions, chosen))
                self._scores = np.concatenate((self._scores, scores))
                self._errors = np.concatenate((self._errors, scores - estimates[part][new[part]]))
            at += step
        return bool(len(numbers)) and len(self._scores) >= self._k and not self._may_matter(float(estimates[-1]))

    def best(self, k: int) -> NDArray[np.int64]:
        """Return the places of the best so far."""
        if len(self._scores) <= k:
            return self._positions
        return self._positions[np.argpartition(-self._scores, k - 1)[:k]]

    def all(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all that was read."""
        return self._positions, self._scores

    def _may_matter(self, estimate: float) -> bool:
        kth = np.partition(self._scores, len(self._scores) - self._k)[len(self._scores) - self._k]
        return estimate + _ERRORS * float(self._errors.std()) >= float(kth)
