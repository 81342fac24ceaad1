"""Counting, checking, backing up and putting back."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import ErrorCode, LibraryError
from engine.library import commands, database, ingest, jobs, migrations, problems, upkeep
from engine.library.writer import Writer
from engine.schemas.files import FoundFile
from tests.engine.library.locking import ROOT, locked
from tests.engine.library.small_library import SmallLibrary, item


@pytest.fixture
def kept(small: SmallLibrary) -> SmallLibrary:
    """A library with a bit of everything."""
    job_id = small.job([f"/photos/{i}.jpg" for i in range(4)])
    claimed = jobs.claim(small.conn, job_id, 3)
    small.through(job_id, claimed)
    (bad,) = jobs.claim(small.conn, job_id, 1)
    found = FoundFile(bad.path, bad.root, bad.size_bytes, bad.mtime_ns)
    jobs.fail(small.conn, job_id, bad.seq, problems.record(small.conn, found, "EMPTY_FILE", "empty", ""))
    small.add("/elsewhere/copy.jpg", "/photos/0.jpg")
    commands.label(small.conn, [1, 2], "cat", "me")
    commands.reject(small.conn, [3], "me")
    commands.note(small.conn, [2], "look again", "me")
    jobs.finish_if_through(small.conn, job_id)
    return small


def test_counts(kept: SmallLibrary) -> None:
    info = upkeep.info(kept.conn, kept.path)
    assert (info.contents, info.files, info.predictions, info.embeddings) == (3, 4, 3, 3)
    assert (info.labels, info.problems, info.hidden) == (3, 1, 0)
    assert info.schema_version == migrations.schema_version() and info.size_bytes == kept.path.stat().st_size
    commands.note(kept.conn, [1], "kept", "me")
    commands.clear(kept.conn, [1], "me")
    assert upkeep.info(kept.conn, kept.path).labels == 2, "a note alone is no label"


def test_what_a_person_removed_is_counted_as_hidden(kept: SmallLibrary) -> None:
    commands.hide(kept.conn, [2], "me")
    assert upkeep.info(kept.conn, kept.path).hidden == 1
    ((photos,),) = kept.rows("SELECT id FROM sources WHERE title = 'photos'")
    commands.remove_source(kept.conn, photos, "me")
    # The first is still shown: its copy lies elsewhere.
    assert upkeep.info(kept.conn, kept.path).hidden == 2
    commands.undo(kept.conn)
    commands.undo(kept.conn)
    assert upkeep.info(kept.conn, kept.path).hidden == 0


def test_a_sound_library(kept: SmallLibrary) -> None:
    assert upkeep.check(kept.path).findings == ()


DAMAGE = {
    "jobs whose counters are wrong: 1": [
        "UPDATE jobs SET n_total = n_total + 1",
        "UPDATE jobs SET n_done = n_done - 1",
        "UPDATE jobs SET n_failed = 0",
        "UPDATE jobs SET n_skipped = 1",
        "DELETE FROM job_items WHERE seq = 1",
        "UPDATE job_items SET state = 'pending' WHERE seq = 0",
    ],
    "contents shown or hidden wrongly: 1": [
        "UPDATE contents SET visible = 0 WHERE id = 1",
        "UPDATE contents SET hidden = 1 WHERE id = 1",
        "INSERT INTO contents SELECT 99, x'00', kind, content_type, width, height, size_bytes, NULL, added_at, name, "
        "name_folded, mtime_ns, 0, 1, NULL FROM contents WHERE id = 1",
    ],
    "contents shown or hidden wrongly: 3": [
        "UPDATE contents SET visible = 0",
        "UPDATE sources SET removed = 1",
    ],
    "contents with the name of no file of theirs: 1": [
        "UPDATE contents SET name = 'other.jpg' WHERE id = 1",
        "UPDATE contents SET mtime_ns = 99 WHERE id = 1",
        "UPDATE files SET mtime_ns = 99 WHERE id = 1",
    ],
    "accepted labels without a class: 1": ["UPDATE labels SET class_id = NULL WHERE content_id = 1"],
    "embeddings without a content: 1": ["INSERT INTO vectors_1(rowid, embedding) VALUES(77, '[1, 0, 0, 0]')"],
    "labels row 1 points at a missing row of contents": ["UPDATE OR IGNORE labels SET content_id = 77 WHERE content_id = 1"],
}


@pytest.mark.parametrize(("finding", "sql"), [(finding, sql) for finding, sqls in DAMAGE.items() for sql in sqls])
def test_each_broken_promise_is_found(kept: SmallLibrary, finding: str, sql: str) -> None:
    kept.conn.execute("PRAGMA foreign_keys = OFF")
    kept.conn.execute(sql)
    findings = upkeep.check(kept.path).findings
    if finding.startswith("labels row"):
        findings = tuple(f.replace("row 77", "row 1") for f in findings)
    assert finding in findings, findings


def test_pages_that_are_damaged_are_found(kept: SmallLibrary) -> None:
    kept.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept.conn.close()
    data = bytearray(kept.path.read_bytes())
    n_pages = len(data) // 4096
    for page in range(n_pages // 2, n_pages):
        data[page * 4096 : page * 4096 + 64] = b"\x77" * 64
    kept.path.write_bytes(data)
    report = upkeep.check(kept.path)
    assert not report.ok and report.findings


def test_what_is_no_library_is_a_finding(tmp_path: Path) -> None:
    report = upkeep.check(tmp_path / "missing.lightdesk")
    assert not report.ok and "no library" in report.findings[0]


def test_pruned_jobs_are_no_damage(kept: SmallLibrary) -> None:
    while jobs.prune(kept.conn, keep=0, ended_before="9999", limit=1):
        assert upkeep.check(kept.path).ok
    assert kept.rows("SELECT count(*) FROM job_items") == [(0,)]


def test_a_backup_while_somebody_writes(kept: SmallLibrary, tmp_path: Path) -> None:
    hand = Writer(kept.path)
    stop = threading.Event()
    n = 0

    def write() -> None:
        nonlocal n
        while not stop.is_set():
            hand.submit(lambda conn, n=n: ingest.store(conn, None, 1, [item(f"/new/{n}.jpg", f"new {n}")])).result(30)
            n += 1

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for i in range(3):
            target = tmp_path / f"copy {i}.lightdesk"
            upkeep.backup(kept.path, target)
            assert upkeep.check(target).findings == ()
            copy = database.connect(target, read_only=True)
            ((contents, files),) = copy.execute("SELECT (SELECT count(*) FROM contents), (SELECT count(*) FROM files)")
            labels = copy.execute("SELECT count(*) FROM labels").fetchall()
            copy.close()
            assert files == contents + 1 and labels == [(3,)]
            assert [path.name for path in tmp_path.glob(f"copy {i}*")] == [target.name], "one file is the whole of it"
    finally:
        stop.set()
        writing.join(30)
        hand.close()
    assert n > 0


def test_a_backup_goes_over_nothing(kept: SmallLibrary, tmp_path: Path) -> None:
    target = tmp_path / "there.txt"
    target.write_text("somebody's")
    with pytest.raises(LibraryError) as caught:
        upkeep.backup(kept.path, target)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT and target.read_text() == "somebody's"
    with pytest.raises(LibraryError):
        upkeep.backup(kept.path, tmp_path / "no folder" / "copy.lightdesk")


def test_a_backup_that_fails_leaves_no_half_file(
    kept: SmallLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaks(upkeep.apsw.Connection):
        def backup(self, *_arguments: object) -> object:
            raise upkeep.apsw.FullError("database or disk is full")

    monkeypatch.setattr(upkeep.apsw, "Connection", Breaks)
    with pytest.raises(LibraryError) as caught:
        upkeep.backup(kept.path, tmp_path / "copy.lightdesk")
    assert caught.value.code is ErrorCode.DISK_FULL
    assert not (tmp_path / "copy.lightdesk").exists()


def test_put_back(kept: SmallLibrary, tmp_path: Path) -> None:
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    commands.label(kept.conn, [3], "dog", "me")
    kept.conn.close()
    aside = upkeep.restore(kept.path, copy)
    assert aside is not None and aside.exists() and copy.exists()
    for path, n in ((kept.path, 0), (aside, 1)):
        conn = database.connect(path, read_only=True)
        assert conn.execute("SELECT count(*) FROM labels WHERE class_id = 4").fetchall() == [(n,)]
        conn.close()
    assert upkeep.check(kept.path).ok and upkeep.check(aside).ok
    assert upkeep.restore(tmp_path / "new.lightdesk", copy) is None
    assert upkeep.check(tmp_path / "new.lightdesk").ok


@pytest.mark.parametrize("damaged", [False, True])
def test_the_log_of_a_dead_process_goes_aside_with_its_library(
    kept: SmallLibrary, tmp_path: Path, damaged: bool
) -> None:
    """Left beside the restored library it would be played back into it."""
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    kept.conn.close()
    code = """
import os, sys
from pathlib import Path
from engine.library import commands, database
conn = database.connect(Path(sys.argv[1]))
commands.label(conn, [3], "after the backup", "me")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(kept.path)], cwd=ROOT, check=True, timeout=60)
    assert Path(f"{kept.path}-wal").stat().st_size > 0
    if damaged:
        kept.path.write_bytes(b"damaged" + kept.path.read_bytes()[7:])
    aside = upkeep.restore(kept.path, copy)
    assert aside is not None
    assert not Path(f"{kept.path}-wal").exists()
    for path, n in ((kept.path, 0),) if damaged else ((kept.path, 0), (aside, 1)):
        conn = database.connect(path, read_only=True)
        assert conn.execute("SELECT count(*) FROM classes WHERE name = 'after the backup'").fetchall() == [(n,)]
        conn.close()


def test_a_bad_backup_is_refused_before_anything_moves(kept: SmallLibrary, tmp_path: Path) -> None:
    bad = tmp_path / "bad.lightdesk"
    bad.write_bytes(b"nonsense" * 1000)
    before = kept.path.read_bytes()
    with pytest.raises(LibraryError) as caught:
        upkeep.restore(kept.path, bad)
    assert caught.value.code is ErrorCode.LIBRARY_DAMAGED and "another backup" in caught.value.way_out
    assert kept.path.read_bytes() == before


def test_a_full_disk_leaves_the_library_where_it_is(
    kept: SmallLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    kept.conn.close()
    for name, failure, code in (
        ("_copy", upkeep.apsw.FullError("database or disk is full"), None),
        ("os.replace", PermissionError(13, "in use"), ErrorCode.LIBRARY_BUSY),
    ):
        with monkeypatch.context() as patch:
            target = upkeep if "." not in name else upkeep.os

            def fail(*_arguments: object, failure: Exception = failure) -> None:
                raise failure

            patch.setattr(target, name.rpartition(".")[2], fail)
            with pytest.raises((LibraryError, upkeep.apsw.FullError)) as caught:
                upkeep.restore(kept.path, copy)
        assert code is None or caught.value.code is code
        assert not list(tmp_path.glob("*restor*"))
        conn = database.connect(kept.path)
        assert conn.execute("SELECT count(*) FROM contents").fetchall() == [(3,)]
        conn.close()


@pytest.fixture
def lost(kept: SmallLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A damaged library whose log SQLite leaves where it is, and a backup."""
    monkeypatch.setattr(upkeep, "_refuse_if_open", lambda _path: None)
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    kept.conn.close()
    kept.path.write_bytes(b"damaged" * 1000)
    Path(f"{kept.path}-wal").write_bytes(b"its log")
    return kept.path, copy


def fail_at(monkeypatch: pytest.MonkeyPatch, wanted: Callable[[str, str], bool]) -> None:
    """Let some files not be moved."""
    real = os.replace

    def replace(here: Path, there: Path) -> None:
        if wanted(str(here), str(there)):
            raise OSError(errno.EIO, "Input/output error")
        real(here, there)

    monkeypatch.setattr(upkeep.os, "replace", replace)


@pytest.mark.parametrize("moved", [".restoring-", "-wal"])
def test_where_the_last_step_fails_the_library_is_back(
    lost: tuple[Path, Path], moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = lost
    fail_at(monkeypatch, lambda here, there: moved in here and ".before-restore-" not in here)
    with pytest.raises(LibraryError) as caught:
        upkeep.restore(path, copy)
    assert caught.value.code is ErrorCode.INTERNAL
    assert caught.value.message.endswith(f"in the place of {path}: Input/output error. Nothing was changed.")
    assert path.read_bytes() == b"damaged" * 1000 and Path(f"{path}-wal").read_bytes() == b"its log"
    assert not [*path.parent.glob("*restor*")]


def test_ctrl_c_before_the_last_step_brings_the_library_back(
    lost: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = lost

    def stopped(here: str, _there: str) -> bool:
        if ".restoring-" in here:
            raise KeyboardInterrupt
        return False

    fail_at(monkeypatch, stopped)
    with pytest.raises(KeyboardInterrupt):
        upkeep.restore(path, copy)
    assert path.read_bytes() == b"damaged" * 1000 and not [*path.parent.glob("*restor*")]


@pytest.mark.parametrize(
    ("suffix", "said"), [("", "The library that was there lies in"), ("-wal", "what was written last lies in")]
)
def test_where_it_cannot_be_brought_back_is_said(
    lost: tuple[Path, Path], suffix: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = lost
    fail_at(monkeypatch, lambda here, there: ".restoring-" in here or there == f"{path}{suffix}")
    with pytest.raises(LibraryError) as caught:
        upkeep.restore(path, copy)
    (aside,) = [p for p in path.parent.glob("*.before-restore-*") if p.name.endswith("-wal") == bool(suffix)]
    assert f"{said} {aside}" in caught.value.message and f"rename it to {path}{suffix}" in caught.value.message
    assert "Nothing was changed" not in caught.value.message
    assert aside.read_bytes() in (b"damaged" * 1000, b"its log")


def test_what_is_put_back_may_itself_be_in_use(kept: SmallLibrary, tmp_path: Path) -> None:
    """Its newest rows are in its log, not in its file."""
    upkeep.restore(tmp_path / "new.lightdesk", kept.path)
    conn = database.connect(tmp_path / "new.lightdesk", read_only=True)
    assert conn.execute("SELECT count(*) FROM contents").fetchall() == [(3,)]
    conn.close()


def refuses(path: Path, copy: Path) -> None:
    with pytest.raises(LibraryError) as caught:
        upkeep.restore(path, copy)
    assert caught.value.code is ErrorCode.LIBRARY_BUSY and "open in another program" in caught.value.message
    assert not list(path.parent.glob("*.before-restore-*"))


def test_nothing_is_put_back_under_a_program_that_has_it_open(kept: SmallLibrary, tmp_path: Path) -> None:
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    kept.add("/photos/later.jpg", "later")
    refuses(kept.path, copy)
    kept.conn.close()
    reader = database.connect(kept.path, read_only=True)
    reader.execute("SELECT * FROM meta").fetchall()
    refuses(kept.path, copy)
    reader.close()
    with locked(kept.path):
        refuses(kept.path, copy)


def test_a_library_that_was_only_looked_at_still_works(kept: SmallLibrary, tmp_path: Path) -> None:
    """A refused restore must leave it as it was: in WAL mode, for several processes."""
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    refuses(kept.path, copy)
    kept.add("/photos/later.jpg", "later")
    assert kept.rows("PRAGMA journal_mode") == [("wal",)]
    assert upkeep.check(kept.path).ok


def test_over_a_damaged_library(kept: SmallLibrary, tmp_path: Path) -> None:
    copy = tmp_path / "copy.lightdesk"
    upkeep.backup(kept.path, copy)
    kept.conn.close()
    for damage in (b"damaged" * 3000, kept.path.read_bytes()[:4096] + b"\xa5" * 40_000, b""):
        for side in ("-wal", "-shm"):
            Path(f"{kept.path}{side}").unlink(missing_ok=True)
        kept.path.write_bytes(damage)
        aside = upkeep.restore(kept.path, copy)
        assert aside is not None and aside.read_bytes().startswith(damage[:64])
        assert upkeep.check(kept.path).ok
