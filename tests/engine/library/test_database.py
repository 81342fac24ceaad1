"""Every way in which SQLite fails is told with our code, the file, and a way out."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from engine.errors import ErrorCode, LibraryError
from engine.library import database, migrations, upkeep
from engine.view import LibraryView
from tests.engine.library.small_library import SmallLibrary, made

ROOT = Path(__file__).resolve().parents[3]
posix = pytest.mark.skipif(sys.platform == "win32", reason="rights of another kind")


def refused(path: Path, **options: bool) -> LibraryError:
    with pytest.raises(LibraryError) as caught:
        database.connect(path, **options).close()
    assert str(path) in caught.value.message and caught.value.way_out
    return caught.value


def test_there_is_none(tmp_path: Path) -> None:
    missing = tmp_path / "missing.lightdesk"
    for read_only in (False, True):
        assert refused(missing, read_only=read_only).code is ErrorCode.LIBRARY_NOT_FOUND
    assert refused(tmp_path).code is ErrorCode.LIBRARY_NOT_FOUND
    assert not list(tmp_path.iterdir()), "asking makes nothing"


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.lightdesk").mkdir()
    assert refused(tmp_path / "a.lightdesk", create=True).code is ErrorCode.LIBRARY_READ_ONLY


@pytest.mark.parametrize("read_only", [False, True])
def test_another_program_s_files_stay_as_they_are(tmp_path: Path, read_only: bool) -> None:
    text = tmp_path / "text.lightdesk"
    text.write_text("no database at all, " * 100)
    other = tmp_path / "other.lightdesk"
    conn = sqlite3.connect(other)
    conn.executescript("CREATE TABLE t(a); INSERT INTO t VALUES(1)")
    conn.close()
    marked = tmp_path / "marked.lightdesk"
    conn = sqlite3.connect(marked)
    conn.executescript("PRAGMA application_id = 7")
    conn.close()
    for path in (text, other, marked):
        before = path.read_bytes()
        assert refused(path, read_only=read_only).code is ErrorCode.LIBRARY_FOREIGN
        assert path.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"text.lightdesk", "other.lightdesk", "marked.lightdesk"}


def test_an_empty_file_may_become_a_library_but_cannot_be_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.lightdesk"
    empty.touch()
    assert refused(empty, read_only=True).code is ErrorCode.LIBRARY_FOREIGN
    migrations.open_library(empty, create=False)
    assert upkeep.check(empty).ok


def pages_overwritten(path: Path) -> None:
    """Keep the header, so that it still looks like a library."""
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)


def test_a_damaged_library(small: SmallLibrary) -> None:
    small.add("/photos/a.jpg", "one")
    small.conn.close()
    pages_overwritten(small.path)
    with pytest.raises(LibraryError) as caught, database.translated(small.path):
        conn = database.connect(small.path)
        try:
            conn.execute("SELECT * FROM contents").fetchall()
        finally:
            conn.close()
    assert caught.value.code is ErrorCode.LIBRARY_DAMAGED
    assert "lightdesk library check" in caught.value.way_out and "backups" in caught.value.way_out
    with pytest.raises(LibraryError) as caught:
        view = LibraryView(small.path)
        try:
            view.problems()
        finally:
            view.close()
    assert caught.value.code is ErrorCode.LIBRARY_DAMAGED


def test_a_library_cut_short(small: SmallLibrary) -> None:
    for i in range(50):
        small.add(f"/photos/{i}.jpg", str(i))
    small.conn.close()
    os.truncate(small.path, small.path.stat().st_size // 3)
    assert not upkeep.check(small.path).ok


def test_busy(small: SmallLibrary) -> None:
    other = database.connect(small.path)
    other.set_busy_timeout(50)
    small.conn.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryError) as caught, database.translated(small.path):
        other.execute("BEGIN IMMEDIATE")
    small.conn.execute("ROLLBACK")
    other.close()
    assert caught.value.code is ErrorCode.LIBRARY_BUSY and str(small.path) in caught.value.message


def test_full(small: SmallLibrary) -> None:
    (pages,) = small.rows("PRAGMA page_count")[0]
    small.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LibraryError) as caught, database.translated(small.path):
        for i in range(1000):
            small.conn.execute("INSERT INTO meta VALUES(?, ?)", (str(i), "x" * 1000))
    assert caught.value.code is ErrorCode.DISK_FULL and "space" in caught.value.way_out


def test_full_where_the_error_does_not_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite calls it an I/O error when the index of its log cannot grow; only the disk tells."""
    path = tmp_path / "a.lightdesk"
    path.touch()
    monkeypatch.setattr(database.shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10, 10, 0))
    assert database.library_error(apsw.IOError("disk I/O error"), path).code is ErrorCode.DISK_FULL
    # How sqlite-vec says it, with room for a row but not for its next chunk.
    monkeypatch.setattr(database.shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10**9, 10**9, 4 << 20))
    chunk = apsw.SQLError("Internal sqlite-vec error: Could not insert a new vector chunk")
    assert database.library_error(chunk, path).code is ErrorCode.DISK_FULL
    monkeypatch.undo()
    assert database.library_error(chunk, path).code is ErrorCode.INTERNAL
    assert database.library_error(apsw.IOError("disk I/O error"), path).code is ErrorCode.LIBRARY_DAMAGED
    gone = database.library_error(apsw.IOError("disk I/O error"), tmp_path / "pulled" / "a.lightdesk")
    assert gone.code is ErrorCode.LIBRARY_NOT_FOUND


def test_what_is_our_own_mistake_is_internal(small: SmallLibrary) -> None:
    with pytest.raises(LibraryError) as caught, database.translated(small.path):
        small.conn.execute("SELECT nonsense FROM nowhere")
    assert caught.value.code is ErrorCode.INTERNAL


def test_each_of_sqlite_s_errors_has_a_code_and_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.lightdesk"
    path.touch()
    errors = [value for value in vars(apsw).values() if isinstance(value, type) and issubclass(value, apsw.Error)]
    assert len(errors) > 25
    for error in errors:
        ours = database.library_error(error("the reason"), path)
        assert str(path) in ours.message and ours.way_out, error
        assert ours.details["path"] == str(path)


def test_connections_are_as_the_program_needs_them(small: SmallLibrary) -> None:
    def setting(conn: database.Connection, name: str) -> object:
        return conn.execute(f"PRAGMA {name}").fetchall()[0][0]

    assert setting(small.conn, "journal_mode") == "wal"
    assert setting(small.conn, "foreign_keys") == 1
    assert setting(small.conn, "busy_timeout") == database.BUSY_TIMEOUT_MS
    assert small.conn.execute("SELECT vec_version()").fetchall()
    reader = database.connect(small.path, read_only=True)
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM meta")
    assert setting(reader, "foreign_keys") == 1 and reader.execute("SELECT vec_version()").fetchall()
    with pytest.raises(apsw.Error, match="not authorized"):
        reader.execute("SELECT load_extension('anything')")
    reader.close()


def test_the_counter_moves_with_commits_of_others_only(small: SmallLibrary) -> None:
    watch = database.connect(small.path, read_only=True)
    before = database.change_counter(watch)
    assert database.change_counter(watch) == before
    small.add("/photos/a.jpg", "one")
    assert database.change_counter(watch) != before
    watch.close()


def test_times_sort_as_text() -> None:
    first, second = database.now(), database.now()
    assert first <= second and first.endswith("+00:00") and len(first) == len("2026-01-01T00:00:00.000+00:00")


CHILD = """
import json, os, sys
import urllib.parse  # pathlib does so late, when the folder of Python may be out of reach
from pathlib import Path
from engine.errors import LibraryError
from engine.library import database, migrations, upkeep
from engine.schemas.library import Query
from engine.view import LibraryView
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
path = Path(sys.argv[1])
facts = {}
try:
    facts["read_only"] = migrations.open_library(path, create="create" in sys.argv)
    view = LibraryView(path)
    facts["ids"] = view.ids(Query()).tolist()
    view.close()
    facts["ok"] = upkeep.check(path).ok
    database.connect(path).close()
except LibraryError as error:
    facts["code"] = str(error.code)
    facts["way_out"] = error.way_out
print(json.dumps(facts))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter: the test's own belongs to the one who runs it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def as_somebody_else(path: Path, *arguments: str) -> dict[str, object]:
    """Open the library in a process to which rights apply, also where the tests run as root."""
    command = [sys.executable, "-c", CHILD, str(path), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@posix
@pytest.mark.parametrize("with_log", [False, True], ids=["closed", "in use"])
def test_a_library_that_cannot_be_written_can_be_read(open_folder: Path, with_log: bool) -> None:
    small = made(open_folder / "a.lightdesk")
    small.add("/photos/a.jpg", "one")
    if not with_log:
        small.conn.close()
    for path in open_folder.iterdir():
        path.chmod(0o444)
    open_folder.chmod(0o555)
    facts = as_somebody_else(small.path)
    assert (facts["read_only"], facts["ids"], facts["ok"]) == (True, [1], True)
    assert facts["code"] == "LIBRARY_READ_ONLY" and "right to write" in facts["way_out"]
    small.conn.close()


@posix
def test_a_library_that_cannot_be_read_at_all(open_folder: Path) -> None:
    small = made(open_folder / "a.lightdesk")
    small.conn.close()
    small.path.chmod(0)
    assert as_somebody_else(small.path)["code"] == "LIBRARY_READ_ONLY"


@posix
def test_no_right_to_make_one(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    assert as_somebody_else(open_folder / "a.lightdesk", "create")["code"] == "PERMISSION_DENIED"
    assert as_somebody_else(open_folder / "inner" / "a.lightdesk", "create")["code"] == "PERMISSION_DENIED"
