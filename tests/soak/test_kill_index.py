"""kill -9 at random moments of storing, hiding, keeping and rebuilding the search index.

Afterwards every stored vector is found, no hidden content is, and what was on the disk is taken or made again.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine import spaces
from engine.library import database, upkeep, vectors
from engine.schemas.library import Query
from engine.search import hot_index
from engine.spaces import Space
from engine.view import LibraryView
from tests import synthetic_library
from tests.engine.search.clouds import clouds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not Windows'"),
]
KILLS = int(os.environ.get("LIGHTDESK_SOAK_KILLS", "6"))
DIM, EACH, AT_FIRST, SEED = 64, 400, 400, 12
REF = "synthetic@1"
# Builds, snapshots and new centres come often, so that a kill meets them.
_SMALL = {"EXACT_ROWS": 200, "_GROWTH": 1.5, "_SAVE_GROWTH": 1.02, "_LOOK_S": 0.005}
CHILD = f"""
import random, sys, time
from pathlib import Path
from engine import spaces
from engine.library import database, vectors
from engine.search import hot_index
from engine.spaces import Space
from tests.engine.search.clouds import clouds

for name, value in {_SMALL!r}.items():
    setattr(spaces, name, value)
hot_index.EXACT_ROWS = 200
library, folder, n, start, seed = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:6])
everything = clouds(n, {DIM}, 12, 0.4, {SEED})
space = Space(library, "{REF}", folder)
space.start()
conn = database.connect(library)
rng = random.Random(seed)
print("ready", flush=True)
at = start
while at < n:
    ids = list(range(at + 1, min(at + 1 + rng.randint(1, 40), n + 1)))
    with conn:
        vectors.store(conn, 1, ids, everything[[i - 1 for i in ids]])
        conn.execute("UPDATE contents SET hidden = 1, visible = 0 WHERE id = ?", (rng.choice(ids),))
        conn.execute("UPDATE contents SET hidden = 0, visible = 1 WHERE id = ?", (rng.randint(1, at + 1),))
    at = ids[-1]
    time.sleep(rng.uniform(0, 0.03))
time.sleep(60)
"""

ASKER = f"""
import sys, time
from pathlib import Path
from engine import spaces
from engine.search import hot_index
from engine.schemas.library import Query
from engine.spaces import Space
from engine.view import LibraryView
from tests.engine.search.clouds import clouds
for name, value in {_SMALL!r}.items():
    setattr(spaces, name, value)
hot_index.EXACT_ROWS = 200
library, folder, n = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
everything = clouds(n, {DIM}, 12, 0.4, {SEED})
space = Space(library, "synthetic@1", folder)
space.start()
view = LibraryView(library)
n_asked = 0
print("ready", flush=True)
try:
    while True:
        stored = view.space("synthetic@1")[2]
        hidden = view.allowed(Query())
        row = stored - 1 - n_asked % 200
        found, seen, _ = space.search(view, everything[row], 1, Query(model_ref="synthetic@1"))
        if hidden is None or hidden[row + 1]:
            again = view.allowed(Query())
            assert found.content_ids.tolist() == [row + 1] or (again is not None and not again[row + 1]), (row, found)
        n_asked += 1
        if stored == n and n_asked > 300:
            break
finally:
    space.close()
print(n_asked, flush=True)
"""


def run_and_kill(library: Path, folder: Path, n: int, rng: random.Random) -> None:
    conn = database.connect(library, read_only=True)
    start = vectors.state(conn, 1)[0]
    conn.close()
    arguments = [str(library), str(folder), str(n), str(start), str(rng.randrange(10**6))]
    with subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None and child.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.0, 0.9))
            assert child.poll() is None, "the process has died by itself"
        finally:
            child.send_signal(signal.SIGKILL)


def test_kill_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(int(os.environ.get("LIGHTDESK_SOAK_SEED", "5")))
    library, folder = tmp_path / "l.lightdesk", tmp_path / "index"
    n = AT_FIRST + EACH * KILLS
    small = synthetic_library.manifest(embedding_dim=DIM, n_classes=10)
    with monkeypatch.context() as patch:
        patch.setattr(synthetic_library, "manifest", lambda: small)
        synthetic_library.build(library, n, labelled_share=0)
    everything = clouds(n, DIM, 12, 0.4, SEED)
    conn = database.connect(library)
    with conn:
        vectors.store(conn, 1, list(range(1, AT_FIRST + 1)), everything[:AT_FIRST])
    n_snapshots = 0
    for _ in range(KILLS):
        run_and_kill(library, folder, n, rng)
        n_snapshots += (folder / "index.json").exists()

    for name, value in _SMALL.items():
        monkeypatch.setattr(spaces, name, value)
    monkeypatch.setattr(hot_index, "EXACT_ROWS", 200)
    stored = vectors.state(conn, 1)[0]
    hidden = {i for (i,) in conn.execute("SELECT id FROM contents WHERE visible = 0").fetchall()}
    conn.close()
    assert stored > AT_FIRST and hidden
    assert not [f for f in upkeep.check(library).findings if "shown or hidden" not in f]
    space = Space(library, REF, folder)
    space.start()
    view = LibraryView(library)
    try:
        until_s = time.monotonic() + 60
        while space.state.phase != "ready" or space.state.n < stored:
            assert time.monotonic() < until_s, space.state
            time.sleep(0.01)
        assert space._hot is not None and space._hot.compact is not None, "the compact stage is what is tested"
        for content_id in range(1, stored + 1):
            found, _, note = space.search(view, everything[content_id - 1], 3, Query(model_ref=REF))
            ids = found.content_ids.tolist()
            assert not note and not hidden & set(ids)
            if content_id not in hidden:
                assert ids[0] == content_id and found.scores[0] == pytest.approx(1.0, abs=1e-6), content_id
        exact = np.setdiff1d(np.arange(1, stored + 1), list(hidden))
        for row in range(0, stored, max(1, stored // 50)):
            scores = everything[exact - 1].astype(np.float64) @ everything[row]
            truth = set(exact[np.argsort(-scores)[:20]].tolist())
            found, _, _ = space.search(view, everything[row], 20, Query(model_ref=REF))
            assert len(truth & set(found.content_ids.tolist())) >= 19
    finally:
        view.close()
        space.close()
    print(f"{KILLS} kills: {stored} vectors stored and found, {len(hidden)} hidden, {n_snapshots} snapshots met")
    # The test itself has to see something: an index that outlived a kill, and some that did not end storing.
    assert n_snapshots > 0


def test_two_processes_ask_while_a_third_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All three keep an index of the library, in one folder; each finds what is committed when it asks."""
    library, folder = tmp_path / "l.lightdesk", tmp_path / "index"
    n = 1500
    small = synthetic_library.manifest(embedding_dim=DIM, n_classes=10)
    with monkeypatch.context() as patch:
        patch.setattr(synthetic_library, "manifest", lambda: small)
        synthetic_library.build(library, n, labelled_share=0)
    conn = database.connect(library)
    everything = clouds(n, DIM, 12, 0.4, SEED)
    with conn:
        vectors.store(conn, 1, list(range(1, 301)), everything[:300])
    conn.close()
    askers = [
        subprocess.Popen([sys.executable, "-c", ASKER, str(library), str(folder), str(n)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    storer = subprocess.Popen([sys.executable, "-c", CHILD, str(library), str(folder), str(n), "300", "7"])
    try:
        for asker in askers:
            out, _ = asker.communicate(timeout=120)
            assert asker.returncode == 0 and int(out.split()[-1]) > 300
    finally:
        for process in (*askers, storer):
            process.kill()
            process.wait()
