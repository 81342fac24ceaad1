"""What the library keeps of a space that is being filled: jobs, leases, vectors; with other processes and after kills."""

from __future__ import annotations

import hashlib
import inspect
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.events import EventBus
from engine.library import database, ingest, jobs, models, upkeep
from engine.library.records import NewContent, StoreItem
from engine.library.writer import Writer
from engine.pipeline.embedding import Embedding
from engine.pipeline.ledger import KIND, Ledger, LibraryLedger
from engine.pipeline.patience import Patience
from tests.engine.library.small_library import made, scores
from tests.engine.pipeline.colour_tower import LIMITS, ColourTower
from tests.engine.pipeline.memory_ledger import MemoryLedger
from tests.images import encoded, picture
from tests.waiting import until

DIM = 3
REF = "clip@1"


class Shelf:
    """A library with pictures on the disk, its writer, and the id of a space."""

    def __init__(self, folder: Path, n: int) -> None:
        self.path = folder / "shelf.lightdesk"
        small = made(self.path)
        small.conn.close()
        self.model_id = small.model_id
        self.photos = folder / "photos"
        self.photos.mkdir()
        self.writer = Writer(self.path)
        self.library = Patience(self.writer, on_changed=lambda _error: None)
        self.space = self.library.attempt(lambda conn: models.register_space(conn, REF, "0" * 64, DIM))
        self.add(range(1, n + 1))

    def add(self, numbers: range) -> None:
        """Add pictures, as the main model has answered for them."""
        items = []
        for number in numbers:
            path = self.photos / f"{number}.png"
            path.write_bytes(encoded(picture(number, (20, 16)), "PNG"))
            data = path.read_bytes()
            content = NewContent(hashlib.sha256(data).digest(), "image", "image/png", 20, 16, len(data), 7)
            items.append(StoreItem(None, str(self.photos), str(path), len(data), path.stat().st_mtime_ns, content, scores()))
        self.library.attempt(lambda conn: ingest.store(conn, None, self.model_id, items))

    def ledger(self, owner: str = "") -> LibraryLedger:
        owner = owner or jobs.new_owner()
        return LibraryLedger(self.library, self.path, model_ref=REF, model_id=self.space, owner=owner, title="Words")

    def rows(self, sql: str) -> list[tuple]:
        reader = database.connect(self.path, read_only=True)
        try:
            return list(reader.execute(sql).fetchall())
        finally:
            reader.close()

    def vectors(self) -> list[int]:
        return [row[0] for row in self.rows(f"SELECT rowid FROM vectors_{self.space}_rowids ORDER BY rowid")]

    def jobs(self) -> list[tuple]:
        return self.rows("SELECT state, n_total, n_done, n_skipped FROM jobs WHERE kind = 'embed' ORDER BY id")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path, 12)
    yield shelf
    shelf.writer.close()
    assert upkeep.check(shelf.path).findings == ()


def vector(number: int) -> np.ndarray:
    values = np.random.default_rng(number).normal(size=DIM).astype(np.float32)
    return values / np.linalg.norm(values)


def embedding(shelf: Shelf, tower: ColourTower | None = None) -> Embedding:
    tower = tower or ColourTower()
    tower.gate.set()
    return Embedding(shelf.ledger(), lambda: tower, EventBus(), LIMITS)


def test_a_library_is_filled(shelf: Shelf) -> None:
    work = embedding(shelf)
    try:
        until(lambda: shelf.jobs() == [("done", 12, 12, 0)])
        assert shelf.vectors() == list(range(1, 13))
        shelf.add(range(13, 16))
        work.wake()
        until(lambda: shelf.jobs() == [("done", 12, 12, 0), ("done", 3, 3, 0)])
        assert shelf.vectors() == list(range(1, 16))
    finally:
        work.close(10)


def test_paused_resumed_and_cancelled_from_outside(shelf: Shelf) -> None:
    ledger = shelf.ledger()
    turn = ledger.begin(True, frozenset())
    assert turn is not None and turn.job.n_total == 12 and turn.job.held_here and turn.job.kind == KIND
    for state in ("paused", "running", "cancelled"):
        shelf.library.attempt(lambda conn, s=state: jobs.set_state(conn, turn.job.id, s))
        again = ledger.begin(False, frozenset())
        assert (again is not None) == (state == "running"), state
        # Its own wishes come after a person's.
        assert ledger.pause(turn.job.id, "X", "y").state == ("paused" if state != "cancelled" else "cancelled")
        assert ledger.end(turn.job.id).state == ("paused" if state != "cancelled" else "cancelled")
    assert ledger.begin(True, frozenset()) is None
    ledger.ask()
    turn = ledger.begin(True, frozenset())
    assert turn is not None and [job[0] for job in shelf.jobs()] == ["cancelled", "running"]
    shelf.library.attempt(lambda conn: jobs.set_state(conn, turn.job.id, "cancelled"))
    assert ledger.begin(True, frozenset()) is None  # asked for once
    ledger.close()


def test_two_processes_do_not_both_work(shelf: Shelf) -> None:
    first, second = shelf.ledger("here:1:1:a"), shelf.ledger("here:2:2:b")
    turn = first.begin(True, frozenset())
    assert turn is not None and second.begin(True, frozenset()) is None
    assert not second.job(turn.job.id).held_here
    first.close()
    taken = second.begin(True, frozenset())
    # It was let go of in an orderly way: nothing is suspect.
    assert taken is not None and taken.job.id == turn.job.id and not taken.from_the_dead
    second.close()


def test_what_a_dead_process_left_is_taken_over_and_suspect(shelf: Shelf) -> None:
    dead = shelf.ledger(f"{socket.gethostname()}:999999:1:dead")
    left = dead.begin(True, frozenset())
    assert left is not None
    turn = shelf.ledger().begin(True, frozenset())
    assert turn is not None and turn.from_the_dead and turn.job.id == left.job.id
    dead.close()


def test_the_ingest_of_others_is_left_alone(shelf: Shelf) -> None:
    """Whoever adopts jobs with items must not take this one, which has none."""
    dead = shelf.ledger(f"{socket.gethostname()}:999999:1:dead")
    assert dead.begin(True, frozenset()) is not None
    assert shelf.library.attempt(lambda conn: jobs.take_over(conn, "me", 60)) == []
    dead.close()


def test_what_was_given_up_is_no_reason_for_a_job(shelf: Shelf) -> None:
    ledger = shelf.ledger()
    assert ledger.begin(True, frozenset(range(1, 13))) is None
    turn = ledger.begin(True, frozenset(range(2, 13)))
    assert turn is not None and turn.job.n_total == 1
    ledger.close()


def test_stored_twice_is_once(shelf: Shelf) -> None:
    ledger = shelf.ledger()
    turn = ledger.begin(True, frozenset())
    assert turn is not None
    first = vector(1)
    ledger.store(turn.job.id, [1], [first], 0)
    job = ledger.store(turn.job.id, [1, 2], [vector(9), vector(2)], 1)
    assert shelf.vectors() == [1, 2] and (job.n_done, job.n_skipped) == (3, 1)
    ((stored,),) = shelf.rows(f"SELECT embedding FROM vectors_{shelf.space} WHERE rowid = 1")
    assert np.array_equal(np.frombuffer(stored, "<f4"), first)
    ledger.close()


def test_files_that_are_away_or_in_quarantine_are_not_offered(shelf: Shelf) -> None:
    ledger = shelf.ledger()
    page = ledger.missing(0, 3)
    assert [one.content_id for one in page] == [1, 2, 3] and all(len(one.files) == 1 for one in page)
    assert page[0].sha256 == hashlib.sha256((shelf.photos / "1.png").read_bytes()).digest()
    ledger.quarantine(page[1].files)
    assert [len(one.files) for one in ledger.missing(0, 3)] == [1, 0, 1]
    shelf.library.attempt(lambda conn: conn.execute("UPDATE files SET present = 0 WHERE content_id = 3"))
    assert [len(one.files) for one in ledger.missing(0, 3)] == [1, 0, 0]
    ledger.close()


def test_what_is_complete_is_not_read_again(shelf: Shelf) -> None:
    ledger = shelf.ledger()
    turn = ledger.begin(True, frozenset())
    assert turn is not None and turn.after_id == 0
    ledger.store(turn.job.id, range(1, 13), [vector(n) for n in range(12)], 0)
    assert ledger.missing(12, 5) == []
    ledger.end(turn.job.id)
    shelf.add(range(13, 15))
    turn = ledger.begin(False, frozenset())
    assert turn is not None and (turn.after_id, turn.job.n_total) == (12, 2)
    # What has lost its vector is found when somebody asks for all.
    ledger.end(turn.job.id)
    turn = ledger.begin(True, frozenset())
    assert turn is not None and turn.after_id == 0
    ledger.close()


KILLED = """
import sys
import time
from pathlib import Path
from engine.events import EventBus
from engine.library import jobs
from engine.library.writer import Writer
from engine.pipeline.embedding import Embedding
from engine.pipeline.ledger import LibraryLedger
from engine.pipeline.patience import Patience
from tests.engine.pipeline.colour_tower import LIMITS, ColourTower
path, space = Path(sys.argv[1]), int(sys.argv[2])
library = Patience(Writer(path), on_changed=lambda error: None)
ledger = LibraryLedger(library, path, model_ref="clip@1", model_id=space, owner=jobs.new_owner(), title="Words")
tower = ColourTower(best_batch=1, refuses=lambda item: time.sleep(0.05))
tower.gate.set()
Embedding(ledger, lambda: tower, EventBus(), LIMITS, on_stored=lambda ids: print(*ids, flush=True))
time.sleep(60)
"""


def test_killed_while_at_work_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 80)
    told: list[int] = []
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(shelf.path), str(shelf.space)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        told += map(int, child.stdout.readline().split())
        child.kill()
        child.wait()
        told += map(int, child.stdout.read().split())
        child.stdout.close()
        assert set(told) <= set(shelf.vectors())  # what was said to be stored is
    assert told
    work = embedding(shelf)
    until(lambda: shelf.jobs()[-1][0] == "done")
    work.close(10)
    assert shelf.vectors() == list(range(1, 81)) and len(told) == len(set(told))
    assert shelf.jobs() == [("done", 80, 80, 0)]
    shelf.writer.close()
    assert upkeep.check(shelf.path).findings == ()


def test_the_fake_is_in_step() -> None:
    """What the tests of `Embedding` use answers to all that this one is asked."""
    asked = {name: method for name, method in vars(Ledger).items() if inspect.isfunction(method) and name[0] != "_"}
    assert {"begin", "missing", "store"} <= asked.keys()
    for name, method in asked.items():
        for ledger in (MemoryLedger, LibraryLedger):
            found = list(inspect.signature(getattr(ledger, name)).parameters)
            assert len(found) == len(inspect.signature(method).parameters), name
