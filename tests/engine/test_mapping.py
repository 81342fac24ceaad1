"""The map through the facade, on the fake model."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LibraryError
from engine.events import MapChanged
from engine.schemas.library import Query
from engine.schemas.map import MapState
from engine.service import Engine
from engine.settings import cache_dir
from tests.images import folder_of
from tests.waiting import until

N = 34


@pytest.fixture
def filled(engine: Engine, tmp_path: Path) -> Engine:
    engine.wait(engine.submit([str(folder_of(tmp_path / "photos", N))]), 60)
    return engine


def ready(engine: Engine, n: int = N) -> MapState:
    until(lambda: (state := engine.open_map()).phase == "ready" and state.n == n)
    return engine.open_map()


def ids(engine: Engine, **query: object) -> np.ndarray:
    view = engine.view()
    found = view.ids(Query(model_ref=engine.model_ref, **query))  # type: ignore[arg-type]
    view.close()
    return found


def test_every_content_of_a_filter_has_its_place_in_its_order(filled: Engine) -> None:
    said: list[MapState] = []
    filled.events.subscribe(lambda event: said.append(event.state) if isinstance(event, MapChanged) else None)
    state = ready(filled)
    assert said[-1] == state and state.model_ref == filled.model_ref
    by_name = ids(filled, sort="name", descending=True)
    answer = filled.map_of(by_name, "class")
    assert answer.points.content_ids.tolist() == by_name.tolist() and answer.n_asked == N
    assert len(np.unique(answer.points.places, axis=0)) > N / 2
    filled.label([2, 3], "Cat")
    some = filled.map_of(ids(filled, class_name="Cat"), "label")
    assert some.points.content_ids.tolist() == [2, 3] and some.points.layout == answer.points.layout
    assert [(group.role, group.n) for group in some.colours.legend] == [("accepted", 2), ("rejected", 0), ("unlabelled", 0)]


def test_colours_are_those_of_the_library(filled: Engine) -> None:
    everything = ids(filled)
    filled.label([1, 2, 3], "Cat")
    filled.reject([4])
    legend = {kind: filled.map_colours(everything, kind).legend for kind in ("class", "confidence", "label", "source")}
    view = filled.view()
    tiles = view.tiles(everything.tolist(), filled.model_ref)
    view.close()
    shown = [tile.label or (None if tile.label_state else tile.top1) for tile in tiles]
    assert {group.name: group.n for group in legend["class"] if group.role == "named"} == {
        name: shown.count(name) for name in set(shown) - {None}
    }
    assert [group.n for group in legend["class"] if group.role == "none"] == [1]
    fifths = [sum(int(tile.confidence * 5 - 1e-9) == i for tile in tiles) for i in range(5)]
    assert [group.n for group in legend["confidence"]] == fifths
    assert [group.n for group in legend["label"]] == [3, 1, N - 4]
    assert [(group.name, group.n) for group in legend["source"]] == [("photos", N)]


def test_what_is_taken_in_later_has_its_place_within_a_second(filled: Engine, tmp_path: Path) -> None:
    ready(filled)
    folder_of(tmp_path / "photos", N + 6)
    filled.wait(filled.submit([str(tmp_path / "photos")]), 60)
    began_s = time.monotonic()
    ready(filled, N + 6)
    assert time.monotonic() - began_s < 30  # a quarter of a second where the machine is not busy
    assert filled.map_of(ids(filled), "class").points.content_ids.tolist() == ids(filled).tolist()


def test_it_lies_beside_the_index_of_its_library_and_model(filled: Engine) -> None:
    ready(filled)
    view = filled.view()
    file = cache_dir(filled.settings) / "index" / view.library_id() / filled.model_ref / "map"
    view.close()
    until(file.is_file)


def test_cancel_and_make_are_those_of_that_model(filled: Engine) -> None:
    ready(filled)
    filled.cancel_map()
    filled.make_map()
    assert ready(filled).layout


def test_after_closing_there_is_none(filled: Engine) -> None:
    filled.close()
    for call in (filled.open_map, filled.make_map, filled.cancel_map):
        with pytest.raises(LibraryError):
            call()


@pytest.mark.slow
def test_the_real_model_puts_like_pictures_beside_each_other(tmp_path: Path, home: Path) -> None:
    """Copies of the sample photos, each a little darker: all of one photo lie closer than to any other."""
    from PIL import Image, ImageEnhance

    from engine.settings import load

    samples = sorted((Path(__file__).resolve().parents[2] / "resources" / "samples").glob("*.jpg"))[:8]
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, sample in enumerate(samples):
        with Image.open(sample) as picture:
            small = picture.convert("RGB").resize((320, 240))
        for step in range(6):
            ImageEnhance.Brightness(small).enhance(1 - 0.05 * step).save(folder / f"{number}-{step}.jpg", quality=92)
    engine = Engine(load({"library": str(tmp_path / "l.lightdesk"), "device": "cpu"}))
    engine.start()
    try:
        engine.wait(engine.submit([str(folder)]), 300)
        ready(engine, 6 * len(samples))
        points = engine.map_of(ids(engine, sort="name"), "class").points
        photo = np.arange(len(points.content_ids)) // 6
        apart = np.linalg.norm(points.places[:, None] - points.places[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        assert (photo[apart.argmin(axis=1)] == photo).mean() > 0.95
    finally:
        engine.close()
