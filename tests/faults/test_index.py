"""The disk of the search index is full: the library answers, with a note, and the index is made once there is room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import ranking, spaces
from engine.library import database, vectors
from engine.schemas.library import Query
from engine.search import hot_index
from engine.spaces import Space
from engine.view import LibraryView
from tests import synthetic_library
from tests.engine.search.clouds import clouds
from tests.faults.conftest import Mounts, until
from tests.faults.test_full_disk import fill

DIM, N = 64, 3000


@pytest.mark.parametrize("free_kb", [8, 400, 900])
def test_full_while_it_is_written(mounts: Mounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_kb: int) -> None:
    for room in (spaces, hot_index):
        monkeypatch.setattr(room, "EXACT_ROWS", 200)
    monkeypatch.setattr(hot_index, "_TAIL_ROWS", 100)
    monkeypatch.setattr(ranking, "LAG_ROWS", 100)
    monkeypatch.setattr(spaces, "_RETRY_S", 0.1)
    library = tmp_path / "l.lightdesk"
    small = synthetic_library.manifest(embedding_dim=DIM, n_classes=10)
    with monkeypatch.context() as patch:
        patch.setattr(synthetic_library, "manifest", lambda: small)
        synthetic_library.build(library, N, labelled_share=0)
    everything = clouds(N, DIM, 12, 0.4, 5)
    conn = database.connect(library)
    with conn:
        vectors.store(conn, 1, list(range(1, N + 1)), everything)
    conn.close()
    disk = mounts.small_disk(tmp_path / "disk", 4_000)
    (disk / "room").write_bytes(bytes(free_kb * 1024))
    ballast = fill(disk)
    (disk / "room").unlink()
    space = Space(library, "synthetic@1", disk / "index")
    space.start()
    view = LibraryView(library)
    try:
        until(lambda: "No space left" in space.state.note)
        truth = np.argsort(-(everything @ everything[7]))[:10] + 1
        found, _, note = space.search(view, everything[7], 10, Query(model_ref="synthetic@1"))
        assert set(found.content_ids.tolist()) == set(truth.tolist()) and "No space left" in note
        ballast.unlink()
        until(lambda: space.state.phase == "ready" and not space.state.note)
        found, _, note = space.search(view, everything[7], 10, Query(model_ref="synthetic@1"))
        assert len(set(found.content_ids.tolist()) & set(truth.tolist())) >= 9 and not note
        assert (disk / "index" / "index.json").exists()
    finally:
        view.close()
        space.close()
