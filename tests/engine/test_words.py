"""From a downloaded pair of towers to pictures found by words, in a real library."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import ErrorCode, ModelError
from engine.events import EventBus, JobChanged, PredictionsStored
from engine.library import database, ingest, jobs, upkeep, vectors
from engine.library.records import NewContent, StoreItem
from engine.library.writer import Writer
from engine.pipeline import embedding
from engine.pipeline.patience import Patience
from engine.registry.catalogue import Registry
from engine.schemas.files import ImageLimits
from engine.settings import load
from engine.words import Words
from tests.engine.library.small_library import made, scores
from tests.engine.towers import published
from tests.engine.towers.published import installed
from tests.images import encoded
from tests.waiting import until

COLOURS = {"red": published.RED, "green": published.GREEN, "blue": published.BLUE}


class Album:
    """A library with pictures of one colour each, a pair of towers, and `Words` over both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        small = made(folder / "album.lightdesk")
        small.conn.close()
        self.path, self.main_model = small.path, small.model_id
        self.writer = Writer(self.path)
        self.library = Patience(self.writer, on_changed=lambda _error: None)
        self.events = EventBus()
        self.states: list[str] = []
        self.events.subscribe(lambda e: self.states.append(e.progress.job.state) if isinstance(e, JobChanged) else None)
        self.new: list[int] = []
        self.ids: dict[str, int] = {}
        self.pair = installed(published.transformers_js(folder / "clip"), folder)
        self.words = self.opened()

    def opened(self) -> Words:
        return Words(
            Registry(self.folder / "models"),
            self.library,
            self.path,
            self.events,
            ImageLimits(10**9, 10**9),
            load({"device": "cpu"}),
            on_stored=self.new.extend,
        )

    def add(self, *names: str) -> None:
        """Add pictures, and say so as the pipeline does."""
        items = []
        for number, name in enumerate(names, len(self.ids)):
            frame = published.picture(COLOURS[name.split("-")[0]], (300 + number, 240))
            path = self.folder / f"{name}.png"
            path.write_bytes(encoded(Image.fromarray(frame.pixels), "PNG"))
            data = path.read_bytes()
            content = NewContent(hashlib.sha256(data).digest(), "image", "image/png", 300, 240, len(data), 7)
            items.append(StoreItem(None, str(self.folder), str(path), len(data), path.stat().st_mtime_ns, content, scores()))
        ids = self.library.attempt(lambda conn: ingest.store(conn, None, self.main_model, items))
        self.ids.update(zip(names, ids, strict=True))
        self.events.publish(PredictionsStored(0, tuple(ids)))

    def found(self, vector: np.ndarray) -> list[str]:
        reader = database.connect(self.path, read_only=True)
        try:
            ids, _ = vectors.nearest(reader, self.words.model_id, vector, 10, None)
        finally:
            reader.close()
        names = {content_id: name for name, content_id in self.ids.items()}
        return [names[content_id] for content_id in ids.tolist()]


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Album]:
    monkeypatch.setattr(embedding, "_REST_S", 600.0)  # what is new must be told of, and not be met by chance
    album = Album(tmp_path)
    album.add("red-1", "green-1", "blue-1", "red-2")
    yield album
    album.words.close(10)
    album.writer.close()
    assert upkeep.check(album.path).findings == ()


def test_words_find_pictures(album: Album) -> None:
    album.words.use(album.pair.manifest.ref)
    until(lambda: len(album.new) == 4)
    red, green, blue = album.words.texts(["a red car", "green", "a blue car"])
    assert set(album.found(red)[:2]) == {"red-1", "red-2"}
    assert album.found(green)[0] == "green-1" and album.found(blue)[0] == "blue-1"
    # Words and pictures, more of one and less of the other, are one query.
    mixed = red + album.words.picture(published.picture(published.RED)) - 0.5 * blue
    assert set(album.found(mixed / np.linalg.norm(mixed))[:2]) == {"red-1", "red-2"}
    # What comes later is found too, without anybody's asking.
    album.add("green-2")
    until(lambda: "green-2" in album.found(green)[:2])
    assert album.words.short_side == 224 and album.words.fits("a red car")


def test_used_again_it_goes_on_where_it_was(album: Album) -> None:
    space = album.words.use(album.pair.manifest.ref)
    until(lambda: len(album.new) == 4)
    album.words.close(10)
    album.new.clear()
    album.words = album.opened()
    assert album.words.use(album.pair.manifest.ref) == space
    album.add("blue-2")
    until(lambda: album.new)
    assert album.new == [album.ids["blue-2"]]


def test_cancelled_until_asked(album: Album) -> None:
    album.words.use(album.pair.manifest.ref)
    until(lambda: "done" in album.states)

    def cancel(conn: database.Connection) -> None:
        for job in jobs.listed(conn):
            conn.execute("UPDATE jobs SET state = 'cancelled' WHERE id = ?", (job.id,))

    album.library.attempt(cancel)
    album.new.clear()
    album.add("blue-2")
    until(lambda: not album.words._embedding._woken.is_set())  # type: ignore[union-attr]
    assert album.new == []
    album.words.fill()
    until(lambda: album.new == [album.ids["blue-2"]])


def test_how_far_a_job_is(album: Album) -> None:
    space_job = album.library.attempt(
        lambda conn: jobs.get(conn, jobs.create_counted(conn, "embed", "t", album.pair.manifest.ref, 10, "me", 60))
    )
    assert album.words.progress(space_job).rate_per_s is None
    album.words.use(album.pair.manifest.ref)
    embedding_ = album.words._embedding
    assert embedding_ is not None
    embedding_._stored.extend([(time.monotonic() - 2, 4), (time.monotonic(), 4)])
    told = album.words.progress(space_job)
    assert told.rate_per_s == pytest.approx(2, rel=0.1) and told.eta_s == pytest.approx(5, rel=0.1)
    assert album.words.progress(dataclasses.replace(space_job, model_ref="other@1")).rate_per_s is None
    album.library.attempt(lambda conn: jobs.set_state(conn, space_job.id, "cancelled"))


def test_without_a_pair(album: Album) -> None:
    for call in (lambda: album.words.texts(["red"]), lambda: album.words.use("clip@9")):
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.code is ErrorCode.MODEL_NOT_FOUND and caught.value.way_out
    assert (album.words.ref, album.words.model_id, album.words.short_side) == ("", None, 0)


def test_a_damaged_tower_lets_the_job_rest(album: Album) -> None:
    album.pair.image_graph.unlink()
    album.pair.image_graph.write_bytes(b"damaged")
    album.words.use(album.pair.manifest.ref)
    until(lambda: "paused" in album.states)
    with pytest.raises(ModelError) as caught:
        album.words.texts(["red"])
    assert caught.value.code is ErrorCode.MODEL_DAMAGED


def test_the_image_tower_is_loaded_once_and_given_back(album: Album) -> None:
    album.words.use(album.pair.manifest.ref)
    first = album.words._lent()
    second = album.words._lent()
    assert first._tower is second._tower
    first.close()
    vector = second.embed(published.picture(published.RED))
    assert np.allclose(vector, album.words.picture(published.picture(published.RED)), atol=1e-6)
    second.close()
    album.words.close(10)
    assert album.words._image is None
