"""A library of vectors with a folder for its map, and reading that can be held up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import maps
from engine.library import database, vectors
from engine.maps import SpaceMap
from engine.schemas.map import MapState
from engine.search import map_file
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
