"""A space in step with its library: complete, exact, and made again when its files are not what they should be."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import ranking, spaces
from engine.library import conditions, database, models, vectors
from engine.schemas.library import Query
from engine.schemas.similar import IndexState
from engine.search import hot_index
from engine.spaces import Space
from engine.view import LibraryView
from tests import synthetic_library
from tests.engine.search.clouds import clouds

DIM, N = 64, 1500
REF = "synthetic@1"


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred vectors behave as a million would."""
    monkeypatch.setattr(spaces, "EXACT_ROWS", 200)
    monkeypatch.setattr(hot_index, "EXACT_ROWS", 200)
    monkeypatch.setattr(hot_index, "_TAIL_ROWS", 150)
    monkeypatch.setattr(ranking, "LAG_ROWS", 100)
    monkeypatch.setattr(spaces, "_LOOK_S", 0.02)
    monkeypatch.setattr(spaces, "_RETRY_S", 0.05)


class Ground:
    """A library of vectors, and an index folder."""

    def __init__(self, folder: Path) -> None:
        self.library, self.folder = folder / "l.lightdesk", folder / "index"
        self.vectors = clouds(N + 400, DIM, 12, 0.4, 2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(synthetic_library, "manifest", lambda: _manifest())
            self.model_id = synthetic_library.build(self.library, N + 400, labelled_share=0)
        self.add(range(1, N + 1))
        self.said: list[IndexState] = []
        self.opened: list[Space] = []

    def add(self, content_ids: range) -> None:
        conn = database.connect(self.library)
        with conn:
            ids = list(content_ids)
            vectors.store(conn, self.model_id, ids, self.vectors[[i - 1 for i in ids]])
        conn.close()

    def change(self, sql: str) -> None:
        conn = database.connect(self.library)
        conn.execute(sql)
        conn.close()

    def space(self, *, ready: bool = True) -> Space:
        space = Space(self.library, REF, self.folder, tell=self.said.append)
        self.opened.append(space)
        space.start()
        if ready:
            wait_for(lambda: space.state.phase == "ready")
        return space

    def ask(self, space: Space, row: int, k: int = 20, where: Query | None = None) -> tuple[list[int], str]:
        view = LibraryView(self.library)
        try:
            found, _n, note = space.search(view, self.vectors[row], k, where or Query(model_ref=REF))
        finally:
            view.close()
        return found.content_ids.tolist(), note

    def truth(self, row: int, among: np.ndarray, k: int = 20) -> list[int]:
        scores = np.round(self.vectors[among - 1].astype(np.float64) @ self.vectors[row].astype(np.float64), 6)
        return among[np.lexsort((among, -scores))[:k]].tolist()


def _manifest():
    return made_manifest(embedding_dim=DIM, n_classes=10)


made_manifest = synthetic_library.manifest
ALL = np.arange(1, N + 1)


def wait_for(true: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until_s, "it never came true"
        time.sleep(0.01)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    for space in made.opened:
        space.close()


def close_enough(found: list[int], truth: list[int]) -> bool:
    return len(set(found) & set(truth)) >= 0.95 * len(truth)


def test_built_in_the_background_and_right(ground: Ground) -> None:
    space = ground.space()
    for row in (0, 700, N + 20):
        found, note = ground.ask(space, row)
        assert close_enough(found, ground.truth(row, ALL)) and not note
    assert space.state.n == N and ground.said[-1].phase == "ready"


def test_answers_from_the_library_while_there_is_no_index_with_a_note(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    built = Space._built
    monkeypatch.setattr(Space, "_built", lambda self, hot: (goes_on.wait(30), built(self, hot))[1])
    space = ground.space(ready=False)
    wait_for(lambda: space.state.phase == "building")
    found, note = ground.ask(space, 3)
    assert found == ground.truth(3, ALL) and "library itself was searched" in note
    only = np.array([5, 900, 1200])
    ground.change(f"UPDATE contents SET visible = 0 WHERE id NOT IN ({', '.join(map(str, only))})")
    found, _ = ground.ask(space, 3)
    assert found == ground.truth(3, only)
    goes_on.set()
    wait_for(lambda: space.state.phase == "ready")
    assert ground.ask(space, 3) == (found, "")


def test_what_another_connection_commits_is_found_at_once(ground: Ground) -> None:
    space = ground.space()
    ground.add(range(N + 1, N + 31))
    found, _ = ground.ask(space, N + 10, k=1)  # before the index has looked, or after: no matter
    assert found == [N + 11]
    wait_for(lambda: space.state.n == N + 30)
    assert ground.ask(space, N + 10, k=1)[0] == [N + 11]


def test_hidden_contents_go_and_come_back(ground: Ground) -> None:
    space = ground.space()
    best = ground.ask(space, 50)[0]
    ground.change(f"UPDATE contents SET hidden = 1, visible = 0 WHERE id IN ({best[0]}, {best[3]})")
    after = ground.ask(space, 50)[0]
    assert best[0] not in after and best[3] not in after
    ground.change("UPDATE contents SET hidden = 0, visible = 1")
    assert ground.ask(space, 50)[0] == best


def test_a_start_takes_the_snapshot_and_catches_up(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.space().close()
    ground.add(range(N + 1, N + 21))
    monkeypatch.setattr(Space, "_built", lambda _self, _hot: pytest.fail("built although it was there"))
    space = ground.space()
    assert close_enough(ground.ask(space, 7)[0], ground.truth(7, np.arange(1, N + 21)))
    assert ground.ask(space, N + 5, k=1)[0] == [N + 6] and not space.state.note


@pytest.mark.parametrize("damage", ["index.json", "compact", "contents", "vectors", "vectors cut", "all gone", "a folder"])
def test_a_damaged_file_is_made_again(ground: Ground, damage: str) -> None:
    ground.space().close()
    (file,) = [f for f in ground.folder.iterdir() if f.name.startswith(damage.split()[0])][:1] or [None]
    if damage == "all gone":
        shutil.rmtree(ground.folder)
    elif damage == "a folder":
        (ground.folder / "index.json").unlink()
        (ground.folder / "index.json").mkdir()
    elif damage == "vectors cut":
        os.truncate(file, file.stat().st_size // 3)
    else:
        file.write_bytes(os.urandom(file.stat().st_size))
    space = ground.space()
    assert close_enough(ground.ask(space, 11)[0], ground.truth(11, ALL))
    notes = [state.note for state in ground.said if state.note]
    assert bool(notes) == (damage in ("index.json", "compact", "contents", "a folder")), notes


def test_damaged_rows_are_written_again_in_passing(ground: Ground) -> None:
    space = ground.space()
    best = ground.ask(space, 30)[0]
    with open(ground.folder / "vectors", "r+b") as file:
        size = os.path.getsize(ground.folder / "vectors")
        row_bytes = 24 + 4 * DIM
        for content_id in best[:5]:  # stored in the order of their ids
            file.seek(size - (N - content_id + 1) * row_bytes + 40)
            file.write(b"\0" * 20)
    assert ground.ask(space, 30)[0] == best
    assert ground.ask(space, 30)[0] == best


def test_a_backup_put_back_and_gone_on_with_differently(ground: Ground, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copy(ground.library, backup)
    ground.add(range(N + 1, N + 101))
    ground.space().close()
    for suffix in ("-wal", "-shm"):
        Path(f"{ground.library}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, ground.library)
    ground.add(range(N + 200, N + 300))  # as many, and others
    space = ground.space()
    among = np.r_[ALL, N + 200 : N + 300]
    for row in (3, N + 50, N + 250):
        assert close_enough(ground.ask(space, row)[0], ground.truth(row, among))
    assert ground.ask(space, N + 250, k=1)[0] == [N + 251]


def test_no_room_for_the_index_is_said_and_the_library_answers(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.search.vector_file import VectorFile

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(VectorFile, "append", full)
        space = ground.space(ready=False)
        wait_for(lambda: "No space left" in space.state.note)
        found, note = ground.ask(space, 12)
        assert found == ground.truth(12, ALL) and "No space left" in note
    wait_for(lambda: space.state.phase == "ready")
    assert ground.ask(space, 12)[1] == ""


def test_grown_beyond_its_centres_it_finds_new_ones(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "_GROWTH", 1.1)
    space = ground.space()
    before = space._hot.compact
    ground.add(range(N + 1, N + 301))
    wait_for(lambda: space.state.n == N + 300 and space._hot.compact is not before)
    assert close_enough(ground.ask(space, N + 5)[0], ground.truth(N + 5, np.arange(1, N + 301)))


def test_two_spaces_of_one_library_live_side_by_side(ground: Ground) -> None:
    """The old model's vectors stay searchable while a new one's come."""
    conn = database.connect(ground.library)
    other = models.register(conn, synthetic_library.manifest(embedding_dim=8, n_classes=10, name="newer"))
    vectors.store(conn, other, [4, 9], np.eye(2, 8, dtype=np.float32))
    conn.close()
    old = ground.space()
    new = Space(ground.library, "newer@1", ground.folder.parent / "newer")
    new.start()
    ground.opened.append(new)
    view = LibraryView(ground.library)
    found, n, _ = new.search(view, np.eye(1, 8, dtype=np.float32)[0], 5, Query(model_ref="newer@1"))
    view.close()
    assert (found.content_ids.tolist(), n) == ([4, 9], 2)
    assert close_enough(ground.ask(old, 3)[0], ground.truth(3, ALL))


def test_a_model_that_the_library_does_not_know_finds_nothing(ground: Ground) -> None:
    space = Space(ground.library, "never@1", ground.folder.parent / "never")
    space.start()
    ground.opened.append(space)
    assert ground.ask(space, 3)[0] == []


def test_a_filter_that_keeps_many_is_asked_of_each_result_and_one_that_keeps_few_is_worked_out(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "FEW", 100)
    space = ground.space()
    worked_out: list[Query] = []
    allowed = LibraryView.allowed

    def noted(view: LibraryView, query: Query) -> object:
        worked_out.append(query)
        return allowed(view, query)

    monkeypatch.setattr(LibraryView, "allowed", noted)
    conn = database.connect(ground.library)
    confidences = np.array(
        conn.execute("SELECT confidence FROM predictions WHERE content_id <= ? ORDER BY content_id", (N,)).get
    )
    conn.execute("UPDATE contents SET visible = 0 WHERE id % 7 = 0")
    conn.close()
    bounds = np.sort(confidences)[[N // 3, N - 60]]
    for bound, sifted in ((bounds[0], True), (bounds[1], False)):
        worked_out.clear()
        where = Query(confidence_min=float(bound), model_ref=REF)
        among = ALL[(confidences >= bound) & (ALL % 7 != 0)]
        for row in (0, 700, N + 20):
            assert close_enough(ground.ask(space, row, where=where)[0], ground.truth(row, among))
        assert bool(worked_out) != sifted
    worked_out.clear()
    far = Query(confidence_min=float(bounds[0]), text=".", class_name="nothing", model_ref=REF)
    assert ground.ask(space, 0, where=far)[0] == [] and worked_out
