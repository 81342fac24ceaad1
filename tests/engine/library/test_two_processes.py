"""Several processes write one library at once, and nothing is lost or there twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.library import database, upkeep
from engine.view import LibraryView
from tests.engine.library.locking import ROOT
from tests.engine.library.small_library import SmallLibrary
from tests.waiting import until

N = 120
# Each process stores pictures of its own and some that all have, labels them, records problems, and works on one job.
CHILD = """
import sys
from pathlib import Path
from engine.library import commands, database, ingest, jobs, problems
from engine.library.writer import Writer
from engine.schemas.files import FoundFile
from tests.engine.library.small_library import item

path, name, n, job_id = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
hand = Writer(path)
print("ready", flush=True)
sys.stdin.readline()
futures = []
for i in range(n):
    own = item(f"/{name}/{i}.jpg", f"{name} {i}", root=f"/{name}")
    shared = item(f"/{name}/shared {i % 10}.jpg", f"shared {i % 10}", root=f"/{name}")
    futures.append(hand.submit(lambda conn, items=(own, shared): ingest.store(conn, None, 1, items)))
    bad = FoundFile(f"/{name}/bad {i % 7}.jpg", f"/{name}", 1, 1)
    futures.append(hand.submit(lambda conn, bad=bad: problems.record(conn, bad, "EMPTY_FILE", "empty", "")))
for i, future in enumerate(futures[::2]):
    content_id = future.result()[0]
    hand.submit(lambda conn, c=content_id: commands.label(conn, [c], name, name), urgent=True, durable=i % 10 == 0).result()
mine = []
while claimed := hand.submit(lambda conn: jobs.claim(conn, job_id, 3)).result():
    mine += [c.seq for c in claimed]
    stored = [item(c.path, c.path, root=c.root, seq=c.seq) for c in claimed]
    hand.submit(lambda conn: ingest.store(conn, job_id, 1, stored)).result()
for future in futures:
    future.result()
hand.close()
print(*mine, flush=True)
"""


def test_nothing_is_lost_and_nothing_is_twice(small: SmallLibrary) -> None:
    job_id = small.job([f"/job/{i}.jpg" for i in range(N)], root="/job")
    view = LibraryView(small.path)
    counter = view.change_counter()
    names = ("ann", "bob", "cy")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(small.path), name, str(N), str(job_id)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    until(lambda: view.change_counter() != counter)
    claimed: list[int] = []
    for child in children:
        out, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        claimed += [int(seq) for seq in out.split()]
    view.close()
    assert sorted(claimed) == list(range(N)), "each item was handed out once"
    info = upkeep.info(small.conn, small.path)
    n_contents = 3 * N + 10 + N
    assert (info.contents, info.predictions, info.embeddings) == (n_contents, n_contents, n_contents)
    assert (info.files, info.labels, info.problems) == (3 * (N + 10) + N, 3 * N, 21)
    assert small.rows("SELECT set_by, count(*) FROM labels GROUP BY 1 ORDER BY 1") == [(name, N) for name in names]
    assert small.rows("SELECT count(*) FROM commands") == [(3 * N,)]
    tries = small.rows("SELECT sum(n_tries) FROM problems")
    assert tries == [(3 * N,)]
    assert small.rows("SELECT n_done, n_total FROM jobs") == [(N, N)]
    assert small.rows("SELECT count(*) FROM classes WHERE name IN ('ann', 'bob', 'cy')") == [(3,)]
    assert upkeep.check(small.path).findings == ()


def test_a_process_killed_while_writing_leaves_whole_commits(small: SmallLibrary) -> None:
    small.conn.close()
    for _ in range(3):
        job_path = Path(small.path)
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(job_path), "ann", "100000", "0"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdin is not None and child.stdout is not None
            child.stdout.readline()
            view = LibraryView(small.path)
            counter = view.change_counter()
            child.stdin.write("\n")
            child.stdin.flush()
            until(lambda view=view, counter=counter: view.change_counter() != counter)
            view.close()
            child.kill()
        assert upkeep.check(small.path).findings == ()
    small.conn = database.connect(small.path)
    ((n_files, n_contents),) = small.rows("SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM contents)")
    assert n_files == n_contents and int(str(n_files)) > 0
