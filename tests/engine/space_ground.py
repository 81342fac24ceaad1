"""A library of vectors with an index folder, and limits at which a few hundred behave as a million would."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine import ranking, spaces
from engine.library import database, vectors
from engine.schemas.library import Query
from engine.schemas.similar import IndexState
from engine.search import hot_index
from engine.spaces import Space
from engine.view import LibraryView
from tests import synthetic_library
from tests.engine.search.clouds import clouds

DIM, N = 64, 1500
REF = "synthetic@1"


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


def close_enough(found: list[int], truth: list[int]) -> bool:
    return len(set(found) & set(truth)) >= 0.95 * len(truth)
