"""The engine from drop to stored row, on the fake model."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from engine.errors import LightdeskError
from engine.schemas.library import Query
from engine.service import Engine
from engine.settings import load
from tests.images import encoded, folder_of, picture


def test_a_folder_becomes_rows(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 40)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    (folder / "notes.txt").write_text("not an image")
    job = engine.wait(engine.submit([str(folder)]), 30)
    assert (job.state, job.n_done, job.n_failed, job.n_total) == ("done", 40, 1, 41)
    info = engine.info()
    assert (info.contents, info.predictions, info.embeddings, info.problems) == (40, 40, 40, 1)
    record = engine.record(1, 3)
    assert record["success"] and len(record["data"]["top_predictions"]) == 3
    again = engine.wait(engine.submit([str(folder)]), 30)
    assert again.n_done == 40 and engine.info().files == 40
    assert engine.check().ok


def ids_by_name(engine: Engine) -> dict[str, int]:
    view = engine.view()
    names = {tile.name: tile.content_id for tile in view.tiles(view.ids(Query()).tolist(), engine.model_ref)}
    view.close()
    return names


def test_moved_and_copied_files_keep_their_labels(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", 3)
    engine.wait(engine.submit([str(folder)]), 30)
    first = ids_by_name(engine)["0000.jpg"]
    engine.label([first], "Cat")
    shutil.copytree(folder, tmp_path / "b")
    (folder / "0000.jpg").rename(folder / "renamed.jpg")
    engine.wait(engine.submit([str(tmp_path)]), 30)
    view = engine.view()
    detail = view.detail(first, engine.model_ref)
    assert detail is not None and detail.label is not None and detail.label.class_name == "Cat"
    assert len(detail.files) == 3
    assert engine.info().contents == 3
    (folder / "renamed.jpg").write_bytes(encoded(picture(99), "JPEG"))
    engine.wait(engine.submit([str(folder)]), 30)
    changed = view.detail(4, engine.model_ref)
    assert changed is not None and changed.label is None
    view.close()


def test_removing_a_source_hides_and_undo_brings_back(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", 3)
    engine.wait(engine.submit([str(folder)]), 30)
    view = engine.view()
    source = view.facets(engine.model_ref).sources[0]
    engine.remove_source(source.id)
    assert len(view.ids(Query())) == 0
    assert len(list(folder.iterdir())) == 3
    engine.undo()
    assert len(view.ids(Query())) == 3
    view.close()


def test_two_engines_on_one_library(engine: Engine, tmp_path: Path) -> None:
    other = Engine(load({"model": "fake"}))
    other.start()
    jobs = [e.submit([str(folder_of(tmp_path / name, 20, seed=seed))]) for e, name, seed in ((engine, "a", 0), (other, "b", 100))]
    assert engine.wait(jobs[0], 30).n_done == other.wait(jobs[1], 30).n_done == 20
    other.close()
    assert engine.info().contents == 40


def test_an_interrupted_job_goes_on(home: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", 150)
    first = Engine(load({"model": "fake"}))
    first.start()
    job_id = first.submit([str(folder)])
    while first.info().contents < 20:
        time.sleep(0.005)
    began_s = time.monotonic()
    first.close()
    assert time.monotonic() - began_s < 2
    second = Engine(load({"model": "fake"}))
    second.start()
    assert second.wait(job_id, 30).n_done == 150
    second.close()
    assert second.check().ok


def test_pause_and_resume(engine: Engine, tmp_path: Path) -> None:
    job_id = engine.submit([str(folder_of(tmp_path / "a", 200))])
    engine.pause(job_id)
    job = engine.wait(job_id, 5)
    assert job.state == "paused" and job.n_done < 200
    engine.resume(job_id)
    assert engine.wait(job_id, 30).n_done == 200


def test_a_source_that_goes_away_pauses_and_comes_back(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", 300)
    job_id = engine.submit([str(folder)])
    while engine.info().files < 1:
        time.sleep(0.002)
    folder.rename(tmp_path / "away")
    job = engine.wait(job_id, 30)
    assert job.pause_code == "SOURCE_OFFLINE" or job.state == "done"
    (tmp_path / "away").rename(folder)
    until_s = time.monotonic() + 20
    while (job := engine.wait(job_id, 20)).state != "done":
        assert time.monotonic() < until_s, job
        time.sleep(0.1)
    assert job.n_done == 300


def test_the_cache_may_be_deleted(engine: Engine, home: Path, tmp_path: Path) -> None:
    engine.wait(engine.submit([str(folder_of(tmp_path / "a", 3))]), 30)
    view = engine.view()
    (tile,) = view.tiles([1], engine.model_ref)
    view.close()
    assert engine.thumbnail(tile.sha256) is not None
    shutil.rmtree(home / "cache")
    assert engine.thumbnail(tile.sha256) is not None


def test_errors_name_the_way_out(engine: Engine) -> None:
    with pytest.raises(LightdeskError) as caught:
        engine.label([1], "   ")
    assert caught.value.way_out


def test_closed_library_is_one_file(home: Path, tmp_path: Path) -> None:
    """Whoever copies or moves it then has all of it."""
    engine = Engine(load({"model": "fake"}))
    engine.start()
    engine.wait(engine.submit([str(folder_of(tmp_path / "photos", 30))]), 30)
    engine.label([1], "Cat")
    idle = engine.view()  # a reader that somebody forgot
    idle.ids(Query())
    engine.close()
    path = engine.library_path
    log = path.with_name(path.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0
    copied = shutil.copy(path, tmp_path / "copied.lightdesk")
    idle.close()
    other = Engine(load({"model": "fake", "library": copied}))
    other.start()
    try:
        info = other.info()
        assert (info.contents, info.embeddings, info.labels) == (30, 30, 1)
    finally:
        other.close()
