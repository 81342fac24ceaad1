"""A model for words taken in through the facade, and how far the library is prepared for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import settings as settings_room
from engine.errors import ErrorCode, LibraryError, ModelError
from engine.schemas.similar import Example, Region, SimilarQuery
from engine.schemas.words import WordsState
from engine.service import Engine
from engine.towers.installing import install_pair
from tests.engine.towers import published
from tests.images import encoded
from tests.waiting import until

COLOURS = {"red": published.RED, "green": published.GREEN, "blue": published.BLUE}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, (name, colour) in enumerate(COLOURS.items()):
        for copy in range(2):
            pixels = published.picture(colour, (200 + 10 * number + copy, 150)).pixels
            (folder / f"{name}-{copy}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    return folder


@pytest.fixture
def filled(engine: Engine, photos: Path) -> Engine:
    assert engine.wait(engine.submit([str(photos)]), 30).state == "done"
    return engine


def names(engine: Engine, ids: list[int]) -> list[str]:
    view = engine.view()
    try:
        return [tile.name.split("-")[0] for tile in view.tiles(ids, engine.model_ref)]
    finally:
        view.close()


def test_without_a_model(filled: Engine) -> None:
    assert filled.words_state() == WordsState(n_total=6)


def test_added_used_prepared_and_searched(filled: Engine, tmp_path: Path, photos: Path) -> None:
    told: list[tuple[str, float | None]] = []
    before = datetime.now(UTC).timestamp()
    state = filled.add_words(published.transformers_js(tmp_path / "clip"), lambda *what: told.append(what))
    assert state is not None and state.ref == filled.words_ref()
    assert state.title and state.dim > 0 and state.n_total == 6
    assert abs(datetime.fromisoformat(state.added_at).timestamp() - before) < 60
    fractions = [fraction for _, fraction in told if fraction is not None]
    assert len(told) > 3 and fractions == sorted(fractions) and all(message for message, _ in told)
    until(lambda: filled.words_state().n_prepared == 6)
    assert filled.words_state().ref == state.ref
    found = filled.similar(SimilarQuery((Example(text="a red car"),), (Example(text="blue"),)))
    assert names(filled, found.content_ids.tolist()[:2]) == ["red", "red"] and found.n_searched == 6
    # Pictures from outside stand beside words in the words' space.
    part = filled.example(str(photos / "green-0.png"), Region(0, 0, 0.5, 0.5), state.ref)
    whole = filled.example(str(photos / "green-0.png"), None, state.ref)
    assert part.vector is not None and len(part.vector) == state.dim and whole.content_id is not None
    mixed = filled.similar(SimilarQuery((Example(text="green"), part, whole)))
    assert names(filled, mixed.content_ids.tolist()[:2]) == ["green", "green"]
    green = filled.example_of_pixels(published.picture(published.GREEN).pixels, state.ref)
    assert np.dot(green.vector, part.vector) > 0.99
    of_content = filled.example_of_content(whole.content_id, Region(0, 0, 1, 1), state.ref)
    assert np.dot(of_content.vector, part.vector) > 0.99


def test_hidden_pictures_do_not_count(filled: Engine, tmp_path: Path) -> None:
    filled.add_words(published.transformers_js(tmp_path / "clip"))
    until(lambda: filled.words_state().n_prepared == 6)
    filled.hide([1, 2])
    state = filled.words_state()
    assert (state.n_prepared, state.n_total) == (4, 4)


def test_one_that_another_process_has_added_is_taken_into_use(filled: Engine, tmp_path: Path) -> None:
    pair = install_pair(published.transformers_js(tmp_path / "clip"), settings_room.models_dir(filled.settings))
    assert filled.words_ref() == ""
    assert filled.words_state().ref == pair.manifest.ref == filled.words_ref()
    until(lambda: filled.words_state().n_prepared == 6)


def test_stopped_nothing_is_left(filled: Engine, tmp_path: Path) -> None:
    told: list[str] = []
    stopped = filled.add_words(
        published.transformers_js(tmp_path / "clip"),
        lambda message, _fraction: told.append(message),
        lambda: bool(told),
    )
    assert stopped is None and told and filled.words_state() == WordsState(n_total=6)
    assert list(settings_room.models_dir(filled.settings).glob("*/*/pair.toml")) == []


def test_the_closing_of_the_library_stops_it(filled: Engine, tmp_path: Path) -> None:
    assert filled.add_words(published.transformers_js(tmp_path / "clip"), lambda *_what: filled._closing.set()) is None


def test_a_folder_without_a_model_is_refused(filled: Engine, photos: Path) -> None:
    with pytest.raises(ModelError) as told:
        filled.add_words(photos)
    assert told.value.code == ErrorCode.MODEL_NOT_FOUND and told.value.way_out
    assert filled.words_ref() == ""


def test_not_for_a_library_that_can_only_be_read(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.close()
    monkeypatch.setattr(
        "engine.library.migrations.open_library", lambda _path, **_rest: True
    )  # root may write anything
    reader = Engine(filled.settings)
    reader.start()
    assert reader.read_only and reader.words_state() == WordsState(n_total=6)
    with pytest.raises(LibraryError) as told:
        reader.add_words(published.transformers_js(tmp_path / "clip"))
    reader.close()
    assert told.value.code == ErrorCode.LIBRARY_READ_ONLY
