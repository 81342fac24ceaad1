"""The map of a space: made once, kept, added to, made anew when it is not of this library as it is."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import maps
from engine.library import database, vectors
from engine.maps import SpaceMap
from engine.schemas.map import MapState, ProjectedMap
from engine.search import map_file, projection
from engine.view import LibraryView
from tests import synthetic_library
from tests.engine.search.clouds import clouds
from tests.waiting import until

DIM, N, MORE = 24, 90, 400
REF = "synthetic@1"
made_manifest = synthetic_library.manifest
read = lambda view, content_ids: view.vectors(view.space(REF)[0], content_ids)  # noqa: E731


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "_LOOK_S", 0.02)
    monkeypatch.setattr(maps, "_RETRY_S", 0.05)
    monkeypatch.setattr(maps, "_SAVE_EVERY_S", 0.05)


class Ground:
    """A library of vectors, and a folder for its map."""

    def __init__(self, folder: Path) -> None:
        self.library, self.folder = folder / "l.lightdesk", folder / "index" / REF
        self.vectors = clouds(N + MORE, DIM, 6, 0.3, 2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(synthetic_library, "manifest", lambda: made_manifest(embedding_dim=DIM, n_classes=10))
            self.model_id = synthetic_library.build(self.library, N + MORE, labelled_share=0)
        self.said: list[MapState] = []
        self.opened: list[SpaceMap] = []

    def add(self, first: int, last: int) -> None:
        """Store vectors of these contents, as any process may."""
        conn = database.connect(self.library)
        with conn:
            ids = list(range(first, last + 1))
            vectors.store(conn, self.model_id, ids, self.vectors[[i - 1 for i in ids]])
        conn.close()

    def change(self, sql: str) -> None:
        conn = database.connect(self.library)
        conn.execute(sql)
        conn.close()

    def map(self, read: maps.ReadVectors = read, *, cancelled: bool = False, **rest: object) -> SpaceMap:
        opened = SpaceMap(self.library, REF, self.folder, read=read, tell=self.said.append, **rest)  # type: ignore[arg-type]
        self.opened.append(opened)
        if cancelled:
            opened.cancel()
        opened.start()
        return opened

    def ready(self, n: int = N, read: maps.ReadVectors = read) -> SpaceMap:
        opened = self.map(read)
        until(lambda: (opened.state.phase, opened.state.n) == ("ready", n))
        return opened

    def close(self) -> None:
        for opened in self.opened:
            opened.close()
        self.opened.clear()

    def kept(self) -> map_file.KeptMap | None:
        view = LibraryView(self.library)
        owner = map_file.MapOwner(view.library_id(), REF, DIM)
        view.close()
        return map_file.load(self.folder, owner)

    def n_kept(self) -> int:
        kept = self.kept()
        return 0 if kept is None else len(kept.content_ids)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    made.add(1, N)
    yield made
    made.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    made.close()


def places(of: SpaceMap, n: int = N) -> np.ndarray:
    points = of.points(np.arange(1, n + 1))
    assert len(points.content_ids) == n
    return points.places


class Gate:
    """Holds the reading of vectors up until it is opened."""

    def __init__(self, after: int) -> None:
        self.n_left, self.arrived, self.opened = after, threading.Event(), threading.Event()

    def __call__(self, view: LibraryView, content_ids: np.ndarray) -> np.ndarray:
        self.n_left -= 1
        if self.n_left < 0:
            self.arrived.set()
            assert self.opened.wait(60)
        return read(view, content_ids)


def no_projection(*_arguments: object, **_rest: object) -> None:
    raise AssertionError("it was laid out again")


# Making and keeping


def test_it_is_made_in_the_background_with_progress_and_a_draft_first(ground: Ground) -> None:
    opened = ground.ready()
    phases = list(dict.fromkeys(state.phase for state in ground.said))
    assert phases == ["making", "ready"]
    fractions = [state.fraction for state in ground.said if state.phase == "making"]
    assert fractions == sorted(fractions) and len(fractions) > 10
    layouts = list(dict.fromkeys(state.layout for state in ground.said))
    assert [layout.split()[1:2] for layout in layouts] == [[], ["pca"], ["neighbours"]]
    alone = projection.projected(lambda start, stop: ground.vectors[start:stop], N)
    assert alone is not None
    np.testing.assert_array_equal(places(opened), alone.places)
    assert opened.points(np.array([5])).layout == opened.state.layout


def test_the_next_time_it_is_read(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ground.ready()
    until(lambda: ground.n_kept() == N)
    ground.close()
    ground.said.clear()
    monkeypatch.setattr(maps, "projected", no_projection)
    again = ground.ready(read=lambda view, ids: no_projection())  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(places(again), places(before))
    assert [state.phase for state in ground.said] == ["ready"] and again.state.layout == before.state.layout


def test_what_is_placed_later_is_kept_too(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ground.ready()
    ground.add(N + 1, N + 20)
    until(lambda: ground.n_kept() == N + 20)
    ground.close()
    monkeypatch.setattr(maps, "projected", no_projection)
    again = ground.ready(N + 20, read=lambda view, ids: no_projection())  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(places(again, N + 20), places(before, N + 20))


def test_what_another_connection_stores_is_placed_without_moving_the_rest(ground: Ground) -> None:
    opened = ground.ready()
    until(lambda: ground.n_kept() == N)
    before, layout = places(opened), opened.state.layout
    asked: list[int] = []
    opened._read = lambda view, ids: (asked.append(len(ids)), read(view, ids))[1]
    ground.add(N + 1, N + 30)
    until(lambda: opened.state.n == N + 30)
    np.testing.assert_array_equal(places(opened), before)
    assert opened.state.layout == layout and sum(asked) == 30
    added = places(opened, N + 30)[N:]
    nearest = np.square(added[:, None] - before[None]).sum(axis=2).argmin(axis=1)
    truth = (ground.vectors[N : N + 30] @ ground.vectors[:N].T).argmax(axis=1)
    assert (np.linalg.norm(before[nearest] - before[truth], axis=1) < np.ptp(before, axis=0).max() / 6).mean() > 0.8


def test_many_are_placed_a_few_at_a_time(ground: Ground) -> None:
    opened, asked = ground.ready(), list[int]()
    opened._read = lambda view, ids: (asked.append(len(ids)), read(view, ids))[1]
    ground.add(N + 1, N + 350)
    until(lambda: opened.state.n == N + 350)
    assert max(asked) <= maps._PLACED_AT_ONCE


def test_a_commit_that_brings_no_vector_reads_none(ground: Ground) -> None:
    opened, n_said = ground.ready(), len(ground.said)
    opened._read = lambda view, ids: no_projection()  # type: ignore[assignment, func-returns-value]
    before = opened._seen
    ground.change("UPDATE contents SET visible = 0 WHERE id = 5")
    until(lambda: opened._seen != before)
    assert len(ground.said) == n_said and len(opened.points(np.array([5])).content_ids) == 1


# Too few, and first maps


def test_too_few_are_waited_for(empty: Ground) -> None:
    opened = empty.map()
    until(lambda: opened.state.phase == "few")
    assert len(opened.points(np.array([1])).content_ids) == 0
    empty.add(1, 2)
    empty.add(3, 3)
    until(lambda: opened.state.phase == "ready" and opened.state.n == 3)
    assert np.isfinite(places(opened, 3)).all()


def test_a_map_of_a_few_gives_way_by_itself_and_a_real_one_does_not(empty: Ground) -> None:
    empty.add(1, 10)
    opened = empty.ready(10)
    assert "pca" in opened.state.layout and not opened.state.is_outgrown
    empty.add(11, 39)
    until(lambda: opened.state.n == 39)
    assert opened.state.layout.split()[3] == "10"
    empty.add(40, 40)
    until(lambda: opened.state.layout.split()[1:4:2] == ["neighbours", "40"])
    empty.add(41, 159)
    until(lambda: opened.state.n == 159)
    assert not opened.state.is_outgrown
    empty.add(160, 160)
    until(lambda: opened.state.is_outgrown)
    assert opened.state.phase == "ready" and opened.state.layout.split()[3] == "40"
    opened.make()
    until(lambda: opened.state.layout.split()[3] == "160" and opened.state.phase == "ready")
    assert not opened.state.is_outgrown
    until(lambda: (kept := empty.kept()) is not None and kept.mark.n_laid == 160)


def test_a_model_without_vectors_and_one_that_is_not_there(empty: Ground) -> None:
    unknown = SpaceMap(empty.library, "other@1", empty.folder, read=read)
    empty.opened.append(unknown)
    unknown.start()
    until(lambda: unknown.state.phase == "few")
    assert not unknown.state.note
    empty.change(f"UPDATE models SET dim = 0 WHERE id = {empty.model_id}")
    without = empty.map()
    until(lambda: without.state.phase == "few")
    assert "no vectors" in without.state.note


# Cancelled, failed


def test_cancelled_the_draft_stays_and_grows_and_is_not_kept(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = _stopped_in_the_middle(ground, monkeypatch, lambda one: one.cancel())
    until(lambda: opened.state.phase == "cancelled")
    assert "pca" in opened.state.layout and opened.state.n == N
    ground.add(N + 1, N + 5)
    until(lambda: opened.state.n == N + 5)
    assert opened.state.phase == "cancelled" and ground.kept() is None
    opened.make()
    until(lambda: opened.state.phase == "ready" and "neighbours" in opened.state.layout)
    until(lambda: ground.n_kept() == N + 5)


def _stopped_in_the_middle(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, stop: Callable[[SpaceMap], None]
) -> SpaceMap:
    reached = threading.Event()
    real, opened = maps.projected, SpaceMap(ground.library, REF, ground.folder, read=read, tell=ground.said.append)

    def projected(*arguments: object, progress: Callable[[float], None], **rest: object) -> ProjectedMap | None:
        def told(fraction: float) -> None:
            if fraction > 0.5 and not reached.is_set():
                reached.set()
                stop(opened)
            progress(fraction)

        return real(*arguments, progress=told, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(maps, "projected", projected)
    ground.opened.append(opened)
    opened.start()
    assert reached.wait(60)
    return opened


def test_making_anew_can_be_given_up_and_the_old_one_stays(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.ready()
    until(lambda: ground.n_kept() == N)
    ground.close()
    opened = ground.ready()
    before, layout = places(opened), opened.state.layout
    ground.add(N + 1, N + 9)
    until(lambda: opened.state.n == N + 9)
    real = maps.projected

    def projected(*arguments: object, progress: Callable[[float], None], **rest: object) -> ProjectedMap | None:
        return real(*arguments, progress=lambda f: (opened.cancel(), progress(f)), **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(maps, "projected", projected)
    opened.make()
    until(lambda: ground.said[-1].phase == "ready" and any(s.phase == "making" for s in ground.said[-4:]))
    assert opened.state.layout == layout
    np.testing.assert_array_equal(places(opened), before)


def test_cancel_while_nothing_is_made_means_nothing(ground: Ground) -> None:
    ground.add(N + 1, N + 1)
    opened = ground.map(cancelled=True)
    until(lambda: opened.state.phase == "ready" and "neighbours" in opened.state.layout)
    opened.cancel()
    opened.make()
    until(lambda: opened.state.n == N + 1 and opened.state.phase == "ready")


def test_closing_gives_up_what_is_being_made(ground: Ground) -> None:
    gate = Gate(1)
    opened = ground.map(gate)
    assert gate.arrived.wait(60)
    gate.opened.set()
    opened.close(30)
    assert "map" not in {thread.name for thread in threading.enumerate()} and ground.kept() is None


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (ValueError("vector 7 is not finite"), "LIBRARY_DAMAGED", "vector 7"),
        (MemoryError(), "OUT_OF_MEMORY", "memory"),
        (ZeroDivisionError(), "INTERNAL", "bug"),
    ],
)
def test_a_failure_is_said_once_and_made_good_on_demand(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, code: str, word: str
) -> None:
    n_tried = 0

    def fails(*_arguments: object, **_rest: object) -> None:
        nonlocal n_tried
        n_tried += 1
        raise error

    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr(maps, "projected", fails)
        opened = ground.map()
        until(lambda: opened.state.phase == "failed")
        assert opened.state.code == code and word in opened.state.note
        counter = opened._seen
        ground.add(N + 1, N + 1)
        until(lambda: opened._seen != counter)
        assert n_tried == 1 and opened.state.phase == "failed"
    opened.make()
    until(lambda: opened.state.phase == "ready" and opened.state.n == N + 1)


def test_a_library_that_cannot_be_read_is_read_when_it_can(ground: Ground) -> None:
    away = ground.library.with_suffix(".away")
    ground.library.rename(away)
    opened = ground.map()
    until(lambda: opened.state.phase == "failed")
    assert opened.state.code == "LIBRARY_NOT_FOUND"
    away.rename(ground.library)
    until(lambda: opened.state.phase == "ready" and opened.state.n == N)


def test_while_it_is_made_anew_what_comes_has_its_place_on_the_old_one(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ground.ready()
    real, n_seen, added = maps.projected, list[int](), threading.Event()

    def projected(*arguments: object, progress: Callable[[float], None], **rest: object) -> ProjectedMap | None:
        def told(fraction: float) -> None:
            if fraction > 0.4 and not added.is_set():
                ground.add(N + 1, N + 4)
                added.set()
                until(lambda: (progress(fraction), opened.state.n == N + 4)[1])
                n_seen.append(len(opened.points(np.arange(1, N + 5)).content_ids))
            progress(fraction)

        return real(*arguments, progress=told, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(maps, "projected", projected)
    opened.make()
    assert added.wait(60)
    until(lambda: opened.state.phase == "ready" and opened.state.n == N + 4)
    assert n_seen == [N + 4] and opened.state.layout.split()[3] == str(N)


# The file


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b"LDMAP\n" + b"\x63\x00" + file.read_bytes()[8:]),
        lambda file: file.write_bytes(os.urandom(5000)),
        lambda file: file.write_bytes(b""),
        lambda file: file.unlink(),
    ],
    ids=["cut short", "newer", "something else", "empty", "deleted"],
)
def test_a_file_that_cannot_be_used_is_made_again(
    ground: Ground, spoil: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    before = ground.ready()
    until(lambda: ground.n_kept() == N)
    ground.close()
    spoil(ground.folder / "map")
    with caplog.at_level(logging.CRITICAL):
        again = ground.ready()
    np.testing.assert_array_equal(places(again), places(before))
    until(lambda: ground.n_kept() == N)


def test_deleted_while_it_is_in_use_it_is_written_again(ground: Ground) -> None:
    opened = ground.ready()
    until(lambda: ground.n_kept() == N)
    shutil.rmtree(ground.folder)
    until(lambda: ground.n_kept() == N)
    assert opened.state.phase == "ready"


def test_a_library_that_went_another_way(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    """A backup was put back: the same numbers are other pictures."""
    opened = ground.ready()
    until(lambda: ground.n_kept() == N)
    with caplog.at_level(logging.CRITICAL):
        ground.change(f"DELETE FROM vector_rows WHERE position >= 60; DELETE FROM vectors_{ground.model_id} WHERE rowid > 60")
        ground.add(N + 1, N + 40)
        until(lambda: opened.state.n == 100 and opened.state.phase == "ready")
    assert opened.state.layout.split()[3] != str(N)
    assert len(opened.points(np.arange(61, N + 1)).content_ids) == 0
    until(lambda: ground.n_kept() == 100)
    ground.close()
    # Also while nobody looked.
    ground.change(f"DELETE FROM vector_rows WHERE position >= 60; DELETE FROM vectors_{ground.model_id} WHERE rowid > 60")
    ground.add(61, N)
    ground.said.clear()
    again = ground.ready()
    assert ground.said[0].phase == "making" and not ground.said[0].layout  # what was kept is not even shown
    assert len(again.points(np.arange(N + 1, N + 41)).content_ids) == 0


def test_a_folder_that_cannot_be_written_leaves_the_map(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    ground.folder.parent.write_bytes(b"in the way")
    with caplog.at_level(logging.CRITICAL):
        opened = ground.ready()
        assert len(places(opened)) == N
        ground.folder.parent.unlink()
        until(lambda: ground.n_kept() == N)


# Several processes


def test_what_another_lays_out_anew_is_taken_over(ground: Ground) -> None:
    one, other = ground.ready(), ground.ready()
    ground.add(N + 1, N + 60)
    for each in (one, other):
        until(lambda: each.state.n == N + 60)
    other.make()
    until(lambda: other.state.layout.split()[3] == str(N + 60) and other.state.phase == "ready")
    until(lambda: one.state.layout == other.state.layout)
    np.testing.assert_array_equal(places(one, N + 60), places(other, N + 60))
    # And what the one writes from now on is the new one, too.
    ground.add(N + 61, N + 70)
    until(lambda: ground.n_kept() == N + 70)
    kept = ground.kept()
    assert kept is not None and kept.mark.n_laid == N + 60


def test_who_has_not_seen_the_new_one_yet_does_not_write_the_old_one_over_it(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ground.ready()
    until(lambda: ground.n_kept() == N)
    monkeypatch.setattr(one, "_look_at_file", lambda *_arguments: None)
    ground.add(N + 1, N + 60)
    until(lambda: one.state.n == N + 60 and ground.n_kept() == N + 60)
    other = ground.ready(N + 60)
    other.make()
    until(lambda: (kept := ground.kept()) is not None and kept.mark.n_laid == N + 60)
    other.close()
    tried, real = threading.Event(), map_file.mark_of
    monkeypatch.setattr(maps.map_file, "mark_of", lambda folder: (tried.set(), real(folder))[1])
    ground.add(N + 61, N + 70)
    assert tried.wait(60)
    until(lambda: one.state.n == N + 70)
    one.close()
    kept = ground.kept()
    assert kept is not None and kept.mark.n_laid == N + 60


_OTHER = """
import sys, time
from pathlib import Path
from engine import maps
from engine.maps import SpaceMap
from tests.engine.test_maps import REF, read
maps._SAVE_EVERY_S = maps._LOOK_S = 0.02
opened = SpaceMap(Path(sys.argv[1]), REF, Path(sys.argv[2]), read=read)
opened.start()
while opened.state.phase != "ready" or opened.state.n < int(sys.argv[3]):
    time.sleep(0.01)
print(opened.state.layout, flush=True)
sys.stdin.readline()
opened.close()
"""


@pytest.mark.slow
def test_two_processes_begin_at_once_and_follow_what_a_third_stores(ground: Ground) -> None:
    root = Path(__file__).resolve().parents[2]
    others = [
        subprocess.Popen(
            [sys.executable, "-c", _OTHER, str(ground.library), str(ground.folder), str(N + 50)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    opened = ground.ready()
    for first in range(N + 1, N + 51, 5):
        ground.add(first, first + 4)
    until(lambda: opened.state.n == N + 50)
    layouts = {process.stdout.readline().strip() for process in others}  # type: ignore[union-attr]
    assert all(layout.startswith(f"{REF} neighbours") for layout in layouts)
    for process in others:
        process.communicate("\n")
        assert process.returncode == 0
    until(lambda: ground.n_kept() == N + 50)
