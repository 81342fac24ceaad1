"""Searching by looking at everything: numpy, and sqlite-vec with floats and with bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import apsw
import numpy as np
import sqlite_vec

from benchmarks.similar_competitor import Competitor, FloatRows, Floats, Ids, K, Signs, in_blocks, sample_of


class NumpyFlat(Competitor):
    """All vectors as one matrix in memory."""

    title = "numpy, float32 in memory"

    def needs_bytes(self, n: int, dim: int) -> int:
        """The matrix."""
        return 4 * (n + 20_000) * dim

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Read them."""
        self._n = rows.n
        self._matrix: Floats = np.empty((rows.n + 20_000, rows.dim), np.float32)  # with room for what comes

        def take(start: int, block: Floats) -> None:
            self._matrix[start : start + len(block)] = block

        in_blocks(rows, take, progress)

    def search(self, query: Floats, knob: Any) -> Ids:
        """One product, and the largest of it."""
        scores = self._matrix[: self._n] @ query
        best = np.argpartition(scores, self._n - K)[-K:]
        return best[np.argsort(-scores[best])]

    def add(self, vectors: Floats) -> None:
        """Into the room that was left."""
        self._matrix[self._n : self._n + len(vectors)] = vectors
        self._n += len(vectors)


class _Sqlite(Competitor):
    _column: ClassVar[str]

    def needs_bytes(self, n: int, dim: int) -> int:
        """Only its page cache."""
        return 500_000_000

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Insert them, a transaction for some thousands."""
        self._file = folder / "vectors.db"
        self._conn = apsw.Connection(str(self._file))
        self._conn.enable_load_extension(True)
        self._conn.load_extension(sqlite_vec.loadable_path())
        self._conn.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        self._conn.execute(f"CREATE VIRTUAL TABLE v USING vec0(embedding {self._column.format(dim=rows.dim)})")
        in_blocks(rows, self._insert, progress)

    def _insert(self, start: int, block: Floats) -> None:
        raise NotImplementedError

    def _nearest(self, value: str, data: bytes, k: int) -> Ids:
        sql = f"SELECT rowid FROM v WHERE embedding MATCH {value} AND k = ? ORDER BY distance"
        return np.array([row[0] for row in self._conn.execute(sql, (data, k))], np.int64)

    def disk_bytes(self) -> int:
        """The database, with what its log still holds."""
        return sum(file.stat().st_size for file in self._file.parent.glob(self._file.name + "*"))

    def close(self) -> None:
        """Close it."""
        if hasattr(self, "_conn"):
            self._conn.close()


class SqliteFloat(_Sqlite):
    """vec0 over floats, as the library has it."""

    title = "sqlite-vec, float32"
    _column = "float[{dim}] distance_metric=cosine"

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Insert the floats."""
        self._n = rows.n
        super().build(rows, folder, progress)

    def _insert(self, start: int, block: Floats) -> None:
        with self._conn:
            self._conn.executemany(
                "INSERT INTO v(rowid, embedding) VALUES(?, ?)",
                ((start + i, vector.tobytes()) for i, vector in enumerate(block)),
            )

    def search(self, query: Floats, knob: Any) -> Ids:
        """Its own answer."""
        return self._nearest("?", query.tobytes(), K)

    def add(self, vectors: Floats) -> None:
        """Insert more."""
        self._insert(self._n, vectors)
        self._n += len(vectors)


class SqliteBit(_Sqlite):
    """vec0 over bits, and exact cosines of what comes first; it takes a k of 4096 at most."""

    title = "sqlite-vec, bits, rescored"
    knobs: ClassVar[Sequence[Any]] = (250, 500, 1000, 2000, 4096)
    _column = "bit[{dim}]"

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Insert signs."""
        self._rows = rows
        self._n = rows.n
        self._signs = Signs(sample_of(rows, 5000))
        super().build(rows, folder, progress)

    def _insert(self, start: int, block: Floats) -> None:
        with self._conn:
            self._conn.executemany(
                "INSERT INTO v(rowid, embedding) VALUES(?, vec_bit(?))",
                ((start + i, bits.tobytes()) for i, bits in enumerate(self._signs(block))),
            )

    def search(self, query: Floats, knob: Any) -> Ids:
        """Candidates by the number of unequal bits, then cosines."""
        return self._rows.rescored(query, self._nearest("vec_bit(?)", self._signs(query).tobytes(), knob))

    def add(self, vectors: Floats) -> None:
        """Insert more."""
        self._insert(self._n, vectors)
        self._n += len(vectors)
        self._rows.append(vectors)
