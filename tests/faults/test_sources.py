"""Folders and files that go, come back or change while they are read."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.library import jobs
from engine.pipeline import preparing
from tests.faults.conftest import Gate, Mounts, Watched, until
from tests.faults.whole_library import undisturbed, whole_library
from tests.images import encoded, folder_of, picture

N = 200


def in_the_middle(now: Watched, gate: Gate, folder: Path) -> int:
    """Drop a folder and answer some of it; the scan is through, and no picture is being read."""
    gate.let(30)
    job_id = now.engine.submit([str(folder)])
    until(lambda: now.engine.info().contents >= 20 and not now.engine.wait(job_id, 0).scanning)
    return job_id


def goes_and_comes_back(now: Watched, gate: Gate, folder: Path, away: Callable[[], None], back: Callable[[], None]) -> None:
    job_id = in_the_middle(now, gate, folder)
    away()
    gate.open()
    until(lambda: now.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    job = now.engine.wait(job_id, 0)
    assert job.n_failed == 0 and str(folder) in (job.pause_reason or "")
    time.sleep(0.5)  # some looks at whether it is back
    assert now.shown(job_id) == ("paused", "SOURCE_OFFLINE")
    back()
    now.until_done(job_id)
    assert now.engine.wait(job_id, 0).n_done == N and now.engine.info().problems == 0


def test_folder_renamed_away(start: Callable[..., Watched], gate: Gate, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", N)
    away = tmp_path / "away"
    now = start()
    goes_and_comes_back(now, gate, folder, lambda: folder.rename(away), lambda: away.rename(folder))
    now.close()
    assert whole_library(now.engine.library_path) == undisturbed([str(folder)], tmp_path / "other.sqlite")


def test_drive_pulled(mounts: Mounts, start: Callable[..., Watched], gate: Gate, tmp_path: Path) -> None:
    """What is left is an empty folder, the place where the drive was mounted."""
    kept = folder_of(tmp_path / "kept", N)
    drive = mounts.small_disk(tmp_path / "drive", 8_000)
    shutil.copytree(kept, drive, dirs_exist_ok=True)

    again = mounts.small_disk(tmp_path / "again", 8_000)
    shutil.copytree(kept, again, dirs_exist_ok=True)

    def back() -> None:
        mounts.show_at(again, drive)  # all files at once, as a drive comes

    goes_and_comes_back(start(), gate, drive, lambda: mounts.pull(drive), back)


def test_folder_deleted_and_put_back(start: Callable[..., Watched], gate: Gate, tmp_path: Path) -> None:
    """Files that were missed before the folder itself was gone are problems with their names; a retry has them."""
    folder = folder_of(tmp_path / "photos", N)
    copy = shutil.copytree(folder, tmp_path / "copy")
    now = start()
    job_id = in_the_middle(now, gate, folder)
    shutil.rmtree(folder)
    gate.open()
    until(lambda: now.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    shutil.copytree(copy, folder)
    now.until_done(job_id)
    view = now.engine.view()
    problems = view.problems()
    view.close()
    assert {problem.code for problem in problems} <= {"FILE_NOT_FOUND"} and len(problems) < 60
    assert now.engine.wait(job_id, 0).n_failed == len(problems)
    if problems:
        now.until_done(now.engine.retry_problems(None))
    assert (now.engine.info().contents, now.engine.info().problems) == (N, 0)


def test_folder_that_comes_back_after_a_restart(start: Callable[..., Watched], gate: Gate, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", N)
    single = tmp_path / "single.jpg"
    single.write_bytes(encoded(picture(999), "JPEG"))
    first = start()
    gate.let(30)
    job_id = first.engine.submit([str(single), str(folder)])
    until(lambda: first.engine.info().contents >= 20 and not first.engine.wait(job_id, 0).scanning)
    folder.rename(tmp_path / "away")
    single.unlink()  # a file that is gone for good is no reason to wait
    gate.open()
    until(lambda: first.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    first.close()
    second = start()
    time.sleep(0.5)
    assert second.shown(job_id) == ("paused", "SOURCE_OFFLINE")
    (tmp_path / "away").rename(folder)
    second.until_done(job_id)
    assert second.engine.wait(job_id, 0).n_done == N + 1


def test_folder_that_comes_back_though_another_drop_was_empty(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart: only what still has open items is waited for, and looked at beside the thread that writes."""
    folder = folder_of(tmp_path / "photos", N)
    empty, gone = tmp_path / "empty", tmp_path / "gone"
    empty.mkdir()
    gone.mkdir()
    first = start()
    gate.let(30)
    job_id = first.engine.submit([str(empty), str(gone), str(folder)])
    until(lambda: first.engine.info().contents >= 20 and not first.engine.wait(job_id, 0).scanning)
    folder.rename(tmp_path / "away")
    gone.rmdir()
    gate.open()
    until(lambda: first.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    first.close()
    looked_by: list[str] = []
    asked: list[int] = []
    real_stat, real_roots = os.stat, jobs.pending_roots

    def stat(path: Any, **options: Any) -> os.stat_result:
        if path == str(folder):
            looked_by.append(threading.current_thread().name)
        return real_stat(path, **options)

    def roots(conn: Any, job_id: int) -> list[str]:
        asked.append(job_id)
        return real_roots(conn, job_id)

    monkeypatch.setattr("engine.ingest.reading.os.stat", stat)
    monkeypatch.setattr(jobs, "pending_roots", roots)
    second = start()
    until(lambda: len(looked_by) >= 5)
    assert second.shown(job_id) == ("paused", "SOURCE_OFFLINE")
    assert set(looked_by) == {"heartbeat"} and asked == [job_id]  # the answer is remembered
    (tmp_path / "away").rename(folder)
    second.until_done(job_id)
    assert second.engine.wait(job_id, 0).n_done == N


def test_a_persons_pause_is_not_ended_by_a_folder_that_is_back(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", N)
    now = start()
    job_id = in_the_middle(now, gate, folder)
    folder.rename(tmp_path / "away")
    gate.open()
    until(lambda: now.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    now.engine.pause(job_id)
    (tmp_path / "away").rename(folder)
    time.sleep(0.5)
    assert now.shown(job_id) == ("paused", None)
    now.engine.resume(job_id)
    now.until_done(job_id)


def test_resumed_while_the_folder_is_away_it_pauses_again(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", N)
    now = start()
    job_id = in_the_middle(now, gate, folder)
    folder.rename(tmp_path / "away")
    gate.open()
    until(lambda: now.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    now.engine.resume(job_id)
    until(lambda: now.shown(job_id) == ("paused", "SOURCE_OFFLINE"))
    now.engine.cancel(job_id)
    assert now.engine.wait(job_id, 0).state == "cancelled"
    (tmp_path / "away").rename(folder)
    time.sleep(0.5)
    assert now.engine.wait(job_id, 0).state == "cancelled"
    # All threads still live: another drop goes through.
    assert now.engine.wait(now.engine.submit([str(folder)]), 30).n_done == N


def test_cancelled_while_its_folder_is_away(start: Callable[..., Watched], gate: Gate, tmp_path: Path) -> None:
    """Pausing a job that has just been cancelled must take no decoder down."""
    folder = folder_of(tmp_path / "photos", N)
    now = start()
    job_id = in_the_middle(now, gate, folder)
    now.engine.cancel(job_id)
    folder.rename(tmp_path / "away")
    gate.open()
    time.sleep(0.3)
    (tmp_path / "away").rename(folder)
    assert now.engine.wait(job_id, 0).state == "cancelled"
    assert now.engine.wait(now.engine.submit([str(folder)]), 30).n_done == N


# Files


def test_file_replaced_between_the_scan_and_the_read(
    start: Callable[..., Watched], gate: Gate, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", N)
    now = start()
    job_id = in_the_middle(now, gate, folder)
    late = folder / f"{N - 1:04}.jpg"
    new = tmp_path / "new.jpg"
    new.write_bytes(encoded(picture(5000), "JPEG", quality=95))
    os.replace(new, late)
    gate.open()
    now.until_done(job_id)
    now.close()
    # It is known as what was read, not as what the scan saw: the next drop has nothing to do.
    whole = whole_library(now.engine.library_path)
    expected = undisturbed([str(folder)], tmp_path / "other.sqlite")
    for part in ("contents", "predictions", "vectors", "files", "problems"):
        assert whole[part] == expected[part], part
    again = start()
    again.until_done(again.engine.submit([str(folder)]))
    assert gate.n_answered == 0


@pytest.mark.parametrize("stops", [True, False], ids=["written to once", "growing all the time"])
def test_file_changing_while_it_is_read(
    stops: bool, start: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "photos", 10)
    changing = folder / "0005.jpg"
    tail = bytes(512)
    n_reads = 0
    real = os.fstat

    def fstat(fd: int) -> os.stat_result:
        """Write to the file after it has been looked at: in the middle of `read_file`."""
        nonlocal n_reads
        info = real(fd)
        if os.path.samestat(info, os.stat(changing)) and threading.current_thread().name.startswith("decode"):
            n_reads += 1
            if not stops or n_reads == 1:
                with changing.open("ab") as file:
                    file.write(tail)
        return info

    monkeypatch.setattr("engine.ingest.reading.os.fstat", fstat)
    now = start()
    job_id = now.engine.submit([str(folder)])
    now.until_done(job_id)
    job = now.engine.wait(job_id, 0)
    assert (job.n_done, job.n_failed) == ((10, 0) if stops else (9, 1))
    view = now.engine.view()
    assert [problem.code for problem in view.problems()] == ([] if stops else ["FILE_CHANGED"])
    view.close()
    if not stops:  # its writer has finished: a retry is all it takes
        monkeypatch.setattr("engine.ingest.reading.os.fstat", real)
        now.until_done(now.engine.retry_problems(None))
        assert now.engine.info().problems == 0 and now.engine.info().files == 10


def test_picture_without_memory_for_it(
    start: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "photos", 40)
    real: Any = preparing.thumbnail
    n_calls = 0

    def thumbnail(reduced: Any) -> bytes:
        nonlocal n_calls
        n_calls += 1
        if n_calls in (7, 8):
            raise MemoryError
        return real(reduced)

    monkeypatch.setattr(preparing, "thumbnail", thumbnail)
    now = start()
    job_id = now.engine.submit([str(folder)])
    now.until_done(job_id)
    assert now.engine.wait(job_id, 0).n_done == 38
    view = now.engine.view()
    problems = view.problems()
    view.close()
    assert [problem.code for problem in problems] == ["TOO_MANY_PIXELS"] * 2
    assert all("memory" in problem.message and problem.way_out for problem in problems)
    now.until_done(now.engine.retry_problems(None))
    assert now.engine.info().contents == 40 and now.engine.info().problems == 0
