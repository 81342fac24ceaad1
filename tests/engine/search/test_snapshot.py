"""Snapshots: whole, or known not to be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ErrorCode, LibraryError
from engine.search import snapshot
from engine.search.compact_index import CompactIndex
from engine.search.snapshot import Snapshot, SpaceName
from tests.engine.search.clouds import clouds

NAME = SpaceName("ab" * 16, "model@1", 64)
VECTORS = clouds(3000, 64, 10, 0.3, 4)


def saved(folder: Path, n: int = 3000, chain: int = -77) -> Snapshot:
    compact = CompactIndex(64, 32)
    compact.train([VECTORS], len(VECTORS))
    compact.add(VECTORS[:n])
    made = Snapshot(np.arange(n) * 2, compact, chain, n)
    snapshot.save(folder, NAME, made)
    return made


def test_what_was_saved_answers_the_same(tmp_path: Path) -> None:
    before = saved(tmp_path)
    after = snapshot.load(tmp_path, NAME)
    assert after is not None and (after.chain, after.n_trained, after.compact.n) == (-77, 3000, 3000)
    assert np.array_equal(after.content_ids, before.content_ids)
    for query in VECTORS[:20]:
        numbers, cosines = before.compact.candidates(query, 40, 32, None)
        again, estimates = after.compact.candidates(query, 40, 32, None)
        assert np.array_equal(numbers, again) and np.array_equal(cosines, estimates)
        assert np.array_equal(before.compact.list_ranks(query, numbers), after.compact.list_ranks(query, again))
    after.compact.add(VECTORS[:5])
    assert after.compact.n == 3005


def test_there_is_none_before_the_first_and_one_set_of_files_after_each(tmp_path: Path) -> None:
    assert snapshot.load(tmp_path, NAME) is None
    saved(tmp_path)
    saved(tmp_path, 2000)
    assert len(os.listdir(tmp_path)) == 3
    found = snapshot.load(tmp_path, NAME)
    assert found is not None and found.compact.n == 2000
    snapshot.remove(tmp_path)
    assert not os.listdir(tmp_path)


def damages(folder: Path) -> dict[str, object]:
    compact = next(folder.glob("compact-*"))
    contents = next(folder.glob("contents-*"))
    manifest = folder / "index.json"

    def edited(**fields: object) -> None:
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | fields))

    def flipped(file: Path) -> None:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)

    return {
        "a bit of the index": lambda: flipped(compact),
        "a bit of the contents": lambda: flipped(contents),
        "cut short": lambda: compact.write_bytes(compact.read_bytes()[:-9]),
        "no file": lambda: compact.unlink(),
        "no JSON": lambda: manifest.write_text("{"),
        "not text": lambda: manifest.write_bytes(b"\xff\xfe\x00"),
        "a list": lambda: manifest.write_text("[]"),
        "empty": lambda: manifest.write_text(""),
        "newer": lambda: edited(version=99),
        "another library": lambda: edited(library_id="cd" * 16),
        "another model": lambda: edited(model_ref="model@2"),
        "another number": lambda: edited(n=5),
        "a path out": lambda: edited(files={"../compact-x": "00", "contents-x": "00"}),
        "other files": lambda: edited(files={}),
    }


@pytest.mark.parametrize("name", [
    "a bit of the index", "a bit of the contents", "cut short", "no file", "no JSON", "not text", "a list", "empty",
    "newer", "another library", "another model", "another number", "a path out", "other files",
])  # fmt: skip
def test_what_is_not_ours_or_not_whole_is_refused(tmp_path: Path, name: str) -> None:
    saved(tmp_path)
    damages(tmp_path)[name]()
    with pytest.raises(LibraryError) as refused:
        snapshot.load(tmp_path, NAME)
    assert refused.value.code is ErrorCode.INDEX_DAMAGED


def test_a_foreign_index_with_the_right_sum_is_refused_too(tmp_path: Path) -> None:
    import faiss

    saved(tmp_path)
    compact = next(tmp_path.glob("compact-*"))
    faiss.write_index(faiss.IndexFlatL2(64), str(compact))
    manifest = tmp_path / "index.json"
    said = json.loads(manifest.read_text())
    said["files"][compact.name] = snapshot._sha256(compact)
    manifest.write_text(json.dumps(said))
    with pytest.raises(LibraryError):
        snapshot.load(tmp_path, NAME)


def test_a_save_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path)
    monkeypatch.setattr(snapshot, "_sync", lambda _file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        saved(tmp_path, 1000)
    found = snapshot.load(tmp_path, NAME)
    assert found is not None and found.compact.n == 3000 and len(os.listdir(tmp_path)) == 3


def test_what_a_killed_process_left_goes_and_what_another_writes_now_stays(tmp_path: Path) -> None:
    saved(tmp_path)
    old, new = tmp_path / "compact-0123456789ab", tmp_path / "contents-ba9876543210"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (1, 1))
    saved(tmp_path)
    assert not old.exists() and new.exists() and len(os.listdir(tmp_path)) == 4


def test_one_replaced_while_it_is_read_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, 2000)
    sha256, asked = snapshot._sha256, []

    def slow(file: Path) -> str:
        if not asked:
            asked.append(file)
            with monkeypatch.context() as patch:
                patch.setattr(snapshot, "_sha256", sha256)
                saved(tmp_path, 1000)
        return sha256(file)

    monkeypatch.setattr(snapshot, "_sha256", slow)
    found = snapshot.load(tmp_path, NAME)
    assert found is not None and found.compact.n == 1000
