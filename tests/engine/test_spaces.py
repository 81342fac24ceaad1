"""A space in step with its library: complete, exact, and made again when its files are not what they should be."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from engine import spaces
from engine.library import database, models, vectors
from engine.schemas.library import Query
from engine.spaces import Space
from engine.view import LibraryView
from tests import synthetic_library
from tests.engine.space_ground import ALL, DIM, Ground, N, close_enough, wait_for


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
