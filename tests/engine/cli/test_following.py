"""Following a job: input order, the end of it, and what to do when it cannot go on."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cli.following import Following
from engine.cli.interrupt import Interrupt, Interrupted
from engine.cli.status import StatusLine
from engine.errors import ErrorCode, JobError
from engine.events import EngineFailed
from engine.library.database import Connection
from engine.library.records import ItemResult
from engine.schemas.files import FoundFile
from engine.service import Engine
from tests.images import folder_of


@pytest.fixture
def following(engine: Engine) -> Iterator[Following]:
    following = Following(engine, Interrupt(), StatusLine())
    yield following
    following.close()


def state_of(engine: Engine, job_id: int) -> str:
    view = engine.view()
    try:
        return view.job(job_id).state
    finally:
        view.close()


def flat(pages: Iterator[list[ItemResult]]) -> list[ItemResult]:
    return [item for page in pages for item in page]


def test_every_file_once_in_input_order(engine: Engine, following: Following, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 450)
    (folder / "0100.jpg").write_bytes(b"broken")
    job = following.submit([str(folder)])
    found = flat(following.results(job.id))
    assert [item.seq for item in found] == list(range(450))
    assert [Path(item.path).name for item in found] == [f"{i:04}.jpg" for i in range(450)]
    assert [item.path for item in found if item.state != "done"] == [str(folder / "0100.jpg")]
    assert state_of(engine, job.id) == "done"


def test_a_job_without_files_ends(engine: Engine, following: Following, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "notes.txt").write_text("x")
    job = following.submit([str(tmp_path / "texts")])
    assert flat(following.results(job.id)) == []
    assert (following.skipped, following.n_videos, following.n_unseen) == ({"UNSUPPORTED_FORMAT": 1}, 0, 0)


@pytest.mark.parametrize(("ours", "state"), [(True, "cancelled"), (False, "running")])
def test_a_caller_that_stops_early(
    ours: bool, state: str, engine: Engine, following: Following, tmp_path: Path
) -> None:
    job = following.submit([str(folder_of(tmp_path / "photos", 600))])
    results = following.results(job.id, ours=ours)
    next(results)
    results.close()
    assert state_of(engine, job.id) == state
    engine.cancel(job.id)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_is_heeded_between_pages(engine: Engine, tmp_path: Path) -> None:
    with Interrupt() as interrupt:
        following = Following(engine, interrupt, StatusLine())
        job = following.submit([str(folder_of(tmp_path / "photos", 1500))])
        results = following.results(job.id)
        next(results)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            flat(results)
        following.close()
    assert state_of(engine, job.id) == "cancelled"


def test_a_job_cancelled_by_another_ends_with_words(engine: Engine, following: Following, tmp_path: Path) -> None:
    job = following.submit([str(folder_of(tmp_path / "photos", 1500))])
    results = following.results(job.id)
    next(results)
    engine.cancel(job.id)
    with pytest.raises(JobError, match="cancelled from elsewhere") as caught:
        flat(results)
    assert caught.value.code is ErrorCode.JOB_STATE


def test_files_of_a_job_that_rests_get_its_reason(engine: Engine, following: Following, tmp_path: Path) -> None:
    """The folder went away: each file that is left has an answer, and the job is not waited for."""
    job = following.submit([str(folder_of(tmp_path / "photos", 450))])
    engine.wait(job.id, 30)

    def folder_went_away(conn: Connection) -> None:
        conn.execute("UPDATE job_items SET state = 'pending' WHERE job_id = ? AND seq >= 210", (job.id,))
        conn.execute(
            "UPDATE jobs SET state = 'paused', pause_code = 'SOURCE_OFFLINE', pause_reason = 'The drive is gone.'"
            " WHERE id = ?",
            (job.id,),
        )

    engine._write(folder_went_away)
    found: list[ItemResult] = []
    with pytest.raises(JobError, match="The drive is gone") as caught:
        for page in following.results(job.id):
            found += page
    assert caught.value.code is ErrorCode.SOURCE_OFFLINE
    assert [item.seq for item in found] == list(range(450))
    left = [item for item in found if item.state == "failed"]
    assert len(left) == 240 and {(item.code, item.message) for item in left} == {("SOURCE_OFFLINE", "The drive is gone.")}


def test_a_resting_job_is_followed_to_the_end_of_its_scan(
    engine: Engine, following: Following, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.library import jobs

    job = following.submit([str(folder_of(tmp_path / "photos", 3))])
    engine.wait(job.id, 30)
    engine._write(
        lambda conn: conn.execute(
            "UPDATE jobs SET state = 'paused', pause_code = 'SOURCE_OFFLINE', scanning = 1 WHERE id = ?", (job.id,)
        )
    )
    late = FoundFile(str(tmp_path / "late.jpg"), str(tmp_path), 1, 1)

    def scan_ends(*_: object) -> None:
        """In place of the line that is shown while it is waited: the scan finds one more, and ends."""
        engine._write(lambda conn: (jobs.add_items(conn, job.id, [late], [None]), jobs.finish_scan(conn, job.id)))

    monkeypatch.setattr(following, "_show", scan_ends)
    found: list[ItemResult] = []
    with pytest.raises(JobError):
        for page in following.results(job.id):
            found += page
    assert [item.state for item in found] == ["done", "done", "done", "failed"]
    assert (found[3].path, found[3].code) == (late.path, "SOURCE_OFFLINE")


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        ("SOURCE_OFFLINE", "The drive is gone. Connect it again.", "lightdesk: The drive is gone. Connect it again.\n"),
        (None, None, "lightdesk: Job {id} was paused from elsewhere. `lightdesk jobs resume {id}` goes on.\n"),
    ],
)
def test_who_paused_it_is_said_while_it_is_still_scanned(
    code: str | None, reason: str | None, said: str, engine: Engine, following: Following, tmp_path: Path, capsys
) -> None:
    job = following.submit([str(folder_of(tmp_path / "photos", 3))])
    flat(following.results(job.id))
    paused = replace(job, state="paused", pause_code=code, pause_reason=reason, scanning=True, n_total=9)
    for _ in range(2):
        following._show(3, paused)
    assert capsys.readouterr().err == said.format(id=job.id)


@pytest.mark.parametrize(
    ("told", "code"),
    [("OUT_OF_MEMORY", ErrorCode.OUT_OF_MEMORY), ("NONSENSE", ErrorCode.INTERNAL)],
    ids=["known", "a bug of ours"],
)
def test_a_failure_of_the_engine_ends_it_when_nothing_moves_any_more(
    told: str,
    code: ErrorCode,
    engine: Engine,
    following: Following,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.cli.following._GIVE_UP_S", 0.2)
    job = following.submit([str(folder_of(tmp_path / "photos", 4))])
    engine.wait(job.id, 30)
    engine._write(lambda conn: conn.execute("UPDATE jobs SET state = 'running', n_total = 9 WHERE id = ?", (job.id,)))
    engine.events.publish(EngineFailed(told, "The GPU is full."))
    with pytest.raises(JobError, match="The GPU is full") as caught:
        flat(following.results(job.id))
    assert caught.value.code is code


def test_a_failure_that_the_job_has_outlived_is_not_held_against_a_slow_file(
    engine: Engine, following: Following, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full cache, say: it is told of, and the answers keep coming."""
    monkeypatch.setattr("engine.cli.following._GIVE_UP_S", 0.1)
    job = following.submit([str(folder_of(tmp_path / "photos", 1))])
    engine.wait(job.id, 30)
    engine.events.publish(EngineFailed("DISK_FULL", "The cache cannot be written."))
    following._look_for_failure(job, moved=True)  # answered before it happened
    time.sleep(0.15)
    following._look_for_failure(job, moved=True)
    time.sleep(0.15)
    following._look_for_failure(job, moved=False)


def test_what_a_folder_held_and_could_not_be_looked_at(
    engine: Engine, following: Following, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "photos", 2)
    (folder / "a.jpg").symlink_to(tmp_path / "gone")
    before = following.submit([str(folder)])
    flat(following.results(before.id))
    (folder / "b.jpg").symlink_to(tmp_path / "gone")
    (folder / "a.jpg").unlink()
    (folder / "broken.jpg").write_bytes(b"broken")
    job = following.submit([str(folder), str(tmp_path / "none.jpg")])
    failed = {item.path for item in flat(following.results(job.id)) if item.state == "failed"}
    assert failed == {str(folder / "broken.jpg"), str(tmp_path / "none.jpg")}
    assert following.n_unseen == 1
    (problem,) = following.unseen(job, failed)
    assert (problem.path, problem.code) == (str(folder / "b.jpg"), "FILE_NOT_FOUND"), "nothing of the job before"


def test_nothing_is_looked_up_where_nothing_was_hidden(
    engine: Engine, following: Following, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = following.submit([str(tmp_path / "none.jpg")])
    failed = {item.path for item in flat(following.results(job.id))}
    assert following.unseen(job, failed) == []


def test_closed_it_hears_nothing(engine: Engine, following: Following) -> None:
    following.close()
    engine.events.publish(EngineFailed("INTERNAL", "x"))
    assert following._failure is None


