"""A map on the disk: whole or not there, whoever writes it and whenever it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ErrorCode, LibraryError
from engine.search import map_file
from engine.search.map_file import KeptMap, MapMark, MapOwner
from engine.search.projection import projected
from tests.engine.search.clouds import clouds

OWNER = MapOwner("ab" * 16, "fake@1", 24)
_VECTORS = clouds(60, 24, 4, 0.3, 5)


def kept(n: int = 60, n_laid: int = 60, chain: int = -5) -> KeptMap:
    made = projected(lambda start, stop: _VECTORS[start:stop], 60, method="pca")
    assert made is not None
    places = np.tile(made.places, (n // 60 + 1, 1))[:n]
    return KeptMap(MapMark(0, n_laid, 11), np.arange(n) * 3 + 1, places, made.projection, chain)


def reason(folder: Path, owner: MapOwner = OWNER) -> str:
    with pytest.raises(LibraryError) as refused:
        map_file.load(folder, owner)
    assert refused.value.code is ErrorCode.INDEX_DAMAGED and refused.value.way_out
    return str(refused.value)


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert map_file.load(folder, OWNER) is None and map_file.signature(folder) is None and map_file.mark_of(folder) is None
    first = kept()
    map_file.save(folder, OWNER, first)
    again = map_file.load(folder, OWNER)
    assert again is not None and (again.mark, again.chain) == (first.mark, first.chain) == (map_file.mark_of(folder), -5)
    np.testing.assert_array_equal(again.content_ids, first.content_ids)
    np.testing.assert_array_equal(again.places, first.places)
    np.testing.assert_array_equal(again.projection.axes, first.projection.axes)
    assert [file.name for file in folder.iterdir()] == ["map"]


def test_each_save_has_another_signature(tmp_path: Path) -> None:
    map_file.save(tmp_path, OWNER, kept())
    before = map_file.signature(tmp_path)
    map_file.save(tmp_path, OWNER, kept(n_laid=59))
    assert map_file.signature(tmp_path) != before and map_file.mark_of(tmp_path) == MapMark(0, 59, 11)
    map_file.remove(tmp_path)
    map_file.remove(tmp_path)
    assert map_file.load(tmp_path, OWNER) is None


def test_any_damage_is_known(tmp_path: Path) -> None:
    map_file.save(tmp_path, OWNER, kept())
    file = tmp_path / "map"
    data = file.read_bytes()
    for at in [*range(0, 300, 7), *range(300, len(data), 197), len(data) - 1]:
        spoilt = bytearray(data)
        spoilt[at] ^= 0x40
        file.write_bytes(spoilt)
        assert "The map in" in reason(tmp_path)
    for length in (0, 1, 11, 12, 40, 200, 1000, len(data) - 33, len(data) - 1):
        file.write_bytes(data[:length])
        assert "damaged" in reason(tmp_path)
    file.write_bytes(data + b"\x00")
    assert "damaged" in reason(tmp_path)
    file.write_bytes(data)
    assert map_file.load(tmp_path, OWNER) is not None


@pytest.mark.parametrize("other", [MapOwner("cd" * 16, "fake@1", 24), MapOwner("ab" * 16, "b@1", 24), MapOwner("ab" * 16, "fake@1", 8)])
def test_of_another_library_model_or_size(tmp_path: Path, other: MapOwner) -> None:
    map_file.save(tmp_path, other, kept())
    assert "other pictures" in reason(tmp_path)


def test_of_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, word in ((0, "older"), (9, "newer")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(map_file, "_VERSION", version)
            map_file.save(tmp_path, OWNER, kept())
        assert word in reason(tmp_path) and map_file.mark_of(tmp_path) is None


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "map").mkdir()
    assert "cannot be read" in reason(tmp_path)


def test_a_save_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    map_file.save(tmp_path, OWNER, kept())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        map_file.save(tmp_path, OWNER, kept(chain=7))
    again = map_file.load(tmp_path, OWNER)
    assert again is not None and again.chain == -5 and len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_is_swept_away_when_it_is_old(tmp_path: Path) -> None:
    old, young = tmp_path / "map-part-1", tmp_path / "map-part-2"
    for part in (old, young):
        part.write_bytes(b"half")
    long_ago_s = time.time() - 2 * map_file._LEFT_BEHIND_S
    os.utime(old, (long_ago_s, long_ago_s))
    map_file.save(tmp_path, OWNER, kept())
    assert not old.exists() and young.exists()


_WRITER = """
import sys
from pathlib import Path
from tests.engine.search.test_map_file import OWNER, kept, map_file
folder = Path(sys.argv[1])
ready = [kept(40_000, n_laid, n_laid) for n_laid in (int(sys.argv[2]), int(sys.argv[2]) + 1)]
print("ready", flush=True)
while True:
    for one in ready:
        map_file.save(folder, OWNER, one)
"""


def writer(folder: Path, n_laid: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder), str(n_laid)],
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal")
def test_two_write_at_once_and_are_killed(tmp_path: Path) -> None:
    map_file.save(tmp_path, OWNER, kept(40_000, 1, 1))
    random, seen = np.random.default_rng(3), set[int]()
    for _ in range(6):
        writers = [writer(tmp_path, 10), writer(tmp_path, 20)]
        until_s = time.monotonic() + random.uniform(0.05, 0.4)
        while time.monotonic() < until_s:
            read = map_file.load(tmp_path, OWNER)  # raises where it is half of something
            assert read is not None and len(read.places) == 40_000 and read.mark.n_laid == read.chain
            seen.add(read.chain)
        for process in writers:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        read = map_file.load(tmp_path, OWNER)
        assert read is not None and len(read.places) == 40_000
    assert len(seen & {10, 11}) > 0 and len(seen & {20, 21}) > 0
