"""The file of vectors: what is read is what was written, or is known to be damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.search.vector_file import VectorFile

LIBRARY = "ab" * 16
DIM = 32


def file_at(path: Path, *, library_id: str = LIBRARY, model_id: int = 1, dim: int = DIM) -> VectorFile:
    return VectorFile(path / "vectors", library_id=library_id, model_id=model_id, dim=dim)


def filled(path: Path, n: int = 20) -> tuple[VectorFile, np.ndarray]:
    file = file_at(path)
    assert file.open() == 0
    vectors = np.random.default_rng(3).standard_normal((n, DIM)).astype(np.float32)
    file.append(np.arange(n) + 100, np.arange(n) * 7 - 50, vectors)
    return file, vectors


def test_rows_come_back_in_the_order_asked_also_after_a_restart(tmp_path: Path) -> None:
    file, vectors = filled(tmp_path)
    file.append(np.array([500]), np.array([9]), np.ones((1, DIM), np.float32))
    file.close()
    again = file_at(tmp_path)
    assert again.open() == 21
    wanted = np.array([7, 0, 20, 7])
    found, whole = again.vectors(wanted, np.array([107, 100, 500, 107]))
    assert whole.all() and np.array_equal(found[:2], vectors[[7, 0]]) and (found[2] == 1).all()
    assert again.chain_of(3) == 3 * 7 - 50
    again.let_go()
    assert np.array_equal(again.vectors(wanted[:1], np.array([107]))[0], vectors[[7]])
    again.close()


def test_a_row_of_another_content_is_not_taken_for_it(tmp_path: Path) -> None:
    file, _ = filled(tmp_path)
    _, whole = file.vectors(np.array([1, 2]), np.array([101, 999]))
    assert whole.tolist() == [True, False]
    file.close()


@pytest.mark.parametrize("where", [0, 1, 8, 16, 20, 24, 60, 24 + 4 * DIM - 1])
def test_any_byte_that_changed_is_noticed(tmp_path: Path, where: int) -> None:
    file, _ = filled(tmp_path)
    file.close()
    row_bytes = 24 + 4 * DIM
    data = bytearray((tmp_path / "vectors").read_bytes())
    data[len(data) - 15 * row_bytes + where] ^= 0x41
    (tmp_path / "vectors").write_bytes(data)
    file = file_at(tmp_path)
    file.open()
    _, whole = file.vectors(np.arange(20), np.arange(20) + 100)
    assert np.flatnonzero(~whole).tolist() == [5]
    file.close()


def test_a_hole_is_no_row(tmp_path: Path) -> None:
    file, vectors = filled(tmp_path, 4)
    file.write(9, np.array([109]), np.array([1]), vectors[:1])
    file.close()
    file = file_at(tmp_path)
    assert file.open() == 10
    _, whole = file.vectors(np.array([3, 6, 9]), np.array([103, 0, 109]))
    assert whole.tolist() == [True, False, True] and file.chain_of(6) is None
    file.close()


@pytest.mark.parametrize("other", [{"library_id": "cd" * 16}, {"model_id": 2}, {"dim": 64}])
def test_another_space_begins_anew(tmp_path: Path, other: dict) -> None:
    filled(tmp_path)[0].close()
    file = file_at(tmp_path, **other)
    assert file.open() == 0 and file.n == 0
    file.close()


def test_cut_short_it_has_the_rows_that_are_left(tmp_path: Path) -> None:
    filled(tmp_path)[0].close()
    data = (tmp_path / "vectors").read_bytes()
    (tmp_path / "vectors").write_bytes(data[: -2 * (24 + 4 * DIM) - 5])
    file = file_at(tmp_path)
    assert file.open() == 17
    (tmp_path / "vectors").write_bytes(data[:10])
    assert file.open() == 0
    file.close()


def test_two_processes_write_the_same_and_see_it(tmp_path: Path) -> None:
    one, vectors = filled(tmp_path, 3)
    two = file_at(tmp_path)
    assert two.open() == 3
    more, ids, chains = np.full((2, DIM), 0.5, np.float32), np.array([7, 8]), np.array([70, 80])
    assert not two.holds(3, ids, chains)
    one.append(ids, chains, more)
    assert two.holds(3, ids, chains) and not two.holds(3, ids, chains + 1) and not two.holds(3, ids[::-1], chains)
    two.append(ids, chains, more)
    assert one.vectors(np.array([3]), ids[:1])[1].all() and two.n == one.n == 5
    assert np.array_equal(one.vectors(np.array([0]), np.array([100]))[0], vectors[:1])
    one.close()
    two.close()
