"""Vectors of a space: in order, exact, refused at the door when they mean nothing."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import pytest

from engine.errors import DeviceError, ErrorCode
from engine.library import database, ingest, migrations, upkeep, vectors
from tests import synthetic_library

DIM = synthetic_library.EMBEDDING_DIM
N = 3000  # three of vec0's blobs, the last not full


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    path = tmp_path_factory.mktemp("space") / "many.lightdesk"
    return path, synthetic_library.build(path, N, with_vectors=True)


def opened(space: tuple[Path, int]) -> tuple[database.Connection, int]:
    return database.connect(space[0]), space[1]


def test_reads_what_vec0_has(space: tuple[Path, int]) -> None:
    conn, model_id = opened(space)
    wanted = np.array([1, 2999, 5, 1024, 1025, 3000, 5, *range(100, 300)])
    found = vectors.read(conn, model_id, wanted)
    for row, content_id in enumerate(wanted.tolist()):
        ((truth,),) = conn.execute(f"SELECT embedding FROM vectors_{model_id} WHERE rowid = ?", (content_id,)).fetchall()
        assert found[row].tobytes() == truth, content_id
    assert not vectors.read(conn, model_id, np.array([N + 1])).any()
    conn.close()


def test_asks_vec0_itself_where_its_tables_are_not_as_we_know_them(
    space: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    conn, model_id = opened(space)
    wanted = np.array([7, 2000])
    truth = vectors.read(conn, model_id, wanted)
    monkeypatch.setattr(vectors, "_CHUNK_ROWS", 512)
    assert np.array_equal(vectors.read(conn, model_id, wanted), truth)
    conn.close()


def test_places_follow_each_other_and_the_chain_knows_all_before(space: tuple[Path, int]) -> None:
    conn, model_id = opened(space)
    assert vectors.state(conn, model_id)[0] == N
    ids, chains = vectors.rows_from(conn, model_id, 0, N + 5)
    assert sorted(ids.tolist()) == list(range(1, N + 1))
    chain = 0
    for content_id, said in zip(ids[:50].tolist(), chains[:50].tolist(), strict=True):
        ((sha256,),) = conn.execute("SELECT sha256 FROM contents WHERE id = ?", (content_id,)).fetchall()
        chain = vectors.linked(chain, sha256)
        assert chain == said
    assert vectors.chain_at(conn, model_id, 50) == chain and vectors.chain_at(conn, model_id, 0) == 0
    assert vectors.chain_at(conn, model_id, N + 1) is None
    assert vectors.linked(vectors.linked(0, b"a"), b"b") != vectors.linked(vectors.linked(0, b"b"), b"a")
    conn.close()


def test_nearest_is_exact_and_keeps_to_what_is_allowed(space: tuple[Path, int]) -> None:
    conn, model_id = opened(space)
    everything = vectors.read(conn, model_id, np.arange(1, N + 1))
    ids, cosines = vectors.nearest(conn, model_id, everything[41], 10, None)
    truth = everything @ everything[41]
    assert ids.tolist() == (np.argsort(-truth)[:10] + 1).tolist() and ids[0] == 42
    assert np.allclose(cosines, np.sort(truth)[::-1][:10], atol=1e-5)
    few = np.array([3, 9, 2500])
    ids, _ = vectors.nearest(conn, model_id, everything[41], 10, few)
    assert sorted(ids.tolist()) == few.tolist()
    assert not len(vectors.nearest(conn, model_id, everything[41], 10, np.empty(0, np.int64))[0])
    conn.close()


@pytest.mark.parametrize(
    ("vector", "word"),
    [
        (np.full(DIM, np.nan), "not finite"),
        (np.r_[np.inf, np.zeros(DIM - 1)], "not finite"),
        (np.zeros(DIM), "length 0"),
        (np.ones(DIM), "length"),
        (np.r_[1.0, np.zeros(DIM - 2)], "shape"),
        (np.zeros((1, DIM)), "shape"),
    ],
)
def test_a_vector_that_means_nothing_is_refused(
    space: tuple[Path, int], vector: np.ndarray, word: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.lightdesk"
    model_id = synthetic_library.build(path, 2, with_vectors=False)
    conn = database.connect(path)
    with pytest.raises(DeviceError) as refused, conn:
        vectors.store(conn, model_id, [2], [vector.astype(np.float32)])
    assert refused.value.code is ErrorCode.INFERENCE_FAILED and word in refused.value.message
    assert vectors.state(conn, model_id) == (0, 0) and not vectors.has(conn, model_id, 2)
    conn.close()


def test_storing_again_changes_nothing_and_missing_says_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "few.lightdesk"
    model_id = synthetic_library.build(path, 6, with_vectors=False)
    conn = database.connect(path)
    unit = np.eye(6, DIM, dtype=np.float32)
    vectors.store(conn, model_id, [4, 2], unit[:2])
    conn.execute("UPDATE contents SET hidden = 1, visible = 0 WHERE id = 5")
    assert vectors.missing(conn, model_id, 0, 10) == [1, 3, 6]
    assert vectors.missing(conn, model_id, 1, 1) == [3]
    vectors.store(conn, model_id, [2, 6], unit[2:4])
    ids, _ = vectors.rows_from(conn, model_id, 0, 10)
    assert ids.tolist() == [4, 2, 6]
    assert np.array_equal(vectors.read(conn, model_id, np.array([2])), unit[1:2])
    assert not upkeep.broken_promises(conn)
    conn.execute("DELETE FROM vector_rows WHERE position = 1")
    assert any("place in their order" in finding for finding in upkeep.broken_promises(conn))
    conn.close()


def test_an_older_library_gets_its_order_and_keeps_its_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.lightdesk"
    model_id = synthetic_library.build(path, 1500, with_vectors=True)
    conn = database.connect(path)
    before, _ = vectors.rows_from(conn, model_id, 0, 2000)
    chain = vectors.state(conn, model_id)
    conn.execute("DROP TABLE vector_rows")
    for table in ("neighbourhoods", "duplicate_pairs", "parted"):
        conn.execute(f"DROP TABLE {table}")
    conn.execute("ALTER TABLE contents DROP COLUMN sharpness")
    conn.execute("DELETE FROM meta WHERE key LIKE 'migration 3%'")
    conn.execute("PRAGMA user_version = 2")
    conn.close()
    migrations.open_library(path, create=False)
    conn = database.connect(path)
    assert np.array_equal(vectors.rows_from(conn, model_id, 0, 2000)[0], before)
    assert vectors.state(conn, model_id) == chain
    conn.close()


def test_storing_is_one_transaction_with_the_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vector refused takes the prediction with it: neither is there alone."""
    from engine.library.records import StoreItem
    from engine.schemas.prediction import Scores

    path = tmp_path / "one.lightdesk"
    model_id = synthetic_library.build(path, 1, with_vectors=False)
    conn = database.connect(path)
    conn.execute("DELETE FROM predictions")
    scores = Scores(np.array([0], np.int32), np.array([1.0], np.float32), 1.0, 0.0, np.zeros(DIM, np.float32))
    item = StoreItem(None, "/photos1", "/photos1/a.jpg", 1, 1, 1, scores)
    with pytest.raises(DeviceError), conn:
        ingest.store(conn, None, model_id, [item])
    assert conn.execute("SELECT count(*) FROM predictions").fetchall() == [(0,)]
    assert isinstance(conn, apsw.Connection)
    conn.close()
