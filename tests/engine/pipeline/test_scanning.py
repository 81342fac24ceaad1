"""A scan writes the items of a drop down, and what is gone since the last one."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.events import LibraryChanged, PredictionsStored, PreflightCounted, ProblemsChanged
from engine.ingest import reading
from engine.library import commands, database, files, jobs, problems
from engine.pipeline import scanning
from engine.pipeline.scanning import Scan
from engine.schemas.files import FoundFile
from tests.engine.pipeline.desk import Desk, desk, photos
from tests.rights import out_of_reach

__all__ = ["desk"]  # the fixture
posix = pytest.mark.skipif(sys.platform == "win32", reason="no links or rights of this kind")


def test_a_drop_becomes_items_in_order(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "b.png", "a.png", "sub/c.png", "no suffix")
    (folder / "notes.txt").write_text("no picture")
    (folder / "clip").write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(64))
    job_id = desk.drop(folder)
    paths = [os.fsdecode(row[0]) for row in desk.rows("SELECT path FROM job_items ORDER BY seq")]
    assert [os.path.relpath(path, folder) for path in paths] == ["a.png", "b.png", "no suffix", "sub/c.png"]
    assert desk.rows("SELECT scanning, state, n_total FROM jobs") == [(0, "running", 4)]
    counted = desk.said(PreflightCounted)[-1].preflight
    assert (counted.job_id, counted.n_images, counted.n_videos, counted.n_known, counted.finished) == (job_id, 4, 1, 0, True)
    assert counted.skipped_reasons == {"UNSUPPORTED_FORMAT": 1}


def test_a_folder_dropped_again_is_done_at_once(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", *(f"{i:03}.png" for i in range(40)))
    desk.ingest(folder)
    desk.events.clear()
    job_id = desk.drop(folder)
    assert desk.rows("SELECT state, n_total, n_done FROM jobs WHERE id = ?", (job_id,)) == [("done", 40, 40)]
    assert not [event for event in desk.events if isinstance(event, LibraryChanged)]
    assert sum(len(event.content_ids) for event in desk.said(PredictionsStored)) == 40


def test_an_interrupted_scan_writes_only_what_is_missing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photos(tmp_path / "photos", *(f"{i:03}.png" for i in range(40)))
    job_id = desk.drop(folder)
    photos(folder, "039 new.png")
    written: list[int] = []
    real = Scan._write
    monkeypatch.setattr(Scan, "_write", lambda scan, conn, taken: written.append(len(taken)) or real(scan, conn, taken))
    desk.drop(folder, job_id=job_id)
    assert written == [1]  # the chunk before it is known whole: not even an empty commit


def test_what_is_renamed_moved_or_deleted_is_absent(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "keep.png", "old name.png", "here/moved.png", "deleted.png")
    desk.ingest(folder)
    (folder / "old name.png").rename(folder / "new name.png")
    (folder / "there").mkdir()
    (folder / "here/moved.png").rename(folder / "there/moved on.png")
    (folder / "deleted.png").unlink()
    desk.events.clear()
    job_id = desk.drop(folder)
    expected = {
        "photos/keep.png": True,
        "photos/old name.png": False,
        "photos/here/moved.png": False,
        "photos/deleted.png": False,
    }
    assert desk.present() == expected
    assert desk.said(LibraryChanged) == [LibraryChanged()]
    desk.answer(job_id)
    assert desk.present() == {**expected, "photos/new name.png": True, "photos/there/moved on.png": True}
    # What was deleted stays, with its label if it has one: nothing goes out of a library by itself.
    assert desk.names() == ["deleted.png", "keep.png", "moved on.png", "new name.png"]
    (folder / "new name.png").rename(folder / "old name.png")
    desk.ingest(folder)
    assert desk.present()["photos/old name.png"] and not desk.present()["photos/new name.png"]
    assert desk.names() == ["deleted.png", "keep.png", "moved on.png", "old name.png"]


def test_a_whole_folder_that_moved_within_the_drop(desk: Desk, tmp_path: Path) -> None:
    """More files than one chunk, and of a source of their own."""
    names = [f"{i:04}.png" for i in range(600)]
    folder = photos(tmp_path / "photos/inner", *names)
    desk.ingest(folder)
    folder.rename(tmp_path / "photos/other")
    desk.ingest(tmp_path / "photos")
    present = desk.present()
    assert sum(present.values()) == 600 and len(present) == 1200
    assert all(there == name.startswith("photos/other/") for name, there in present.items())


def test_only_what_the_scan_did_not_meet_is_looked_at(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photos(tmp_path / "photos", *(f"{i:03}.png" for i in range(30)))
    desk.ingest(folder)
    (folder / "007.png").unlink()
    (folder / "008.png").rename(folder / ".hidden.png")
    asked: list[str] = []
    real = os.lstat
    monkeypatch.setattr(scanning.os, "lstat", lambda path, **options: asked.append(path) or real(path, **options))
    desk.drop(folder)
    assert sorted(path for path in asked if path.endswith(".png")) == [f"{folder}/007.png", f"{folder}/008.png"]


def test_what_is_there_but_not_met_stays(desk: Desk, tmp_path: Path) -> None:
    """A scan may have grown pickier (hidden files), or meet a folder by another path."""
    folder = photos(tmp_path / "photos", "a.png", ".secret.png")
    desk.ingest(folder, folder / ".secret.png")
    assert desk.present() == {"photos/.secret.png": True, "photos/a.png": True}
    desk.ingest(folder)
    assert desk.present() == {"photos/.secret.png": True, "photos/a.png": True}


def test_a_folder_that_is_gone_says_nothing_of_its_files(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png", "b.png")
    desk.ingest(folder)
    folder.rename(tmp_path / "away")
    desk.drop(folder)
    assert set(desk.present().values()) == {True}


def test_a_pulled_drive_says_nothing_of_its_files(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What remains of it is an empty folder where it was mounted, below what was dropped."""
    media = tmp_path / "media"
    monkeypatch.setattr(reading, "_MOUNT_PLACES", (f"{media}{os.sep}",))
    photos(media, "card/dcim/a.png", "card/dcim/b.png", "fixed/c.png", "fixed/d.png")
    desk.ingest(media)
    shutil.rmtree(media / "card/dcim")
    (media / "fixed/d.png").unlink()
    desk.drop(media)
    expected = {"media/card/dcim/a.png": True, "media/card/dcim/b.png": True, "media/fixed/c.png": True}
    assert desk.present() == {**expected, "media/fixed/d.png": False}
    # A drive that is there, and on which a person has emptied a folder.
    monkeypatch.setattr(scanning.os.path, "ismount", lambda path: path == str(media / "card"))
    desk.drop(media)
    assert not desk.present()["media/card/dcim/a.png"]


def test_a_drive_pulled_between_scan_and_look(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = photos(tmp_path / "photos", "a.png", "b.png")
    desk.ingest(folder)
    (folder / "b.png").unlink()
    real = files.unmet

    def pulled(*arguments: object) -> object:
        found = real(*arguments)
        folder.rename(tmp_path / "away")
        return found

    monkeypatch.setattr(files, "unmet", pulled)
    desk.drop(folder)
    assert set(desk.present().values()) == {True}


@posix
def test_an_unreadable_folder_says_nothing_of_its_files(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png", "locked/b.png")
    desk.ingest(folder)
    with out_of_reach(folder / "locked"):
        desk.drop(folder)
    assert desk.rows("SELECT path, code FROM problems") == [(os.fsencode(folder / "locked"), "PERMISSION_DENIED")]
    assert set(desk.present().values()) == {True}


def test_errors_of_the_disk_say_nothing_of_a_file(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = photos(tmp_path / "photos", "a.png", "b.png", "c.png")
    desk.ingest(folder)
    for name in "abc":
        (folder / f"{name}.png").unlink()
    failures = {"a.png": PermissionError(13, "denied"), "b.png": OSError(5, "input/output error")}
    real = os.lstat

    def lstat(path: str, **options: object) -> os.stat_result:
        if error := failures.get(os.path.basename(path)):
            raise error
        return real(path)

    monkeypatch.setattr(scanning.os, "lstat", lstat)
    desk.drop(folder)
    assert desk.present() == {"photos/a.png": True, "photos/b.png": True, "photos/c.png": False}


def test_a_stopped_scan_leaves_everything_for_the_next_start(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", *(f"{i:03}.png" for i in range(60)))
    desk.ingest(folder)
    (folder / "000.png").unlink()
    looks = iter([False, True])
    job_id = desk.drop(folder, stopped=lambda: next(looks, True))
    assert set(desk.present().values()) == {True}
    assert desk.rows("SELECT scanning FROM jobs WHERE id = ?", (job_id,)) == [(1,)]
    n = desk.rows("SELECT count(*) FROM job_items WHERE job_id = ?", (job_id,))[0][0]
    assert 0 < n < 59
    desk.drop(folder, job_id=job_id)
    assert desk.rows("SELECT scanning, n_total, n_done, state FROM jobs WHERE id = ?", (job_id,)) == [(0, 59, 59, "done")]
    assert not desk.present()["photos/000.png"]


def test_stopped_while_looking_at_what_is_gone(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = photos(tmp_path / "photos", *(f"{i:03}.png" for i in range(10)))
    desk.ingest(folder)
    for path in folder.iterdir():
        path.unlink()
    looking = False
    real = files.placed

    def placed(*arguments: object) -> object:
        nonlocal looking
        looking = True
        return real(*arguments)

    monkeypatch.setattr(files, "placed", placed)
    job_id = desk.drop(folder, stopped=lambda: looking)
    assert desk.rows("SELECT scanning FROM jobs WHERE id = ?", (job_id,)) == [(1,)]
    assert set(desk.present().values()) == {True}


def test_a_drop_brings_a_removed_source_back(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png")
    desk.ingest(folder)
    (source_id,) = desk.rows("SELECT id FROM sources WHERE path = ?", (os.fsencode(folder),))[0]
    desk.write(lambda conn: commands.remove_source(conn, source_id, "me"))
    assert desk.names() == []
    desk.events.clear()
    desk.drop(folder)
    assert desk.names() == ["a.png"] and desk.said(LibraryChanged)
    assert desk.rows("SELECT title, by FROM commands WHERE undone = 0 ORDER BY id")[-1] == (
        "show the source photos again",
        "ann",
    )


def test_answers_do_not_bring_a_source_back_that_was_removed_meanwhile(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png", "b.png")
    job_id = desk.drop(folder)
    (source_id,) = desk.rows("SELECT id FROM sources")[0]
    desk.write(lambda conn: commands.remove_source(conn, source_id, "me"))
    desk.answer(job_id)
    assert desk.names() == []
    # Nor does the job that goes on after a restart.
    desk.drop(folder, job_id=job_id)
    assert desk.names() == []
    desk.write(commands.undo)
    assert desk.names() == ["a.png", "b.png"]


def test_dropped_alone_brings_back_single_files_only(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "a.png", "b.png")
    desk.ingest(folder)
    desk.write(lambda conn: commands.remove_source(conn, 1, "me"))
    desk.ingest(folder / "a.png")
    assert desk.names() == ["a.png"]


def test_paths_that_are_not_there_are_answered_for(desk: Desk, tmp_path: Path) -> None:
    job_id = desk.drop(tmp_path / "missing.jpg", photos(tmp_path / "photos", "a.png"))
    states = desk.rows("SELECT seq, state FROM job_items WHERE job_id = ? ORDER BY seq", (job_id,))
    assert states == [(0, "failed"), (1, "pending")]
    assert desk.said(ProblemsChanged)
    assert desk.rows("SELECT code FROM problems") == [("FILE_NOT_FOUND",)]


def test_a_quarantined_file_is_refused_until_it_changes(desk: Desk, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", "deadly.png")
    path = folder / "deadly.png"
    info = path.stat()
    found = FoundFile(str(path), str(folder), info.st_size, info.st_mtime_ns)
    desk.write(lambda conn: problems.record(conn, found, "QUARANTINED", "deadly", ""))
    job_id = desk.drop(folder)
    assert desk.rows("SELECT state FROM job_items WHERE job_id = ?", (job_id,)) == [("failed",)]
    path.write_bytes(path.read_bytes() + b"mended")
    job_id = desk.drop(folder)
    assert desk.rows("SELECT state FROM job_items WHERE job_id = ?", (job_id,)) == [("pending",)]


def test_each_drop_clears_up_after_old_jobs(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps, so that other work gets between them; jobs of the last hour keep their items."""
    monkeypatch.setattr(scanning, "_PRUNED_AT_ONCE", 4)
    folder = photos(tmp_path / "photos", *(f"{i}.png" for i in range(10)))
    first = desk.ingest(folder)
    for _ in range(21):
        desk.drop(folder)
    assert desk.rows("SELECT count(*) FROM job_items WHERE job_id = ?", (first,)) == [(10,)]
    desk.write(lambda conn: conn.execute("UPDATE jobs SET ended_at = '2020' || substr(ended_at, 5)"))
    steps: list[int] = []
    real = jobs.prune

    def prune(conn: database.Connection, **options: object) -> bool:
        before = conn.total_changes()
        more = real(conn, **options)
        steps.append(conn.total_changes() - before)
        return more

    monkeypatch.setattr(jobs, "prune", prune)
    last = desk.drop(folder)
    left = dict(desk.rows("SELECT job_id, count(*) FROM job_items GROUP BY job_id"))
    assert first not in left and set(left.values()) == {10} and len(left) == 20 and last in left
    assert max(steps) <= 5 and len(steps) > 9
    view = desk.rows("SELECT n_total, n_done, pruned FROM jobs WHERE id = ?", (first,))
    assert view == [(10, 10, 1)]


def test_a_pruning_that_fails_is_no_failure_of_the_drop(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_arguments: object, **_options: object) -> bool:
        raise database.apsw.FullError("database or disk is full")

    monkeypatch.setattr(jobs, "prune", full)
    job_id = desk.ingest(photos(tmp_path / "photos", "a.png"))
    assert desk.rows("SELECT state FROM jobs WHERE id = ?", (job_id,)) == [("done",)]
    assert "full" in caplog.text


def test_ends_are_written_down(desk: Desk, tmp_path: Path) -> None:
    before = datetime.now(UTC).isoformat(timespec="milliseconds")
    job_id = desk.ingest(photos(tmp_path / "photos", "a.png"))
    ((ended_at,),) = desk.rows("SELECT ended_at FROM jobs WHERE id = ?", (job_id,))
    assert before <= ended_at
