"""Float vectors of a space in one file, at the places that the library gives them.

The library is the truth; this file is a copy that can be read row by row, and be deleted at any time. Place ``p`` lies at a
fixed offset and its bytes follow from the library alone, so several processes may write the file at once: they write
the same. Each row carries its content's number and a sum of its bytes: a row that was not written, or was
damaged, is known when it is read. The *chain* (see `engine.library.vectors`) tells whether the file belongs to this library as it
is, and not to a state before a backup was put back.

Scattered rows are read through a memory mapping, some dozens in one call: a read call for each is as quick alone, but gives the
interpreter away each time and waits for it again, 3 s for 500 rows beside two busy threads instead of 0.1. Since a system may map
two megabytes around each row that is touched, what was mapped is let go in between: the process does not grow with the file.
"""

from __future__ import annotations

import io
import mmap
import os
import struct
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"LDVF"
_VERSION = 1
_HEADER = struct.Struct("<4sII16sq24x")  # magic, version, dim, library, model
_HEAD_WORDS = 6  # of 4 bytes: chain, content (two each), sum, and a constant, so that a row of zeros is not whole
_SUM, _CONSTANT = 4, 5
_MARK = np.uint32(0x4C44B31D)
_MAPPED_ROWS = 32


class VectorFile:
    """One space's vectors. Reading and appending may happen on different threads; `append` on one at a time.

    Attributes
    ----------
    n
        Rows that can be read.
    """

    def __init__(self, path: Path, *, library_id: str, model_id: int, dim: int) -> None:
        self.path = path
        self.dim = dim
        self.n = 0
        self._header = _HEADER.pack(_MAGIC, _VERSION, dim, bytes.fromhex(library_id)[:16], model_id)
        self._row_bytes = 4 * (_HEAD_WORDS + dim)
        self._lock = threading.Lock()
        self._file: int | None = None
        self._reader: io.FileIO | None = None
        self._map: mmap.mmap | None = None
        self._rows: NDArray[np.uint32] | None = None

    def open(self) -> int:
        """Open the file, made where it is missing or another's; returns the rows that it seems to have.

        Raises
        ------
        OSError
            The folder cannot be written, or the disk is full.
        """
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(self.path, flags, 0o600)
        size = os.fstat(self._file).st_size
        self._reader = io.FileIO(self.path)
        if size < _HEADER.size or self._reader.read(_HEADER.size) != self._header:
            self.start_again()
            return 0
        self.n = (size - _HEADER.size) // self._row_bytes
        return self.n

    def start_again(self) -> None:
        """Begin a new, empty file. Who has mapped the old one keeps it."""
        self.close()
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        temporary.write_bytes(self._header)
        os.replace(temporary, self.path)
        self._file = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._reader = io.FileIO(self.path)
        self.n = 0

    def chain_of(self, position: int) -> int | None:
        """Return the chain written at a place, None where its row is not whole."""
        rows = self._read(np.array([position], dtype=np.int64))
        return int(np.ascontiguousarray(rows[0, :2]).view("<i8")[0]) if _whole(rows)[0] else None

    def append(self, content_ids: NDArray[np.int64], chains: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Write the next rows. Raises OSError, and then has no more rows than before."""
        self.write(self.n, content_ids, chains, vectors)
        self.n += len(content_ids)

    def write(
        self,
        position: int,
        content_ids: NDArray[np.int64],
        chains: NDArray[np.int64],
        vectors: NDArray[np.float32],
    ) -> None:
        """Write rows at their place, also over what is damaged there. Raises OSError."""
        assert self._file is not None
        rows = np.zeros((len(content_ids), _HEAD_WORDS + self.dim), dtype="<u4")
        rows[:, 0:2] = np.ascontiguousarray(chains, dtype="<i8").view("<u4").reshape(-1, 2)
        rows[:, 2:4] = np.ascontiguousarray(content_ids, dtype="<i8").view("<u4").reshape(-1, 2)
        rows[:, _CONSTANT] = _MARK
        rows[:, _HEAD_WORDS:] = np.ascontiguousarray(vectors, dtype="<f4").view("<u4")
        rows[:, _SUM] = rows.sum(axis=1, dtype=np.uint32)
        data = rows.data.cast("B")
        offset = _HEADER.size + position * self._row_bytes
        while data:
            written = _write_at(self._file, data, offset)
            data, offset = data[written:], offset + written

    def vectors(
        self, positions: NDArray[np.int64], content_ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return what lies at places below `n`.

        Parameters
        ----------
        positions
            (n,), in any order.
        content_ids
            (n,), whose vectors they should be.

        Returns
        -------
        tuple
            float32 (n, dim), and bool (n,): which rows are whole and of that content.
        """
        rows = self._read(positions)
        contents = np.ascontiguousarray(rows[:, 2:4]).view("<i8")[:, 0]
        return rows.view("<f4")[:, _HEAD_WORDS:], _whole(rows) & (contents == content_ids)

    def holds(self, position: int, content_ids: NDArray[np.int64], chains: NDArray[np.int64]) -> bool:
        """Tell whether just these rows lie at a place and after it, written by whichever process."""
        assert self._file is not None
        size = os.fstat(self._file).st_size
        if size < _HEADER.size + (position + len(content_ids)) * self._row_bytes:
            return False
        rows = self._read(np.arange(position, position + len(content_ids)))
        said = np.ascontiguousarray(rows[:, :4]).view("<i8")
        return bool((said[:, 0] == chains).all() and (said[:, 1] == content_ids).all() and _whole(rows).all())

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._rows, self._map = None, None  # unmapped when the last reader has done
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            if self._file is not None:
                os.close(self._file)
                self._file = None
        self.n = 0

    def let_go(self) -> None:
        """Take what was read out of this process's memory; the system still has it at hand."""
        with self._lock:
            if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
                self._map.madvise(mmap.MADV_DONTNEED)

    def _read(self, positions: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return rows, those of zeros that the file no longer has: they are not whole."""
        found = np.zeros((len(positions), _HEAD_WORDS + self.dim), dtype="<u4")
        if not len(positions):
            return found
        if len(positions) > 1 and (np.diff(positions) == 1).all():
            self._read_on(int(positions[0]), found)
            return found
        rows = self._mapped(int(positions.max()))
        there = positions if positions.max() < len(rows) else positions[positions < len(rows)]
        target = found if len(there) == len(positions) else np.empty((len(there), found.shape[1]), dtype="<u4")
        for at in range(0, len(there), _MAPPED_ROWS):
            if at:
                self.let_go()
            np.take(rows, there[at : at + _MAPPED_ROWS], axis=0, out=target[at : at + _MAPPED_ROWS], mode="clip")
        if target is not found:
            found[positions < len(rows)] = target
        return found

    def _read_on(self, position: int, found: NDArray[np.uint32]) -> None:
        """Read rows that follow each other, without mapping them."""
        with self._lock:
            reader = self._reader
            assert reader is not None
            reader.seek(_HEADER.size + position * self._row_bytes)
            room = found.data.cast("B")
            while room and (got := reader.readinto(room)):
                room = room[got:]

    def _mapped(self, position: int) -> NDArray[np.uint32]:
        """Return all rows, which are read when they are touched; up to a place, if the file goes so far."""
        with self._lock:
            if self._rows is None or position >= len(self._rows):
                assert self._reader is not None
                n = (os.fstat(self._reader.fileno()).st_size - _HEADER.size) // self._row_bytes
                self._map = mmap.mmap(
                    self._reader.fileno(), _HEADER.size + n * self._row_bytes, access=mmap.ACCESS_READ
                )
                if hasattr(mmap, "MADV_RANDOM"):
                    # What lies around is not wanted: read ahead, a first query on a cold file took 5 s instead of 0.7.
                    self._map.madvise(mmap.MADV_RANDOM)
                words = np.frombuffer(self._map, dtype="<u4", offset=_HEADER.size)
                self._rows = words.reshape(n, _HEAD_WORDS + self.dim)
            return self._rows


def _whole(rows: NDArray[np.uint32]) -> NDArray[np.bool_]:
    sums = rows.sum(axis=1, dtype=np.uint32) - rows[:, _SUM]
    whole: NDArray[np.bool_] = (sums == rows[:, _SUM]) & (rows[:, _CONSTANT] == _MARK)
    return whole


def _write_at(file: int, data: memoryview, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(file, data, offset)
    os.lseek(file, offset, os.SEEK_SET)  # only the one thread that appends moves it
    return os.write(file, data)
