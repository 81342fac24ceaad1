"""`lightdesk library`: what it tells, checks, copies and puts back; and what every verb says of a library it cannot use."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from engine.errors import ErrorCode, LibraryError
from engine.library import jobs
from engine.library.writer import Writer
from engine.service import Engine
from engine.settings import load
from tests.engine.cli.running import heeding_permissions, records, run
from tests.images import folder_of


def label_and_hide(path: Path) -> None:
    engine = Engine(load({"library": path, "model": "fake"}))
    engine.start()
    engine.label([1, 2], "bird")
    engine.hide([3])
    engine.close()


def test_info(library: Path, lightdesk) -> None:
    label_and_hide(library)
    facts = json.loads(lightdesk("library", "info", "--library", library, "--json").out)
    counts = {k: facts[k] for k in ("contents", "files", "predictions", "embeddings", "labels", "problems", "hidden")}
    assert counts == {
        "contents": 4,
        "files": 5,
        "predictions": 4,
        "embeddings": 4,
        "labels": 2,
        "problems": 1,
        "hidden": 1,
    }
    assert facts["path"] == str(library) and facts["warning"] is None
    text = lightdesk("library", "info", "--library", library).out
    assert str(library) in text and "contents" in text and "4" in text


def test_a_library_that_is_not_there(tmp_path: Path, lightdesk) -> None:
    for verb in ("info", "check"):
        done = lightdesk("library", verb, "--library", tmp_path / "none.lightdesk")
        assert done.code == 1 and "There is no library" in done.err
    assert lightdesk("jobs", "--library", tmp_path / "none.lightdesk").code == 1
    assert lightdesk("library", "backup", tmp_path / "b", "--library", tmp_path / "none.lightdesk").code == 1
    assert not list(tmp_path.glob("*.lightdesk*"))


def test_files_of_others(tmp_path: Path, lightdesk) -> None:
    foreign = tmp_path / "mail.db"
    conn = sqlite3.connect(foreign)
    conn.execute("CREATE TABLE mail(x)")
    conn.commit()
    conn.close()
    text = tmp_path / "notes.txt"
    text.write_text("my notes " * 1000)
    for path in (foreign, text):
        before = path.read_bytes()
        for verb in (["library", "info"], ["library", "check"], ["jobs"], ["library", "backup", tmp_path / "copy"]):
            done = lightdesk(*verb, "--library", path)
            assert done.code == 1 and "Traceback" not in done.err, verb
            assert "another program" in done.err or "not a Lightdesk library" in done.err, (verb, done)
        assert lightdesk("library", "restore", path, "--library", tmp_path / "l.lightdesk").code == 1
        assert path.read_bytes() == before
    assert not (tmp_path / "l.lightdesk").exists() and not (tmp_path / "copy").exists()


def test_check(library: Path, lightdesk) -> None:
    assert lightdesk("library", "check", "--library", library).code == 0
    assert json.loads(lightdesk("library", "check", "--json", "--library", library).out)["ok"] is True


def test_check_finds_damage(library: Path, lightdesk) -> None:
    conn = sqlite3.connect(library)
    conn.execute("PRAGMA journal_mode = DELETE")
    conn.close()
    data = bytearray(library.read_bytes())
    for page in range(2, len(data) // 4096):
        data[4096 * page + 100 : 4096 * page + 600] = b"\x55" * 500
    library.write_bytes(data)
    done = lightdesk("library", "check", "--library", library)
    assert done.code == 1 and "damaged" in done.out and "restore" in done.out
    assert json.loads(lightdesk("library", "check", "--json", "--library", library).out)["findings"]


def test_backup_and_restore(library: Path, tmp_path: Path, lightdesk) -> None:
    label_and_hide(library)
    target = tmp_path / "backup.lightdesk"
    assert lightdesk("library", "backup", target, "--library", library).code == 0
    assert lightdesk("library", "backup", target, "--library", library).code == 2, "never over another file"
    folder_of(tmp_path / "more", 3, seed=50)
    lightdesk("classify", tmp_path / "more", "--library", library)
    restored = json.loads(lightdesk("library", "restore", target, "--library", library, "--json").out)
    facts = json.loads(lightdesk("library", "info", "--json", "--library", library).out)
    assert (facts["contents"], facts["labels"]) == (4, 2)
    before = json.loads(lightdesk("library", "info", "--json", "--library", restored["before"]).out)
    assert before["contents"] == 7


def test_restore_waits_for_nobody_but_refuses_while_it_is_open(library: Path, tmp_path: Path, lightdesk) -> None:
    target = tmp_path / "backup.lightdesk"
    lightdesk("library", "backup", target, "--library", library)
    engine = Engine(load({"library": library, "model": "fake"}))
    engine.start()
    done = lightdesk("library", "restore", target, "--library", library)
    engine.close()
    assert done.code == 1 and "open in another program" in done.err
    assert not list(tmp_path.glob("*.before-restore-*"))
    assert lightdesk("library", "restore", target, "--library", library).code == 0


def test_restore_over_a_damaged_library(library: Path, tmp_path: Path, lightdesk) -> None:
    target = tmp_path / "backup.lightdesk"
    lightdesk("library", "backup", target, "--library", library)
    library.write_bytes(b"damaged" * 10_000)
    assert lightdesk("library", "restore", target, "--library", library).code == 0
    assert lightdesk("library", "check", "--library", library).code == 0


def test_backup_into_a_folder(library: Path, tmp_path: Path, lightdesk) -> None:
    (tmp_path / "disk").mkdir()
    done = json.loads(lightdesk("library", "backup", tmp_path / "disk", "--library", library, "--json").out)
    assert done["backup"] == str(tmp_path / "disk" / "birds.lightdesk")


def test_create(tmp_path: Path, lightdesk) -> None:
    path = tmp_path / "new" / "l.lightdesk"
    assert json.loads(lightdesk("library", "create", path, "--json").out)["contents"] == 0
    done = lightdesk("library", "create", path)
    assert done.code == 2 and "already there" in done.err
    cloud = tmp_path / "Dropbox" / "l.lightdesk"
    done = lightdesk("library", "create", cloud)
    assert done.code == 1 and "Dropbox" in done.err and not cloud.exists()


def test_a_locked_library_makes_writers_wait(library: Path, tmp_path: Path, lightdesk) -> None:
    import threading

    writer = Writer(library)
    release = threading.Event()
    begun = threading.Event()

    def hold(conn) -> None:
        jobs.listed(conn)
        conn.execute("UPDATE meta SET value = value")
        begun.set()
        release.wait(30)

    held = writer.submit(hold)
    begun.wait(10)
    timer = threading.Timer(0.7, release.set)
    timer.start()
    done = lightdesk("classify", folder_of(tmp_path / "more", 3, seed=90), "--library", library, "--json")
    held.result()
    timer.join()
    writer.close()
    assert done.code == 0 and len(records(done.out)) == 3


@pytest.fixture
def network_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the system says is mounted from a server."""
    import psutil

    drive = tmp_path / "server"
    drive.mkdir()
    real = psutil.disk_partitions(all=True)
    mount = type(real[0])("server:/export", str(drive), "nfs4", "rw")
    monkeypatch.setattr(psutil, "disk_partitions", lambda all=False: [*real, mount])
    return drive


def test_a_new_library_on_a_network_drive_is_refused(network_drive: Path, home: Path, tmp_path: Path, lightdesk) -> None:
    path = network_drive / "sub" / "birds.lightdesk"
    folder = folder_of(tmp_path / "photos", 1)
    for arguments in (("library", "create", path), ("classify", folder, "--library", path)):
        done = lightdesk(*arguments)
        assert (done.code, done.out) == (1, "") and "network drive (nfs4)" in done.err, arguments
        assert f"Make it in {home / 'data'} instead" in done.err
        assert not path.parent.exists()
    with pytest.raises(LibraryError) as caught:
        Engine(load({"library": path, "model": "fake"})).start()
    assert caught.value.code is ErrorCode.LIBRARY_LOCATION
    # The pictures themselves may lie there.
    assert lightdesk("classify", folder_of(network_drive / "photos", 1)).code == 0


def test_an_old_library_on_a_network_drive_is_warned_of(
    network_drive: Path, library: Path, home: Path, tmp_path: Path, lightdesk
) -> None:
    path = network_drive / "birds.lightdesk"
    shutil.move(library, path)
    info = lightdesk("library", "info", "--library", path)
    assert info.code == 0 and "WARN" in info.out and "network drive (nfs4)" in info.out
    assert "nfs4" in json.loads(lightdesk("library", "info", "--library", path, "--json").out)["warning"]
    done = lightdesk("classify", tmp_path / "photos" / "0000.jpg", "--library", path, "--json")
    assert done.code == 0 and len(records(done.out)) == 1
    assert done.err.startswith(f"lightdesk: The library {path} is in danger: ") and str(home / "data") in done.err


def test_a_newer_library_is_left_alone(library: Path, tmp_path: Path, lightdesk) -> None:
    conn = sqlite3.connect(library)
    conn.execute("PRAGMA user_version = 99")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    before = library.read_bytes()
    for verb in (
        ("library", "info"),
        ("library", "check"),
        ("jobs",),
        ("jobs", "cancel", 1),
        ("classify", tmp_path / "photos"),
    ):
        done = lightdesk(*verb, "--library", library)
        assert (done.code, done.out) == (1, "") and "newer Lightdesk" in done.err and "Update" in done.err, verb
    assert library.read_bytes() == before


def test_a_newer_library_names_the_backup_from_before(library: Path, tmp_path: Path, lightdesk) -> None:
    conn = sqlite3.connect(library)
    conn.execute("PRAGMA user_version = 99")
    conn.close()
    folder = library.parent / "backups"
    assert str(folder) not in lightdesk("library", "info", "--library", library).err, "there is none yet"
    folder.mkdir()
    (folder / f"{library.stem}-v3-20260101-120000-000000{library.suffix}").touch()
    assert f"go back to an automatic backup in {folder}," in lightdesk("library", "info", "--library", library).err


def test_a_backup_of_a_newer_library(library: Path, tmp_path: Path, lightdesk) -> None:
    """Its pages can be copied by any program; only what they mean is not known."""
    conn = sqlite3.connect(library)
    conn.execute("PRAGMA user_version = 99")
    conn.close()
    done = lightdesk("library", "backup", tmp_path / "b", "--library", library)
    assert (done.code, done.err) == (0, "") and "WARN" in done.out and "newer Lightdesk" in done.out
    copy = sqlite3.connect(tmp_path / "b")
    assert copy.execute("SELECT count(*) FROM contents").fetchall() == [(4,)]
    assert copy.execute("PRAGMA user_version").fetchall() == [(99,)]
    copy.close()
    answer = json.loads(lightdesk("library", "backup", tmp_path / "c", "--library", library, "--json").out)
    assert "newer Lightdesk" in answer["warning"] and answer["size_bytes"] == (tmp_path / "c").stat().st_size


def test_a_backup_of_a_damaged_library(library: Path, tmp_path: Path, lightdesk) -> None:
    data = library.read_bytes()
    library.write_bytes(data[:100] + b"\xa5" * 4000 + data[4100:])
    before = library.read_bytes()
    done = lightdesk("library", "backup", tmp_path / "b", "--library", library)
    assert (done.code, done.err) == (0, "")
    assert f"WARN      The library cannot be read, so its files were copied as they are: {tmp_path / 'b'}." in done.out
    assert (tmp_path / "b").read_bytes() == before == library.read_bytes()
    answer = json.loads(lightdesk("library", "backup", tmp_path / "c", "--library", library, "--json").out)
    assert "copied as they are" in answer["warning"]
    # Where only some pages are damaged, the rest is read, and the copy is as good as the library.
    library.write_bytes(data[:-8192] + b"\xa5" * 8192)
    assert lightdesk("library", "backup", tmp_path / "d", "--library", library).code == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="root gives its rights up as on Linux")
def test_a_library_that_can_only_be_read(library: Path, tmp_path: Path, lightdesk) -> None:
    place = tmp_path / "disc"
    place.mkdir()
    lightdesk("library", "backup", place / "l.lightdesk", "--library", library)
    (place / "l.lightdesk").chmod(0o444)
    place.chmod(0o555)
    path = str(place / "l.lightdesk")
    try:
        for verb, out in ((["library", "info"], "contents"), (["library", "check"], "no damage"), (["jobs"], "done")):
            done = run(as_list=heeding_permissions(*verb, "--library", path))
            assert (done.returncode, done.stderr) == (0, "") and out in done.stdout, verb
        for words in (["classify", str(tmp_path / "photos")], ["jobs", "cancel", "1"]):
            done = run(as_list=heeding_permissions(*words, "--library", path))
            assert (done.returncode, done.stdout) == (1, "") and "Give yourself the right" in done.stderr, words
        done = run(as_list=heeding_permissions("library", "restore", str(library), "--library", path))
        assert (done.returncode, done.stdout) == (1, "") and "write" in done.stderr
        assert [p.name for p in place.iterdir()] == ["l.lightdesk"], "nothing was left beside it"
    finally:
        place.chmod(0o755)


def test_what_is_missing_for_a_backup_is_said(library: Path, tmp_path: Path, lightdesk) -> None:
    done = lightdesk("library", "backup", tmp_path / "none" / "b", "--library", library)
    assert done.code == 1 and f"There is no folder {tmp_path / 'none'} for the backup." in done.err
    done = lightdesk("library", "restore", tmp_path / "none", "--library", library)
    assert done.code == 1 and f"There is no backup {tmp_path / 'none'}." in done.err
    assert lightdesk("library", "check", "--library", library).code == 0


def test_commands_can_be_copied_into_a_shell(tmp_path: Path, lightdesk) -> None:
    path = tmp_path / "my birds.lightdesk"
    made = lightdesk("library", "create", path)
    assert made.out.rstrip().endswith(f"Open it with: lightdesk --library '{path}'")
    path.write_bytes(path.read_bytes()[:5000])
    done = lightdesk("library", "check", "--library", path)
    assert done.code == 1 and f"lightdesk library restore FILE --library '{path}'" in done.out
