"""A library that SQLite cannot read is copied as it lies there, with what its log holds."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import ErrorCode, LibraryError
from engine.library import upkeep
from engine.service import Engine
from engine.settings import load

_WRITES_AND_DIES = """
import os, sys
from pathlib import Path
from engine.library import database
conn = database.connect(Path(sys.argv[1]), create=True)
conn.execute("CREATE TABLE things(x)")
conn.execute("INSERT INTO things VALUES('written last')")
os._exit(0)
"""


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A library whose first page is lost, with the log of a process that was killed beside it."""
    path = tmp_path / "damaged.lightdesk"
    subprocess.run([sys.executable, "-c", _WRITES_AND_DIES, str(path)], check=True, timeout=60)
    log = Path(f"{path}-wal")
    assert log.stat().st_size > 0
    # The log as well: its newer pages would stand in for the file's. Nobody may write here: SQLite would clear it away.
    path.write_bytes(path.read_bytes()[:100] + b"\xa5" * 8092)
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size // 2)
    return path


def test_file_and_log_are_copied(damaged: Path, tmp_path: Path) -> None:
    before = {suffix: Path(f"{damaged}{suffix}").read_bytes() for suffix in ("", "-wal")}
    target = tmp_path / "copy.lightdesk"
    assert not upkeep.check(damaged).ok
    said = Engine(load({"model": "fake", "library": damaged})).backup(target)
    assert said.endswith(f"were copied as they are: {target} and {target}-wal.")
    assert {suffix: Path(f"{target}{suffix}").read_bytes() for suffix in ("", "-wal")} == before
    assert {suffix: Path(f"{damaged}{suffix}").read_bytes() for suffix in ("", "-wal")} == before


def test_a_log_that_is_in_the_way_is_not_overwritten(damaged: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.lightdesk"
    (tmp_path / "copy.lightdesk-wal").write_text("somebody's")
    with pytest.raises(LibraryError) as caught:
        upkeep.backup(damaged, target)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT and not target.exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.DISK_FULL),
        (errno.EACCES, ErrorCode.PERMISSION_DENIED),
        (errno.EIO, ErrorCode.FILE_UNREADABLE),
    ],
)
def test_a_copy_that_fails_half_way_leaves_nothing(
    damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: ErrorCode
) -> None:
    real = shutil.copyfile

    def copyfile(here: Path, there: Path) -> object:
        real(here, there)
        if there.name.endswith("-wal"):
            raise OSError(number, os.strerror(number))
        return there

    monkeypatch.setattr(upkeep.shutil, "copyfile", copyfile)
    with pytest.raises(LibraryError) as caught:
        upkeep.backup(damaged, tmp_path / "copy.lightdesk")
    assert caught.value.code is code and str(damaged) in caught.value.message
    assert not list(tmp_path.glob("copy.lightdesk*"))
