"""The map of a space: made once, added to, made anew when it is asked for or when what it was made of went."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np
import pytest

from engine import maps
from engine.maps import SpaceMap
from engine.schemas.map import ProjectedMap
from engine.search import projection
from tests.engine.map_ground import REF, Gate, Ground, N, empty, ground, no_projection, places, quick, read
from tests.waiting import until

__all__ = ["empty", "ground", "quick"]  # the fixtures


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
